/* Who is paired with a device. */
#ifndef THINGP2P_PAIRING_HPP
#define THINGP2P_PAIRING_HPP

#include <chrono>
#include <string>
#include <vector>

#include "error.hpp"

namespace thingp2p {

/* An app that a device remembers: uid is a claim, app_id is proven. */
struct pairing {
  std::string app_id, uid;
  std::chrono::system_clock::time_point since;
  int sessions = 0; /* that it has now */
};

namespace detail {

inline std::vector<pairing> pairings(int device, std::error_code& ec) {
  std::vector<thing_p2p_pairing> list;
  int count = checked(thing_p2p_device_pairings(device, nullptr, 0), ec);
  while (count > static_cast<int>(list.size())) { /* there may be more by now */
    list.assign(static_cast<std::size_t>(count), thing_p2p_pairing{});
    list[0].struct_size = sizeof list[0];
    count = checked(thing_p2p_device_pairings(device, list.data(), count), ec);
  }
  std::vector<pairing> result;
  for (int i = 0; i < count; i++) {
    const thing_p2p_pairing& p = list[static_cast<std::size_t>(i)];
    result.push_back({p.app_id, p.uid, std::chrono::system_clock::time_point(std::chrono::seconds(p.since)), p.sessions});
  }
  return result;
}

}  // namespace detail

}  // namespace thingp2p

#endif

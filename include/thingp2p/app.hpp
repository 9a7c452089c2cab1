/* The app side. */
#ifndef THINGP2P_APP_HPP
#define THINGP2P_APP_HPP

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "session.hpp"
#include "text.hpp"

namespace thingp2p {

inline constexpr milliseconds default_timeout{0}; /* of connect: 15 s, in LAN mode 3 s */
enum class mode { internet = THING_P2P_MODE_INTERNET, lan = THING_P2P_MODE_LAN };

using connect_handler = std::function<void(std::error_code, session)>; /* the session is empty if there is an error */

/* The app side of this process, from init to deinit: one at a time. */
class app {
 public:
  /* errc::already_initialized while there is another, whatever its uid: C lets the same one in twice, but the end of either would
   * end both. */
  explicit app(const text& uid) {
    const bool other = taken().exchange(true);
    const int n = thing_p2p_init(uid.c_str());
    if (n < 0 && !other) taken() = false;
    detail::checked(n == THING_P2P_OK && other ? THING_P2P_ERR_ALREADY_INITIALIZED : n, "thing_p2p_init");
  }
  app(const app&) = delete;
  app& operator=(const app&) = delete;
  ~app() {
    thing_p2p_deinit();
    taken() = false;
  }

  void add_device(const text& name, const text& ticket) {
    detail::checked(thing_p2p_add_device(name.c_str(), ticket.c_str()), "thing_p2p_add_device");
  }
  void add_device(const text& name, const text& ticket, std::error_code& ec) noexcept {
    detail::checked(thing_p2p_add_device(name.c_str(), ticket.c_str()), ec);
  }

  /* An address at which other means have found the device, such as Bonjour; see device::address. */
  void add_address(const text& to, const text& address) {
    detail::checked(thing_p2p_add_address(to.c_str(), address.c_str()), "thing_p2p_add_address");
  }
  void add_address(const text& to, const text& address, std::error_code& ec) noexcept {
    detail::checked(thing_p2p_add_address(to.c_str(), address.c_str()), ec);
  }

  /* to is a device id, a ticket, or a name that add_device bound. */
  session connect(const text& to, thingp2p::mode mode, milliseconds timeout, std::error_code& ec) noexcept {
    const int n = thing_p2p_connect_wait(to.c_str(), static_cast<int>(mode), detail::count(timeout), nullptr);
    return session(std::max(detail::checked(n, ec), 0));
  }
  session connect(const text& to, thingp2p::mode mode = mode::internet, milliseconds timeout = default_timeout) {
    std::error_code ec;
    session s = connect(to, mode, timeout, ec);
    detail::throw_if(ec, "thing_p2p_connect_wait");
    return s;
  }

  /* Returns the attempt's trace id, for break_connect. With an error, as for an empty handler, it is not called; else exactly
   * once. */
  std::string connect_async(const text& to, thingp2p::mode mode, milliseconds timeout, connect_handler handler,
                            std::error_code& ec) {
    const thing_p2p_success_cb success = [](int handle, void* user) noexcept { take(user)({}, session(handle)); };
    const thing_p2p_failure_cb failure = [](int code, void* user) noexcept { take(user)(static_cast<errc>(code), session()); };
    const bool any = static_cast<bool>(handler);
    auto owner = std::make_unique<connect_handler>(std::move(handler));
    char trace_id[THING_P2P_TRACE_ID_SIZE] = "";
    const int n = thing_p2p_connect(to.c_str(), static_cast<int>(mode), detail::count(timeout), any ? success : nullptr,
                                    failure, owner.get(), trace_id);
    if (detail::checked(n, ec) == THING_P2P_OK) owner.release(); /* to the one callback that will be called */
    return trace_id;
  }
  std::string connect_async(const text& to, thingp2p::mode mode, milliseconds timeout, connect_handler handler) {
    std::error_code ec;
    std::string trace_id = connect_async(to, mode, timeout, std::move(handler), ec);
    detail::throw_if(ec, "thing_p2p_connect");
    return trace_id;
  }

  void break_connect(const text& trace_id) {
    detail::checked(thing_p2p_break_connect(trace_id.c_str()), "thing_p2p_break_connect");
  }
  void break_connect(const text& trace_id, std::error_code& ec) noexcept {
    detail::checked(thing_p2p_break_connect(trace_id.c_str()), ec);
  }

  /* Makes the next connect to a device take one round trip, if it comes within five minutes; the device's user hears
   * nothing of it. For eight devices at a time. */
  void preconnect(const text& to) { detail::checked(thing_p2p_preconnect(to.c_str()), "thing_p2p_preconnect"); }
  void preconnect(const text& to, std::error_code& ec) noexcept { detail::checked(thing_p2p_preconnect(to.c_str()), ec); }

  /* Ends what preconnect has begun with a device, if anything. */
  void close_preconnect(const text& to) {
    detail::checked(thing_p2p_close_preconnect(to.c_str()), "thing_p2p_close_preconnect");
  }
  void close_preconnect(const text& to, std::error_code& ec) noexcept {
    detail::checked(thing_p2p_close_preconnect(to.c_str()), ec);
  }

  /* Makes the attempts to a device that are under way ask it again now, since it has just woken. */
  void resend_offer(const text& to) { detail::checked(thing_p2p_resend_offer(to.c_str()), "thing_p2p_resend_offer"); }
  void resend_offer(const text& to, std::error_code& ec) noexcept { detail::checked(thing_p2p_resend_offer(to.c_str()), ec); }

 private:
  static std::atomic<bool>& taken() {
    static std::atomic<bool> is{false};
    return is;
  }
  static connect_handler take(void* user) {
    return std::move(*std::unique_ptr<connect_handler>(static_cast<connect_handler*>(user)));
  }
};

}  // namespace thingp2p

#endif

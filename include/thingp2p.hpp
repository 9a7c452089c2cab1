/*
 * libthingp2p for C++17 and later: owners and types over thingp2p.h, which says what each call does.
 *
 *   thingp2p::app app("alice");
 *   thingp2p::session session = app.connect(ticket);
 *   session.send_all(0, "info\n");
 *   std::array<std::byte, 256> answer;
 *   std::size_t size = session.read(0, answer, std::chrono::seconds(5));
 *
 * Errors       Each call throws std::system_error, whose code() compares with thingp2p::errc; its twin with a
 *              std::error_code at the end does not throw. Some codes equal conditions of std::errc: errc::timeout is
 *              std::errc::timed_out.
 * Texts        are taken from whatever a std::string is made from. A null pointer, and a text with a NUL inside, is
 *              errc::invalid_parameter.
 * Owners       app, session, device and poller end what they own when they go out of scope; a session's end may take a second,
 *              to send what is buffered. Any thread may use one, and close it while others are blocked in it; moving and
 *              destroying are for one thread alone.
 * Callbacks    std::functions, kept until they can not be called any more. They run on threads of the library. An
 *              exception that leaves one ends the program, as it does with std::thread.
 */
#ifndef THINGP2P_HPP
#define THINGP2P_HPP

#include "thingp2p/app.hpp"
#include "thingp2p/device.hpp"
#include "thingp2p/log.hpp"
#include "thingp2p/poller.hpp"

namespace thingp2p {

inline std::string version() { return thing_p2p_version(); }

inline void set_option(const text& key, const text& value) {
  detail::checked(thing_p2p_set_option(key.c_str(), value.c_str()), "thing_p2p_set_option");
}
inline void set_option(const text& key, const text& value, std::error_code& ec) noexcept {
  detail::checked(thing_p2p_set_option(key.c_str(), value.c_str()), ec);
}

/* How an attempt of either side goes or went, and its session: JSON, of which "summary" says it in a sentence. */
inline std::string report(const text& trace_id, std::error_code& ec) {
  std::string buffer(THING_P2P_REPORT_SIZE, '\0');
  const int length = thing_p2p_report(trace_id.c_str(), &buffer[0], THING_P2P_REPORT_SIZE);
  buffer.resize(static_cast<std::size_t>(std::max(detail::checked(length, ec), 0)));
  return buffer;
}
inline std::string report(const text& trace_id) {
  std::error_code ec;
  std::string result = report(trace_id, ec);
  detail::throw_if(ec, "thing_p2p_report");
  return result;
}

/* The host's network has changed, or the process was suspended: all look at once what still works. */
inline void network_changed() { detail::checked(thing_p2p_network_changed(), "thing_p2p_network_changed"); }

/* The addresses of this host, as in "192.168.1.5/24 fe80::1%wlan0/64", where the system does not tell; "": ask it again. */
inline void set_addresses(const text& addresses) {
  detail::checked(thing_p2p_set_addresses(addresses.c_str()), "thing_p2p_set_addresses");
}
inline void set_addresses(const text& addresses, std::error_code& ec) noexcept {
  detail::checked(thing_p2p_set_addresses(addresses.c_str()), ec);
}

}  // namespace thingp2p

#endif

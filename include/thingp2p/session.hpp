/* A session, on either side. */
#ifndef THINGP2P_SESSION_HPP
#define THINGP2P_SESSION_HPP

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include "bytes.hpp"
#include "error.hpp"

namespace thingp2p {

using std::chrono::milliseconds;

inline constexpr milliseconds forever{-1};

enum class path { none = 0, lan = THING_P2P_PATH_LAN, direct = THING_P2P_PATH_DIRECT, relay = THING_P2P_PATH_RELAY };

struct session_info {
  thingp2p::path path = thingp2p::path::none;
  std::chrono::microseconds rtt{0}, min_rtt{0};
  milliseconds connect_time{0};
  std::uint64_t bytes_sent = 0, bytes_received = 0, packets_sent = 0, packets_lost = 0;
  std::uint64_t bandwidth_bps = 0; /* 0: not known yet */
  std::string trace_id, device_id, local_address, remote_address;
};

namespace detail {

inline int clamp(long long value) noexcept {
  constexpr int most = std::numeric_limits<int>::max();
  return value < 0 ? -1 : value > most ? most : static_cast<int>(value);
}
inline int count(milliseconds time) noexcept { return clamp(time.count()); }
inline int count(std::size_t size) noexcept { return size > INT32_MAX ? INT32_MAX : static_cast<int>(size); }

}  // namespace detail

/* A connection with eight channels, on either side. Empty, it answers everything with errc::invalid_session. */
class session {
 public:
  session() noexcept = default;
  explicit session(int handle) noexcept : handle_(handle) {} /* takes it over */
  session(session&& other) noexcept : handle_(other.release()) {}
  session& operator=(session&& other) noexcept {
    if (this != &other) {
      std::error_code ignored;
      close(ignored);
      handle_ = other.release();
    }
    return *this;
  }
  ~session() {
    std::error_code ignored;
    close(ignored);
  }

  explicit operator bool() const noexcept { return handle() > 0; }
  int handle() const noexcept { return handle_; }
  int release() noexcept { return handle_.exchange(0); }

  std::size_t read(int channel, byte_span buffer, milliseconds timeout = forever) {
    const int n = thing_p2p_read(handle(), channel, buffer.data(), detail::count(buffer.size()), detail::count(timeout));
    return static_cast<std::size_t>(detail::checked(n, "thing_p2p_read"));
  }
  std::size_t read(int channel, byte_span buffer, milliseconds timeout, std::error_code& ec) noexcept {
    const int n = thing_p2p_read(handle(), channel, buffer.data(), detail::count(buffer.size()), detail::count(timeout));
    return static_cast<std::size_t>(std::max(detail::checked(n, ec), 0));
  }

  /* Some of the bytes, at least one. */
  std::size_t send(int channel, const_byte_span bytes, milliseconds timeout = forever) {
    const int n = thing_p2p_send(handle(), channel, bytes.data(), detail::count(bytes.size()), detail::count(timeout));
    return static_cast<std::size_t>(detail::checked(n, "thing_p2p_send"));
  }
  std::size_t send(int channel, const_byte_span bytes, milliseconds timeout, std::error_code& ec) noexcept {
    const int n = thing_p2p_send(handle(), channel, bytes.data(), detail::count(bytes.size()), detail::count(timeout));
    return static_cast<std::size_t>(std::max(detail::checked(n, ec), 0));
  }

  /* All of the bytes, unless an error stops it; returns how many were taken. The timeout is for the whole. */
  std::size_t send_all(int channel, const_byte_span bytes, milliseconds timeout, std::error_code& ec) noexcept {
    using clock = std::chrono::steady_clock;
    const clock::time_point start = clock::now();
    std::size_t done = 0;
    milliseconds left = timeout;
    ec.clear();
    while (done < bytes.size() && !ec) {
      done += send(channel, bytes.subspan(done), left, ec);
      if (timeout >= milliseconds::zero())
        left = std::max(milliseconds::zero(), timeout - std::chrono::duration_cast<milliseconds>(clock::now() - start));
    }
    return done;
  }
  void send_all(int channel, const_byte_span bytes, milliseconds timeout = forever) {
    std::error_code ec;
    send_all(channel, bytes, timeout, ec);
    detail::throw_if(ec, "thing_p2p_send");
  }

  /* Why the session is not usable; no error while it is. */
  std::error_code check() const noexcept {
    std::error_code ec;
    detail::checked(thing_p2p_active_check(handle()), ec);
    return ec;
  }
  bool active() const noexcept { return !check(); }

  session_info info(std::error_code& ec) const {
    thing_p2p_info i{};
    i.struct_size = sizeof i;
    if (detail::checked(thing_p2p_session_info(handle(), &i), ec) < 0) return {};
    session_info result;
    result.path = static_cast<thingp2p::path>(i.path);
    result.rtt = std::chrono::microseconds(i.rtt_us);
    result.min_rtt = std::chrono::microseconds(i.min_rtt_us);
    result.connect_time = milliseconds(i.connect_ms);
    result.bytes_sent = i.bytes_sent, result.bytes_received = i.bytes_received;
    result.packets_sent = i.packets_sent, result.packets_lost = i.packets_lost;
    result.bandwidth_bps = i.bandwidth_bps;
    result.trace_id = i.trace_id, result.device_id = i.device_id;
    result.local_address = i.local_address, result.remote_address = i.remote_address;
    return result;
  }
  session_info info() const {
    std::error_code ec;
    session_info result = info(ec);
    detail::throw_if(ec, "thing_p2p_session_info");
    return result;
  }

  /* Wakes who is blocked in the session; closing an empty one does nothing. */
  void close(std::error_code& ec) noexcept {
    const int handle = release();
    detail::checked(handle > 0 ? thing_p2p_disconnect(handle) : THING_P2P_OK, ec);
  }
  void close() {
    std::error_code ec;
    close(ec);
    detail::throw_if(ec, "thing_p2p_disconnect");
  }

 private:
  std::atomic<int> handle_{0};
};

}  // namespace thingp2p

#endif

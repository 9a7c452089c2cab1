/* A session, on either side. */
#ifndef THINGP2P_SESSION_HPP
#define THINGP2P_SESSION_HPP

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "bytes.hpp"
#include "error.hpp"

namespace thingp2p {

using std::chrono::milliseconds;

inline constexpr milliseconds forever{-1};
inline constexpr milliseconds no_deadline = milliseconds::max(); /* of a frame */

enum class path { none = 0, lan = THING_P2P_PATH_LAN, direct = THING_P2P_PATH_DIRECT, relay = THING_P2P_PATH_RELAY };

struct session_info {
  thingp2p::path path = thingp2p::path::none;
  std::chrono::microseconds rtt{0}, min_rtt{0};
  milliseconds connect_time{0};
  std::uint64_t bytes_sent = 0, bytes_received = 0, packets_sent = 0, packets_lost = 0;
  std::uint64_t bandwidth_bps = 0; /* 0: not known yet */
  std::string trace_id, device_id, local_address, remote_address;
  std::uint64_t frame_bps = 0; /* what a live encoder should produce now; 0: not known yet, or no frame was sent here */
};

/* An app, as the device sees it: uid is a claim, app_id is proven. */
struct peer {
  std::string uid, app_id, trace_id;
  bool has_ticket = false;
};

/* A live frame that came whole. */
struct frame {
  std::vector<std::byte> bytes;
  bool key = false;           /* it needs none before it */
  std::uint64_t sequence = 0; /* 1, 2, ...: each frame that the other side's send_frame has taken */
  std::uint32_t missing = 0;  /* frames since the last one that was read, which will not come */
};

struct unsent_bytes {
  std::size_t size = 0;
  milliseconds age{0}; /* of the oldest */
};

namespace detail {

inline int clamp(long long value) noexcept {
  constexpr int most = std::numeric_limits<int>::max();
  return value < 0 ? -1 : value > most ? most : static_cast<int>(value);
}
inline int count(milliseconds time) noexcept { return clamp(time.count()); }
inline int count(std::size_t size) noexcept { return size > INT32_MAX ? INT32_MAX : static_cast<int>(size); }
/* 0 is none in C: a deadline that is now or has passed must not become that. */
inline int deadline(milliseconds time) noexcept { return time == no_deadline ? 0 : std::max(count(time), 1); }

inline peer to_peer(const thing_p2p_peer& p) { return {p.uid, p.app_id, p.trace_id, p.has_ticket == 1}; }

/* What is left of a timeout that is for several calls. */
class countdown {
 public:
  explicit countdown(milliseconds timeout) noexcept : timeout_(timeout) {}
  milliseconds left() const noexcept {
    if (timeout_ < milliseconds::zero()) return timeout_;
    return std::max(milliseconds::zero(), timeout_ - std::chrono::duration_cast<milliseconds>(clock::now() - start_));
  }

 private:
  using clock = std::chrono::steady_clock;
  clock::time_point start_ = clock::now();
  milliseconds timeout_;
};

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
    const detail::countdown time(timeout);
    std::size_t done = 0;
    ec.clear();
    while (done < bytes.size() && !ec) done += send(channel, bytes.subspan(done), time.left(), ec);
    return done;
  }
  void send_all(int channel, const_byte_span bytes, milliseconds timeout = forever) {
    std::error_code ec;
    send_all(channel, bytes, timeout, ec);
    detail::throw_if(ec, "thing_p2p_send");
  }

  /* A live frame arrives whole or not at all, and holds up no other; never waits. A key frame needs none before it. The
   * deadline is how long from now the frame is of use at the other side: errc::timeout if it could not be there by then,
   * errc::key_frame if one that it needs was dropped, so that only a key frame helps. */
  void send_frame(int channel, const_byte_span bytes, bool key = false, milliseconds deadline = no_deadline) {
    std::error_code ec;
    send_frame(channel, bytes, key, deadline, ec);
    detail::throw_if(ec, "thing_p2p_send_frame");
  }
  void send_frame(int channel, const_byte_span bytes, bool key, milliseconds deadline, std::error_code& ec) noexcept {
    const int flags = key ? THING_P2P_FRAME_KEY : 0, size = detail::count(bytes.size());
    detail::checked(thing_p2p_send_frame(handle(), channel, bytes.data(), size, flags, detail::deadline(deadline)), ec);
  }

  /* The next whole frame, in the order in which they were sent. */
  frame read_frame(int channel, milliseconds timeout, std::error_code& ec) {
    const detail::countdown time(timeout);
    thing_p2p_frame f{};
    f.struct_size = sizeof f;
    frame result;
    int n = 0;
    f.length = 1; /* which makes the library tell the length */
    do {
      result.bytes.resize(f.length);
      n = thing_p2p_read_frame(handle(), channel, result.bytes.data(), detail::count(result.bytes.size()), &f,
                               detail::count(time.left()));
    } while (n == THING_P2P_ERR_BUFFER_TOO_SMALL); /* the frame has stayed */
    if (detail::checked(n, ec) < 0) return {};
    result.bytes.resize(static_cast<std::size_t>(n)); /* shorter, if another thread has taken that one */
    result.key = (f.flags & THING_P2P_FRAME_KEY) != 0;
    result.sequence = f.sequence, result.missing = f.missing;
    return result;
  }
  frame read_frame(int channel, milliseconds timeout = forever) {
    std::error_code ec;
    frame result = read_frame(channel, timeout, ec);
    detail::throw_if(ec, "thing_p2p_read_frame");
    return result;
  }

  /* Drops what is queued on a channel and has not left yet, and returns how many bytes that was. If frames were dropped, the
   * next one must be a key frame; of bytes, clear between two messages of your own. */
  std::size_t clear(int channel) {
    return static_cast<std::size_t>(detail::checked(thing_p2p_clear(handle(), channel), "thing_p2p_clear"));
  }
  std::size_t clear(int channel, std::error_code& ec) noexcept {
    return static_cast<std::size_t>(std::max(detail::checked(thing_p2p_clear(handle(), channel), ec), 0));
  }

  /* How many bytes are queued on a channel and have not left yet, and for how long the oldest has been. */
  unsent_bytes unsent(int channel, std::error_code& ec) const noexcept {
    int age_ms = 0;
    const int n = detail::checked(thing_p2p_unsent(handle(), channel, &age_ms), ec);
    return {static_cast<std::size_t>(std::max(n, 0)), milliseconds(age_ms)};
  }
  unsent_bytes unsent(int channel) const {
    std::error_code ec;
    const unsent_bytes result = unsent(channel, ec);
    detail::throw_if(ec, "thing_p2p_unsent");
    return result;
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
    result.bandwidth_bps = i.bandwidth_bps, result.frame_bps = i.frame_bps;
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

  /* Who is at the other end of a device's session; errc::invalid_parameter on an app's. */
  thingp2p::peer peer(std::error_code& ec) const {
    thing_p2p_peer p{};
    p.struct_size = sizeof p;
    return detail::checked(thing_p2p_session_peer(handle(), &p), ec) < 0 ? thingp2p::peer{} : detail::to_peer(p);
  }
  thingp2p::peer peer() const {
    std::error_code ec;
    thingp2p::peer result = peer(ec);
    detail::throw_if(ec, "thing_p2p_session_peer");
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

/* Waits for any number of sessions and devices. */
#ifndef THINGP2P_POLLER_HPP
#define THINGP2P_POLLER_HPP

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "device.hpp"
#include "session.hpp"

namespace thingp2p {

/* What may be so with a session or a device; | joins several. The first four are told as long as they are so, the others once
 * for each time: see THING_P2P_EVENT_.... */
enum class events : std::uint32_t {
  none = 0,
  readable = THING_P2P_EVENT_READABLE,
  writable = THING_P2P_EVENT_WRITABLE, /* nearly always: ask for it only while something waits to be sent */
  accept = THING_P2P_EVENT_ACCEPT,
  closed = THING_P2P_EVENT_CLOSED,
  path = THING_P2P_EVENT_PATH,
  online = THING_P2P_EVENT_ONLINE,
  paired = THING_P2P_EVENT_PAIRED,
  rate = THING_P2P_EVENT_RATE
};

constexpr events operator|(events a, events b) noexcept {
  return static_cast<events>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr events operator&(events a, events b) noexcept {
  return static_cast<events>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}

/* What is so with a session or a device. */
struct event {
  int handle = 0; /* of it */
  thingp2p::events events = thingp2p::events::none;
  std::uint32_t readable = 0, writable = 0; /* bit n: channel n */
  std::error_code error;                    /* of events::closed, and of events::online if the device is not */

  bool is(thingp2p::events any) const noexcept { return (events & any) != thingp2p::events::none; }
};

inline constexpr std::uint32_t all_channels = 0xff;

/* One call, or one descriptor, where a thread for each would be too many. Any thread may use it, and several may wait. It does
 * not own what it watches, which leaves it when it is closed. */
class poller {
 public:
  poller() noexcept = default; /* empty */
  static poller open() { return poller(detail::checked(thing_p2p_poller_open(), "thing_p2p_poller_open")); }
  static poller open(std::error_code& ec) noexcept {
    return poller(std::max(detail::checked(thing_p2p_poller_open(), ec), 0));
  }
  poller(poller&& other) noexcept : handle_(other.handle_.exchange(0)) {}
  poller& operator=(poller&& other) noexcept {
    if (this != &other) {
      end();
      handle_ = other.handle_.exchange(0);
    }
    return *this;
  }
  ~poller() { end(); }

  explicit operator bool() const noexcept { return handle() > 0; }
  int handle() const noexcept { return handle_; }

  /* What wait tells of it from now on; events::none: nothing. The channels are those of readable and writable. */
  void set(const session& s, events wanted, std::uint32_t channels = all_channels) { set_handle(s.handle(), wanted, channels); }
  void set(const session& s, events wanted, std::uint32_t channels, std::error_code& ec) noexcept {
    set_handle(s.handle(), wanted, channels, ec);
  }
  void set(const device& d, events wanted) { set_handle(d.handle(), wanted, 0); }
  void set(const device& d, events wanted, std::error_code& ec) noexcept { set_handle(d.handle(), wanted, 0, ec); }

  /* Each session and device of which something is so; none: wake was called. When the time is up, it is errc::timeout. */
  std::vector<event> wait(milliseconds timeout, std::error_code& ec) {
    std::array<thing_p2p_event, 64> list{}; /* the next call tells of more */
    list[0].struct_size = sizeof list[0];
    const int n = detail::checked(
        thing_p2p_poller_wait(handle(), list.data(), static_cast<int>(list.size()), detail::count(timeout)), ec);
    std::vector<event> result;
    for (int i = 0; i < n; i++) {
      const thing_p2p_event& e = list[static_cast<std::size_t>(i)];
      event& told = result.emplace_back();
      told.handle = e.handle;
      told.events = static_cast<events>(e.events);
      told.readable = e.readable;
      told.writable = e.writable;
      detail::checked(e.code, told.error);
    }
    return result;
  }
  std::vector<event> wait(milliseconds timeout = forever) {
    std::error_code ec;
    std::vector<event> result = wait(timeout, ec);
    detail::throw_if(ec, "thing_p2p_poller_wait");
    return result;
  }

  /* Makes one wait return, one of now or the next. */
  void wake() { detail::checked(thing_p2p_poller_wake(handle()), "thing_p2p_poller_wake"); }
  void wake(std::error_code& ec) noexcept { detail::checked(thing_p2p_poller_wake(handle()), ec); }

  /* For the program's own loop, such as epoll: readable while wait would return at once. Never read from it, nor close it. */
  int fd() const { return detail::checked(thing_p2p_poller_fd(handle()), "thing_p2p_poller_fd"); }
  int fd(std::error_code& ec) const noexcept { return detail::checked(thing_p2p_poller_fd(handle()), ec); }

  /* Wakes who waits with errc::closed_local. */
  void close(std::error_code& ec) noexcept {
    const int handle = handle_.exchange(0);
    detail::checked(handle > 0 ? thing_p2p_poller_close(handle) : THING_P2P_OK, ec);
  }
  void close() {
    std::error_code ec;
    close(ec);
    detail::throw_if(ec, "thing_p2p_poller_close");
  }

 private:
  explicit poller(int handle) noexcept : handle_(handle) {}
  void set_handle(int handle, events wanted, std::uint32_t channels) {
    std::error_code ec;
    set_handle(handle, wanted, channels, ec);
    detail::throw_if(ec, "thing_p2p_poller_set");
  }
  void set_handle(int watched, events wanted, std::uint32_t channels, std::error_code& ec) noexcept {
    detail::checked(thing_p2p_poller_set(handle(), watched, static_cast<std::uint32_t>(wanted), channels), ec);
  }
  void end() noexcept {
    std::error_code ignored;
    close(ignored);
  }

  std::atomic<int> handle_{0};
};

}  // namespace thingp2p

#endif

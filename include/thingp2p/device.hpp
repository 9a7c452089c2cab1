/* The device side. */
#ifndef THINGP2P_DEVICE_HPP
#define THINGP2P_DEVICE_HPP

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "callbacks.hpp"
#include "pairing.hpp"
#include "session.hpp"
#include "text.hpp"

namespace thingp2p {

using authorizer = std::function<errc(const peer&)>; /* errc::ok accepts */

namespace detail {

/* What the device calls id, ticket and the like. */
inline std::string get_text(int (*get)(int, char*, int), int handle, std::error_code& ec) {
  char buffer[2048]; /* a status; all others are shorter */
  const int length = checked(get(handle, buffer, sizeof buffer), ec);
  return length < 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(length));
}

}  // namespace detail

/* A device. Its identity is kept in state_dir; without one it is new each time. */
class device {
 public:
  device() noexcept = default; /* empty */
  static device open(const text& state_dir = {}) {
    return device(detail::checked(thing_p2p_device_open(dir(state_dir)), "thing_p2p_device_open"));
  }
  static device open(const text& state_dir, std::error_code& ec) noexcept {
    return device(std::max(detail::checked(thing_p2p_device_open(dir(state_dir)), ec), 0));
  }
  device(device&& other) noexcept
      : handle_(other.handle_.exchange(0)), authorizer_(std::exchange(other.authorizer_, nullptr)) {}
  device& operator=(device&& other) noexcept {
    if (this != &other) {
      end();
      handle_ = other.handle_.exchange(0);
      authorizer_ = std::exchange(other.authorizer_, nullptr);
    }
    return *this;
  }
  ~device() { end(); }

  explicit operator bool() const noexcept { return handle() > 0; }
  int handle() const noexcept { return handle_; }

  std::string id() const { return get_text(thing_p2p_device_id, "thing_p2p_device_id"); }
  std::string id(std::error_code& ec) const { return detail::get_text(thing_p2p_device_id, handle(), ec); }
  std::string ticket() const { return get_text(thing_p2p_device_ticket, "thing_p2p_device_ticket"); }
  std::string ticket(std::error_code& ec) const { return detail::get_text(thing_p2p_device_ticket, handle(), ec); }

  /* "address:port" in the local network, for app::add_address. */
  std::string address() const { return get_text(thing_p2p_device_address, "thing_p2p_device_address"); }
  std::string address(std::error_code& ec) const { return detail::get_text(thing_p2p_device_address, handle(), ec); }

  /* How the device can be reached now, as JSON: see thing_p2p_device_status. */
  std::string status() const { return get_text(thing_p2p_device_status, "thing_p2p_device_status"); }
  std::string status(std::error_code& ec) const { return detail::get_text(thing_p2p_device_status, handle(), ec); }

  /* The oldest first. */
  std::vector<pairing> pairings(std::error_code& ec) const { return detail::pairings(handle(), ec); }
  std::vector<pairing> pairings() const {
    std::error_code ec;
    std::vector<pairing> result = pairings(ec);
    detail::throw_if(ec, "thing_p2p_device_pairings");
    return result;
  }
  void unpair(const text& app_id) {
    detail::checked(thing_p2p_device_unpair(handle(), app_id.c_str()), "thing_p2p_device_unpair");
  }
  void unpair(const text& app_id, std::error_code& ec) noexcept {
    detail::checked(thing_p2p_device_unpair(handle(), app_id.c_str()), ec);
  }
  void reset_ticket() { detail::checked(thing_p2p_device_reset_ticket(handle()), "thing_p2p_device_reset_ticket"); }
  void reset_ticket(std::error_code& ec) noexcept { detail::checked(thing_p2p_device_reset_ticket(handle()), ec); }

  /* An empty function: the library decides. For one thread at a time. */
  void set_authorizer(authorizer decide, std::error_code& ec) {
    const bool any = static_cast<bool>(decide);
    void* key = detail::registry<authorizer>::add(std::move(decide));
    const thing_p2p_authorize_cb ask = [](int, const thing_p2p_peer* p, void* user) noexcept {
      const std::shared_ptr<authorizer> f = detail::registry<authorizer>::find(user);
      return f ? static_cast<int>((*f)(detail::to_peer(*p))) : static_cast<int>(THING_P2P_ERR_DEVICE_BUSY);
    };
    const bool done = detail::checked(thing_p2p_device_set_authorizer(handle(), any ? ask : nullptr, key), ec) >= 0;
    detail::registry<authorizer>::remove(done ? std::exchange(authorizer_, key) : key);
  }
  void set_authorizer(authorizer decide) {
    std::error_code ec;
    set_authorizer(std::move(decide), ec);
    detail::throw_if(ec, "thing_p2p_device_set_authorizer");
  }

  /* Of this device only; before listen. */
  void set_option(const text& key, const text& value) {
    detail::checked(thing_p2p_device_set_option(handle(), key.c_str(), value.c_str()), "thing_p2p_device_set_option");
  }
  void set_option(const text& key, const text& value, std::error_code& ec) noexcept {
    detail::checked(thing_p2p_device_set_option(handle(), key.c_str(), value.c_str()), ec);
  }

  void listen() { detail::checked(thing_p2p_device_listen(handle()), "thing_p2p_device_listen"); }
  void listen(std::error_code& ec) noexcept { detail::checked(thing_p2p_device_listen(handle()), ec); }

  /* who, if given, becomes the app that the session is with. */
  session accept(milliseconds timeout, peer* who, std::error_code& ec) {
    thing_p2p_peer p{};
    p.struct_size = sizeof p;
    session s(std::max(detail::checked(thing_p2p_accept(handle(), detail::count(timeout), &p), ec), 0));
    if (s && who) *who = detail::to_peer(p);
    return s;
  }
  session accept(milliseconds timeout = forever, peer* who = nullptr) {
    std::error_code ec;
    session s = accept(timeout, who, ec);
    detail::throw_if(ec, "thing_p2p_accept");
    return s;
  }

  void close(std::error_code& ec) noexcept {
    const int handle = handle_.exchange(0);
    detail::checked(handle > 0 ? thing_p2p_device_close(handle) : THING_P2P_OK, ec);
  }
  void close() {
    std::error_code ec;
    close(ec);
    detail::throw_if(ec, "thing_p2p_device_close");
  }

 private:
  explicit device(int handle) noexcept : handle_(handle) {}
  /* NULL is no directory; what is no text must not be taken for that, and an empty one is refused. */
  static const char* dir(const text& d) noexcept { return d.empty() ? nullptr : d.c_str() ? d.c_str() : ""; }
  std::string get_text(int (*get)(int, char*, int), const char* call) const {
    std::error_code ec;
    std::string result = detail::get_text(get, handle(), ec);
    detail::throw_if(ec, call);
    return result;
  }
  void end() noexcept {
    std::error_code ignored;
    close(ignored);
    detail::registry<authorizer>::remove(std::exchange(authorizer_, nullptr));
  }

  std::atomic<int> handle_{0};
  void* authorizer_ = nullptr; /* in the registry */
};

}  // namespace thingp2p

#endif

/* The log. */
#ifndef THINGP2P_LOG_HPP
#define THINGP2P_LOG_HPP

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>

#include "callbacks.hpp"
#include "error.hpp"

namespace thingp2p {

enum class log_level {
  off = THING_P2P_LOG_OFF,
  error = THING_P2P_LOG_ERROR,
  warn = THING_P2P_LOG_WARN,
  info = THING_P2P_LOG_INFO,
  debug = THING_P2P_LOG_DEBUG
};

using log_handler = std::function<void(log_level, std::string_view line)>;

/* Replaces the handler of the log; an empty one, or log_level::off, turns it off. For one thread at a time. */
inline void set_log(log_level level, log_handler handler, std::error_code& ec) {
  static std::atomic<void*> current{nullptr}; /* no lock: the call below waits for handlers, which may call this */
  const bool any = static_cast<bool>(handler);
  void* key = detail::registry<log_handler>::add(std::move(handler));
  const thing_p2p_log_cb write = [](int l, const char* line, void* user) noexcept {
    const std::shared_ptr<log_handler> f = detail::registry<log_handler>::find(user);
    if (f) (*f)(static_cast<log_level>(l), line);
  };
  const bool done = detail::checked(thing_p2p_set_log(static_cast<int>(level), any ? write : nullptr, key), ec) >= 0;
  detail::registry<log_handler>::remove(done ? current.exchange(key) : key);
}
inline void set_log(log_level level, log_handler handler) {
  std::error_code ec;
  set_log(level, std::move(handler), ec);
  detail::throw_if(ec, "thing_p2p_set_log");
}

}  // namespace thingp2p

#endif

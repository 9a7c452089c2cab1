/* Codes as std::error_code. */
#ifndef THINGP2P_ERROR_HPP
#define THINGP2P_ERROR_HPP

#include <string>
#include <system_error>

#include "../thingp2p.h"

namespace thingp2p {

enum class errc {
  ok = THING_P2P_OK,
  not_initialized = THING_P2P_ERR_NOT_INITIALIZED,
  already_initialized = THING_P2P_ERR_ALREADY_INITIALIZED,
  timeout = THING_P2P_ERR_TIMEOUT,
  invalid_id = THING_P2P_ERR_INVALID_ID,
  invalid_parameter = THING_P2P_ERR_INVALID_PARAMETER,
  device_not_online = THING_P2P_ERR_DEVICE_NOT_ONLINE,
  no_relay = THING_P2P_ERR_NO_RELAY,
  invalid_session = THING_P2P_ERR_INVALID_SESSION,
  closed_remote = THING_P2P_ERR_CLOSED_REMOTE,
  closed_timeout = THING_P2P_ERR_CLOSED_TIMEOUT,
  closed_local = THING_P2P_ERR_CLOSED_LOCAL,
  listen_break = THING_P2P_ERR_LISTEN_BREAK,
  connect_break = THING_P2P_ERR_CONNECT_BREAK,
  session_limit = THING_P2P_ERR_SESSION_LIMIT,
  no_memory = THING_P2P_ERR_NO_MEMORY,
  handshake = THING_P2P_ERR_HANDSHAKE,
  no_answer = THING_P2P_ERR_NO_ANSWER,
  signaling = THING_P2P_ERR_SIGNALING,
  remote = THING_P2P_ERR_REMOTE,
  device_privacy = THING_P2P_ERR_DEVICE_PRIVACY,
  device_full = THING_P2P_ERR_DEVICE_FULL,
  auth = THING_P2P_ERR_AUTH,
  device_busy = THING_P2P_ERR_DEVICE_BUSY,
  forked = THING_P2P_ERR_FORKED,
  buffer_too_small = THING_P2P_ERR_BUFFER_TOO_SMALL,
  internal = THING_P2P_ERR_INTERNAL,
  key_frame = THING_P2P_ERR_KEY_FRAME,
  busy = THING_P2P_ERR_BUSY,
};

}  // namespace thingp2p

template <>
struct std::is_error_code_enum<thingp2p::errc> : std::true_type {};

namespace thingp2p {

inline const std::error_category& category() noexcept {
  class type final : public std::error_category {
    const char* name() const noexcept override { return "thingp2p"; }
    std::string message(int code) const override { return thing_p2p_strerror(code); }
    std::error_condition default_error_condition(int code) const noexcept override {
      switch (static_cast<errc>(code)) {
        case errc::timeout: return std::errc::timed_out;
        case errc::invalid_id:
        case errc::invalid_parameter: return std::errc::invalid_argument;
        case errc::no_memory: return std::errc::not_enough_memory;
        case errc::auth: return std::errc::permission_denied;
        case errc::busy: return std::errc::device_or_resource_busy;
        case errc::connect_break:
        case errc::listen_break: return std::errc::operation_canceled;
        case errc::closed_remote: return std::errc::connection_reset;
        case errc::closed_local: return std::errc::connection_aborted;
        case errc::invalid_session: return std::errc::bad_file_descriptor;
        default: return {code, *this};
      }
    }
  };
  static const type instance;
  return instance;
}

inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category()}; }

namespace detail {

inline int checked(int result, std::error_code& ec) noexcept {
  ec = result < 0 ? make_error_code(static_cast<errc>(result)) : std::error_code();
  return result;
}

inline int checked(int result, const char* call) {
  if (result < 0) throw std::system_error(make_error_code(static_cast<errc>(result)), call);
  return result;
}

inline void throw_if(const std::error_code& ec, const char* call) {
  if (ec) throw std::system_error(ec, call);
}

}  // namespace detail

}  // namespace thingp2p

#endif

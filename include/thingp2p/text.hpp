/* Texts on their way to C. */
#ifndef THINGP2P_TEXT_HPP
#define THINGP2P_TEXT_HPP

#include <string>
#include <type_traits>
#include <utility>

namespace thingp2p {

/* Made from whatever a std::string is made from. A null pointer, and a text with a NUL inside, which C would take for a
 * shorter one, get errc::invalid_parameter from the call that is given it. */
class text {
 public:
  text() = default;
  text(const char* c) : copy_(c ? std::string(c) : std::string(1, '\0')) {}
  template <class T, class = std::enable_if_t<std::is_convertible_v<T, std::string> && !std::is_convertible_v<T, const char*> &&
                                              !std::is_same_v<std::decay_t<T>, text>>>
  text(T&& t) : copy_(std::forward<T>(t)) {}

  bool empty() const noexcept { return copy_.empty(); }
  const char* c_str() const noexcept { return copy_.find('\0') == std::string::npos ? copy_.c_str() : nullptr; }

 private:
  std::string copy_;
};

}  // namespace thingp2p

#endif

/* Views of bytes, for those who have no std::span yet. */
#ifndef THINGP2P_BYTES_HPP
#define THINGP2P_BYTES_HPP

#if __cplusplus < 201703L && !(defined(_MSVC_LANG) && _MSVC_LANG >= 201703L)
#error "thingp2p.hpp needs C++17: -std=c++17, or use thingp2p.h"
#elif !defined(__cpp_exceptions) && !defined(_CPPUNWIND)
#error "thingp2p.hpp needs exceptions: use thingp2p.h without them"
#endif

#include <cstddef>
#include <cstring>
#include <iterator>
#include <type_traits>
#if __has_include(<version>)
#include <version>
#endif
#ifdef __cpp_lib_ranges
#include <ranges>
#endif

namespace thingp2p {

/* A view of bytes that others own. Made from any contiguous container of one-byte elements, std::span among them, into
 * which it converts where there is one; read-only ones also from a text literal, without its NUL. Sending a null pointer, or
 * reading into one, is errc::invalid_parameter. */
template <class Byte>
class basic_byte_span {
  static constexpr bool read_only = std::is_const_v<Byte>;
  using pointer = std::conditional_t<read_only, const void*, void*>;
  template <class C>
  static constexpr bool suits = [] {
    using element = std::remove_pointer_t<decltype(std::data(std::declval<C&>()))>;
    constexpr bool literal = std::is_same_v<element, const char> && std::is_array_v<C>;
    constexpr bool byte = sizeof(element) == 1 && std::is_trivially_copyable_v<element>;
    return byte && !literal && (read_only || !std::is_const_v<element>);
  }();

 public:
  using value_type = std::remove_const_t<Byte>;

  constexpr basic_byte_span() noexcept = default;
  basic_byte_span(pointer data, std::size_t size) noexcept : data_(static_cast<Byte*>(data)), size_(size) {}
  template <class C, class = decltype(std::data(std::declval<C&>()), std::size(std::declval<C&>())),
            class = std::enable_if_t<suits<std::remove_reference_t<C>>>>
  basic_byte_span(C&& bytes) noexcept : basic_byte_span(std::data(bytes), std::size(bytes)) {}
  template <class Text, class = std::enable_if_t<read_only && std::is_convertible_v<Text, const char*>>, class = Text>
  basic_byte_span(Text text) noexcept : basic_byte_span(text, length(text)) {}

  constexpr Byte* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr Byte* begin() const noexcept { return data_; }
  constexpr Byte* end() const noexcept { return data_ + size_; }
  basic_byte_span subspan(std::size_t from) const noexcept { return {data_ + from, size_ - from}; }

 private:
  /* A null pointer has a byte, which is not there, so that it is not taken for nothing to send. */
  static std::size_t length(const char* text) noexcept { return text ? std::strlen(text) : 1; }

  Byte* data_ = nullptr;
  std::size_t size_ = 0;
};

using byte_span = basic_byte_span<std::byte>;
using const_byte_span = basic_byte_span<const std::byte>;

}  // namespace thingp2p

#ifdef __cpp_lib_ranges
template <class Byte>
inline constexpr bool std::ranges::enable_borrowed_range<thingp2p::basic_byte_span<Byte>> = true;
#endif

#endif

// What must compile, and what must not, in each C++ since 17.
#include "thingp2p.hpp"

#include <array>
#include <vector>

using thingp2p::byte_span;
using thingp2p::const_byte_span;

static_assert(std::is_convertible_v<std::vector<unsigned char>&, byte_span>);
static_assert(std::is_convertible_v<std::array<std::byte, 4>&, byte_span>);
static_assert(std::is_convertible_v<char (&)[4], byte_span>);
static_assert(std::is_convertible_v<std::string_view, const_byte_span>);
static_assert(std::is_convertible_v<const std::string&, const_byte_span>);
static_assert(std::is_convertible_v<const char (&)[4], const_byte_span>);
static_assert(std::is_convertible_v<byte_span, const_byte_span>);
static_assert(!std::is_convertible_v<const_byte_span, byte_span>);
static_assert(!std::is_convertible_v<const std::string&, byte_span>);
static_assert(!std::is_convertible_v<std::vector<int>&, const_byte_span>);

#ifdef __cpp_lib_span
#include <span>
static_assert(std::is_convertible_v<std::span<std::byte>, byte_span>);
static_assert(std::is_convertible_v<std::span<const std::byte>, const_byte_span>);
static_assert(!std::is_convertible_v<std::span<const std::byte>, byte_span>);
#ifdef __cpp_lib_ranges
static_assert(std::is_convertible_v<byte_span, std::span<std::byte>>);
static_assert(std::is_convertible_v<const_byte_span, std::span<const std::byte>>);
#endif
#endif

static_assert(std::is_nothrow_move_constructible_v<thingp2p::session> && !std::is_copy_constructible_v<thingp2p::session>);
static_assert(std::is_nothrow_move_assignable_v<thingp2p::device> && !std::is_copy_assignable_v<thingp2p::device>);

int main() { return thingp2p::const_byte_span("four").size() == 4 ? 0 : 1; }

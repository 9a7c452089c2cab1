// What is no text, no buffer or out of range gets errc::invalid_parameter from each call of thingp2p.hpp that takes such.
#include "thingp2p.hpp"

#include <array>
#include <cstdio>
#include <vector>

namespace {

using namespace std::chrono_literals;
using thingp2p::errc;

int calls = 0, failures = 0;

void check(const char* what, std::error_code got) {
  calls++;
  if (got == errc::invalid_parameter) return;
  failures++;
  std::printf("%s: %s\n", what, got.message().c_str());
}

template <class F>
void throws(const char* what, F&& call) {
  std::error_code got;
  try {
    call();
  } catch (const std::system_error& e) {
    got = e.code();
  }
  check(what, got);
}

template <class F>
void tells(const char* what, F&& call) {
  std::error_code got;
  call(got);
  check(what, got);
}

template <class Text>
void text_is_refused(thingp2p::app& app, thingp2p::device& device, const Text& bad) {
  using thingp2p::mode;
  const auto done = [](std::error_code, thingp2p::session) {};
  const std::string ticket = device.ticket(), id = device.id();
  throws("app", [&] { thingp2p::app second(bad); });
  throws("add_device, name", [&] { app.add_device(bad, ticket); });
  tells("add_device, name", [&](auto& ec) { app.add_device(bad, ticket, ec); });
  throws("add_device, ticket", [&] { app.add_device("name", bad); });
  tells("add_device, ticket", [&](auto& ec) { app.add_device("name", bad, ec); });
  throws("add_address, to", [&] { app.add_address(bad, "192.0.2.1:4711"); });
  tells("add_address, to", [&](auto& ec) { app.add_address(bad, "192.0.2.1:4711", ec); });
  throws("add_address, address", [&] { app.add_address(id, bad); });
  tells("add_address, address", [&](auto& ec) { app.add_address(id, bad, ec); });
  throws("connect", [&] { app.connect(bad); });
  tells("connect", [&](auto& ec) { app.connect(bad, mode::internet, 1s, ec); });
  throws("connect_async", [&] { app.connect_async(bad, mode::internet, 1s, done); });
  tells("connect_async", [&](auto& ec) { app.connect_async(bad, mode::internet, 1s, done, ec); });
  throws("break_connect", [&] { app.break_connect(bad); });
  tells("break_connect", [&](auto& ec) { app.break_connect(bad, ec); });
  throws("preconnect", [&] { app.preconnect(bad); });
  tells("preconnect", [&](auto& ec) { app.preconnect(bad, ec); });
  throws("close_preconnect", [&] { app.close_preconnect(bad); });
  tells("close_preconnect", [&](auto& ec) { app.close_preconnect(bad, ec); });
  throws("resend_offer", [&] { app.resend_offer(bad); });
  tells("resend_offer", [&](auto& ec) { app.resend_offer(bad, ec); });
  throws("report", [&] { thingp2p::report(bad); });
  tells("report", [&](auto& ec) { thingp2p::report(bad, ec); });
  throws("device", [&] { thingp2p::device::open(bad); });
  tells("device", [&](auto& ec) { thingp2p::device::open(bad, ec); });
  throws("unpair", [&] { device.unpair(bad); });
  tells("unpair", [&](auto& ec) { device.unpair(bad, ec); });
  throws("device, set_option", [&] { device.set_option("server", bad); });
  tells("device, set_option", [&](auto& ec) { device.set_option(bad, "x", ec); });
  throws("set_option, key", [&] { thingp2p::set_option(bad, "x"); });
  tells("set_option, key", [&](auto& ec) { thingp2p::set_option(bad, "x", ec); });
  throws("set_addresses", [&] { thingp2p::set_addresses(bad); });
  tells("set_addresses", [&](auto& ec) { thingp2p::set_addresses(bad, ec); });
  throws("set_option, value", [&] { thingp2p::set_option("state_dir", bad); });
  tells("set_option, value", [&](auto& ec) { thingp2p::set_option("state_dir", bad, ec); });
}

void no_bytes_are_refused(thingp2p::session& s) {
  const char* none = nullptr;
  std::array<char, 4> four{};
  std::vector<char> empty;
  throws("send null", [&] { s.send(0, none); });
  tells("send null", [&](auto& ec) { s.send(0, nullptr, 1s, ec); });
  tells("send null and a size", [&](auto& ec) { s.send(0, {nullptr, 4}, 1s, ec); });
  tells("send nothing", [&](auto& ec) { s.send(0, empty, 1s, ec); });
  throws("send_all null", [&] { s.send_all(0, none); });
  tells("send_all null", [&](auto& ec) { s.send_all(0, nullptr, 1s, ec); });
  throws("read to nothing", [&] { s.read(0, empty); });
  tells("read to null", [&](auto& ec) { s.read(0, {nullptr, 4}, 1s, ec); });
  for (const int channel : {-1, 8, 1 << 30}) {
    throws("read, channel", [&] { s.read(channel, four); });
    tells("read, channel", [&](auto& ec) { s.read(channel, four, 1s, ec); });
    throws("send, channel", [&] { s.send(channel, four); });
    tells("send_all, channel", [&](auto& ec) { s.send_all(channel, four, 1s, ec); });
  }
}

void no_frames_are_refused(thingp2p::session& s) {
  std::array<char, 4> four{};
  const std::vector<char> empty, large(THING_P2P_MAX_FRAME + 1);
  const auto no_deadline = thingp2p::no_deadline;
  throws("frame, null", [&] { s.send_frame(0, nullptr); });
  tells("frame, null and a size", [&](auto& ec) { s.send_frame(0, {nullptr, 4}, true, no_deadline, ec); });
  throws("frame, empty", [&] { s.send_frame(0, empty); });
  tells("frame, large", [&](auto& ec) { s.send_frame(0, large, true, no_deadline, ec); });
  for (const int channel : {-1, 8, 1 << 30}) {
    throws("send_frame, channel", [&] { s.send_frame(channel, four); });
    tells("send_frame, channel", [&](auto& ec) { s.send_frame(channel, four, true, 1s, ec); });
    throws("read_frame, channel", [&] { s.read_frame(channel); });
    tells("read_frame, channel", [&](auto& ec) { s.read_frame(channel, 1s, ec); });
    throws("clear, channel", [&] { s.clear(channel); });
    tells("clear, channel", [&](auto& ec) { s.clear(channel, ec); });
    throws("unsent, channel", [&] { s.unsent(channel); });
    tells("unsent, channel", [&](auto& ec) { s.unsent(channel, ec); });
  }
}

void out_of_range_is_refused(thingp2p::app& app, const std::string& id) {
  using thingp2p::mode;
  const auto done = [](std::error_code, thingp2p::session) {};
  const auto no_mode = static_cast<mode>(7);
  throws("mode", [&] { app.connect(id, no_mode); });
  tells("mode", [&](auto& ec) { app.connect_async(id, no_mode, 1s, done, ec); });
  throws("time", [&] { app.connect(id, mode::lan, -1ms); });
  tells("time", [&](auto& ec) { app.connect_async(id, mode::lan, -1ms, done, ec); });
  throws("handler", [&] { app.connect_async(id, mode::lan, 1s, nullptr); });
  tells("handler", [&](auto& ec) { app.connect_async(id, mode::lan, 1s, {}, ec); });
  throws("level", [] { thingp2p::set_log(static_cast<thingp2p::log_level>(9), [](auto, auto) {}); });
  tells("level", [](auto& ec) { thingp2p::set_log(static_cast<thingp2p::log_level>(-1), {}, ec); });
}

}  // namespace

int main() {
  thingp2p::app app("c++");
  thingp2p::device device = thingp2p::device::open();
  thingp2p::session session;
  const char* null = nullptr;
  text_is_refused(app, device, nullptr);
  text_is_refused(app, device, null);
  text_is_refused(app, device, std::string("one\0two", 7));
  text_is_refused(app, device, std::string(5000, 'x'));
  no_bytes_are_refused(session);
  no_frames_are_refused(session);
  out_of_range_is_refused(app, device.id());
  if (failures == 0) std::printf("ok: %d calls\n", calls);
  return failures != 0;
}

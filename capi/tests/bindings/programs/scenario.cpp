// The scenario in C++17, by thingp2p.hpp.
#include <array>
#include <future>
#include <thread>
#include <vector>

#include "thingp2p.hpp"

#include "scenario.h"

namespace {

using namespace std::chrono_literals;
using thingp2p::errc;

constexpr int COMMANDS = 0, VIDEO = 1, FRAMES = 4, POLLED = 5, BYTES = 6;
constexpr auto patience = std::chrono::milliseconds(TIMEOUT_MS);

template <class F>
std::error_code error_of(F&& call) {
  try {
    call();
  } catch (const std::system_error& e) {
    return e.code();
  }
  return {};
}

void expect_error(const char* what, const std::error_code& got, errc wanted) {
  expect(what, got.value(), static_cast<long>(wanted));
}

std::string read_line(thingp2p::session& s) {
  std::string line;
  for (char c = 0; s.read(COMMANDS, thingp2p::byte_span(&c, 1), patience) == 1 && c != '\n';) line += c;
  return line;
}

void streams(thingp2p::session& s) {
  std::vector<std::byte> block(BLOCK);
  std::uint32_t crc = 0;
  s.send_all(COMMANDS, "stream " + std::to_string(STREAM_BYTES) + "\n");
  for (long done = 0; done < STREAM_BYTES;) {
    const std::size_t got = s.read(VIDEO, block, patience);
    crc = crc32_of(crc, block.data(), static_cast<long>(got));
    done += static_cast<long>(got);
  }
  expect("crc of the stream", crc, stream_crc());

  s.send_all(COMMANDS, "sink " + std::to_string(STREAM_BYTES) + "\n");
  for (long done = 0; done < STREAM_BYTES; done += BLOCK) s.send_all(VIDEO, {pattern(done), BLOCK}, patience);
  expect("crc at the device", std::stol(read_line(s)), stream_crc());
}

// Starts an app, which the log tells.
thingp2p::app start_logged() {
  auto first = std::make_shared<std::promise<std::string>>();
  auto written = std::make_shared<std::once_flag>();
  thingp2p::set_log(thingp2p::log_level::info, [first, written](thingp2p::log_level, std::string_view line) {
    std::call_once(*written, [&] { first->set_value(std::string(line)); });
  });
  struct silence {
    std::shared_ptr<std::promise<std::string>> first;
    ~silence() {
      expect("a line of the log", first->get_future().get().empty(), false);
      thingp2p::set_log(thingp2p::log_level::off, {});
      expect("owners of the log's handler", first.use_count(), 1);
    }
  } at_end{std::move(first)};
  return thingp2p::app("c++");
}

void break_connect(thingp2p::app& app) {
  const auto absent = thingp2p::device::open();
  std::promise<std::error_code> outcome;
  auto token = std::make_shared<int>(0);
  const std::string trace_id = app.connect_async(
      absent.id(), thingp2p::mode::internet, thingp2p::default_timeout,
      [&, token](std::error_code ec, thingp2p::session s) {
        expect("no session", static_cast<bool>(s), false);
        outcome.set_value(ec);
      });
  app.break_connect(trace_id);
  expect_error("outcome", outcome.get_future().get(), errc::connect_break);
  expect_error("second break", error_of([&] { app.break_connect(trace_id); }), errc::invalid_parameter);
  expect_error("connect_async", error_of([&] {
                 app.connect_async("nobody", thingp2p::mode::internet, 1s, [token](std::error_code, thingp2p::session) {});
               }), errc::invalid_id);
  while (token.use_count() > 1) std::this_thread::yield(); // the handlers are gone, the called and the uncalled one
}

void frames(thingp2p::session& near, thingp2p::session& far) {
  const std::vector<std::byte> large(1 << 20, std::byte(7));
  far.send_frame(FRAMES, "key", true);
  far.send_frame(FRAMES, large, false, patience);
  thingp2p::frame f = near.read_frame(FRAMES, patience);
  expect("a key frame", f.bytes.size() == 3 && f.key && f.sequence == 1 && f.missing == 0, true);
  f = near.read_frame(FRAMES);
  expect("a large frame", f.bytes == large && !f.key && f.sequence == 2 && f.missing == 0, true);
  expect("no rate where no frame was sent", static_cast<long>(near.info().frame_bps), 0);
  std::error_code ec;
  expect("no frame", near.read_frame(FRAMES, 20ms, ec).bytes.empty(), true);
  expect_error("no frame", ec, errc::timeout);
  expect_error("bytes on that channel", error_of([&] { far.send(FRAMES, "bytes"); }), errc::invalid_parameter);

  do far.send_frame(FRAMES, large, false, -1ms, ec);
  while (ec != errc::key_frame); // until one is late
  far.send_frame(FRAMES, "again", true);
  for (std::uint64_t last = 2; f.bytes.size() != 5; last = f.sequence) {
    f = near.read_frame(FRAMES, patience);
    expect("missing", f.missing, static_cast<long>(f.sequence - last - 1));
  }
}

void clear(thingp2p::session& near, thingp2p::session& far) {
  const std::vector<std::byte> block(BLOCK);
  std::size_t left = 0, dropped = 0;
  std::error_code ec;
  std::array<char, 1> first;
  far.send_all(BYTES, "!");
  near.read(BYTES, first, patience); // of a new channel, clear leaves what is sent first
  while (dropped == 0) { // once nothing leaves any more, as nobody reads, there is something to drop
    left += far.send(BYTES, block, 0ms, ec);
    if (!ec) continue;
    expect_error("full", ec, errc::timeout);
    const thingp2p::unsent_bytes unsent = far.unsent(BYTES);
    dropped = far.clear(BYTES);
    left -= dropped;
    expect("unsent", dropped <= unsent.size && unsent.age < patience, true);
  }
  expect("cleared", far.unsent(BYTES).size == 0 && far.unsent(BYTES).age == 0ms && far.clear(BYTES) == 0, true);
  far.send_all(BYTES, "next");
  std::vector<char> got(left + 4);
  for (std::size_t done = 0; done < got.size();)
    done += near.read(BYTES, thingp2p::byte_span(got.data() + done, got.size() - done), patience);
  expect("after what had left", std::string(got.end() - 4, got.end()) == "next", true);
}

void poll(thingp2p::session& near, thingp2p::session& far, const thingp2p::device& device) {
  using thingp2p::events;
  auto poller = thingp2p::poller::open();
  poller.set(near, events::readable | events::closed);
  poller.set(device, events::accept);
  expect_error("nothing", error_of([&] { poller.wait(0ms); }), errc::timeout);
  far.send_all(POLLED, "!");
  std::vector<thingp2p::event> told = poller.wait(patience);
  expect("one is told", static_cast<long>(told.size()), 1);
  expect("of it", told[0].handle == near.handle() && told[0].is(events::readable) && !told[0].is(events::closed), true);
  expect("its channel", static_cast<long>(told[0].readable), 1 << POLLED);
  expect("descriptor", poller.fd() >= 0 && poller.fd() == poller.fd(), true);
  poller.set(near, events::readable, 1u << COMMANDS);
  poller.wake();
  expect("woken", poller.wait(patience).empty(), true);
  expect_error("another channel", error_of([&] { poller.wait(0ms); }), errc::timeout);
  thingp2p::poller moved = std::move(poller);
  expect("moved", !poller && static_cast<bool>(moved), true);
  std::thread closer([&] { moved.close(); });
  const std::error_code ec = error_of([&] { moved.wait(); });
  expect("closed", ec == errc::closed_local || ec == errc::invalid_session, true);
  closer.join();
  expect_error("no session", error_of([&] { thingp2p::poller::open().set(thingp2p::session(), events::readable); }), errc::invalid_session);
}

// A device and its app in one process.
void be_a_device(thingp2p::app& app) {
  auto device = thingp2p::device::open();
  auto token = std::make_shared<int>(0);
  device.set_authorizer([token](const thingp2p::peer&) { return errc::device_privacy; });
  device.listen();
  const std::string ticket = device.ticket();
  expect_error("privacy", error_of([&] { app.connect(ticket); }), errc::device_privacy);
  device.set_authorizer([token](const thingp2p::peer& p) { return p.uid == "c++" && p.has_ticket ? errc::ok : errc::auth; });
  expect("the first authorizer is gone", token.use_count(), 2);

  thingp2p::session near = app.connect(ticket, thingp2p::mode::internet, patience);
  thingp2p::peer who;
  thingp2p::session far = device.accept(patience, &who);
  expect("uid", who.uid == "c++", true);
  expect("trace id", who.trace_id == near.info().trace_id, true);
  expect("peer", far.peer().app_id == who.app_id, true);
  expect_error("peer of an app's session", error_of([&] { near.peer(); }), errc::invalid_parameter);
  far.send_all(3, "hi");
  std::array<char, 8> text;
  expect("bytes from the device", static_cast<long>(near.read(3, text, patience)), 2);

  frames(near, far);
  clear(near, far);
  poll(near, far, device);
  const std::vector<thingp2p::pairing> paired = device.pairings();
  const auto age = std::chrono::system_clock::now() - paired.at(0).since;
  expect("pairings", static_cast<long>(paired.size()), 1);
  expect("app", paired[0].app_id == who.app_id && paired[0].uid == "c++" && paired[0].sessions == 1, true);
  expect("since", age > -2s && age < patience, true);
  device.reset_ticket();
  expect("another ticket", device.ticket() != ticket, true);
  app.add_address(device.id(), device.address());
  thingp2p::network_changed();
  expect_error("a bad address", error_of([&] { app.add_address(device.id(), "nowhere"); }), errc::invalid_parameter);
  expect_error("unpair of nobody", error_of([&] { device.unpair(device.id()); }), errc::invalid_id);

  std::thread blocked([&] {
    const std::error_code ec = error_of([&] { far.read(0, text); });
    expect("read at the device's end", ec == errc::closed_local || ec == errc::invalid_session, true);
  });
  std::thread closer([&, d = std::move(device)]() mutable { d.close(); });
  closer.join();
  expect_error("closed device", error_of([&] { device.pairings(); }), errc::invalid_session);
  blocked.join();
  expect("the authorizer is gone", token.use_count(), 1);
  expect_error("far end", error_of([&] { near.read(3, text, patience); }), errc::closed_remote);
}

}  // namespace

int main(int argc, char** argv) {
  expect("arguments", argc, 2);
  thingp2p::app app = start_logged();
  expect_error("another uid", error_of([] { thingp2p::app other("other"); }), errc::already_initialized);
  expect_error("the same uid", error_of([] { thingp2p::app other("c++"); }), errc::already_initialized);
  expect_error("bad id", error_of([&] { app.connect("nobody"); }), errc::invalid_id);
  break_connect(app);

  thingp2p::session session = app.connect(argv[1], thingp2p::mode::internet, patience);
  const thingp2p::session_info info = session.info();
  session.send_all(COMMANDS, "echo hello\n");
  expect("echo", read_line(session) == "hello", true);
  std::error_code ec;
  std::array<unsigned char, 16> bytes;
  expect("read of nothing", static_cast<long>(session.read(COMMANDS, bytes, 20ms, ec)), 0);
  expect("timed out", ec == std::errc::timed_out && ec == errc::timeout, true);
  streams(session);

  session.send_all(COMMANDS, "bye\n");
  expect_error("read at the end", error_of([&] { session.read(COMMANDS, bytes, patience); }), errc::closed_remote);
  expect_error("check at the end", session.check(), errc::closed_remote);
  session.close();
  expect_error("read after that", error_of([&] { session.read(COMMANDS, bytes, 0ms); }), errc::invalid_session);
  be_a_device(app);
  std::printf("ok: %s, path %d, connected in %ld ms\n", thingp2p::version().c_str(), static_cast<int>(info.path),
              static_cast<long>(info.connect_time.count()));
}

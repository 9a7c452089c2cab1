// The main scenario from C++17: connect, command, stream, close.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thingp2p.h"

namespace {

constexpr int kCommands = 0, kVideo = 1;
constexpr int kTimeoutMs = 20000;
constexpr long kStreamBytes = 4 << 20;

void expect(const char *what, long got, long wanted) {
  if (got == wanted) return;
  std::fprintf(stderr, "%s: got %ld, expected %ld\n", what, got, wanted);
  std::exit(1);
}

// Owns a session's handle.
class Session {
 public:
  static Session connect(const std::string &ticket) {
    // Exactly one of the two callbacks is called, once, so it owns the promise.
    auto *done = new std::promise<int>;
    auto finish = [](int handle_or_code, void *user) {
      std::unique_ptr<std::promise<int>>(static_cast<std::promise<int> *>(user))->set_value(handle_or_code);
    };
    std::future<int> result = done->get_future();
    Session s;
    expect("connect", thing_p2p_connect(ticket.c_str(), THING_P2P_MODE_INTERNET, kTimeoutMs, finish, finish, done, s.trace_id_), 0);
    s.handle_ = result.get();
    if (s.handle_ < 0) expect(thing_p2p_error_name(s.handle_), s.handle_, 0);
    return s;
  }

  Session(Session &&other) noexcept : handle_(std::exchange(other.handle_, 0)) {
    std::copy(std::begin(other.trace_id_), std::end(other.trace_id_), trace_id_);
  }
  ~Session() {
    if (handle_ > 0) thing_p2p_disconnect(handle_);
  }

  void send(const std::string &text) const {
    const int size = static_cast<int>(text.size());
    expect("send", thing_p2p_send(handle_, kCommands, text.data(), size, kTimeoutMs), size);
  }

  std::vector<unsigned char> read(int channel, int most) const {
    std::vector<unsigned char> bytes(static_cast<std::size_t>(most));
    const int got = thing_p2p_read(handle_, channel, bytes.data(), most, kTimeoutMs);
    if (got < 1) expect("read", got, 1);
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }

  std::string read_text(std::size_t length) const {
    std::string text;
    while (text.size() < length)
      for (unsigned char c : read(kCommands, static_cast<int>(length - text.size()))) text += static_cast<char>(c);
    return text;
  }

  thing_p2p_info info() const {
    thing_p2p_info info{};
    info.struct_size = sizeof info;
    expect("session_info", thing_p2p_session_info(handle_, &info), 0);
    expect("trace id", std::string(info.trace_id) == trace_id_, true);
    return info;
  }

  void expect_closed_by_device() {
    char byte;
    expect("read after the device closed", thing_p2p_read(handle_, kCommands, &byte, 1, kTimeoutMs), THING_P2P_ERR_CLOSED_REMOTE);
    expect("active_check after that", thing_p2p_active_check(handle_), THING_P2P_ERR_CLOSED_REMOTE);
    expect("disconnect", thing_p2p_disconnect(handle_), THING_P2P_OK);
    expect("second disconnect", thing_p2p_disconnect(handle_), THING_P2P_ERR_INVALID_SESSION);
    expect("read after disconnect", thing_p2p_read(handle_, kCommands, &byte, 1, 0), THING_P2P_ERR_INVALID_SESSION);
    handle_ = 0;
  }

 private:
  Session() = default;
  int handle_ = 0;
  char trace_id_[THING_P2P_TRACE_ID_SIZE] = {};
};

}  // namespace

int main(int argc, char **argv) {
  expect("arguments", argc, 2);
  expect("init", thing_p2p_init("c++"), THING_P2P_OK);
  Session session = Session::connect(argv[1]);
  const thing_p2p_info info = session.info();

  session.send("echo hello\n");
  expect("echo", session.read_text(6) == "hello\n", true);

  session.send("stream " + std::to_string(kStreamBytes) + "\n");
  for (long done = 0; done < kStreamBytes;)
    for (unsigned char byte : session.read(kVideo, 1 << 18)) expect("byte of the stream", byte, done++ % 251);

  session.send("bye\n");
  session.expect_closed_by_device();
  expect("deinit", thing_p2p_deinit(), THING_P2P_OK);
  expect("second deinit", thing_p2p_deinit(), THING_P2P_ERR_NOT_INITIALIZED);
  std::printf("ok: %s, path %d, connected in %u ms\n", thing_p2p_version(), info.path, info.connect_ms);
}

/* The scenario in C: the library itself. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>

#include "line.h"
#include "scenario.h"

static void command(int session, const char *text)
{
  expect(text, send_all(session, COMMANDS, text, (int)strlen(text)), THING_P2P_OK);
}

static void receive_stream(int session)
{
  static unsigned char block[BLOCK];
  uint32_t crc = 0;
  long done = 0;
  int got;

  while (done < STREAM_BYTES) {
    got = thing_p2p_read(session, VIDEO, block, sizeof block, TIMEOUT_MS);
    expect("read of the stream", got > 0, 1);
    crc = crc32_of(crc, block, got);
    done += got;
  }
  expect("bytes of the stream", done, STREAM_BYTES);
  expect("crc of the stream", (long)crc, (long)stream_crc());
}

static void send_stream(int session, struct line_reader *reader)
{
  char line[sizeof reader->bytes];
  long done;

  for (done = 0; done < STREAM_BYTES; done += BLOCK)
    expect("send of the stream", send_all(session, VIDEO, pattern(done), BLOCK), THING_P2P_OK);
  expect("answer", read_line(session, COMMANDS, reader, line, TIMEOUT_MS) > 0, 1);
  expect("crc at the device", atol(line), (long)stream_crc());
}

/* One attempt's outcome. */
struct outcome {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int calls, result;
};

static void finished(int handle_or_code, void *user)
{
  struct outcome *o = user;

  pthread_mutex_lock(&o->lock);
  o->calls++;
  o->result = handle_or_code;
  pthread_cond_signal(&o->changed);
  pthread_mutex_unlock(&o->lock);
}

static int wait_for(struct outcome *o)
{
  int result;

  pthread_mutex_lock(&o->lock);
  while (o->calls == 0)
    pthread_cond_wait(&o->changed, &o->lock);
  result = o->result;
  pthread_mutex_unlock(&o->lock);
  return result;
}

/* A connect to a device that is not there, broken off. */
static void break_connect(void)
{
  struct outcome o = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
  char id[THING_P2P_ID_SIZE], trace_id[THING_P2P_TRACE_ID_SIZE];
  int device = thing_p2p_device_open(NULL);

  expect("device_id", thing_p2p_device_id(device, id, sizeof id) > 0, 1);
  expect("connect", thing_p2p_connect(id, THING_P2P_MODE_INTERNET, 0, finished, finished, &o, trace_id), THING_P2P_OK);
  expect("break_connect", thing_p2p_break_connect(trace_id), THING_P2P_OK);
  expect("outcome", wait_for(&o), THING_P2P_ERR_CONNECT_BREAK);
  expect("device_close", thing_p2p_device_close(device), THING_P2P_OK);
}

int main(int argc, char **argv)
{
  struct line_reader reader = {0};
  char line[sizeof reader.bytes], text[40];
  thing_p2p_info info = {0};
  int session;

  expect("arguments", argc, 2);
  expect("connect before init", thing_p2p_connect_wait(argv[1], 0, 0, NULL), THING_P2P_ERR_NOT_INITIALIZED);
  expect("init", thing_p2p_init("c"), THING_P2P_OK);
  expect("bad id", thing_p2p_connect_wait("nobody", 0, 0, NULL), THING_P2P_ERR_INVALID_ID);
  break_connect();

  session = thing_p2p_connect_wait(argv[1], THING_P2P_MODE_INTERNET, TIMEOUT_MS, NULL);
  expect("connect", session > 0, 1);
  info.struct_size = sizeof info;
  expect("session_info", thing_p2p_session_info(session, &info), THING_P2P_OK);
  command(session, "echo hello\n");
  expect("echo", read_line(session, COMMANDS, &reader, line, TIMEOUT_MS), 5);
  expect("echo", strcmp(line, "hello"), 0);
  expect("read of nothing", thing_p2p_read(session, COMMANDS, line, 1, 20), THING_P2P_ERR_TIMEOUT);

  sprintf(text, "stream %d\n", STREAM_BYTES);
  command(session, text);
  receive_stream(session);
  sprintf(text, "sink %d\n", STREAM_BYTES);
  command(session, text);
  send_stream(session, &reader);

  command(session, "bye\n");
  expect("read at the end", thing_p2p_read(session, COMMANDS, line, 1, TIMEOUT_MS), THING_P2P_ERR_CLOSED_REMOTE);
  expect("active_check at the end", thing_p2p_active_check(session), THING_P2P_ERR_CLOSED_REMOTE);
  expect("disconnect", thing_p2p_disconnect(session), THING_P2P_OK);
  expect("read after that", thing_p2p_read(session, COMMANDS, line, 1, 0), THING_P2P_ERR_INVALID_SESSION);
  expect("deinit", thing_p2p_deinit(), THING_P2P_OK);
  expect("second deinit", thing_p2p_deinit(), THING_P2P_ERR_NOT_INITIALIZED);
  printf("ok: %s, path %d, connected in %u ms\n", thing_p2p_version(), (int)info.path, (unsigned)info.connect_ms);
  return 0;
}

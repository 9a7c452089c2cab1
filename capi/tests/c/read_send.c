/* What read and send return, and their timeouts. */
#include "pair.h"

#define FULL_MS 1000 /* a send that takes nothing for so long has nowhere to put it */

static struct pair p;
static char block[1 << 20];

static void read_waits_as_told(void) {
  struct reader r;
  char byte = 0;
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read(p.dev, 0, &byte, 1, 0));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read(p.dev, 0, &byte, 1, 50));
  reader_start(&r, p.dev, 0);
  CHECK_IS(1, thing_p2p_send(p.app, 0, "x", 1, 0));
  CHECK_IS(1, reader_join(&r));
}

static void read_gives_what_is_there(void) {
  char buffer[100] = "";
  CHECK_IS(5, thing_p2p_send(p.app, 1, "hello", 5, -1));
  CHECK_IS(3, thing_p2p_read(p.dev, 1, buffer, 3, PATIENCE_MS));
  CHECK_IS(2, thing_p2p_read(p.dev, 1, buffer + 3, sizeof buffer - 3, 0));
  CHECK(strcmp(buffer, "hello") == 0);
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read(p.dev, 1, buffer, sizeof buffer, 0));
  CHECK_IS(5, thing_p2p_send(p.dev, 1, "world", 5, -1)); /* the other way, before the app has read there */
  CHECK_IS(5, thing_p2p_read(p.app, 1, buffer, sizeof buffer, PATIENCE_MS));
  CHECK(strcmp(buffer, "world") == 0);
}

/* Nobody reads: the buffers fill up, send takes a part, then nothing. */
static void send_is_bounded(int from, int to, int channel) {
  uint64_t sent = 0, received = 0;
  int n, partial = 0;
  while ((n = thing_p2p_send(from, channel, block, sizeof block, FULL_MS)) > 0) {
    sent += (uint64_t)n;
    partial += n < (int)sizeof block;
    NEED(sent < 1u << 30);
  }
  CHECK_IS(THING_P2P_ERR_TIMEOUT, n);
  CHECK(partial > 0);
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_send(from, channel, block, 1, 0));
  CHECK_IS(0, thing_p2p_active_check(from));
  while (received < sent) {
    n = thing_p2p_read(to, channel, block, sizeof block, PATIENCE_MS);
    NEED(n > 0);
    received += (uint64_t)n;
  }
  CHECK(received == sent);
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read(to, channel, block, sizeof block, 100));
  CHECK_IS(1, thing_p2p_send(from, channel, block, 1, PATIENCE_MS)); /* there is room again */
  CHECK_IS(1, thing_p2p_read(to, channel, block, sizeof block, PATIENCE_MS));
}

static void send_is_bounded_app(void) { send_is_bounded(p.app, p.dev, 2); }
static void send_is_bounded_device(void) { send_is_bounded(p.dev, p.app, 3); }

/* A device handle is no session and the other way round, with both alive. */
static void handles_are_typed(void) {
  char text[THING_P2P_TICKET_SIZE];
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_device_ticket(p.app, text, sizeof text));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_accept(p.dev, 0, NULL));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_device_close(p.dev));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_disconnect(p.device));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_send(p.device, 0, "x", 1, 0));
  CHECK_IS(0, thing_p2p_active_check(p.app));
}

int main(void) {
  pair_open(&p);
  RUN(read_waits_as_told);
  RUN(read_gives_what_is_there);
  RUN(send_is_bounded_app);
  RUN(send_is_bounded_device);
  RUN(handles_are_typed);
  pair_close(&p);
  return CHECK_RESULT;
}

/* disconnect, deinit and device_close: what each side sees. */
#include "pair.h"

#define BYTES UNREAD

static struct pair p;

/* A thread in send on a channel that nobody reads. */
static struct flag sending = FLAG_INIT;

static void *send_until_end(void *argument) {
  static char block[100000];
  int n, full = 0;
  while ((n = thing_p2p_send(*(int *)argument, 5, block, sizeof block, full ? -1 : 200)) > 0 ||
         n == THING_P2P_ERR_TIMEOUT) {
    if (n == THING_P2P_ERR_TIMEOUT) {
      full = 1;
      flag_raise(&sending);
    }
  }
  *(int *)argument = n;
  return NULL;
}

/* A call that the end woke up. A thread may have come to make it only after that, and the sender's last one may have taken a
 * part: then there is no handle. */
static void was_open(int result) {
  CHECK(result == THING_P2P_ERR_CLOSED_LOCAL || result == THING_P2P_ERR_INVALID_SESSION);
}

/* One end goes: `near` is its handle, `far` the other's. */
static void one_end_goes(int near, int far, int (*go)(int), int argument) {
  struct reader here[2], there;
  pthread_t sender;
  int blocked = near;
  char byte;
  sending.raised = 0;
  reader_start(&here[0], near, 0);
  reader_start(&here[1], near, 6);
  reader_start(&there, far, 4);
  NEED(pthread_create(&sender, NULL, send_until_end, &blocked) == 0);
  NEED(flag_wait(&sending));
  CHECK_IS(0, send_pattern(near, 1, 0, BYTES)); /* not read yet */

  CHECK_IS(0, go(argument));

  was_open(reader_join(&here[0]));
  was_open(reader_join(&here[1]));
  pthread_join(sender, NULL);
  was_open(blocked);
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_disconnect(near));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_read(near, 0, &byte, 1, 0));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_active_check(near));

  CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, reader_join(&there));
  CHECK_IS(0, read_pattern(far, 1, 0, BYTES)); /* what was sent before has arrived */
  CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_read(far, 1, &byte, 1, -1));
  CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_read(far, 0, &byte, 1, -1));
  CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_send(far, 0, "x", 1, -1));
  CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_active_check(far));
}

static void far_end_goes_too(int far) {
  thing_p2p_info info = {0};
  info.struct_size = sizeof info;
  CHECK_IS(0, thing_p2p_session_info(far, &info));
  CHECK_IS(0, thing_p2p_disconnect(far));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_disconnect(far));
}

static int deinit(int unused) { return (void)unused, thing_p2p_deinit(); }

static void app_disconnects(void) {
  pair_connect(&p);
  one_end_goes(p.app, p.dev, thing_p2p_disconnect, p.app);
  far_end_goes_too(p.dev);
}

static void device_disconnects(void) {
  pair_connect(&p);
  one_end_goes(p.dev, p.app, thing_p2p_disconnect, p.dev);
  far_end_goes_too(p.app);
}

static void app_deinits(void) {
  pair_connect(&p);
  one_end_goes(p.app, p.dev, deinit, 0);
  far_end_goes_too(p.dev);
  CHECK_IS(0, thing_p2p_init("tester"));
}

static void *accept_for_ever(void *result) {
  *(int *)result = thing_p2p_accept(p.device, -1, NULL);
  return NULL;
}

static void device_closes(void) {
  pthread_t acceptor;
  int result = 0;
  pair_connect(&p);
  NEED(pthread_create(&acceptor, NULL, accept_for_ever, &result) == 0);
  one_end_goes(p.dev, p.app, thing_p2p_device_close, p.device);
  pthread_join(acceptor, NULL);
  /* The thread may have come to call it only after the close. */
  CHECK(result == THING_P2P_ERR_LISTEN_BREAK || result == THING_P2P_ERR_INVALID_SESSION);
  far_end_goes_too(p.app);
  p.device = device_online(p.ticket);
}

/* Both at once: nobody hangs, and each handle ends once. */
static void *disconnect_it(void *argument) {
  int handle = *(int *)argument;
  *(int *)argument = thing_p2p_disconnect(handle);
  return NULL;
}

static void many_disconnects_at_once(void) {
  int round, i;
  for (round = 0; round < 10; round++) {
    pthread_t threads[8];
    int results[8], closed = 0;
    pair_connect(&p);
    for (i = 0; i < 8; i++) {
      results[i] = i % 2 ? p.app : p.dev;
      NEED(pthread_create(&threads[i], NULL, disconnect_it, &results[i]) == 0);
    }
    for (i = 0; i < 8; i++) {
      pthread_join(threads[i], NULL);
      closed += results[i] == 0;
      CHECK(results[i] == 0 || results[i] == THING_P2P_ERR_INVALID_SESSION);
    }
    CHECK_IS(2, closed);
  }
}

int main(void) {
  NEED(thing_p2p_init("tester") == THING_P2P_OK);
  p.device = device_online(p.ticket);
  RUN(app_disconnects);
  RUN(device_disconnects);
  RUN(app_deinits);
  RUN(device_closes);
  RUN(many_disconnects_at_once);
  pair_close(&p);
  return CHECK_RESULT;
}

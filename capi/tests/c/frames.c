/* Live frames: whole, in order, or not at all. */
#include "pair.h"

#define FRAMES 200
#define LARGE 300000

static struct pair p;
static unsigned char sent[LARGE], got[LARGE];

static int size_of(int i) { return 1 + (i * 7919) % 40000; }

static void fill(unsigned char *to, int i) {
  int n;
  for (n = 0; n < size_of(i); n++) to[n] = pattern(i, (uint64_t)n);
}

static void *send_all(void *unused) {
  int i, code;
  for (i = 0; i < FRAMES; i++) {
    fill(sent, i);
    do code = thing_p2p_send_frame(p.dev, 1, sent, size_of(i), i % 10 == 0 ? THING_P2P_FRAME_KEY : 0, 0);
    while (code == THING_P2P_ERR_TIMEOUT); /* 256 wait already */
    CHECK_IS(size_of(i), code);
  }
  return unused;
}

static void they_come_whole_and_in_order(void) {
  static unsigned char want[LARGE];
  pthread_t thread;
  int i;
  NEED(pthread_create(&thread, NULL, send_all, NULL) == 0);
  for (i = 0; i < FRAMES; i++) {
    thing_p2p_frame frame;
    memset(&frame, 0, sizeof frame);
    frame.struct_size = sizeof frame;
    NEED(thing_p2p_read_frame(p.app, 1, got, sizeof got, &frame, PATIENCE_MS) == size_of(i));
    fill(want, i);
    CHECK(memcmp(want, got, (size_t)size_of(i)) == 0);
    CHECK_IS(size_of(i), (long)frame.length);
    CHECK_IS(i + 1, (long)frame.sequence);
    CHECK_IS(0, (long)frame.missing);
    CHECK_IS(i % 10 == 0 ? THING_P2P_FRAME_KEY : 0, (long)frame.flags);
  }
  pthread_join(thread, NULL);
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read_frame(p.app, 1, got, sizeof got, NULL, 0));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read_frame(p.app, 1, got, sizeof got, NULL, 20));
}

static void a_small_buffer_loses_nothing(void) {
  thing_p2p_frame frame;
  memset(&frame, 0, sizeof frame);
  frame.struct_size = sizeof frame;
  CHECK_IS(LARGE, thing_p2p_send_frame(p.app, 1, sent, LARGE, THING_P2P_FRAME_KEY, 0));
  CHECK_IS(THING_P2P_ERR_BUFFER_TOO_SMALL, thing_p2p_read_frame(p.dev, 1, got, LARGE - 1, &frame, PATIENCE_MS));
  CHECK_IS(LARGE, (long)frame.length);
  CHECK_IS(THING_P2P_ERR_BUFFER_TOO_SMALL, thing_p2p_read_frame(p.dev, 1, got, 1, NULL, PATIENCE_MS));
  CHECK_IS(LARGE, thing_p2p_read_frame(p.dev, 1, got, LARGE, NULL, PATIENCE_MS));
}

/* A channel's direction carries one of the two, and says so. */
static void bytes_and_frames_do_not_mix(void) {
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_send(p.dev, 1, sent, 1, 0));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_read(p.app, 1, got, 1, 0));
  CHECK_IS(0, send_pattern(p.dev, 2, 0, 1000));
  CHECK_IS(0, read_pattern(p.app, 2, 0, 1000));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_send_frame(p.dev, 2, sent, 1, 0, 0));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_read_frame(p.app, 2, got, 1, NULL, 0));
  CHECK_IS(0, send_pattern(p.app, 2, 0, 1000)); /* the other direction is another matter */
  CHECK_IS(0, read_pattern(p.dev, 2, 0, 1000));
}

/* Nobody reads: frames with a deadline get late in the sender's queue, and are dropped; then only a key frame helps. */
static void what_is_late_is_dropped(void) {
  int i, code = 0, age = -1;
  for (i = 0; i < 100000 && code != THING_P2P_ERR_KEY_FRAME; i++) {
    code = thing_p2p_send_frame(p.dev, 3, sent, LARGE, i == 0 ? THING_P2P_FRAME_KEY : 0, 200);
    if (code < 0) CHECK(code == THING_P2P_ERR_TIMEOUT || code == THING_P2P_ERR_KEY_FRAME);
  }
  CHECK_IS(THING_P2P_ERR_KEY_FRAME, code);
  CHECK_IS(100, thing_p2p_send_frame(p.dev, 3, sent, 100, THING_P2P_FRAME_KEY, 0));
  CHECK_IS(100, thing_p2p_send_frame(p.dev, 3, sent, 100, 0, 0));
  do {
    thing_p2p_frame frame;
    frame.struct_size = sizeof frame;
    code = thing_p2p_read_frame(p.app, 3, got, LARGE, &frame, PATIENCE_MS);
    NEED(code > 0);
    if (code == 100 && frame.flags == 0) break;
  } while (1);
  CHECK(thing_p2p_unsent(p.dev, 3, &age) >= 0 && age >= 0);
}

/* What is queued and not sent is dropped; what is sent next follows what was. */
static void clear(void) {
  int n, dropped, taken = 0, age = -1;
  while ((n = thing_p2p_send(p.dev, 5, sent, LARGE, 200)) > 0) taken += n;
  CHECK_IS(THING_P2P_ERR_TIMEOUT, n);
  n = thing_p2p_unsent(p.dev, 5, &age);
  CHECK(n > 0 && n <= taken && age >= 0);
  CHECK_IS(n, thing_p2p_unsent(p.dev, 5, NULL));
  dropped = thing_p2p_clear(p.dev, 5);
  CHECK(dropped > 0 && dropped <= n);
  CHECK_IS(0, thing_p2p_clear(p.dev, 5));
  CHECK_IS(0, thing_p2p_unsent(p.dev, 5, &age));
  CHECK_IS(0, age);
  memset(got, 0, sizeof got);
  CHECK_IS(4, thing_p2p_send(p.dev, 5, "next", 4, PATIENCE_MS));
  for (n = taken - dropped; n > 0;) {
    int some = thing_p2p_read(p.app, 5, got, n < LARGE ? n : LARGE, PATIENCE_MS);
    NEED(some > 0);
    n -= some;
  }
  for (n = 0; n < 4;) {
    int some = thing_p2p_read(p.app, 5, got + n, 4 - n, PATIENCE_MS);
    NEED(some > 0);
    n += some;
  }
  CHECK(memcmp(got, "next", 4) == 0);
}

static void *read_one(void *result) {
  *(int *)result = thing_p2p_read_frame(p.app, 6, got, LARGE, NULL, -1);
  return NULL;
}

/* What was taken arrives; who waits is told why nothing more comes. */
static void at_the_end(void) {
  pthread_t thread;
  int result = 0, channel;
  NEED(pthread_create(&thread, NULL, read_one, &result) == 0);
  CHECK_IS(LARGE, thing_p2p_send_frame(p.dev, 4, sent, LARGE, THING_P2P_FRAME_KEY, 0));
  CHECK_IS(0, thing_p2p_disconnect(p.dev));
  CHECK_IS(LARGE, thing_p2p_read_frame(p.app, 4, got, LARGE, NULL, PATIENCE_MS));
  pthread_join(thread, NULL);
  CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, result);
  CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_read_frame(p.app, 4, got, LARGE, NULL, -1));
  for (channel = 0; channel < THING_P2P_CHANNELS; channel++) {
    CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_clear(p.app, channel));
    CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_unsent(p.app, channel, NULL));
  }
  CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_send_frame(p.app, 4, sent, 1, 0, 0));
  CHECK_IS(0, thing_p2p_disconnect(p.app));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_read_frame(p.app, 4, got, LARGE, NULL, -1));
}

int main(void) {
  pair_open(&p);
  RUN(they_come_whole_and_in_order);
  RUN(a_small_buffer_loses_nothing);
  RUN(bytes_and_frames_do_not_mix);
  RUN(what_is_late_is_dropped);
  RUN(clear);
  RUN(at_the_end);
  pair_close(&p);
  return CHECK_RESULT;
}

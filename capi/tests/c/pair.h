/* A device and an app in this process, connected through the server that the
 * driver started (THINGP2P_SERVER). */
#ifndef PAIR_H
#define PAIR_H

#include <string.h>

#include "outcome.h"

struct pair {
  int device;   /* the device */
  int app, dev; /* the two ends of one session */
  char ticket[THING_P2P_TICKET_SIZE];
};

static inline int device_listening(char ticket[THING_P2P_TICKET_SIZE]) {
  int device = thing_p2p_device_open(NULL);
  NEED(device > 0);
  NEED(thing_p2p_device_ticket(device, ticket, THING_P2P_TICKET_SIZE) > 0);
  NEED(thing_p2p_device_listen(device) == THING_P2P_OK);
  return device;
}

/* Until it is online only its ticket leads to it, and the server knows nothing of it. */
static inline int device_online(char ticket[THING_P2P_TICKET_SIZE]) {
  static const struct timespec moment = {0, 5000000};
  int device = device_listening(ticket), waited_ms = 0;
  char status[1024];
  do {
    NEED(waited_ms < PATIENCE_MS);
    nanosleep(&moment, NULL);
    waited_ms += 5;
    NEED(thing_p2p_device_status(device, status, sizeof status) > 0);
  } while (strstr(status, "\"online\":true") == NULL);
  return device;
}

/* One more session of the pair's device. */
static inline void pair_connect(struct pair *p) {
  p->app = thing_p2p_connect_wait(p->ticket, THING_P2P_MODE_INTERNET, PATIENCE_MS, NULL);
  if (p->app < 0) printf("  connect: %s\n", thing_p2p_error_name(p->app));
  NEED(p->app > 0);
  p->dev = thing_p2p_accept(p->device, PATIENCE_MS, NULL);
  NEED(p->dev > 0);
}

/* An attempt that runs out of time says how far it had come, which is less on a busy machine: gives it more until it has come
 * as far as it can. */
static inline void fails_in_time(int want, const char *target) {
  int timeout_ms, code = 0;
  for (timeout_ms = 1000; code != want && timeout_ms < PATIENCE_MS; timeout_ms *= 2) {
    code = thing_p2p_connect_wait(target, THING_P2P_MODE_INTERNET, timeout_ms, NULL);
    if (code == THING_P2P_ERR_SIGNALING || code == THING_P2P_ERR_NO_ANSWER || code == THING_P2P_ERR_NO_RELAY ||
        code == THING_P2P_ERR_DEVICE_NOT_ONLINE)
      continue;
    if (code != THING_P2P_ERR_TIMEOUT) break;
  }
  CHECK_IS(want, code);
  if (code > 0) thing_p2p_disconnect(code);
}

static inline void pair_open(struct pair *p) {
  memset(p, 0, sizeof *p);
  NEED(thing_p2p_init("tester") == THING_P2P_OK);
  p->device = device_online(p->ticket);
  pair_connect(p);
}

static inline void pair_close(struct pair *p) {
  CHECK_IS(THING_P2P_OK, thing_p2p_deinit());
  CHECK_IS(THING_P2P_OK, thing_p2p_device_close(p->device));
}

/* The byte that a channel carries at an offset: a stream that repeats nowhere
 * soon, so that a lost, doubled or misplaced block shows. */
static inline unsigned char pattern(int channel, uint64_t offset) {
  uint64_t x = (offset + 1) * 0x9e3779b97f4a7c15u + (uint64_t)channel * 0xbf58476d1ce4e5b9u;
  return (unsigned char)(x >> 56);
}

/* So many bytes leave before anybody reads, even where a starved machine makes the path look slow: the other side takes
 * 64 KB unread, and what a sender may queue behind them goes by the path. */
#define UNREAD 60000u

/* Sends bytes [from, to) of a channel's pattern; returns 0 or a code. */
static inline int send_pattern(int handle, int channel, uint64_t from, uint64_t to) {
  unsigned char block[8192];
  while (from < to) {
    int n, sent, want = to - from < sizeof block ? (int)(to - from) : (int)sizeof block;
    for (n = 0; n < want; n++) block[n] = pattern(channel, from + (uint64_t)n);
    for (n = 0; n < want; n += sent) {
      sent = thing_p2p_send(handle, channel, block + n, want - n, PATIENCE_MS);
      if (sent < 0) return sent;
    }
    from += (uint64_t)want;
  }
  return 0;
}

/* Reads bytes [from, to) and compares them; returns 0, a code, or 1 if a byte
 * differs. */
static inline int read_pattern(int handle, int channel, uint64_t from, uint64_t to) {
  unsigned char block[8192];
  while (from < to) {
    int i, want = to - from < sizeof block ? (int)(to - from) : (int)sizeof block;
    int n = thing_p2p_read(handle, channel, block, want, PATIENCE_MS);
    if (n < 0) return n;
    for (i = 0; i < n; i++)
      if (block[i] != pattern(channel, from + (uint64_t)i)) return 1;
    from += (uint64_t)n;
  }
  return 0;
}

/* A thread that reads one byte and keeps the result. */
struct reader {
  pthread_t thread;
  int handle, channel, timeout_ms, result;
  struct flag started;
};

static inline void *reader_run(void *argument) {
  struct reader *r = argument;
  char byte;
  flag_raise(&r->started);
  r->result = thing_p2p_read(r->handle, r->channel, &byte, 1, r->timeout_ms);
  return NULL;
}

static inline void reader_start(struct reader *r, int handle, int channel) {
  static const struct flag down = FLAG_INIT;
  r->handle = handle;
  r->channel = channel;
  r->timeout_ms = -1;
  r->result = 0;
  r->started = down;
  NEED(pthread_create(&r->thread, NULL, reader_run, r) == 0);
  NEED(flag_wait(&r->started));
}

static inline int reader_join(struct reader *r) {
  pthread_join(r->thread, NULL);
  return r->result;
}

#endif

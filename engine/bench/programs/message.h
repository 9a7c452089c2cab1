/*
 * What the device and the app of the bench say to each other. Requests and answers are messages of 64 bytes on the
 * channel of commands, so a command's round trip is that of any of them. The Go programs that stand for the other
 * libraries do the same.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "thingp2p.h"

enum { COMMANDS = 0, VIDEO = 1 };

enum {
  PING = 'P',   /* arguments: whatever; comes back as it is */
  FLOOD = 'F',  /* channels (a bit each), milliseconds: the device sends as fast as it can */
  SINK = 'S',   /* channels: the device reads and counts */
  CAMERA = 'C', /* bit/s, milliseconds: the device sends frames on the channel of video */
  USAGE = 'U'   /* the answer: bytes read by sinks, CPU time and clock in microseconds */
};

struct message {
  uint64_t kind;
  uint64_t argument[7];
};

/* Before each frame of the camera. */
struct frame {
  uint64_t bytes; /* of the frame, with this header */
  int64_t taken;  /* when the camera had it, microseconds */
};

enum { FRAMES_PER_SECOND = 25, KEY_FRAME_BYTES = 100 * 1000 };

/* One clock for both ends: they run on one machine. */
static int64_t now_us(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void sleep_until(int64_t when)
{
  struct timespec t;

  t.tv_sec = (time_t)(when / 1000000);
  t.tv_nsec = (long)(when % 1000000) * 1000;
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
    ;
}

static int64_t cpu_us(void)
{
  struct rusage u;

  getrusage(RUSAGE_SELF, &u);
  return ((int64_t)u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

/* Sends all of it, or as much as can be taken until the deadline (microseconds, 0: none). Negative: the session ended. */
static int send_all(int session, int channel, const void *bytes, int length, int64_t deadline)
{
  const char *next = bytes;

  while (length > 0) {
    int sent, wait = -1;

    if (deadline != 0 && (wait = (int)((deadline - now_us()) / 1000)) <= 0)
      return THING_P2P_ERR_TIMEOUT;
    sent = thing_p2p_send(session, channel, next, length, wait);
    if (sent < 0)
      return sent;
    next += sent;
    length -= sent;
  }
  return THING_P2P_OK;
}

static int read_all(int session, int channel, void *bytes, int length)
{
  char *next = bytes;

  while (length > 0) {
    int got = thing_p2p_read(session, channel, next, length, -1);

    if (got < 0)
      return got;
    next += got;
    length -= got;
  }
  return THING_P2P_OK;
}

static void print_log(int level, const char *line, void *who)
{
  fprintf(stderr, "%s %d %s\n", (const char *)who, level, line);
}

#define LOG_LEVEL (getenv("BENCH_LOG") ? THING_P2P_LOG_DEBUG : THING_P2P_LOG_INFO)

/* How much is passed to one call. */
#define BLOCK_BYTES (64 * 1024)

#endif

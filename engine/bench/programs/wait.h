/*
 * How the app waits: in the call that reads, or on a poller; and how long it takes a thread that waits to be woken.
 */
#ifndef WAIT_H
#define WAIT_H

#include <semaphore.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "message.h"

static int polls; /* reads wait on a poller */

/* As thing_p2p_read. The poller is the caller's own, or 0. */
static int read_some(int session, int poller, int channel, void *to, int size, int timeout_ms)
{
  int64_t until = now_us() + (int64_t)timeout_ms * 1000;

  if (poller == 0)
    return thing_p2p_read(session, channel, to, size, timeout_ms);
  for (;;) {
    int got = thing_p2p_read(session, channel, to, size, 0), left = -1;
    thing_p2p_event event;

    if (got != THING_P2P_ERR_TIMEOUT)
      return got;
    if (timeout_ms >= 0 && (left = (int)((until - now_us()) / 1000)) <= 0)
      return got;
    event.struct_size = sizeof event;
    got = thing_p2p_poller_wait(poller, &event, 1, left);
    if (got < 0 && got != THING_P2P_ERR_TIMEOUT)
      return got;
  }
}

/* A poller for one channel, or 0. */
static int poller_for(int session, int channel)
{
  int poller = polls ? thing_p2p_poller_open() : 0;

  if (poller != 0 && thing_p2p_poller_set(poller, session, THING_P2P_EVENT_READABLE | THING_P2P_EVENT_CLOSED, 1u << channel) < 0)
    exit(1);
  return poller;
}

/* ---- a thread that is woken ---------------------------------------------- */

struct sleeper {
  int poller, descriptor; /* either is 0 */
  int left;
  int64_t woken; /* when, nanoseconds */
  sem_t awake;
};

static int64_t now_ns(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *sleep_and_wake(void *argument)
{
  struct sleeper *s = argument;
  thing_p2p_event event;
  uint64_t count;

  event.struct_size = sizeof event;
  for (; s->left > 0; s->left--) {
    if (s->poller != 0 ? thing_p2p_poller_wait(s->poller, &event, 1, -1) < 0
                       : read(s->descriptor, &count, sizeof count) != sizeof count)
      exit(1);
    s->woken = now_ns();
    sem_post(&s->awake);
  }
  return NULL;
}

static int by_value(const void *a, const void *b)
{
  int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

  return (left > right) - (left < right);
}

/* Wakes a thread so many times, and prints the median and the 99th percentile in nanoseconds. */
static void wake(int with_poller, int times)
{
  struct sleeper s;
  pthread_t thread;
  int64_t *took = calloc((size_t)times, sizeof *took);
  uint64_t one = 1;
  int i;

  memset(&s, 0, sizeof s);
  s.left = times;
  s.poller = with_poller ? thing_p2p_poller_open() : 0;
  s.descriptor = with_poller ? 0 : eventfd(0, EFD_CLOEXEC);
  if (took == NULL || sem_init(&s.awake, 0, 0) != 0 || pthread_create(&thread, NULL, sleep_and_wake, &s) != 0)
    exit(1);
  for (i = 0; i < times; i++) {
    int64_t begun;

    sleep_until(now_us() + 1000); /* until it sleeps */
    begun = now_ns();
    if (with_poller ? thing_p2p_poller_wake(s.poller) < 0 : write(s.descriptor, &one, sizeof one) != sizeof one)
      exit(1);
    while (sem_wait(&s.awake) != 0)
      ;
    took[i] = s.woken - begun;
  }
  pthread_join(thread, NULL);
  qsort(took, (size_t)times, sizeof *took, by_value);
  printf("ok %" PRId64 " %" PRId64 "\n", took[times / 2], took[times * 99 / 100]);
  if (with_poller)
    thing_p2p_poller_close(s.poller);
  else
    close(s.descriptor);
  free(took);
}

#endif

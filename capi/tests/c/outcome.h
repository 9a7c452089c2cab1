/* Records the callbacks of one or more attempts. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "check.h"

#define PATIENCE_MS 180000 /* for what must happen, however busy the machine: it only ends what hangs */
#define OUTCOME_NONE 1    /* no callback came */

struct outcome {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int successes, failures;
  int handle, code;   /* of the last ones */
  pthread_t thread;   /* of the last callback */
  char trace_id[THING_P2P_TRACE_ID_SIZE];
};

#define OUTCOME_INIT {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, OUTCOME_NONE, 0, ""}

static inline void outcome_succeed(int handle, void *user) {
  struct outcome *o = user;
  pthread_mutex_lock(&o->lock);
  o->successes++;
  o->handle = handle;
  o->code = THING_P2P_OK;
  o->thread = pthread_self();
  pthread_cond_broadcast(&o->changed);
  pthread_mutex_unlock(&o->lock);
}

static inline void outcome_fail(int code, void *user) {
  struct outcome *o = user;
  pthread_mutex_lock(&o->lock);
  o->failures++;
  o->code = code;
  o->thread = pthread_self();
  pthread_cond_broadcast(&o->changed);
  pthread_mutex_unlock(&o->lock);
}

static inline int outcome_count(struct outcome *o) {
  int n;
  pthread_mutex_lock(&o->lock);
  n = o->successes + o->failures;
  pthread_mutex_unlock(&o->lock);
  return n;
}

/* Waits for `count` callbacks and returns the code of the last one. */
static inline int outcome_wait(struct outcome *o, int count) {
  struct timespec until;
  int code, late = 0;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += PATIENCE_MS / 1000;
  pthread_mutex_lock(&o->lock);
  while (o->successes + o->failures < count && late != ETIMEDOUT)
    late = pthread_cond_timedwait(&o->changed, &o->lock, &until);
  code = o->successes + o->failures < count ? OUTCOME_NONE : o->code;
  pthread_mutex_unlock(&o->lock);
  return code;
}

/* A flag that one thread raises and others wait for. */
struct flag {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int raised;
};

#define FLAG_INIT {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}

static inline void flag_raise(struct flag *f) {
  pthread_mutex_lock(&f->lock);
  f->raised++;
  pthread_cond_broadcast(&f->changed);
  pthread_mutex_unlock(&f->lock);
}

static inline int flag_wait_count(struct flag *f, int count) {
  struct timespec until;
  int late = 0, raised;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += PATIENCE_MS / 1000;
  pthread_mutex_lock(&f->lock);
  while (f->raised < count && late != ETIMEDOUT) late = pthread_cond_timedwait(&f->changed, &f->lock, &until);
  raised = f->raised;
  pthread_mutex_unlock(&f->lock);
  return raised >= count;
}

static inline int flag_wait(struct flag *f) { return flag_wait_count(f, 1); }

#endif

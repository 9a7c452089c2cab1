/* What a run of the app has seen, and how it is printed: one line of JSON that package bench reads. */
#ifndef REPORT_H
#define REPORT_H

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
  SLICE_US = 50 * 1000,
  MAX_SLICES = 4096,
  MAX_PINGS = 8192,
  MAX_FRAMES = 4096,
  LATEST_US = 3000 * 1000 /* what has not arrived so long after the end counts as that late */
};

/* All times are microseconds on the clock of now_us. */
struct report {
  pthread_mutex_t lock;
  int64_t start, until;
  uint64_t bytes;
  uint64_t slice[MAX_SLICES]; /* bytes that arrived in each */
  int pings, pongs;
  int64_t sent[MAX_PINGS], round_trip[MAX_PINGS];
  int frames, frames_missing;
  int64_t late[MAX_FRAMES]; /* from the camera to the app, whole */
};

/* What has been moved and used up to a moment. */
struct reading {
  int64_t at, cpu, device_at, device_cpu;
  uint64_t bytes;
};

static void report_begin(struct report *r, int64_t start, int64_t until)
{
  memset(r, 0, sizeof *r);
  pthread_mutex_init(&r->lock, NULL);
  r->start = start;
  r->until = until;
}

static void report_arrival(struct report *r, int64_t now, uint64_t bytes)
{
  int64_t slice = (now - r->start) / SLICE_US;

  pthread_mutex_lock(&r->lock);
  r->bytes += bytes;
  if (slice >= 0 && slice < MAX_SLICES)
    r->slice[slice] += bytes;
  pthread_mutex_unlock(&r->lock);
}

static uint64_t report_bytes(struct report *r)
{
  uint64_t bytes;

  pthread_mutex_lock(&r->lock);
  bytes = r->bytes;
  pthread_mutex_unlock(&r->lock);
  return bytes;
}

/* Returns the ping's number, which report_pong gets back. */
static int report_ping(struct report *r, int64_t at)
{
  int number;

  pthread_mutex_lock(&r->lock);
  number = r->pings < MAX_PINGS ? r->pings++ : MAX_PINGS - 1;
  r->sent[number] = at;
  pthread_mutex_unlock(&r->lock);
  return number;
}

static void report_pong(struct report *r, int number, int64_t now)
{
  pthread_mutex_lock(&r->lock);
  if (number >= 0 && number < r->pings && r->round_trip[number] == 0) {
    r->round_trip[number] = now - r->sent[number];
    r->pongs++;
  }
  pthread_mutex_unlock(&r->lock);
}

static int report_all_back(struct report *r)
{
  int all;

  pthread_mutex_lock(&r->lock);
  all = r->pongs == r->pings;
  pthread_mutex_unlock(&r->lock);
  return all;
}

/* Returns how many are still to come. */
static int report_frame(struct report *r, int64_t late)
{
  int missing;

  pthread_mutex_lock(&r->lock);
  if (r->frames < MAX_FRAMES)
    r->late[r->frames++] = late;
  missing = --r->frames_missing;
  pthread_mutex_unlock(&r->lock);
  return missing;
}

/* The sums are those between the two readings, the lists those of the whole run. */
static void report_print(struct report *r, const struct reading *a, const struct reading *b)
{
  int64_t now = r->until + LATEST_US, slices = (r->until - r->start) / SLICE_US, i;

  pthread_mutex_lock(&r->lock);
  printf("{\"start_us\":%" PRId64 ",\"slice_us\":%d,\"bytes\":%" PRIu64 ",\"us\":%" PRId64, r->start, SLICE_US,
         b->bytes - a->bytes, b->at - a->at);
  printf(",\"app_cpu_us\":%" PRId64 ",\"device_cpu_us\":%" PRId64 ",\"device_us\":%" PRId64, b->cpu - a->cpu,
         b->device_cpu - a->device_cpu, b->device_at - a->device_at);
  printf(",\"slices\":[");
  for (i = 0; i < slices && i < MAX_SLICES; i++)
    printf("%s%" PRIu64, i ? "," : "", r->slice[i]);
  printf("],\"pings_unanswered\":%d,\"pings_us\":[", r->pings - r->pongs);
  for (i = 0; i < r->pings; i++)
    printf("%s%" PRId64, i ? "," : "", r->round_trip[i] ? r->round_trip[i] : now - r->sent[i]);
  printf("],\"frames_missing\":%d,\"frames_us\":[", r->frames_missing);
  for (i = 0; i < r->frames; i++)
    printf("%s%" PRId64, i ? "," : "", r->late[i]);
  printf("]}\n");
  pthread_mutex_unlock(&r->lock);
}

#endif

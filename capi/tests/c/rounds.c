/* 500 rounds of connect and disconnect leave nothing behind. */
#include <dirent.h>
#include <time.h>

#include "pair.h"

#define ROUNDS 500
#define SPARE_THREADS (ROUNDS / 10) /* Go keeps idle threads for later, more on a busy machine; a leak has one a round */

static int entries(const char *path) {
  DIR *dir = opendir(path);
  int n = 0;
  NEED(dir != NULL);
  while (readdir(dir) != NULL) n++;
  closedir(dir);
  return n;
}

static int open_files(void) { return entries("/proc/self/fd"); }
static int threads(void) { return entries("/proc/self/task"); }

/* Waits until a count has come down to most, and returns it. */
static int settled(int (*count)(void), int most) {
  const int pause_ms = 20;
  struct timespec pause = {0, pause_ms * 1000 * 1000};
  int waited, n = 0;
  for (waited = 0; waited < PATIENCE_MS && (n = count()) > most; waited += pause_ms) nanosleep(&pause, NULL);
  return n;
}

static void rounds(int n) {
  struct pair p;
  char byte;
  int i, got;
  NEED(thing_p2p_init("tester") == 0);
  p.device = device_online(p.ticket);
  for (i = 0; i < n; i++) {
    pair_connect(&p);
    NEED(thing_p2p_send(p.app, i % 8, "x", 1, PATIENCE_MS) == 1);
    got = thing_p2p_read(p.dev, i % 8, &byte, 1, PATIENCE_MS);
    if (got != 1) printf("  round %d: %s\n", i, thing_p2p_error_name(got));
    NEED(got == 1);
    /* Either side may be the first to go. */
    CHECK_IS(0, thing_p2p_disconnect(i % 2 ? p.app : p.dev));
    CHECK_IS(0, thing_p2p_disconnect(i % 2 ? p.dev : p.app));
  }
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(0, thing_p2p_device_close(p.device));
}

static void nothing_is_left(void) {
  int files, tasks, handle;
  rounds(20); /* brings the runtime to its size */
  files = open_files();
  tasks = threads();
  rounds(ROUNDS);
  CHECK(settled(open_files, files) <= files); /* fewer: the first ones were still being closed when they were counted */
  CHECK(settled(threads, tasks + SPARE_THREADS) <= tasks + SPARE_THREADS);
  printf("  files %d -> %d, threads %d -> %d\n", files, open_files(), tasks, threads());
  for (handle = 0; handle < 4 * ROUNDS; handle++) {
    CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_active_check(handle));
    CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_device_close(handle));
  }
}

/* The same for attempts that fail and for init and deinit themselves. */
static void nothing_is_left_of_failures(void) {
  struct pair p;
  int files, tasks, i;
  rounds(1);
  files = open_files();
  tasks = threads();
  p.device = device_online(p.ticket);
  for (i = 0; i < 50; i++) {
    struct outcome o = OUTCOME_INIT;
    CHECK_IS(0, thing_p2p_init("tester"));
    CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &o, o.trace_id));
    if (i % 2) {
      int code = thing_p2p_break_connect(o.trace_id);
      CHECK(code == THING_P2P_OK || code == THING_P2P_ERR_INVALID_PARAMETER); /* the second if it has ended by now */
    }
    CHECK_IS(0, thing_p2p_deinit());
    CHECK_IS(1, outcome_count(&o));
  }
  CHECK_IS(0, thing_p2p_device_close(p.device));
  CHECK(settled(open_files, files) <= files); /* fewer: the first ones were still being closed when they were counted */
  CHECK(settled(threads, tasks + SPARE_THREADS) <= tasks + SPARE_THREADS);
}

int main(void) {
  RUN(nothing_is_left);
  RUN(nothing_is_left_of_failures);
  return CHECK_RESULT;
}

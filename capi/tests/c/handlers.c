/* Signal handlers without SA_ONSTACK, which need more stack than a goroutine has, and come a thousand times a second. Half
 * of them are installed before the library starts, half after. */
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <unistd.h>

#include "pair.h"

#define ENOUGH 300       /* calls of each handler */
#define FRAME (48 << 10) /* bytes of stack */

static const int before[] = {SIGALRM, SIGCHLD, SIGUSR1, SIGPIPE};
static const int after[] = {SIGPROF, SIGVTALRM, SIGUSR2, SIGURG, SIGIO, SIGTERM};
static long calls[65];
static int stop;

static __attribute__((noinline)) void handler(int number) {
  volatile unsigned char frame[FRAME];
  unsigned i;
  for (i = 0; i < FRAME; i += 64) frame[i] = (unsigned char)(i + (unsigned)number);
  for (i = 0; i < FRAME; i += 64)
    if (frame[i] != (unsigned char)(i + (unsigned)number)) _exit(3);
  __atomic_add_fetch(&calls[number], 1, __ATOMIC_RELAXED);
}

static void install(const int *numbers, unsigned count, int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = flags;
  while (count-- > 0) NEED(sigaction(numbers[count], &action, NULL) == 0);
}

static void every_millisecond(int timer) {
  struct itimerval period = {{0, 1000}, {0, 1000}};
  NEED(setitimer(timer, &period, NULL) == 0);
}

/* Sends the process the signals that have no timer. */
static void *send_signals(void *unused) {
  static const int numbers[] = {SIGCHLD, SIGUSR1, SIGPIPE, SIGUSR2, SIGURG, SIGIO, SIGTERM};
  unsigned i;
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++) kill(getpid(), numbers[i]);
    usleep(1000);
  }
  return unused;
}

static int enough(void) {
  unsigned i;
  for (i = 0; i < sizeof before / sizeof *before; i++)
    if (__atomic_load_n(&calls[before[i]], __ATOMIC_RELAXED) < ENOUGH) return 0;
  for (i = 0; i < sizeof after / sizeof *after; i++)
    if (__atomic_load_n(&calls[after[i]], __ATOMIC_RELAXED) < ENOUGH) return 0;
  return 1;
}

static void *receive(void *argument) {
  struct pair *p = argument;
  uint64_t done;
  char byte;
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read(p->app, 2, &byte, 1, 50));
  for (done = 0;; done += 100000) {
    int code = read_pattern(p->app, 1, done, done + 100000);
    if (code == 0) continue;
    CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, code);
    return NULL;
  }
}

/* Traffic in both directions, calls that wait and calls that do not, callbacks, until every handler has run often. */
static void traffic(void) {
  struct pair p;
  struct thing_p2p_info info;
  struct outcome outcome = OUTCOME_INIT;
  pthread_t reader, sender;
  uint64_t done;
  char byte;
  pair_open(&p);
  install(after, sizeof after / sizeof *after, SA_RESTART);
  every_millisecond(ITIMER_PROF);
  every_millisecond(ITIMER_VIRTUAL);
  NEED(pthread_create(&reader, NULL, receive, &p) == 0);
  NEED(pthread_create(&sender, NULL, send_signals, NULL) == 0);
  for (done = 0; !enough(); done += 100000) {
    CHECK_IS(0, send_pattern(p.dev, 1, done, done + 100000));
    CHECK_IS(0, send_pattern(p.app, 0, done, done + 100));
    CHECK_IS(0, read_pattern(p.dev, 0, done, done + 100));
    CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read(p.dev, 3, &byte, 1, 20));
    info.struct_size = sizeof info;
    CHECK_IS(0, thing_p2p_session_info(p.app, &info));
    if (check_failures > 0) break;
  }
  CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &outcome, NULL));
  CHECK_IS(0, outcome_wait(&outcome, 1));
  CHECK_IS(0, thing_p2p_disconnect(p.dev));
  pthread_join(reader, NULL);
  pair_close(&p);
  __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
  pthread_join(sender, NULL);
}

int main(void) {
  install(before, sizeof before / sizeof *before, 0);
  every_millisecond(ITIMER_REAL);
  RUN(traffic);
  return CHECK_RESULT;
}

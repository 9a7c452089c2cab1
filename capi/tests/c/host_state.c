/* What the library leaves as the program had it: how signals are handled, what each thread blocks, its alternate stack,
 * limits, and the kernel's random bytes. Go takes SIGSEGV, SIGBUS and SIGFPE, and nothing else. */
#include <signal.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "pair.h"
#include "threads.h"

#define SIGNALS 64

struct state {
  struct sigaction actions[SIGNALS + 1];
  sigset_t mask;
  stack_t alternate;
  struct rlimit limits[RLIM_NLIMITS];
  unsigned char random[16];
  mode_t umask;
};

static void handler(int number) { (void)number; }

static void handler_with_info(int number, siginfo_t *info, void *context) { (void)number, (void)info, (void)context; }

static struct state state_now(void) {
  struct state s;
  int i;
  memset(&s, 0, sizeof s);
  for (i = 1; i <= SIGNALS; i++) sigaction(i, NULL, &s.actions[i]); /* the C library's own cannot be asked for */
  pthread_sigmask(SIG_SETMASK, NULL, &s.mask);
  sigaltstack(NULL, &s.alternate);
  for (i = 0; i < RLIM_NLIMITS; i++) getrlimit((__rlimit_resource_t)i, &s.limits[i]);
  memcpy(s.random, (void *)getauxval(AT_RANDOM), sizeof s.random);
  s.umask = umask(0);
  umask(s.umask);
  return s;
}

static void check_same(const struct state *a, const struct state *b) {
  int i;
  for (i = 1; i <= SIGNALS; i++) {
    if (i == SIGSEGV || i == SIGBUS || i == SIGFPE) continue;
    if (a->actions[i].sa_handler != b->actions[i].sa_handler || a->actions[i].sa_flags != b->actions[i].sa_flags) {
      printf("  signal %d\n", i);
      CHECK(!"is handled as before");
    }
    if (sigismember(&a->mask, i) != sigismember(&b->mask, i)) {
      printf("  signal %d\n", i);
      CHECK(!"is blocked as before");
    }
  }
  CHECK(a->alternate.ss_flags == b->alternate.ss_flags && a->alternate.ss_sp == b->alternate.ss_sp &&
        a->alternate.ss_size == b->alternate.ss_size);
  for (i = 0; i < RLIM_NLIMITS; i++) CHECK(memcmp(&a->limits[i], &b->limits[i], sizeof a->limits[i]) == 0);
  CHECK(memcmp(a->random, b->random, sizeof a->random) == 0);
  CHECK(a->umask == b->umask);
}

static void handle_and_block(void) {
  struct sigaction action;
  struct rlimit files;
  sigset_t some;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGCHLD, &action, NULL);
  action.sa_flags = SA_RESTART;
  sigaction(SIGPROF, &action, NULL);
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = handler_with_info;
  sigaction(SIGUSR2, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  sigemptyset(&some);
  sigaddset(&some, SIGTERM);
  sigaddset(&some, SIGCHLD);
  sigaddset(&some, SIGURG);
  NEED(pthread_sigmask(SIG_BLOCK, &some, NULL) == 0);
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = 200;
  NEED(setrlimit(RLIMIT_NOFILE, &files) == 0);
}

static void use(void) {
  struct pair p;
  char byte;
  pair_open(&p);
  CHECK_IS(0, send_pattern(p.dev, 1, 0, UNREAD));
  CHECK_IS(0, read_pattern(p.app, 1, 0, UNREAD));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read(p.app, 0, &byte, 1, 0));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read(p.app, 0, &byte, 1, 20));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_accept(p.device, 1, NULL));
  pair_close(&p);
}

static struct state as_at_first;

static void *on_another_thread(void *alternate) {
  struct state before;
  sigset_t some;
  stack_t stack = {.ss_sp = alternate, .ss_size = alternate == NULL ? 0 : SIGSTKSZ};
  if (alternate != NULL) sigaltstack(&stack, NULL);
  sigemptyset(&some);
  sigaddset(&some, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &some, NULL);
  before = state_now();
  use();
  {
    struct state after = state_now();
    check_same(&before, &after);
  }
  return NULL;
}

static void stays_on_the_main_thread(void) {
  struct state after;
  handle_and_block();
  as_at_first = state_now();
  use();
  after = state_now();
  check_same(&as_at_first, &after);
}

static void stays_on_other_threads(void) {
  void *alternate = malloc(SIGSTKSZ);
  pthread_t thread;
  NEED(pthread_create(&thread, NULL, on_another_thread, NULL) == 0);
  pthread_join(thread, NULL);
  NEED(pthread_create(&thread, NULL, on_another_thread, alternate) == 0);
  pthread_join(thread, NULL);
  free(alternate);
}

static int others;

/* Only faults, and what the C library keeps for itself, get through to threads of the library. */
static void check_blocked(int thread, unsigned long long blocked) {
  static const int open[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGKILL, SIGSEGV, SIGSTKFLT, SIGSTOP, 32, 33, 34};
  unsigned long long all = ~0ull;
  unsigned i;
  if (thread == getpid() || blocked == 0) return; /* this one; or one that has just ended */
  for (i = 0; i < sizeof open / sizeof *open; i++) all &= ~(1ull << (open[i] - 1));
  if ((blocked & all) != all) printf("  thread %d lets %llx through\n", thread, all & ~blocked);
  CHECK((blocked & all) == all);
  others++;
}

static void the_librarys_threads_block_all(void) {
  struct pair p;
  pair_open(&p);
  each_thread(check_blocked);
  CHECK(others > 0);
  pair_close(&p);
}

static void nothing_runs_before_the_start(void) {
  CHECK_IS(1, thread_count());
  CHECK_IS(0, thing_p2p_set_option("lan", "on"));
  CHECK_IS(1, thread_count());
}

int main(void) {
  RUN(nothing_runs_before_the_start);
  RUN(stays_on_the_main_thread);
  RUN(stays_on_other_threads);
  RUN(the_librarys_threads_block_all);
  return CHECK_RESULT;
}

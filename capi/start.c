/* Starts Go's runtime late: at the first call that needs it, in the process that makes the call, and so that the program
 * notices as little as can be.
 *
 * Left alone, Go starts when the library is loaded: before main could block a signal, and in a process that may go on to
 * become a daemon, where none of Go's threads would be. build.sh takes its entry out of the constructors, and gives the
 * names below to what Go calls otherwise. Where it has not (on other systems, or with a plain "go build"), Go has been
 * started already, and all of this is not used. */
#define _GNU_SOURCE

#include "_cgo_export.h"
#include "shim.h"

#if defined(__linux__) && defined(__ELF__)

#include <elf.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FROM_GO __attribute__((weak, visibility("hidden")))

/* _rt0_<architecture>_linux_lib */
extern void tp2p_go_entry(int argc, char **argv) FROM_GO;

/* runtime.sigtable */
extern struct {
  int32_t flags;
  const char *name;
  intptr_t name_length;
} tp2p_go_signals[] FROM_GO;

/* Of runtime/cgo; without a function to call it takes back what it has bound to the thread. */
extern void (*x_crosscall2_ptr)(void (*function)(void *), void *, int, size_t) FROM_GO;

int tp2p_starts_late(void) { return tp2p_go_entry != NULL; }

/* Go is told to leave all signals alone but those that it turns into panics: SIGSEGV, SIGBUS and SIGFPE. It would put
 * handlers in place for SIGPIPE and SIGURG, change the flags of the program's handlers, and let SIGCHLD and SIGPROF
 * through to its threads, where the program's handlers have no room and its signalfd gets nothing. */
static void leave_signals_alone(void) {
  enum { NOT_MONITORED = 1 << 4, OF_LIBC = 1 << 6, NEVER_BLOCKED = 1 << 7 };
  int number;
  for (number = 1; number <= 64; number++) {
    if (number == SIGSEGV || number == SIGBUS || number == SIGFPE) continue;
    if (tp2p_go_signals[number].flags & OF_LIBC) continue;
    tp2p_go_signals[number].flags |= NOT_MONITORED;
    if (number == SIGCHLD || number == SIGPROF) tp2p_go_signals[number].flags &= ~NEVER_BLOCKED;
  }
}

/* What the kernel lays out for a program and Go reads: arguments, environment and auxiliary vector, one after the other.
 * Go keeps pointers to it. */
static char **make_arguments(void) {
  static const unsigned long types[] = {AT_PAGESZ, AT_PLATFORM, AT_HWCAP, AT_HWCAP2, AT_SYSINFO_EHDR, AT_SECURE};
  static char name[] = "libthingp2p";
  static unsigned char seed[16]; /* of Go's own: it overwrites the bytes */
  enum { TYPES = sizeof types / sizeof *types, OTHERS = 8 };
  char *const *environment = tp2p_environment();
  size_t variables = 0, n = 0, i;
  char **vector;
  while (environment[variables] != NULL) variables++;
  vector = calloc(variables + 2 * TYPES + OTHERS, sizeof *vector);
  if (vector == NULL) return NULL;
  vector[n++] = name;
  vector[n++] = NULL;
  for (i = 0; i < variables; i++) vector[n++] = environment[i];
  vector[n++] = NULL;
  for (i = 0; i < TYPES; i++) {
    vector[n++] = (char *)types[i];
    vector[n++] = (char *)getauxval(types[i]);
  }
  if (syscall(SYS_getrandom, seed, sizeof seed, 0) == (long)sizeof seed) {
    vector[n++] = (char *)AT_RANDOM;
    vector[n++] = (char *)seed;
  }
  return vector; /* AT_NULL is 0 */
}

/* ---- what Go keeps for a thread of the program's ---- */

static pthread_key_t go_thread;

static void take_back(void *thread) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask); /* Go restores the one with which the thread had come to it */
  x_crosscall2_ptr(NULL, thread, 0, 0);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void tp2p_bind_thread(void *thread) { pthread_setspecific(go_thread, thread); }

void tp2p_unbind_thread(void) {
  void *thread;
  if (!tp2p_starts_late() || (thread = pthread_getspecific(go_thread)) == NULL) return;
  pthread_setspecific(go_thread, NULL);
  take_back(thread);
}

int tp2p_is_main_thread(void) { return syscall(SYS_gettid) == getpid(); }

/* ---- the start ---- */

static int start(int log_level, uintptr_t log, uintptr_t user) {
  char **arguments;
  struct rlimit files;
  sigset_t all, mask;
  if (!tp2p_room() || (arguments = make_arguments()) == NULL || pthread_key_create(&go_thread, take_back) != 0)
    return THING_P2P_ERR_NO_MEMORY;
  leave_signals_alone();
  getrlimit(RLIMIT_NOFILE, &files);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &mask); /* Go's threads inherit it */
  tp2p_go_entry(1, arguments);
  tp2pGoStarted(log_level, log, user);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  setrlimit(RLIMIT_NOFILE, &files); /* Go raises it for itself */
  return THING_P2P_OK;
}

#else

int tp2p_starts_late(void) { return 0; }

void tp2p_unbind_thread(void) {}

int tp2p_is_main_thread(void) { return 0; }

static int start(int log_level, uintptr_t log, uintptr_t user) {
  (void)log_level, (void)log, (void)user;
  return THING_P2P_OK;
}

#endif

/* thing_p2p_set_log's arguments before Go runs. */
static struct {
  int level;
  uintptr_t log, user;
} early;

int tp2p_start(void) {
  int code = THING_P2P_OK;
  if (tp2p_started()) return code;
  tp2p_lock_start();
  if (!tp2p_started()) {
    code = start(early.level, early.log, early.user);
    if (code == THING_P2P_OK) tp2p_set_started();
  }
  tp2p_unlock_start();
  return code;
}

int tp2p_set_log_early(int level, uintptr_t log, uintptr_t user) {
  int is_early;
  tp2p_lock_start();
  is_early = !tp2p_started();
  if (is_early) {
    early.level = level;
    early.log = log;
    early.user = user;
  }
  tp2p_unlock_start();
  return is_early;
}

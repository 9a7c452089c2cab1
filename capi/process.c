/* The process that the library is a guest in: its environment as of load, its forks, and whether Go runs in it. */
#include <stdlib.h>
#include <string.h>

#ifdef __linux__
#include <sys/auxv.h>
#elif defined(_WIN32)
#include <windows.h>
#else
#include <unistd.h>
#endif

#include "shim.h"

/* Who has a lock is not cancelled, and no handler of its signals forks, which would wait for the lock. */
struct lock {
  pthread_mutex_t mutex;
  tp2p_quiet before; /* of who has it */
};

static struct lock start_lock = {.mutex = PTHREAD_MUTEX_INITIALIZER}, lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static int started, forked;
static char **environment;

static void take(struct lock *l, int signals_too) {
  tp2p_quiet before;
  tp2p_go_quiet(&before, signals_too);
  pthread_mutex_lock(&l->mutex);
  l->before = before;
}

static void give_back(struct lock *l) {
  tp2p_quiet before = l->before;
  pthread_mutex_unlock(&l->mutex);
  tp2p_be_back(&before);
}

void tp2p_lock_start(void) { take(&start_lock, 1); }

void tp2p_unlock_start(void) { give_back(&start_lock); }

/* Once Go runs, no fork takes this one, and the log may hold it for as long as its pipe is full: a program must be able to
 * end that with a signal. */
void tp2p_lock(void) { take(&lock, !tp2p_started()); }

void tp2p_unlock(void) { give_back(&lock); }

int tp2p_forked(void) { return __atomic_load_n(&forked, __ATOMIC_RELAXED); }

int tp2p_started(void) { return __atomic_load_n(&started, __ATOMIC_ACQUIRE); }

void tp2p_set_started(void) { __atomic_store_n(&started, 1, __ATOMIC_RELEASE); }

#ifdef _WIN32
static void watch_forks(void) {}
#else
/* Once Go runs, a child needs only the first. */
static void before_fork(void) {
  tp2p_lock_start();
  if (!tp2p_started()) tp2p_lock();
}

static void in_parent(void) {
  if (!tp2p_started()) tp2p_unlock();
  tp2p_unlock_start();
}

static void in_child(void) {
  if (tp2p_started()) __atomic_store_n(&forked, 1, __ATOMIC_RELAXED);
  in_parent();
}

static void watch_forks(void) { pthread_atfork(before_fork, in_parent, in_child); }
#endif

/* A copy, since the program may call setenv later, and in another thread. */
#ifdef _WIN32
static void copy_environment(void) {
  wchar_t *all = GetEnvironmentStringsW(), *variable;
  size_t count = 0, i = 0;
  for (variable = all; variable != NULL && *variable != L'\0'; variable += wcslen(variable) + 1) count++;
  environment = calloc(count + 1, sizeof *environment);
  for (variable = all; environment != NULL && i < count; variable += wcslen(variable) + 1)
    if ((environment[i++] = tp2p_utf8(variable)) == NULL) break;
  if (all != NULL) FreeEnvironmentStringsW(all);
}
#else
extern char **environ;

static void copy_environment(void) {
  size_t count = 0, i;
  while (environ != NULL && environ[count] != NULL) count++;
  environment = calloc(count + 1, sizeof *environment);
  for (i = 0; environment != NULL && i < count; i++)
    if ((environment[i] = strdup(environ[i])) == NULL) break;
}
#endif

char *const *tp2p_environment(void) {
  static char *const none[] = {NULL};
  return environment == NULL ? none : environment;
}

/* A program with more rights than who started it (setuid, capabilities) has that one's environment, which must not say
 * where it writes, or whom it believes: neither to the library nor to Go, which knows SSL_CERT_FILE and HTTPS_PROXY. */
static int has_others_environment(void) {
#ifdef __linux__
  return getauxval(AT_SECURE) != 0;
#elif defined(_WIN32)
  return 0;
#else
  return issetugid();
#endif
}

__attribute__((constructor)) static void at_load(void) {
  if (!has_others_environment()) {
    copy_environment();
    tp2p_read_environment();
  }
  watch_forks();
  if (!tp2p_starts_late()) tp2p_set_started();
}

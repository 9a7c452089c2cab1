/* The call that starts Go, in a thread that is cancelled, and in one that has signals to handle. Each case is in a process
 * of its own, forked before there was a call. No server is needed. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void in_a_process(void (*test)(void)) {
  int status;
  pid_t child;
  fflush(stdout);
  child = fork();
  NEED(child >= 0);
  if (child == 0) {
    alarm(180); /* a hang kills it */
    test();
    fflush(stdout);
    _Exit(check_failures != 0);
  }
  NEED(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK_IS(0, WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static void in_a_cancelled_thread(void *(*call)(void *)) {
  pthread_t thread;
  void *end;
  NEED(pthread_create(&thread, NULL, call, NULL) == 0);
  NEED(pthread_join(thread, &end) == 0);
  CHECK(end == PTHREAD_CANCELED);
}

/* ---- cancellation ---- */

static void *init_cancelled(void *unused) {
  pthread_cancel(pthread_self());
  CHECK_IS(THING_P2P_OK, thing_p2p_init("alice"));
  pthread_testcancel();
  return unused;
}

static void *open_poller_cancelled(void *unused) {
  pthread_cancel(pthread_self());
  CHECK(thing_p2p_poller_open() > 0);
  pthread_testcancel();
  return unused;
}

static void *set_log_cancelled(void *unused) {
  pthread_cancel(pthread_self());
  CHECK_IS(THING_P2P_OK, thing_p2p_set_option("log", "off"));
  pthread_testcancel();
  return unused;
}

static void first_call_is_cancelled(void) {
  in_a_cancelled_thread(init_cancelled);
  CHECK_IS(THING_P2P_OK, thing_p2p_deinit());
}

static void first_poller_is_cancelled(void) {
  in_a_cancelled_thread(open_poller_cancelled);
  CHECK_IS(THING_P2P_OK, thing_p2p_init("alice"));
}

static void option_is_cancelled(void) {
  CHECK_IS(THING_P2P_OK, thing_p2p_set_option("log", "debug:/dev/null"));
  CHECK_IS(THING_P2P_OK, thing_p2p_init("alice")); /* which writes to it */
  in_a_cancelled_thread(set_log_cancelled);
  CHECK_IS(THING_P2P_OK, thing_p2p_set_option("lan", "on"));
}

static void cancelled_threads_leave_no_lock(void) {
  in_a_process(first_call_is_cancelled);
  in_a_process(first_poller_is_cancelled);
  in_a_process(option_is_cancelled);
}

/* ---- signals ---- */

static volatile sig_atomic_t handled, elsewhere, forks;

static void fork_a_child(int number) {
  (void)number;
  if (forks++ < 3 && fork() == 0) _exit(0);
}

static void note_thread(int number) {
  (void)number;
  handled++;
  elsewhere += syscall(SYS_gettid) != getpid();
}

static void handle_often(void (*handler)(int), int microseconds) {
  struct itimerval interval = {{0, microseconds}, {0, microseconds}};
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  NEED(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &interval, NULL) == 0);
}

static void first_call_beside_handler_that_forks(void) {
  struct sigaction action;
  pid_t parent = getpid(), signals;
  memset(&action, 0, sizeof action);
  action.sa_handler = fork_a_child;
  NEED(sigaction(SIGUSR1, &action, NULL) == 0);
  signals = fork();
  NEED(signals >= 0);
  if (signals == 0) {
    while (kill(parent, SIGUSR1) == 0) usleep(100);
    _exit(0);
  }
  while (forks == 0) usleep(100); /* from here on they come */
  CHECK_IS(THING_P2P_OK, thing_p2p_init("alice"));
  CHECK_IS(THING_P2P_OK, thing_p2p_set_option("lan", "on"));
  kill(signals, SIGKILL);
}

static void first_call_beside_handlers(void) {
  handle_often(note_thread, 200);
  CHECK_IS(THING_P2P_OK, thing_p2p_init("alice"));
  while (handled == 0) usleep(100);
  CHECK_IS(0, elsewhere);
}

static void handlers_find_no_lock_taken(void) {
  int i;
  for (i = 0; i < 5; i++) in_a_process(first_call_beside_handler_that_forks);
}

static void handlers_run_on_the_programs_threads(void) {
  int i;
  for (i = 0; i < 5; i++) in_a_process(first_call_beside_handlers);
}

int main(void) {
  thing_p2p_set_option("lan", "off");
  RUN(cancelled_threads_leave_no_lock);
  RUN(handlers_find_no_lock_taken);
  RUN(handlers_run_on_the_programs_threads);
  return CHECK_RESULT;
}

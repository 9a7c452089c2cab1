/* A call from a thread of the program's through Go.
 *
 * Inside of Go the thread is on a small stack, where no signal handler of the program's has room: signals wait until the
 * call is back. So it must be back soon. What may wait is done by Go on threads of its own; the caller waits for it
 * here, in C, with its own stack and its own signal mask. */
#include "shim.h"

/* A thread that is cancelled on the way would take its stack and the caller's buffers from under Go. */
#ifdef __ANDROID__ /* has no cancellation */
#define PTHREAD_CANCEL_DISABLE 0
static void pthread_setcancelstate(int state, int *before) { *before = state; }
#endif

/* The door to Go. For each thread of the program's that is inside Go keeps a record, and keeps it for ever; so those of a
 * program with thousands go in one after the other. A thread of Go's own, which runs a callback, is inside already. */
#define MOST_INSIDE 64

static int inside, outside; /* atomic: outside are those that wait */
static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;

static int try_to_enter(void) {
  if (__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST) <= MOST_INSIDE) return 1;
  __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
  return 0;
}

static void enter(void) {
  if (try_to_enter()) return;
  pthread_mutex_lock(&door);
  __atomic_add_fetch(&outside, 1, __ATOMIC_SEQ_CST);
  while (!try_to_enter()) pthread_cond_wait(&left, &door);
  __atomic_sub_fetch(&outside, 1, __ATOMIC_SEQ_CST);
  pthread_mutex_unlock(&door);
}

static void leave(void) {
  __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&outside, __ATOMIC_SEQ_CST) == 0) return;
  pthread_mutex_lock(&door);
  pthread_cond_signal(&left);
  pthread_mutex_unlock(&door);
}

#ifdef _WIN32
static void note_signals(tp2p_signals *before) { (void)before; }
static void keep_signals_out(tp2p_signals *before) { (void)before; }
static void let_signals_in(const tp2p_signals *before) { (void)before; }
#else
static void note_signals(sigset_t *before) { pthread_sigmask(SIG_SETMASK, NULL, before); }
static void keep_signals_out(sigset_t *before) {
  sigset_t all;
  sigfillset(&all);
  /* A fault that is blocked ends the process at once, and cannot become a panic in Go. */
  sigdelset(&all, SIGSEGV);
  sigdelset(&all, SIGBUS);
  sigdelset(&all, SIGFPE);
  sigdelset(&all, SIGILL);
  sigdelset(&all, SIGTRAP);
  pthread_sigmask(SIG_BLOCK, &all, before);
}

static void let_signals_in(const sigset_t *before) { pthread_sigmask(SIG_SETMASK, before, NULL); }
#endif

void tp2p_go_quiet(tp2p_quiet *before, int signals_too) {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before->cancelable);
  if (signals_too)
    keep_signals_out(&before->mask);
  else
    note_signals(&before->mask);
}

void tp2p_be_back(const tp2p_quiet *before) {
  int unused;
  let_signals_in(&before->mask);
  pthread_setcancelstate(before->cancelable, &unused);
}

void tp2p_begin(tp2p_call *call) {
  static const pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static const pthread_cond_t finished = PTHREAD_COND_INITIALIZER;
  call->caller = tp2p_current_queue();
  call->mutex = mutex;
  call->finished = finished;
  call->done = 0;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call->cancelable);
  if (call->caller == 0) enter();
  keep_signals_out(&call->mask);
}

static int wait_finished(tp2p_call *call) {
  pthread_mutex_lock(&call->mutex);
  while (!call->done) pthread_cond_wait(&call->finished, &call->mutex);
  pthread_mutex_unlock(&call->mutex);
  pthread_cond_destroy(&call->finished);
  pthread_mutex_destroy(&call->mutex);
  return call->result;
}

/* Of a thread that waits Go keeps nothing: there may be thousands, and it never gives back what it once had for one. The
 * exception is the main thread in its calls to read and send, which it would slow down. */
int tp2p_end(tp2p_call *call, int kind, int result) {
  int waits = result == TP2P_WAIT, unused;
  if (kind == TP2P_SELDOM || (waits && !tp2p_is_main_thread())) tp2p_unbind_thread();
  if (call->caller == 0) leave();
  let_signals_in(&call->mask);
  if (waits) result = wait_finished(call);
  pthread_setcancelstate(call->cancelable, &unused);
  return result;
}

void tp2p_finish(tp2p_call *call, int result) {
  pthread_mutex_lock(&call->mutex);
  call->result = result;
  call->done = 1;
  pthread_cond_signal(&call->finished);
  pthread_mutex_unlock(&call->mutex); /* the last that is known of *call */
}

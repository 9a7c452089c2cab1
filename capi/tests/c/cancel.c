/* A thread that is cancelled while it waits in the library ends once the call has returned, and not before: the library
 * still has its buffer. */
#include <unistd.h>

#include "pair.h"

struct waiting {
  int handle;
  struct flag started;
  int code; /* what the call returned, if it did */
};

static void *wait_for_a_byte(void *argument) {
  struct waiting *w = argument;
  char byte;
  flag_raise(&w->started);
  w->code = thing_p2p_read(w->handle, 0, &byte, 1, -1);
  pthread_testcancel();
  return NULL;
}

static void *wait_for_an_app(void *argument) {
  struct waiting *w = argument;
  flag_raise(&w->started);
  w->code = thing_p2p_accept(w->handle, -1, NULL);
  pthread_testcancel();
  return NULL;
}

static void cancelled_threads_finish_their_call(void) {
  struct waiting reader = {0, FLAG_INIT, 1}, accepter = {0, FLAG_INIT, 1};
  pthread_t threads[2];
  void *ends[2];
  struct pair p;
  pair_open(&p);
  reader.handle = p.dev;
  accepter.handle = p.device;
  NEED(pthread_create(&threads[0], NULL, wait_for_a_byte, &reader) == 0);
  NEED(pthread_create(&threads[1], NULL, wait_for_an_app, &accepter) == 0);
  NEED(flag_wait(&reader.started) && flag_wait(&accepter.started));
  usleep(50000); /* decides nothing: both are right, before and in the call */
  pthread_cancel(threads[0]);
  pthread_cancel(threads[1]);
  CHECK_IS(1, thing_p2p_send(p.app, 0, "x", 1, PATIENCE_MS));
  pthread_join(threads[0], &ends[0]);
  pair_close(&p);
  pthread_join(threads[1], &ends[1]);
  CHECK(ends[0] == PTHREAD_CANCELED && ends[1] == PTHREAD_CANCELED);
  CHECK_IS(1, reader.code);
  CHECK_IS(THING_P2P_ERR_LISTEN_BREAK, accepter.code);
}

int main(void) {
  RUN(cancelled_threads_finish_their_call);
  return CHECK_RESULT;
}

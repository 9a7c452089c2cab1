/* break_connect and deinit against attempts that are under way. The device's
 * authorizer holds them there until the test lets go. */
#include <string.h>

#include "pair.h"

static struct pair p;
/* A gate in the authorizer. Calls of earlier tests may still be on their way
 * there when the next one starts, so each test closes it and opens it again. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int closed, waiting;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static int hold(int device, const thing_p2p_peer *peer, void *user) {
  (void)device, (void)peer, (void)user;
  pthread_mutex_lock(&gate.lock);
  gate.waiting++;
  pthread_cond_broadcast(&gate.changed);
  while (gate.closed) pthread_cond_wait(&gate.changed, &gate.lock);
  gate.waiting--;
  pthread_cond_broadcast(&gate.changed);
  pthread_mutex_unlock(&gate.lock);
  return THING_P2P_OK;
}

static void close_gate(void) {
  pthread_mutex_lock(&gate.lock);
  gate.closed = 1;
  pthread_mutex_unlock(&gate.lock);
}

static void open_gate(void) {
  pthread_mutex_lock(&gate.lock);
  gate.closed = 0;
  pthread_cond_broadcast(&gate.changed);
  while (gate.waiting > 0) pthread_cond_wait(&gate.changed, &gate.lock);
  pthread_mutex_unlock(&gate.lock);
}

static void await_one_at_gate(void) {
  pthread_mutex_lock(&gate.lock);
  while (gate.waiting == 0) pthread_cond_wait(&gate.changed, &gate.lock);
  pthread_mutex_unlock(&gate.lock);
}

static void fails_with_connect_break(void) {
  struct outcome o = OUTCOME_INIT;
  close_gate();
  CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &o, o.trace_id));
  CHECK_IS(0, thing_p2p_resend_offer(p.ticket));
  await_one_at_gate();
  CHECK_IS(0, thing_p2p_resend_offer(p.ticket)); /* which does no harm */
  CHECK_IS(0, thing_p2p_break_connect(o.trace_id));
  CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, outcome_wait(&o, 1));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_break_connect(o.trace_id));
  open_gate();
  CHECK_IS(1, outcome_count(&o));
}

/* The gate keeps each attempt from its end, however late the break comes. */
static void at_once(void) {
  int i;
  close_gate();
  for (i = 0; i < 20; i++) {
    struct outcome o = OUTCOME_INIT;
    CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &o, o.trace_id));
    CHECK_IS(0, thing_p2p_break_connect(o.trace_id));
    CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, outcome_wait(&o, 1));
    CHECK_IS(1, outcome_count(&o));
  }
  open_gate();
}

/* Without the gate either may come first. What break_connect returns is then what the callback says. */
static void against_its_end(void) {
  int i;
  for (i = 0; i < 20; i++) {
    struct outcome o = OUTCOME_INIT;
    int code;
    CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &o, o.trace_id));
    code = thing_p2p_break_connect(o.trace_id);
    if (code == THING_P2P_OK) {
      CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, outcome_wait(&o, 1));
    } else {
      CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, code);
      CHECK_IS(THING_P2P_OK, outcome_wait(&o, 1));
      CHECK_IS(0, thing_p2p_disconnect(o.handle));
    }
    CHECK_IS(1, outcome_count(&o));
  }
}

static char waiting_trace[THING_P2P_TRACE_ID_SIZE];

static void *wait_for_connect(void *result) {
  *(int *)result = thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, waiting_trace);
  return NULL;
}

static void connect_wait_too(void) {
  pthread_t thread;
  int result = 0;
  close_gate();
  NEED(pthread_create(&thread, NULL, wait_for_connect, &result) == 0);
  await_one_at_gate();
  CHECK_IS(0, thing_p2p_break_connect(waiting_trace));
  pthread_join(thread, NULL);
  CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, result);
  open_gate();
}

static void deinit_breaks_all(void) {
  enum { N = 5 };
  struct outcome o = OUTCOME_INIT;
  pthread_t thread;
  int i, result = 0;
  close_gate();
  for (i = 0; i < N; i++)
    CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &o, NULL));
  NEED(pthread_create(&thread, NULL, wait_for_connect, &result) == 0);
  await_one_at_gate();
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(N, outcome_count(&o)); /* all told before it returned */
  CHECK_IS(N, o.failures);
  CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, o.code);
  open_gate();
  pthread_join(thread, NULL);
  CHECK(result == THING_P2P_ERR_CONNECT_BREAK || result == THING_P2P_ERR_NOT_INITIALIZED);
  CHECK_IS(0, thing_p2p_init("tester"));
}

static void device_close_while_asking(void) {
  struct outcome o = OUTCOME_INIT;
  struct pair other;
  close_gate();
  other.device = device_online(other.ticket);
  CHECK_IS(0, thing_p2p_device_set_authorizer(other.device, hold, NULL));
  CHECK_IS(0, thing_p2p_connect(other.ticket, 0, 5000, outcome_succeed, outcome_fail, &o, NULL));
  await_one_at_gate();
  open_gate(); /* device_close waits for the callback */
  CHECK_IS(0, thing_p2p_device_close(other.device));
  CHECK(outcome_wait(&o, 1) != OUTCOME_NONE);
  CHECK_IS(1, outcome_count(&o));
}

int main(void) {
  NEED(thing_p2p_init("tester") == THING_P2P_OK);
  p.device = device_online(p.ticket);
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, hold, NULL));
  RUN(fails_with_connect_break);
  RUN(connect_wait_too);
  RUN(at_once);
  RUN(against_its_end);
  RUN(deinit_breaks_all);
  RUN(device_close_while_asking);
  pair_close(&p);
  return CHECK_RESULT;
}

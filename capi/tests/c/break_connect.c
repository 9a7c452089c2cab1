/* break_connect and deinit against attempts that are under way. The device's
 * authorizer holds them there until the test lets go. */
#include <string.h>

#include "pair.h"

static struct pair p;
static struct flag asked = FLAG_INIT, let_go = FLAG_INIT;

static int hold(int device, const thing_p2p_peer *peer, void *user) {
  (void)device, (void)peer, (void)user;
  flag_raise(&asked);
  flag_wait(&let_go);
  return THING_P2P_OK;
}

static void reset(void) { asked.raised = let_go.raised = 0; }

static void fails_with_connect_break(void) {
  struct outcome o = OUTCOME_INIT;
  reset();
  CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &o, o.trace_id));
  CHECK(flag_wait(&asked));
  CHECK_IS(0, thing_p2p_break_connect(o.trace_id));
  CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, outcome_wait(&o, 1));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_break_connect(o.trace_id));
  flag_raise(&let_go);
  CHECK_IS(1, outcome_count(&o));
}

static void at_once(void) {
  int i;
  reset();
  flag_raise(&let_go);
  for (i = 0; i < 20; i++) {
    struct outcome o = OUTCOME_INIT;
    CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &o, o.trace_id));
    CHECK_IS(0, thing_p2p_break_connect(o.trace_id));
    CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, outcome_wait(&o, 1));
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
  reset();
  NEED(pthread_create(&thread, NULL, wait_for_connect, &result) == 0);
  CHECK(flag_wait(&asked));
  CHECK_IS(0, thing_p2p_break_connect(waiting_trace));
  pthread_join(thread, NULL);
  CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, result);
  flag_raise(&let_go);
}

static void deinit_breaks_all(void) {
  enum { N = 5 };
  struct outcome o = OUTCOME_INIT;
  pthread_t thread;
  int i, result = 0;
  reset();
  for (i = 0; i < N; i++)
    CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &o, NULL));
  NEED(pthread_create(&thread, NULL, wait_for_connect, &result) == 0);
  CHECK(flag_wait(&asked));
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(N, outcome_count(&o)); /* all told before it returned */
  CHECK_IS(N, o.failures);
  CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, o.code);
  flag_raise(&let_go);
  pthread_join(thread, NULL);
  CHECK(result == THING_P2P_ERR_CONNECT_BREAK || result == THING_P2P_ERR_NOT_INITIALIZED);
  CHECK_IS(0, thing_p2p_init("tester"));
}

static void device_close_while_asking(void) {
  struct outcome o = OUTCOME_INIT;
  struct pair other;
  reset();
  other.device = device_online(other.ticket);
  CHECK_IS(0, thing_p2p_device_set_authorizer(other.device, hold, NULL));
  CHECK_IS(0, thing_p2p_connect(other.ticket, 0, 5000, outcome_succeed, outcome_fail, &o, NULL));
  CHECK(flag_wait(&asked));
  flag_raise(&let_go); /* device_close waits for the callback */
  CHECK_IS(0, thing_p2p_device_close(other.device));
  CHECK(outcome_wait(&o, 1) != OUTCOME_NONE);
  CHECK_IS(1, outcome_count(&o));
}

int main(void) {
  NEED(thing_p2p_init("tester") == THING_P2P_OK);
  p.device = device_online(p.ticket);
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, hold, NULL));
  RUN(fails_with_connect_break);
  RUN(at_once);
  RUN(connect_wait_too);
  RUN(deinit_breaks_all);
  RUN(device_close_while_asking);
  pair_close(&p);
  return CHECK_RESULT;
}

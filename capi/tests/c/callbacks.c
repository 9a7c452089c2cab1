/* Calls of the library from inside its callbacks. */
#include <unistd.h>

#include "pair.h"

static struct pair p;
static int use_all; /* state that the callbacks of one test share */

/* connect, again and again, each from the success callback of the one before. */
#define CHAIN 5

static struct outcome chain = OUTCOME_INIT;

static void connect_the_next(int handle, void *user) {
  char byte = 'x';
  int links;
  CHECK_IS(1, thing_p2p_send(handle, 0, &byte, 1, 0));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read(handle, 1, &byte, 1, 0));
  CHECK_IS(0, thing_p2p_active_check(handle));
  pthread_mutex_lock(&chain.lock);
  links = chain.successes + 1;
  pthread_mutex_unlock(&chain.lock);
  if (links < CHAIN)
    CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, connect_the_next, outcome_fail, user, NULL));
  CHECK_IS(0, thing_p2p_disconnect(handle));
  outcome_succeed(handle, user);
}

static void connect_and_disconnect_in_success(void) {
  CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, connect_the_next, outcome_fail, &chain, NULL));
  CHECK_IS(0, outcome_wait(&chain, CHAIN));
  CHECK_IS(0, chain.failures);
}

static void connect_wait_here(int handle, void *user) {
  int second = thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, NULL);
  CHECK(second > 0 && second != handle);
  CHECK_IS(0, thing_p2p_disconnect(second));
  CHECK_IS(0, thing_p2p_disconnect(handle));
  outcome_succeed(handle, user);
}

static void connect_wait_in_success(void) {
  struct outcome o = OUTCOME_INIT;
  CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, connect_wait_here, outcome_fail, &o, NULL));
  CHECK_IS(0, outcome_wait(&o, 1));
}

/* break_connect of a second attempt from the success of the first. */
static struct outcome second = OUTCOME_INIT;

static void break_the_second(int handle, void *user) {
  CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &second, second.trace_id));
  CHECK_IS(0, thing_p2p_break_connect(second.trace_id));
  CHECK_IS(0, outcome_count(&second)); /* callbacks of a kind run one by one */
  CHECK_IS(0, thing_p2p_disconnect(handle));
  outcome_succeed(handle, user);
}

static void break_connect_in_success(void) {
  struct outcome o = OUTCOME_INIT;
  CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, break_the_second, outcome_fail, &o, NULL));
  CHECK_IS(0, outcome_wait(&o, 1));
  CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, outcome_wait(&second, 1));
}

/* While the gate is closed, no attempt at the pair's device succeeds. */
static struct flag gate;

static int wait_at_the_gate(int device, const thing_p2p_peer *peer, void *user) {
  (void)device, (void)peer, (void)user;
  return flag_wait(&gate) ? THING_P2P_OK : THING_P2P_ERR_DEVICE_BUSY;
}

static void close_gate(void) {
  static const struct flag closed = FLAG_INIT;
  gate = closed;
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, wait_at_the_gate, NULL));
}

static void open_gate(void) {
  flag_raise(&gate);
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, NULL, NULL));
}

/* deinit from the first of several callbacks: the others are told before it
 * returns, and each attempt is told once. */
#define ATTEMPTS 5

static int told, deinits;

static void count_failure(int code, void *user) {
  (void)user;
  CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, code);
  __atomic_add_fetch(&told, 1, __ATOMIC_SEQ_CST);
}

static void deinit_here(int handle, void *user) {
  char byte;
  __atomic_add_fetch(&told, 1, __ATOMIC_SEQ_CST);
  if (__atomic_add_fetch(&deinits, 1, __ATOMIC_SEQ_CST) > 1) return;
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(ATTEMPTS, __atomic_load_n(&told, __ATOMIC_SEQ_CST));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_read(handle, 0, &byte, 1, -1));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_deinit());
  flag_raise(user);
}

static void deinit_in_success(void) {
  struct flag done = FLAG_INIT;
  int i;
  close_gate();
  for (i = 0; i < ATTEMPTS; i++)
    CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, deinit_here, count_failure, &done, NULL));
  open_gate();
  CHECK(flag_wait(&done));
  CHECK_IS(ATTEMPTS, told);
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_deinit());
  CHECK_IS(0, thing_p2p_init("tester"));
}

/* deinit, then init and connect, from a failure callback. */
static void start_over(int code, void *user) {
  CHECK_IS(THING_P2P_ERR_CONNECT_BREAK, code);
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(0, thing_p2p_init("tester"));
  CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, user, NULL));
}

static void never(int handle, void *user) { (void)handle, (void)user; CHECK(!"success was called"); }

static void deinit_and_init_in_failure(void) {
  struct outcome o = OUTCOME_INIT;
  close_gate();
  CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, never, start_over, &o, o.trace_id));
  CHECK_IS(0, thing_p2p_break_connect(o.trace_id));
  open_gate();
  CHECK_IS(0, outcome_wait(&o, 1));
  CHECK_IS(0, thing_p2p_disconnect(o.handle));
}

/* The authorizer closes its own device. */
static int close_device(int device, const thing_p2p_peer *peer, void *user) {
  (void)peer;
  CHECK_IS(0, thing_p2p_device_close(device));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_device_close(device));
  flag_raise(user);
  return THING_P2P_OK;
}

static void device_close_in_authorizer(void) {
  struct flag closed = FLAG_INIT;
  struct outcome o = OUTCOME_INIT;
  char ticket[THING_P2P_TICKET_SIZE];
  int device = device_online(ticket);
  CHECK_IS(0, thing_p2p_device_set_authorizer(device, close_device, &closed));
  CHECK_IS(0, thing_p2p_connect(ticket, 0, 5000, outcome_succeed, outcome_fail, &o, NULL));
  CHECK(flag_wait(&closed));
  CHECK(outcome_wait(&o, 1) < 0);
}

/* The authorizer replaces itself; the app of the next attempt meets the other. */
static int say_busy(int device, const thing_p2p_peer *peer, void *user) {
  (void)device, (void)peer, (void)user;
  return THING_P2P_ERR_DEVICE_BUSY;
}

static int replace_myself(int device, const thing_p2p_peer *peer, void *user) {
  (void)peer, (void)user;
  CHECK_IS(0, thing_p2p_device_set_authorizer(device, say_busy, NULL));
  return THING_P2P_ERR_DEVICE_PRIVACY;
}

static void set_authorizer_in_authorizer(void) {
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, replace_myself, NULL));
  CHECK_IS(THING_P2P_ERR_DEVICE_PRIVACY, thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, NULL));
  CHECK_IS(THING_P2P_ERR_DEVICE_BUSY, thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, NULL));
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, NULL, NULL));
}

/* An authorizer that has ended itself still runs: whoever ends it afterwards waits for it. */
static struct flag ended_itself;
static int has_returned;

static int end_myself(int device, const thing_p2p_peer *peer, void *user) {
  (void)peer, (void)user;
  CHECK_IS(0, thing_p2p_device_set_authorizer(device, NULL, NULL));
  flag_raise(&ended_itself);
  usleep(300000); /* so that nobody is right by chance */
  __atomic_store_n(&has_returned, 1, __ATOMIC_SEQ_CST);
  return THING_P2P_OK;
}

static int end_authorizer(int device) { return thing_p2p_device_set_authorizer(device, NULL, NULL); }

static void who_ends_what_has_ended_itself_waits(void) {
  static const struct flag down = FLAG_INIT;
  int (*const ends[])(int) = {end_authorizer, thing_p2p_device_close};
  static struct outcome o = OUTCOME_INIT; /* of any kind: the device is closed */
  char ticket[THING_P2P_TICKET_SIZE];
  int i, device = device_online(ticket);
  for (i = 0; i < 2; i++) {
    ended_itself = down;
    __atomic_store_n(&has_returned, 0, __ATOMIC_SEQ_CST);
    CHECK_IS(0, thing_p2p_device_set_authorizer(device, end_myself, NULL));
    CHECK_IS(0, thing_p2p_connect(ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &o, NULL));
    CHECK(flag_wait(&ended_itself));
    CHECK_IS(0, ends[i](device));
    CHECK_IS(1, __atomic_load_n(&has_returned, __ATOMIC_SEQ_CST));
    CHECK_IS(0, thing_p2p_deinit()); /* ends the attempt, or its session */
    CHECK_IS(0, thing_p2p_init("tester"));
  }
}

/* Two callbacks that end each other's object must not wait for each other: the
 * authorizer deinits the app while the app's callback closes the device. */
static struct flag in_success = FLAG_INIT, in_authorizer = FLAG_INIT;
static struct flag success_done = FLAG_INIT, authorizer_done = FLAG_INIT;
static int crossed_device;

static void cross_success(int handle, void *user) {
  (void)handle, (void)user;
  flag_raise(&in_success);
  flag_wait(&in_authorizer);
  CHECK_IS(0, thing_p2p_device_close(crossed_device));
  flag_raise(&success_done);
}

static int cross_authorizer(int device, const thing_p2p_peer *peer, void *user) {
  (void)device, (void)peer, (void)user;
  if (!use_all) return THING_P2P_OK;
  flag_raise(&in_authorizer);
  flag_wait(&in_success);
  CHECK_IS(0, thing_p2p_deinit());
  flag_raise(&authorizer_done);
  return THING_P2P_OK;
}

static void *connect_once(void *ticket) {
  int code = thing_p2p_connect_wait(ticket, 0, 5000, NULL);
  CHECK(code < 0);
  return NULL;
}

static void callbacks_that_end_each_other(void) {
  static char ticket[THING_P2P_TICKET_SIZE];
  pthread_t thread;
  crossed_device = device_online(ticket);
  use_all = 0;
  CHECK_IS(0, thing_p2p_device_set_authorizer(crossed_device, cross_authorizer, NULL));
  CHECK_IS(0, thing_p2p_connect(ticket, 0, PATIENCE_MS, cross_success, outcome_fail, NULL, NULL));
  CHECK(flag_wait(&in_success));
  use_all = 1;
  NEED(pthread_create(&thread, NULL, connect_once, ticket) == 0);
  CHECK(flag_wait(&success_done));
  CHECK(flag_wait(&authorizer_done));
  pthread_join(thread, NULL);
  CHECK_IS(0, thing_p2p_init("tester"));
}

/* deinit from the log callback, with attempts under way. */
static struct flag log_done = FLAG_INIT;

static void deinit_in_log(int level, const char *line, void *user) {
  (void)level, (void)line, (void)user;
  if (thing_p2p_deinit() == 0) flag_raise(&log_done);
}

static void deinit_in_log_callback(void) {
  struct outcome o = OUTCOME_INIT;
  close_gate();
  CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &o, NULL));
  CHECK_IS(0, thing_p2p_set_log(THING_P2P_LOG_DEBUG, deinit_in_log, NULL));
  open_gate(); /* what follows is logged */
  CHECK(flag_wait(&log_done));
  CHECK_IS(1, outcome_count(&o));
  CHECK_IS(0, thing_p2p_set_log(THING_P2P_LOG_OFF, NULL, NULL));
  CHECK_IS(0, thing_p2p_init("tester"));
}

int main(void) {
  NEED(thing_p2p_init("tester") == THING_P2P_OK);
  p.device = device_online(p.ticket);
  RUN(connect_and_disconnect_in_success);
  RUN(connect_wait_in_success);
  RUN(break_connect_in_success);
  RUN(deinit_in_success);
  RUN(deinit_and_init_in_failure);
  RUN(device_close_in_authorizer);
  RUN(set_authorizer_in_authorizer);
  RUN(who_ends_what_has_ended_itself_waits);
  RUN(callbacks_that_end_each_other);
  RUN(deinit_in_log_callback);
  pair_close(&p);
  return CHECK_RESULT;
}

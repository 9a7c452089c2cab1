/* deinit and device_close during everything that other threads do. */
#include "pair.h"

#define ROUNDS 6
#define THREADS 4
#define SOON_MS 3000 /* for attempts that may meet a device that has just gone */

static char ticket[THING_P2P_TICKET_SIZE];
static int device, over;
static int started, told, late; /* attempts, their callbacks, callbacks after deinit */
static int deinit_returned;
static struct flag ready = FLAG_INIT; /* raised for each round: something can work again */

static int is_over(void) { return __atomic_load_n(&over, __ATOMIC_SEQ_CST); }

static void note(void) {
  __atomic_add_fetch(&told, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&deinit_returned, __ATOMIC_SEQ_CST)) __atomic_add_fetch(&late, 1, __ATOMIC_SEQ_CST);
}

static void use(int handle) {
  char buffer[2000] = "";
  thing_p2p_info info;
  info.struct_size = sizeof info;
  thing_p2p_send(handle, 0, buffer, sizeof buffer, 5);
  thing_p2p_read(handle, 0, buffer, sizeof buffer, 5);
  thing_p2p_session_info(handle, &info);
  thing_p2p_active_check(handle);
}

static void succeed(int handle, void *user) {
  (void)user;
  use(handle);
  if (handle % 2) thing_p2p_disconnect(handle);
  note();
}

static void fail(int code, void *user) {
  (void)user;
  CHECK(code < 0 && code != THING_P2P_ERR_INTERNAL);
  note();
}

static void *connect_and_use(void *unused) {
  char trace[THING_P2P_TRACE_ID_SIZE];
  int round = 0;
  (void)unused;
  while (!is_over()) {
    int code = thing_p2p_connect(ticket, 0, SOON_MS, succeed, fail, NULL, trace);
    CHECK(code == 0 || code == THING_P2P_ERR_NOT_INITIALIZED);
    if (code == 0) {
      __atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
      if (trace[0] < '4') thing_p2p_break_connect(trace);
    }
    code = thing_p2p_connect_wait(ticket, 0, SOON_MS, NULL);
    CHECK(code != THING_P2P_ERR_INTERNAL && code != 0);
    if (code > 0) {
      use(code);
      thing_p2p_disconnect(code);
    } else {
      CHECK(flag_wait_count(&ready, ++round)); /* else it would fail again, and at once */
    }
  }
  return NULL;
}

static void *accept_and_use(void *unused) {
  (void)unused;
  while (!is_over()) {
    int handle = thing_p2p_accept(device, 50, NULL);
    if (handle > 0) {
      use(handle);
      thing_p2p_disconnect(handle);
    }
    CHECK(handle != THING_P2P_ERR_INTERNAL && handle != 0);
  }
  return NULL;
}

/* The same device each time, so that the ticket stays good. */
static void open_device(void) {
  char state[512];
  NEED(getenv("TEST_DIR") != NULL);
  snprintf(state, sizeof state, "%s/device", getenv("TEST_DIR"));
  device = thing_p2p_device_open(state);
  NEED(device > 0);
  if (ticket[0] == '\0') NEED(thing_p2p_device_ticket(device, ticket, sizeof ticket) > 0);
  NEED(thing_p2p_device_listen(device) == THING_P2P_OK);
}

static void rounds(int with_device) {
  pthread_t threads[2 * THREADS];
  int i, round;
  struct outcome o = OUTCOME_INIT;
  over = started = told = late = deinit_returned = ready.raised = 0;
  CHECK_IS(0, thing_p2p_init("tester"));
  open_device();
  for (i = 0; i < THREADS; i++) {
    NEED(pthread_create(&threads[2 * i], NULL, connect_and_use, NULL) == 0);
    NEED(pthread_create(&threads[2 * i + 1], NULL, accept_and_use, NULL) == 0);
  }
  for (round = 0; round < ROUNDS; round++) {
    /* Wait until something works, then pull it away. */
    int code = thing_p2p_connect(ticket, 0, SOON_MS, outcome_succeed, outcome_fail, &o, NULL);
    CHECK_IS(0, code);
    CHECK(outcome_wait(&o, 2 * round + 1) != OUTCOME_NONE);
    code = thing_p2p_connect(ticket, 0, SOON_MS, outcome_succeed, outcome_fail, &o, NULL);
    CHECK_IS(0, code);
    if (with_device) CHECK_IS(0, thing_p2p_device_close(device));
    CHECK_IS(0, thing_p2p_deinit());
    CHECK_IS(2 * round + 2, outcome_count(&o)); /* both told, exactly once */
    if (with_device) open_device();
    CHECK_IS(0, thing_p2p_init("tester"));
    flag_raise(&ready);
  }
  over = 1;
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(0, thing_p2p_device_close(device));
  for (i = 0; i < 1000; i++) flag_raise(&ready);
  for (i = 0; i < 2 * THREADS; i++) pthread_join(threads[i], NULL);
  deinit_returned = 1;
  CHECK_IS(started, told);
  CHECK_IS(0, late);
  CHECK(started > 0);
}

static void deinit_during_everything(void) { rounds(0); }
static void device_close_during_everything(void) { rounds(1); }

int main(void) {
  RUN(deinit_during_everything);
  RUN(device_close_during_everything);
  return CHECK_RESULT;
}

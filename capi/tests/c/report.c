/* Reports on attempts and sessions. Each that is printed as a line "report" is read by the driver. */
#include <pthread.h>
#include <string.h>

#include "pair.h"

#define BAD THING_P2P_ERR_INVALID_PARAMETER

static const char uid[] = "a\"}],\\{'<b>&\xc3\xa9"; /* what a stranger may be called */
static struct pair p;
static int answer;

static int give_answer(int device, const thing_p2p_peer *peer, void *user) {
  (void)device, (void)peer, (void)user;
  return __atomic_load_n(&answer, __ATOMIC_SEQ_CST);
}

/* Prints a report, in which there must be a text. */
static void expect(const char *trace, const char *text) {
  static char report[THING_P2P_REPORT_SIZE];
  int length = thing_p2p_report(trace, report, sizeof report);
  CHECK(length > 0);
  if (length <= 0) return;
  CHECK(strlen(report) == (size_t)length);
  if (!strstr(report, text)) printf("  no %s in\n", text);
  CHECK(strstr(report, text) != NULL);
  CHECK(strstr(report, p.ticket) == NULL);
  printf("report\t%s\n", report);
}

static void of_a_session(void) {
  char trace[THING_P2P_TRACE_ID_SIZE];
  p.app = thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, trace);
  NEED(p.app > 0);
  p.dev = thing_p2p_accept(p.device, PATIENCE_MS, NULL);
  NEED(p.dev > 0);
  expect(trace, "\"state\":\"connected\"");
  expect(trace, "\"side\":\"app\"");
  CHECK_IS(0, thing_p2p_disconnect(p.app));
  expect(trace, "\"state\":\"closed\"");
}

static void of_a_refusal(void) {
  char trace[THING_P2P_TRACE_ID_SIZE];
  __atomic_store_n(&answer, THING_P2P_ERR_DEVICE_PRIVACY, __ATOMIC_SEQ_CST);
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, give_answer, NULL));
  CHECK_IS(THING_P2P_ERR_DEVICE_PRIVACY, thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, trace));
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, NULL, NULL));
  expect(trace, "\"summary\":\"The device is in privacy mode");
  expect(trace, "\"cause\":\"privacy\"");
  expect(trace, "\"code\":-102,\"name\":\"ERR_DEVICE_PRIVACY\"");
}

static void of_an_old_ticket(void) {
  char trace[THING_P2P_TRACE_ID_SIZE];
  CHECK_IS(0, thing_p2p_deinit()); /* the app was paired */
  CHECK_IS(0, thing_p2p_init(uid));
  CHECK_IS(0, thing_p2p_device_reset_ticket(p.device));
  CHECK_IS(THING_P2P_ERR_AUTH, thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, trace));
  expect(trace, "\"cause\":\"old_ticket\"");
  CHECK(thing_p2p_device_ticket(p.device, p.ticket, sizeof p.ticket) > 0);
}

static void of_the_device(void) {
  char trace[THING_P2P_TRACE_ID_SIZE];
  p.app = thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, trace);
  NEED(p.app > 0);
  p.dev = thing_p2p_accept(p.device, PATIENCE_MS, NULL);
  NEED(p.dev > 0);
  CHECK_IS(0, thing_p2p_deinit());
  expect(trace, "\"side\":\"device\"");
  expect(trace, "\"uid\":\"a\\\"}],\\\\{'<b>&\xc3\xa9\"");
  CHECK_IS(0, thing_p2p_disconnect(p.dev));
  CHECK_IS(0, thing_p2p_init(uid));
}

static void sizes(void) {
  static char small[THING_P2P_REPORT_SIZE];
  char trace[THING_P2P_TRACE_ID_SIZE];
  int length;
  __atomic_store_n(&answer, THING_P2P_ERR_DEVICE_BUSY, __ATOMIC_SEQ_CST);
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, give_answer, NULL));
  CHECK_IS(THING_P2P_ERR_DEVICE_BUSY, thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, trace));
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, NULL, NULL));
  length = thing_p2p_report(trace, small, sizeof small);
  CHECK(length > 0 && length < (int)sizeof small);
  memset(small, '#', sizeof small);
  CHECK_IS(THING_P2P_ERR_BUFFER_TOO_SMALL, thing_p2p_report(trace, small, 1));
  CHECK_IS(THING_P2P_ERR_BUFFER_TOO_SMALL, thing_p2p_report(trace, small, length / 2));
  CHECK(small[0] == '#');
  CHECK_IS(BAD, thing_p2p_report(trace, small, 0));
  CHECK_IS(BAD, thing_p2p_report(trace, small, -1));
  CHECK_IS(BAD, thing_p2p_report(trace, NULL, (int)sizeof small));
  CHECK_IS(BAD, thing_p2p_report("no such attempt", small, sizeof small));
  CHECK_IS(BAD, thing_p2p_report("", small, sizeof small));
  CHECK_IS(BAD, thing_p2p_report("\"}\\ \xff\n", small, sizeof small));
  CHECK(small[0] == '#');
}

static int enough;
static char shared[THING_P2P_TRACE_ID_SIZE];

static void *ask(void *unused) {
  static __thread char report[THING_P2P_REPORT_SIZE];
  (void)unused;
  while (!__atomic_load_n(&enough, __ATOMIC_SEQ_CST)) {
    int length = thing_p2p_report(shared, report, sizeof report);
    CHECK(length > 0 && report[0] == '{' && report[length - 1] == '}');
    CHECK_IS(BAD, thing_p2p_report("no such attempt", report, sizeof report));
  }
  return NULL;
}

static void on_many_threads(void) {
  pthread_t threads[6];
  int i;
  p.app = thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, shared);
  NEED(p.app > 0);
  p.dev = thing_p2p_accept(p.device, PATIENCE_MS, NULL);
  NEED(p.dev > 0);
  for (i = 0; i < 6; i++) NEED(pthread_create(&threads[i], NULL, ask, NULL) == 0);
  for (i = 0; i < 10; i++) {
    struct pair one = p;
    pair_connect(&one);
    CHECK_IS(0, thing_p2p_disconnect(one.app));
    CHECK_IS(0, thing_p2p_disconnect(one.dev));
  }
  CHECK_IS(0, thing_p2p_disconnect(p.app));
  __atomic_store_n(&enough, 1, __ATOMIC_SEQ_CST);
  for (i = 0; i < 6; i++) pthread_join(threads[i], NULL);
}

static void without_anybody(void) {
  char report[8];
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_report("x", report, sizeof report));
}

static void with_a_device(void) {
  char report[8];
  p.device = device_online(p.ticket);
  CHECK_IS(BAD, thing_p2p_report("x", report, sizeof report));
  CHECK_IS(0, thing_p2p_init(uid));
}

int main(void) {
  RUN(without_anybody);
  RUN(with_a_device);
  RUN(of_a_session);
  RUN(of_a_refusal);
  RUN(of_an_old_ticket);
  RUN(of_the_device);
  RUN(sizes);
  RUN(on_many_threads);
  pair_close(&p);
  RUN(without_anybody);
  return CHECK_RESULT;
}

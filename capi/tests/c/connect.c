/* connect: its callbacks, and each way to name a device. */
#include <string.h>

#include "pair.h"

static struct pair p;
static __thread int in_connect;
static struct flag gate = FLAG_INIT;

static void check_not_inside(int handle, void *user) {
  CHECK(!in_connect);
  outcome_succeed(handle, user);
}

static void one_success(void) {
  struct outcome o = OUTCOME_INIT;
  thing_p2p_info app = {0}, device = {0};
  thing_p2p_peer peer = {0};
  int dev;
  in_connect = 1;
  CHECK_IS(0, thing_p2p_connect(p.ticket, THING_P2P_MODE_INTERNET, 0, check_not_inside, outcome_fail, &o, o.trace_id));
  in_connect = 0;
  CHECK_IS(36, (int)strlen(o.trace_id));
  CHECK_IS(0, outcome_wait(&o, 1));
  CHECK(!pthread_equal(o.thread, pthread_self()));

  peer.struct_size = sizeof peer;
  dev = thing_p2p_accept(p.device, PATIENCE_MS, &peer);
  NEED(dev > 0);
  CHECK(dev != o.handle);
  CHECK(strcmp(peer.uid, "tester") == 0);
  CHECK(strcmp(peer.trace_id, o.trace_id) == 0);
  CHECK(strlen(peer.app_id) > 0);
  CHECK_IS(1, peer.has_ticket);

  app.struct_size = device.struct_size = sizeof app;
  CHECK_IS(0, thing_p2p_session_info(o.handle, &app));
  CHECK_IS(0, thing_p2p_session_info(dev, &device));
  CHECK(strcmp(app.trace_id, o.trace_id) == 0 && strcmp(device.trace_id, o.trace_id) == 0);
  CHECK(strcmp(app.device_id, device.device_id) == 0 && app.device_id[0] != '\0');
  CHECK(app.path >= THING_P2P_PATH_LAN && app.path <= THING_P2P_PATH_RELAY);
  CHECK(device.path >= THING_P2P_PATH_LAN && device.path <= THING_P2P_PATH_RELAY);
  CHECK(strchr(app.remote_address, ':') != NULL && strchr(device.remote_address, ':') != NULL);

  CHECK_IS(0, thing_p2p_active_check(o.handle));
  CHECK_IS(0, thing_p2p_active_check(dev));
  /* An established session is not an attempt any more. */
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_break_connect(o.trace_id));
  CHECK_IS(0, thing_p2p_active_check(o.handle));
  CHECK_IS(0, thing_p2p_disconnect(o.handle));
  CHECK_IS(0, thing_p2p_disconnect(dev));
  CHECK_IS(1, outcome_count(&o));
}

static void connect_and_leave(const char *name, int mode) {
  int dev, app = thing_p2p_connect_wait(name, mode, PATIENCE_MS, NULL);
  CHECK(app > 0);
  if (app <= 0) {
    printf("  %.20s: %s\n", name, thing_p2p_error_name(app));
    return;
  }
  dev = thing_p2p_accept(p.device, PATIENCE_MS, NULL);
  CHECK(dev > 0);
  CHECK_IS(0, thing_p2p_disconnect(app));
  CHECK_IS(0, thing_p2p_disconnect(dev));
}

static void by_ticket_name_and_id(void) {
  char id[THING_P2P_ID_SIZE];
  CHECK(thing_p2p_device_id(p.device, id, sizeof id) > 0);
  connect_and_leave(p.ticket, THING_P2P_MODE_INTERNET);
  connect_and_leave(p.ticket, THING_P2P_MODE_LAN);
  CHECK_IS(0, thing_p2p_add_device("front door", p.ticket));
  connect_and_leave("front door", THING_P2P_MODE_INTERNET);
  connect_and_leave(id, THING_P2P_MODE_INTERNET); /* paired by now */
}

/* People copy more than the ticket, and mail breaks it into lines. */
static void as_pasted(void) {
  char id[THING_P2P_ID_SIZE], text[2 * THING_P2P_TICKET_SIZE];
  int i;
  CHECK(thing_p2p_device_id(p.device, id, sizeof id) > 0);
  snprintf(text, sizeof text, "\xef\xbb\xbf  T2P1.%.40s\r\n%s \n", p.ticket + 5, p.ticket + 45);
  connect_and_leave(text, THING_P2P_MODE_INTERNET);
  CHECK_IS(0, thing_p2p_add_device(" back door\n", text));
  connect_and_leave("back door", THING_P2P_MODE_INTERNET);
  for (i = 0; id[i] != '\0'; i++)
    if (id[i] >= 'a' && id[i] <= 'z') id[i] = (char)(id[i] - 'a' + 'A');
  snprintf(text, sizeof text, "\t%s\r\n", id);
  connect_and_leave(text, THING_P2P_MODE_INTERNET);
}

static void wait_in_callback(int handle, void *user) {
  flag_wait(&gate);
  outcome_succeed(handle, user);
}

/* An app that is slow in one callback gets the others after it, each once. */
static void many_at_once(void) {
  enum { N = 30 };
  struct outcome o = OUTCOME_INIT;
  int i;
  for (i = 0; i < N; i++)
    CHECK_IS(0, thing_p2p_connect(p.ticket, 0, PATIENCE_MS, wait_in_callback, outcome_fail, &o, NULL));
  for (i = 0; i < N; i++) {
    int dev = thing_p2p_accept(p.device, PATIENCE_MS, NULL);
    CHECK(dev > 0);
  }
  flag_raise(&gate);
  CHECK_IS(0, outcome_wait(&o, N));
  CHECK_IS(N, o.successes);
  CHECK_IS(0, o.failures);
}

int main(void) {
  NEED(thing_p2p_init("tester") == THING_P2P_OK);
  p.device = device_online(p.ticket);
  RUN(one_success);
  RUN(by_ticket_name_and_id);
  RUN(as_pasted);
  RUN(many_at_once);
  pair_close(&p);
  return CHECK_RESULT;
}

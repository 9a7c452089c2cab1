/* kill -9 of either side: the other reads what came, then -13. */
#include "pair.h"
#include "process.h"

/* Sends something, then answers a byte, behind what it has sent; and is there for ever. */
static int speak(int session) {
  char byte;
  if (send_pattern(session, 1, 0, 1000) != 0) return 1;
  while (thing_p2p_read(session, 7, &byte, 1, -1) == 1) thing_p2p_send(session, 7, &byte, 1, -1);
  return 0;
}

static int device_role(void) {
  char ticket[THING_P2P_TICKET_SIZE];
  int session, device = device_online(ticket);
  printf("%s\n", ticket);
  fflush(stdout);
  session = thing_p2p_accept(device, -1, NULL);
  return session < 0 || speak(session) != 0;
}

static int app_role(const char *ticket) {
  int session;
  if (thing_p2p_init("tester") != 0) return 1;
  session = thing_p2p_connect_wait(ticket, 0, PATIENCE_MS, NULL);
  return session < 0 || speak(session) != 0;
}

static void goes_silent(int session, struct process *other) {
  struct reader r;
  char byte;
  CHECK_IS(0, read_pattern(session, 1, 0, 500)); /* it lives */
  CHECK_IS(1, thing_p2p_send(session, 7, "x", 1, PATIENCE_MS));
  CHECK_IS(1, thing_p2p_read(session, 7, &byte, 1, PATIENCE_MS)); /* the rest is here */
  reader_start(&r, session, 0);
  process_kill(other);
  CHECK_IS(THING_P2P_ERR_CLOSED_TIMEOUT, reader_join(&r));
  CHECK_IS(0, read_pattern(session, 1, 500, 1000));
  CHECK_IS(THING_P2P_ERR_CLOSED_TIMEOUT, thing_p2p_read(session, 1, &byte, 1, -1));
  CHECK_IS(THING_P2P_ERR_CLOSED_TIMEOUT, thing_p2p_send(session, 0, "x", 1, -1));
  CHECK_IS(THING_P2P_ERR_CLOSED_TIMEOUT, thing_p2p_active_check(session));
  CHECK_IS(0, thing_p2p_disconnect(session));
}

static void device_killed(void) {
  char ticket[THING_P2P_TICKET_SIZE];
  struct process device = process_again("device", NULL);
  int session;
  CHECK_IS(0, thing_p2p_init("tester"));
  process_line(&device, ticket, sizeof ticket);
  session = thing_p2p_connect_wait(ticket, 0, PATIENCE_MS, NULL);
  NEED(session > 0);
  goes_silent(session, &device);
  CHECK_IS(0, thing_p2p_deinit());
}

static void app_killed(void) {
  char ticket[THING_P2P_TICKET_SIZE];
  int session, device = device_online(ticket);
  struct process app = process_again("app", ticket);
  session = thing_p2p_accept(device, PATIENCE_MS, NULL);
  NEED(session > 0);
  goes_silent(session, &app);
  CHECK_IS(0, thing_p2p_device_close(device));
}

int main(int argc, char **argv) {
  NEED(thing_p2p_set_option("offline_ms", "5000") == 0);
  if (argc > 1 && strcmp(argv[1], "device") == 0) return device_role();
  if (argc > 2 && strcmp(argv[1], "app") == 0) return app_role(argv[2]);
  RUN(device_killed);
  RUN(app_killed);
  return CHECK_RESULT;
}

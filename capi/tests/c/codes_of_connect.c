/* Each code that a failed connect can be made to give. */
#include <arpa/inet.h>
#include <string.h>

#include "pair.h"
#include "process.h"

static struct pair p;
static int answer;

static int give_answer(int device, const thing_p2p_peer *peer, void *user) {
  CHECK_IS(p.device, device);
  CHECK(peer->struct_size == sizeof *peer);
  CHECK(strcmp(peer->uid, "tester") == 0);
  CHECK(peer->app_id[0] != '\0' && peer->trace_id[0] != '\0');
  CHECK(user == &answer);
  return __atomic_load_n(&answer, __ATOMIC_SEQ_CST);
}

static void expect(int want, const char *target) {
  struct outcome o = OUTCOME_INIT;
  int waited;
  CHECK_IS(0, thing_p2p_connect(target, 0, PATIENCE_MS, outcome_succeed, outcome_fail, &o, NULL));
  CHECK_IS(want, outcome_wait(&o, 1));
  CHECK_IS(1, outcome_count(&o));
  waited = thing_p2p_connect_wait(target, 0, PATIENCE_MS, NULL);
  CHECK_IS(want, waited);
  if (waited > 0) thing_p2p_disconnect(waited);
}

static void from_the_authorizer(void) {
  static const int codes[] = {THING_P2P_ERR_DEVICE_PRIVACY, THING_P2P_ERR_DEVICE_BUSY, THING_P2P_ERR_DEVICE_FULL,
                              THING_P2P_ERR_REMOTE, THING_P2P_ERR_AUTH};
  unsigned i;
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, give_answer, &answer));
  for (i = 0; i < sizeof codes / sizeof *codes; i++) {
    __atomic_store_n(&answer, codes[i], __ATOMIC_SEQ_CST);
    expect(codes[i], p.ticket);
  }
  __atomic_store_n(&answer, 1, __ATOMIC_SEQ_CST);
  expect(THING_P2P_ERR_AUTH, p.ticket);
  __atomic_store_n(&answer, -12345, __ATOMIC_SEQ_CST);
  expect(THING_P2P_ERR_AUTH, p.ticket);
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, NULL, NULL));
}

static void authorizer_without_ticket(void) {
  char id[THING_P2P_ID_SIZE];
  int app, dev;
  thing_p2p_peer peer;
  CHECK(thing_p2p_device_id(p.device, id, sizeof id) > 0);
  expect(THING_P2P_ERR_AUTH, id); /* no ticket, not paired, no authorizer */
  __atomic_store_n(&answer, 0, __ATOMIC_SEQ_CST);
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, give_answer, &answer));
  app = thing_p2p_connect_wait(id, 0, PATIENCE_MS, NULL);
  CHECK(app > 0);
  peer.struct_size = sizeof peer;
  dev = thing_p2p_accept(p.device, PATIENCE_MS, &peer);
  CHECK(dev > 0);
  CHECK_IS(0, peer.has_ticket);
  CHECK_IS(0, thing_p2p_disconnect(app));
  CHECK_IS(0, thing_p2p_disconnect(dev));
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, NULL, NULL));
}

static int never(int device, const thing_p2p_peer *peer, void *user) {
  (void)device, (void)peer, (void)user;
  CHECK(!"asked about a stranger");
  return THING_P2P_OK;
}

/* Unless the option says otherwise, nobody is asked about strangers. */
static void strangers_off(void) {
  char id[THING_P2P_ID_SIZE];
  struct pair other;
  CHECK_IS(0, thing_p2p_set_option("strangers", "off"));
  other.device = device_online(other.ticket);
  CHECK_IS(0, thing_p2p_set_option("strangers", "ask"));
  CHECK(thing_p2p_device_id(other.device, id, sizeof id) > 0);
  CHECK_IS(0, thing_p2p_device_set_authorizer(other.device, never, NULL));
  expect(THING_P2P_ERR_AUTH, id);
  CHECK_IS(0, thing_p2p_device_close(other.device));
}

static void device_full(void) {
  struct pair one;
  CHECK_IS(0, thing_p2p_set_option("max_sessions", "1"));
  one.device = device_online(one.ticket);
  CHECK_IS(0, thing_p2p_set_option("max_sessions", "1024"));
  pair_connect(&one);
  expect(THING_P2P_ERR_DEVICE_FULL, one.ticket);
  CHECK_IS(0, thing_p2p_active_check(one.app));
  CHECK_IS(0, thing_p2p_device_close(one.device));
  CHECK_IS(0, thing_p2p_disconnect(one.app));
}

static void session_limit(void) {
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(0, thing_p2p_set_option("max_sessions", "1"));
  CHECK_IS(0, thing_p2p_init("tester"));
  pair_connect(&p);
  expect(THING_P2P_ERR_SESSION_LIMIT, p.ticket);
  CHECK_IS(0, thing_p2p_disconnect(p.app));
  CHECK_IS(0, thing_p2p_disconnect(p.dev));
  pair_connect(&p); /* there is room again */
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_disconnect(p.app));
  CHECK_IS(0, thing_p2p_disconnect(p.dev));
  CHECK_IS(0, thing_p2p_set_option("max_sessions", "1024"));
  CHECK_IS(0, thing_p2p_init("tester"));
}

static void not_online(void) {
  struct pair gone;
  gone.device = device_online(gone.ticket);
  pair_connect(&gone); /* so that the server knows it */
  CHECK_IS(0, thing_p2p_device_close(gone.device));
  expect(THING_P2P_ERR_DEVICE_NOT_ONLINE, gone.ticket);
  CHECK_IS(0, thing_p2p_disconnect(gone.app));
}

static void no_server(void) {
  char ticket[THING_P2P_TICKET_SIZE], url[64];
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof here;
  int device, taken = socket(AF_INET, SOCK_STREAM, 0); /* bound and not listening: refuses */
  NEED(bind(taken, (struct sockaddr *)&here, sizeof here) == 0);
  NEED(getsockname(taken, (struct sockaddr *)&here, &size) == 0);
  snprintf(url, sizeof url, "mqtt://127.0.0.1:%d", ntohs(here.sin_port));
  CHECK_IS(0, thing_p2p_set_option("server", url));
  CHECK_IS(0, thing_p2p_set_option("lan", "off"));
  device = device_listening(ticket);
  CHECK(thing_p2p_device_id(device, ticket, sizeof ticket) > 0); /* a ticket would say where it is */
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(0, thing_p2p_init("tester"));
  fails_in_time(THING_P2P_ERR_SIGNALING, ticket);
  CHECK_IS(0, thing_p2p_set_option("lan", "on"));
  CHECK_IS(0, thing_p2p_set_option("server", getenv("THINGP2P_SERVER")));
  CHECK_IS(0, thing_p2p_device_close(device));
  close(taken);
}

static int silent_device(void) {
  char ticket[THING_P2P_TICKET_SIZE];
  int device = device_online(ticket);
  printf("%s\n", ticket);
  fflush(stdout);
  return thing_p2p_accept(device, -1, NULL) < 0 || thing_p2p_accept(device, -1, NULL) < 0;
}

/* A device that the server takes for online, but that is stopped. */
static void no_answer(void) {
  char ticket[THING_P2P_TICKET_SIZE];
  struct process device = process_again("silent_device", NULL);
  int app;
  process_line(&device, ticket, sizeof ticket);
  app = thing_p2p_connect_wait(ticket, 0, PATIENCE_MS, NULL);
  CHECK(app > 0);
  process_stop(&device);
  fails_in_time(THING_P2P_ERR_NO_ANSWER, ticket);
  process_kill(&device);
  CHECK_IS(0, thing_p2p_disconnect(app));
}

static int hold_until_killed(int device, const thing_p2p_peer *peer, void *user) {
  (void)device, (void)peer;
  flag_wait(user);
  return THING_P2P_OK;
}

static void timeout(void) {
  struct flag let_go = FLAG_INIT;
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, hold_until_killed, &let_go));
  fails_in_time(THING_P2P_ERR_TIMEOUT, p.ticket);
  flag_raise(&let_go);
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, NULL, NULL));
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "silent_device") == 0) return silent_device();
  NEED(thing_p2p_init("tester") == THING_P2P_OK);
  CHECK_IS(0, thing_p2p_set_option("strangers", "ask"));
  p.device = device_online(p.ticket);
  RUN(from_the_authorizer);
  RUN(authorizer_without_ticket);
  RUN(strangers_off);
  RUN(device_full);
  RUN(session_limit);
  RUN(not_online);
  RUN(no_server);
  RUN(no_answer);
  RUN(timeout);
  pair_close(&p);
  return CHECK_RESULT;
}

/* A device: its identity on disk, pairing, accept and its end. */
#include "pair.h"

static char state[512], app_state[512];

static void identity_is_kept(void) {
  char id[2][THING_P2P_ID_SIZE], ticket[2][THING_P2P_TICKET_SIZE], other[THING_P2P_ID_SIZE];
  int i, device;
  for (i = 0; i < 2; i++) {
    device = thing_p2p_device_open(state);
    NEED(device > 0);
    CHECK(thing_p2p_device_id(device, id[i], sizeof id[i]) > 0);
    CHECK(thing_p2p_device_ticket(device, ticket[i], sizeof ticket[i]) > 0);
    CHECK_IS(0, thing_p2p_device_close(device));
  }
  CHECK(strcmp(id[0], id[1]) == 0);
  CHECK(strcmp(ticket[0], ticket[1]) == 0);
  device = thing_p2p_device_open(NULL);
  CHECK(thing_p2p_device_id(device, other, sizeof other) > 0);
  CHECK(strcmp(id[0], other) != 0);
  CHECK_IS(0, thing_p2p_device_close(device));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_device_open("/dev/null/no directory"));
}

/* A second one on the same directory is told so, whichever side it is. */
static void a_directory_has_one_owner(void) {
  int device = thing_p2p_device_open(state);
  NEED(device > 0);
  CHECK_IS(THING_P2P_ERR_BUSY, thing_p2p_device_open(state));
  CHECK_IS(0, thing_p2p_set_option("state_dir", state));
  CHECK_IS(THING_P2P_ERR_BUSY, thing_p2p_init("tester"));
  CHECK_IS(0, thing_p2p_device_close(device));
  CHECK_IS(0, thing_p2p_init("tester"));
  CHECK_IS(THING_P2P_ERR_BUSY, thing_p2p_device_open(state));
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(0, thing_p2p_set_option("state_dir", ""));
}

/* The server knows that the device was closed, until it is online again. */
static int connect_once_online(const char *target) {
  int tries, handle = THING_P2P_ERR_DEVICE_NOT_ONLINE;
  for (tries = 0; tries < 1000 && handle == THING_P2P_ERR_DEVICE_NOT_ONLINE; tries++)
    handle = thing_p2p_connect_wait(target, 0, PATIENCE_MS, NULL);
  return handle;
}

/* An app that showed its ticket once needs the id only, also after both have
 * started again; an app with another key needs the ticket. */
static void pairing_is_kept(void) {
  struct pair p;
  char id[THING_P2P_ID_SIZE];
  CHECK_IS(0, thing_p2p_set_option("state_dir", app_state));
  CHECK_IS(0, thing_p2p_init("tester"));
  p.device = thing_p2p_device_open(state);
  NEED(p.device > 0);
  CHECK(thing_p2p_device_id(p.device, id, sizeof id) > 0);
  CHECK(thing_p2p_device_ticket(p.device, p.ticket, sizeof p.ticket) > 0);
  CHECK_IS(0, thing_p2p_device_listen(p.device));
  CHECK_IS(0, thing_p2p_device_listen(p.device));
  CHECK_IS(THING_P2P_ERR_AUTH, thing_p2p_connect_wait(id, 0, PATIENCE_MS, NULL));
  pair_connect(&p);
  pair_close(&p);

  CHECK_IS(0, thing_p2p_init("tester"));
  p.device = thing_p2p_device_open(state);
  CHECK_IS(0, thing_p2p_device_listen(p.device));
  p.app = connect_once_online(id);
  CHECK(p.app > 0);
  CHECK_IS(0, thing_p2p_deinit());

  CHECK_IS(0, thing_p2p_set_option("state_dir", ""));
  CHECK_IS(0, thing_p2p_init("stranger"));
  CHECK_IS(THING_P2P_ERR_AUTH, thing_p2p_connect_wait(id, 0, PATIENCE_MS, NULL));
  pair_close(&p);
}

static void accept_waits_as_told(void) {
  char ticket[THING_P2P_TICKET_SIZE];
  int device = device_online(ticket);
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_accept(device, 0, NULL));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_accept(device, 50, NULL));
  CHECK_IS(0, thing_p2p_device_close(device));
}

struct acceptor {
  pthread_t thread;
  int device, result;
  struct flag started;
};

static void *accept_for_ever(void *argument) {
  struct acceptor *a = argument;
  flag_raise(&a->started);
  a->result = thing_p2p_accept(a->device, -1, NULL);
  return NULL;
}

static void close_wakes_accept(void) {
  struct acceptor acceptors[3];
  char ticket[THING_P2P_TICKET_SIZE];
  static const struct flag down = FLAG_INIT;
  int i, device = device_online(ticket);
  for (i = 0; i < 3; i++) {
    acceptors[i].device = device;
    acceptors[i].started = down;
    NEED(pthread_create(&acceptors[i].thread, NULL, accept_for_ever, &acceptors[i]) == 0);
    CHECK(flag_wait(&acceptors[i].started));
  }
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_accept(device, 100, NULL)); /* by now they wait */
  CHECK_IS(0, thing_p2p_device_close(device));
  for (i = 0; i < 3; i++) {
    pthread_join(acceptors[i].thread, NULL);
    /* The thread may have come to call it only after the close. */
    CHECK(acceptors[i].result == THING_P2P_ERR_LISTEN_BREAK || acceptors[i].result == THING_P2P_ERR_INVALID_SESSION);
  }
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_accept(device, 0, NULL));
}

/* Whoever holds a device's session can ask who is at its other end, until it is disconnected. */
static void peer_of_a_session(void) {
  struct pair p;
  thing_p2p_peer peer;
  thing_p2p_info info;
  char buffer[8];
  memset(&peer, 0x5a, sizeof peer);
  peer.struct_size = sizeof peer;
  info.struct_size = sizeof info;
  pair_open(&p);
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_session_peer(p.app, &peer));
  CHECK_IS(0, thing_p2p_session_info(p.app, &info));
  CHECK_IS(0, thing_p2p_session_peer(p.dev, &peer));
  CHECK(strcmp(peer.uid, "tester") == 0 && strlen(peer.app_id) == 52 && peer.has_ticket == 1);
  CHECK(strcmp(peer.trace_id, info.trace_id) == 0 && peer.struct_size == sizeof peer);
  CHECK_IS(0, thing_p2p_disconnect(p.app));
  CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_read(p.dev, 0, buffer, sizeof buffer, PATIENCE_MS));
  memset(&peer, 0, sizeof peer);
  peer.struct_size = sizeof peer;
  CHECK_IS(0, thing_p2p_session_peer(p.dev, &peer));
  CHECK(strcmp(peer.uid, "tester") == 0);
  peer.struct_size = 8; /* a program that knows less of it */
  peer.app_id[0] = '#';
  CHECK_IS(0, thing_p2p_session_peer(p.dev, &peer));
  CHECK(peer.app_id[0] == '#');
  CHECK_IS(0, thing_p2p_disconnect(p.dev));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_session_peer(p.dev, &peer));
  pair_close(&p);
}

static int asked;

static int count(int device, const thing_p2p_peer *peer, void *user) {
  (void)device, (void)peer, (void)user;
  __atomic_add_fetch(&asked, 1, __ATOMIC_SEQ_CST);
  return THING_P2P_OK;
}

/* Nobody at the device hears of it; however far it has come by then, the connect is one. */
static void preconnect(void) {
  struct pair p;
  int i, devices[8];
  char id[THING_P2P_ID_SIZE];
  CHECK_IS(0, thing_p2p_init("tester"));
  p.device = device_online(p.ticket);
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, count, NULL));
  CHECK_IS(0, thing_p2p_preconnect(p.ticket));
  CHECK_IS(0, thing_p2p_preconnect(p.ticket));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_accept(p.device, 1000, NULL));
  CHECK_IS(0, asked);
  pair_connect(&p);
  CHECK_IS(1, asked);
  CHECK_IS(0, send_pattern(p.app, 0, 0, 10000));
  CHECK_IS(0, read_pattern(p.dev, 0, 0, 10000));

  for (i = 0; i < 8; i++) {
    devices[i] = thing_p2p_device_open(NULL);
    NEED(thing_p2p_device_id(devices[i], id, sizeof id) > 0);
    CHECK_IS(0, thing_p2p_preconnect(id));
  }
  CHECK_IS(THING_P2P_ERR_SESSION_LIMIT, thing_p2p_preconnect(p.ticket));
  CHECK_IS(0, thing_p2p_close_preconnect(id));
  CHECK_IS(0, thing_p2p_close_preconnect(id));
  CHECK_IS(0, thing_p2p_preconnect(p.ticket));
  CHECK_IS(0, thing_p2p_active_check(p.app));
  for (i = 0; i < 8; i++) CHECK_IS(0, thing_p2p_device_close(devices[i]));
  pair_close(&p);
}

static void two_devices_in_a_process(void) {
  struct pair a, b;
  pair_open(&a);
  b.device = device_online(b.ticket);
  pair_connect(&b);
  CHECK_IS(0, thing_p2p_device_close(a.device));
  CHECK_IS(0, send_pattern(b.app, 0, 0, 10000));
  CHECK_IS(0, read_pattern(b.dev, 0, 0, 10000));
  pair_close(&b);
}

int main(void) {
  NEED(getenv("TEST_DIR") != NULL);
  snprintf(state, sizeof state, "%s/device", getenv("TEST_DIR"));
  snprintf(app_state, sizeof app_state, "%s/app", getenv("TEST_DIR"));
  RUN(identity_is_kept);
  RUN(a_directory_has_one_owner);
  RUN(pairing_is_kept);
  RUN(accept_waits_as_told);
  RUN(close_wakes_accept);
  RUN(peer_of_a_session);
  RUN(preconnect);
  RUN(two_devices_in_a_process);
  return CHECK_RESULT;
}

/* The server goes and comes back; and one without a relay. The
 * driver names the server's command in THINGP2PD and a folder in TEST_DIR. */
#include "pair.h"
#include "process.h"

#define READY "thingp2pd ready: server="

static char url[128];

#define ANY "127.0.0.1:0"

/* Starts a server; mqtt is ANY or the address of an earlier one, turn is ANY or
 * "" for none. */
static struct process server_start(const char *mqtt, const char *turn) {
  char secret[512], line[256];
  char *argv[] = {getenv("THINGP2PD"), "-mqtt", (char *)mqtt, "-turn", (char *)turn, "-public-ip", "127.0.0.1",
                  "-secret", secret, NULL};
  struct process server;
  NEED(argv[0] != NULL && getenv("TEST_DIR") != NULL);
  snprintf(secret, sizeof secret, "%s/secret", getenv("TEST_DIR"));
  server = process_start(argv);
  do process_line(&server, line, sizeof line);
  while (strncmp(line, READY, strlen(READY)) != 0);
  snprintf(url, sizeof url, "%.127s", line + strlen(READY));
  url[strcspn(url, " ")] = '\0';
  return server;
}

static void killed_and_back(void) {
  struct pair p;
  struct process server = server_start(ANY, ANY);
  char address[128];
  int first_app, first_dev;
  snprintf(address, sizeof address, "%s", url + strlen("mqtt://"));
  CHECK_IS(0, thing_p2p_set_option("server", url));
  pair_open(&p);
  first_app = p.app;
  first_dev = p.dev;

  process_kill(&server);
  CHECK_IS(0, send_pattern(p.app, 1, 0, UNREAD)); /* the session goes on */
  CHECK_IS(0, read_pattern(p.dev, 1, 0, UNREAD));

  server = server_start(address, ANY);
  pair_connect(&p);
  CHECK_IS(0, thing_p2p_active_check(first_app));
  CHECK_IS(0, send_pattern(first_dev, 1, 0, UNREAD));
  CHECK_IS(0, read_pattern(first_app, 1, 0, UNREAD));
  pair_close(&p);
  process_kill(&server);
}

static void no_relay(void) {
  struct pair p;
  struct process server = server_start(ANY, "");
  CHECK_IS(0, thing_p2p_set_option("server", url));
  CHECK_IS(0, thing_p2p_set_option("relay", "only"));
  CHECK_IS(0, thing_p2p_init("tester"));
  p.device = device_online(p.ticket);
  fails_in_time(THING_P2P_ERR_NO_RELAY, p.ticket);
  pair_close(&p);
  process_kill(&server);
  CHECK_IS(0, thing_p2p_set_option("relay", "auto"));
}

static void relay_only(void) {
  struct pair p;
  thing_p2p_info info = {0};
  struct process server = server_start(ANY, ANY);
  CHECK_IS(0, thing_p2p_set_option("server", url));
  CHECK_IS(0, thing_p2p_set_option("relay", "only"));
  pair_open(&p);
  info.struct_size = sizeof info;
  CHECK_IS(0, thing_p2p_session_info(p.app, &info));
  CHECK_IS(THING_P2P_PATH_RELAY, info.path);
  CHECK_IS(0, thing_p2p_session_info(p.dev, &info));
  CHECK_IS(THING_P2P_PATH_RELAY, info.path);
  CHECK_IS(0, send_pattern(p.app, 1, 0, UNREAD));
  CHECK_IS(0, read_pattern(p.dev, 1, 0, UNREAD));
  pair_close(&p);
  process_kill(&server);
  CHECK_IS(0, thing_p2p_set_option("relay", "auto"));
}

/* Two devices of this process, each at a server of its own, which the app learns from their tickets. */
static void a_server_for_each_device(void) {
  struct process servers[2];
  struct pair p;
  int i, devices[2], sessions[2];
  CHECK_IS(0, thing_p2p_set_option("server", ""));
  CHECK_IS(0, thing_p2p_set_option("relay", "only"));
  NEED(thing_p2p_init("tester") == THING_P2P_OK);
  for (i = 0; i < 2; i++) {
    servers[i] = server_start(ANY, ANY);
    p.device = devices[i] = thing_p2p_device_open(NULL);
    NEED(p.device > 0);
    CHECK_IS(0, thing_p2p_device_set_option(p.device, "server", url));
    CHECK(thing_p2p_device_ticket(p.device, p.ticket, sizeof p.ticket) > 0);
    CHECK_IS(0, thing_p2p_device_listen(p.device));
    CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_device_set_option(p.device, "server", ""));
    pair_connect(&p);
    sessions[i] = p.app;
  }
  process_kill(&servers[1]);
  p.device = devices[0];
  CHECK(thing_p2p_device_ticket(p.device, p.ticket, sizeof p.ticket) > 0);
  pair_connect(&p); /* which the other server has no part in */
  CHECK_IS(0, thing_p2p_active_check(sessions[0]));
  CHECK_IS(0, thing_p2p_deinit());
  for (i = 0; i < 2; i++) CHECK_IS(0, thing_p2p_device_close(devices[i]));
  process_kill(&servers[0]);
  CHECK_IS(0, thing_p2p_set_option("relay", "auto"));
}

static int says(int device, const char *text) {
  char status[2048];
  CHECK(thing_p2p_device_status(device, status, sizeof status) > 0);
  return strstr(status, text) != NULL;
}

/* What the device says of itself, and what it does not. */
static void status_of_a_device(void) {
  char address[256], status[2048];
  int length, device = thing_p2p_device_open(NULL);
  struct process server = server_start(ANY, "");
  NEED(device > 0);
  CHECK(says(device, "\"listening\":false") && says(device, "\"online\":false") && says(device, "\"code\":0"));
  snprintf(address, sizeof address, "mqtt://user:secret@%s", url + strlen("mqtt://"));
  CHECK_IS(0, thing_p2p_device_set_option(device, "server", address));
  CHECK_IS(0, thing_p2p_device_listen(device));
  CHECK(says(device, url) && says(device, "\"listening\":true"));
  CHECK(!says(device, "secret"));
  CHECK_IS(0, thing_p2p_device_close(device));

  device = thing_p2p_device_open(NULL);
  NEED(device > 0);
  CHECK_IS(0, thing_p2p_device_set_option(device, "server", url));
  CHECK_IS(0, thing_p2p_device_listen(device));
  while (!says(device, "\"online\":true")) usleep(1000);
  CHECK(says(device, "\"code\":0") && says(device, "\"error\":\"\"") && says(device, "\"sessions\":0"));
  process_kill(&server);
  while (!says(device, "\"online\":false")) usleep(1000);
  CHECK(says(device, "\"code\":-58"));
  length = thing_p2p_device_status(device, status, sizeof status);
  CHECK(length > 0 && strlen(status) == (size_t)length);
  CHECK_IS(THING_P2P_ERR_BUFFER_TOO_SMALL, thing_p2p_device_status(device, status, 16));
  CHECK_IS(0, thing_p2p_device_close(device));
}

int main(void) {
  RUN(killed_and_back);
  RUN(relay_only);
  RUN(no_relay);
  RUN(a_server_for_each_device);
  RUN(status_of_a_device);
  return CHECK_RESULT;
}

/* Bad arguments and calls out of turn. No server is needed. */
#include <limits.h>
#include <string.h>

#include "check.h"

#define BAD THING_P2P_ERR_INVALID_PARAMETER

static char too_long[5000];

static void success(int handle, void *user) { (void)handle, (void)user; CHECK(!"success was called"); }
static void failure(int code, void *user) { (void)code, (void)user; CHECK(!"failure was called"); }

static void before_init(void) {
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_deinit());
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_add_device("name", "t2p1.x"));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_connect("x", 0, 0, success, failure, NULL, NULL));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_connect_wait("x", 0, 0, NULL));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_break_connect("x"));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_resend_offer("x"));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_preconnect("x"));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_close_preconnect("x"));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_report("x", too_long, sizeof too_long));
}

static void init_and_deinit(void) {
  CHECK_IS(BAD, thing_p2p_init(NULL));
  CHECK_IS(BAD, thing_p2p_init(""));
  CHECK_IS(BAD, thing_p2p_init("two\nlines"));
  too_long[81] = '\0';
  CHECK_IS(BAD, thing_p2p_init(too_long));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_deinit());
  too_long[80] = '\0';
  CHECK_IS(THING_P2P_OK, thing_p2p_init(too_long));
  CHECK_IS(THING_P2P_OK, thing_p2p_init(too_long));
  CHECK_IS(THING_P2P_ERR_ALREADY_INITIALIZED, thing_p2p_init("other"));
  CHECK_IS(THING_P2P_OK, thing_p2p_deinit());
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_deinit());
  CHECK_IS(THING_P2P_OK, thing_p2p_init("other"));
  CHECK_IS(THING_P2P_OK, thing_p2p_deinit());
  too_long[80] = too_long[81] = 'x';
}

static void addresses(void) {
  char id[THING_P2P_ID_SIZE], address[64];
  int device = thing_p2p_device_open(NULL);
  NEED(device > 0 && thing_p2p_device_id(device, id, sizeof id) > 0);
  CHECK_IS(THING_P2P_OK, thing_p2p_add_address(id, "192.0.2.1:4711"));
  CHECK_IS(THING_P2P_OK, thing_p2p_add_address(id, "[2001:db8::1]:4711"));
  CHECK_IS(THING_P2P_OK, thing_p2p_add_address(id, "[fe80::1%eth0]:4711"));
  CHECK_IS(BAD, thing_p2p_add_address(id, ""));
  CHECK_IS(BAD, thing_p2p_add_address(id, "192.0.2.1"));
  CHECK_IS(BAD, thing_p2p_add_address(id, "192.0.2.1:0"));
  CHECK_IS(BAD, thing_p2p_add_address(id, "example.org:4711"));
  CHECK_IS(BAD, thing_p2p_resend_offer(id)); /* nobody connects */
  CHECK(thing_p2p_device_address(device, address, sizeof address) > 0);
  CHECK_IS(THING_P2P_OK, thing_p2p_add_address(id, address));
  CHECK_IS(THING_P2P_ERR_BUFFER_TOO_SMALL, thing_p2p_device_address(device, address, 4));
  CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_device_address(device, address, sizeof address));
}

static void app(void) {
  char trace[THING_P2P_TRACE_ID_SIZE] = "untouched";
  CHECK_IS(THING_P2P_OK, thing_p2p_init("tester"));
  CHECK_IS(BAD, thing_p2p_connect(NULL, 0, 0, success, failure, NULL, trace));
  CHECK_IS(BAD, thing_p2p_connect("x", 0, 0, NULL, failure, NULL, trace));
  CHECK_IS(BAD, thing_p2p_connect("x", 0, 0, success, NULL, NULL, trace));
  CHECK_IS(BAD, thing_p2p_connect("x", 2, 0, success, failure, NULL, trace));
  CHECK_IS(BAD, thing_p2p_connect("x", -1, 0, success, failure, NULL, trace));
  CHECK_IS(BAD, thing_p2p_connect("x", 0, -1, success, failure, NULL, trace));
  CHECK_IS(BAD, thing_p2p_connect("x", 0, INT_MIN, success, failure, NULL, trace));
  CHECK_IS(BAD, thing_p2p_connect(too_long, 0, 0, success, failure, NULL, trace));
  CHECK_IS(THING_P2P_ERR_INVALID_ID, thing_p2p_connect("no such name", 0, 0, success, failure, NULL, trace));
  CHECK_IS(THING_P2P_ERR_INVALID_ID, thing_p2p_connect("t2p1.broken", 0, 0, success, failure, NULL, trace));
  CHECK_IS(THING_P2P_ERR_INVALID_ID, thing_p2p_connect("", 0, 0, success, failure, NULL, trace));
  CHECK(strcmp(trace, "untouched") == 0);
  CHECK_IS(BAD, thing_p2p_connect_wait(NULL, 0, 0, NULL));
  CHECK_IS(BAD, thing_p2p_connect_wait("x", 9, 0, NULL));
  CHECK_IS(BAD, thing_p2p_connect_wait("x", 0, -5, NULL));
  CHECK_IS(BAD, thing_p2p_connect_wait(too_long, 0, 0, NULL));
  CHECK_IS(THING_P2P_ERR_INVALID_ID, thing_p2p_connect_wait("no such name", 1, 0, NULL));
  CHECK_IS(BAD, thing_p2p_break_connect(NULL));
  CHECK_IS(BAD, thing_p2p_break_connect("no such attempt"));
  CHECK_IS(BAD, thing_p2p_break_connect(too_long));
  CHECK_IS(BAD, thing_p2p_report(NULL, trace, sizeof trace));
  CHECK_IS(BAD, thing_p2p_report("no such attempt", NULL, 10));
  CHECK_IS(BAD, thing_p2p_report("no such attempt", trace, 0));
  CHECK_IS(BAD, thing_p2p_report("no such attempt", trace, -1));
  CHECK_IS(BAD, thing_p2p_report("no such attempt", trace, sizeof trace));
  CHECK_IS(BAD, thing_p2p_report("", trace, sizeof trace));
  CHECK_IS(BAD, thing_p2p_report(too_long, trace, sizeof trace));
  CHECK_IS(BAD, thing_p2p_add_device(NULL, "t2p1.x"));
  CHECK_IS(BAD, thing_p2p_add_device("name", NULL));
  CHECK_IS(BAD, thing_p2p_add_device("", "t2p1.x"));
  CHECK_IS(THING_P2P_ERR_INVALID_ID, thing_p2p_add_device("name", "not a ticket"));
  CHECK_IS(BAD, thing_p2p_add_device(too_long, "t2p1.x"));
  CHECK_IS(BAD, thing_p2p_add_device("name", too_long));
  CHECK_IS(THING_P2P_ERR_INVALID_ID, thing_p2p_connect("name", 0, 0, success, failure, NULL, NULL));
  CHECK_IS(BAD, thing_p2p_add_address(NULL, "192.0.2.1:1"));
  CHECK_IS(BAD, thing_p2p_add_address("name", NULL));
  CHECK_IS(BAD, thing_p2p_add_address("name", too_long));
  CHECK_IS(BAD, thing_p2p_add_address(too_long, "192.0.2.1:1"));
  CHECK_IS(THING_P2P_ERR_INVALID_ID, thing_p2p_add_address("name", "192.0.2.1:1"));
  CHECK_IS(BAD, thing_p2p_preconnect(NULL));
  CHECK_IS(BAD, thing_p2p_preconnect(too_long));
  CHECK_IS(THING_P2P_ERR_INVALID_ID, thing_p2p_preconnect("name"));
  CHECK_IS(BAD, thing_p2p_close_preconnect(NULL));
  CHECK_IS(BAD, thing_p2p_close_preconnect(too_long));
  CHECK_IS(THING_P2P_ERR_INVALID_ID, thing_p2p_close_preconnect("name"));
  CHECK_IS(BAD, thing_p2p_resend_offer(NULL));
  CHECK_IS(BAD, thing_p2p_resend_offer(too_long));
  CHECK_IS(THING_P2P_ERR_INVALID_ID, thing_p2p_resend_offer("name"));
  addresses();
  CHECK_IS(THING_P2P_OK, thing_p2p_deinit());
}

static void frames(char *buffer) {
  thing_p2p_frame frame = {4, 0, 0, 0, 0};
  int bad[] = {-1, THING_P2P_CHANNELS, INT_MIN, INT_MAX}, i;
  CHECK_IS(BAD, thing_p2p_send_frame(1, 0, NULL, 8, 0, 0));
  CHECK_IS(BAD, thing_p2p_send_frame(1, 0, buffer, 0, 0, 0));
  CHECK_IS(BAD, thing_p2p_send_frame(1, 0, buffer, -1, 0, 0));
  CHECK_IS(BAD, thing_p2p_send_frame(1, 0, buffer, THING_P2P_MAX_FRAME + 1, 0, 0));
  CHECK_IS(BAD, thing_p2p_send_frame(1, 0, buffer, 8, 2, 0));
  CHECK_IS(BAD, thing_p2p_send_frame(1, 0, buffer, 8, -1, 0));
  CHECK_IS(BAD, thing_p2p_send_frame(1, 0, buffer, 8, 0, -1));
  CHECK_IS(BAD, thing_p2p_read_frame(1, 0, NULL, 8, NULL, 0));
  CHECK_IS(BAD, thing_p2p_read_frame(1, 0, buffer, 0, NULL, 0));
  CHECK_IS(BAD, thing_p2p_read_frame(1, 0, buffer, 8, &frame, 0));
  for (i = 0; i < (int)(sizeof bad / sizeof *bad); i++) {
    CHECK_IS(BAD, thing_p2p_send_frame(1, bad[i], buffer, 8, 0, 0));
    CHECK_IS(BAD, thing_p2p_read_frame(1, bad[i], buffer, 8, NULL, 0));
    CHECK_IS(BAD, thing_p2p_clear(1, bad[i]));
    CHECK_IS(BAD, thing_p2p_unsent(1, bad[i], NULL));
  }
}

static void session(void) {
  char buffer[8];
  thing_p2p_peer peer;
  peer.struct_size = 7;
  CHECK_IS(BAD, thing_p2p_session_peer(1, NULL));
  CHECK_IS(BAD, thing_p2p_session_peer(1, &peer));
  CHECK_IS(BAD, thing_p2p_read(1, 0, NULL, 8, 0));
  CHECK_IS(BAD, thing_p2p_read(1, 0, buffer, 0, 0));
  CHECK_IS(BAD, thing_p2p_read(1, 0, buffer, -1, 0));
  CHECK_IS(BAD, thing_p2p_read(1, -1, buffer, 8, 0));
  CHECK_IS(BAD, thing_p2p_read(1, THING_P2P_CHANNELS, buffer, 8, 0));
  CHECK_IS(BAD, thing_p2p_send(1, 0, NULL, 8, 0));
  CHECK_IS(BAD, thing_p2p_send(1, 0, buffer, 0, 0));
  CHECK_IS(BAD, thing_p2p_send(1, 0, buffer, INT_MIN, 0));
  CHECK_IS(BAD, thing_p2p_send(1, INT_MIN, buffer, 8, 0));
  CHECK_IS(BAD, thing_p2p_send(1, INT_MAX, buffer, 8, 0));
  CHECK_IS(BAD, thing_p2p_session_info(1, NULL));
  frames(buffer);
}

static void device(void) {
  char id[THING_P2P_ID_SIZE], ticket[THING_P2P_TICKET_SIZE];
  thing_p2p_peer peer;
  int length, device;
  CHECK_IS(BAD, thing_p2p_device_open(""));
  CHECK_IS(BAD, thing_p2p_device_open(too_long));
  device = thing_p2p_device_open(NULL);
  NEED(device > 0);
  CHECK_IS(BAD, thing_p2p_device_id(device, NULL, 10));
  CHECK_IS(BAD, thing_p2p_device_id(device, id, 0));
  CHECK_IS(BAD, thing_p2p_device_id(device, id, -1));
  CHECK_IS(BAD, thing_p2p_device_ticket(device, NULL, 10));
  CHECK_IS(BAD, thing_p2p_device_ticket(device, ticket, 0));
  CHECK_IS(BAD, thing_p2p_device_address(device, NULL, 10));
  CHECK_IS(BAD, thing_p2p_device_address(device, ticket, 0));
  CHECK_IS(BAD, thing_p2p_device_status(device, NULL, 10));
  CHECK_IS(BAD, thing_p2p_device_status(device, ticket, 0));
  CHECK_IS(BAD, thing_p2p_device_set_option(device, NULL, "never"));
  CHECK_IS(BAD, thing_p2p_device_set_option(device, "relay", NULL));
  CHECK_IS(BAD, thing_p2p_device_set_option(device, "relay", "maybe"));
  CHECK_IS(BAD, thing_p2p_device_set_option(device, "no_such_key", "1"));
  CHECK_IS(BAD, thing_p2p_device_set_option(device, "state_dir", "/tmp"));
  CHECK_IS(BAD, thing_p2p_device_set_option(device, "log", "off"));
  CHECK_IS(BAD, thing_p2p_device_set_option(device, "ca_file", "/no/such/file"));

  length = thing_p2p_device_id(device, id, sizeof id);
  CHECK(length > 0 && length < THING_P2P_ID_SIZE && strlen(id) == (size_t)length);
  memset(id, '#', sizeof id);
  CHECK_IS(THING_P2P_ERR_BUFFER_TOO_SMALL, thing_p2p_device_id(device, id, length));
  CHECK(id[0] == '#');
  CHECK_IS(length, thing_p2p_device_id(device, id, length + 1));
  CHECK(id[length] == '\0' && id[length + 1] == '#');

  length = thing_p2p_device_ticket(device, ticket, sizeof ticket);
  CHECK(length > 0 && strlen(ticket) == (size_t)length);
  CHECK_IS(THING_P2P_ERR_BUFFER_TOO_SMALL, thing_p2p_device_ticket(device, ticket, length));
  CHECK_IS(length, thing_p2p_device_ticket(device, ticket, length + 1));

  peer.struct_size = 7;
  CHECK_IS(BAD, thing_p2p_accept(device, 0, &peer));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_accept(device, 0, NULL));
  CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_device_close(device));
}

static void poller(void) {
  thing_p2p_event events[3], small = {7, 0, 0, 0, 0, 0};
  int poller = thing_p2p_poller_open(), device = thing_p2p_device_open(NULL), i;
  NEED(poller > 0 && device > 0);
  memset(events, '#', sizeof events);
  events[0].struct_size = sizeof *events;
  CHECK_IS(BAD, thing_p2p_poller_set(poller, device, 256, 0));
  CHECK_IS(BAD, thing_p2p_poller_set(poller, device, 0xffffffffu, 0));
  CHECK_IS(BAD, thing_p2p_poller_set(poller, device, THING_P2P_EVENT_ACCEPT, 256));
  CHECK_IS(BAD, thing_p2p_poller_set(poller, device, THING_P2P_EVENT_ACCEPT, 0xffffffffu));
  CHECK_IS(BAD, thing_p2p_poller_wait(poller, NULL, 1, 0));
  CHECK_IS(BAD, thing_p2p_poller_wait(poller, events, 0, 0));
  CHECK_IS(BAD, thing_p2p_poller_wait(poller, events, -1, 0));
  CHECK_IS(BAD, thing_p2p_poller_wait(poller, events, INT_MIN, 0));
  CHECK_IS(BAD, thing_p2p_poller_wait(poller, &small, 1, 0));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_poller_wait(poller, events, INT_MAX, 0));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_poller_wait(poller, events, 3, 1));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_poller_wait(poller, events, 3, 20));
  CHECK_IS(THING_P2P_OK, thing_p2p_poller_set(poller, device, 255, 255));
  CHECK_IS(THING_P2P_OK, thing_p2p_poller_set(poller, device, 0, 0));
  CHECK_IS(THING_P2P_OK, thing_p2p_poller_set(poller, device, 0, 255));
  for (i = 0; i < 3; i++) CHECK_IS(THING_P2P_OK, thing_p2p_poller_wake(poller));
  for (i = 0; i < 3; i++) CHECK_IS(0, thing_p2p_poller_wait(poller, events, 3, -1));
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_poller_wait(poller, events, 3, 0));
  CHECK_IS('#', ((char *)events)[sizeof *events]);
  CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
  CHECK_IS(THING_P2P_OK, thing_p2p_poller_close(poller));
}

int main(void) {
  memset(too_long, 'x', sizeof too_long - 1);
  RUN(before_init);
  RUN(init_and_deinit);
  RUN(app);
  RUN(session);
  RUN(device);
  RUN(poller);
  return CHECK_RESULT;
}

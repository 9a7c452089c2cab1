/* Whatever integer is passed as a handle, nothing crashes, and none is used
 * twice. No server is needed. */
#include <limits.h>

#include "check.h"

#define NONE THING_P2P_ERR_INVALID_SESSION

static int yes(int device, const thing_p2p_peer *peer, void *user) { return (void)device, (void)peer, (void)user, 0; }

static void session_calls(int handle) {
  char buffer[8] = "";
  thing_p2p_info info;
  thing_p2p_peer peer;
  info.struct_size = sizeof info;
  peer.struct_size = sizeof peer;
  CHECK_IS(NONE, thing_p2p_read(handle, 0, buffer, 8, 0));
  CHECK_IS(NONE, thing_p2p_read(handle, 7, buffer, 8, -1));
  CHECK_IS(NONE, thing_p2p_send(handle, 0, buffer, 8, 0));
  CHECK_IS(NONE, thing_p2p_send_frame(handle, 0, buffer, 8, 0, 0));
  CHECK_IS(NONE, thing_p2p_read_frame(handle, 7, buffer, 8, NULL, -1));
  CHECK_IS(NONE, thing_p2p_clear(handle, 0));
  CHECK_IS(NONE, thing_p2p_unsent(handle, 0, NULL));
  CHECK_IS(NONE, thing_p2p_active_check(handle));
  CHECK_IS(NONE, thing_p2p_session_info(handle, &info));
  CHECK_IS(NONE, thing_p2p_session_peer(handle, &peer));
  CHECK_IS(NONE, thing_p2p_disconnect(handle));
}

static void device_calls(int handle) {
  char buffer[THING_P2P_TICKET_SIZE];
  CHECK_IS(NONE, thing_p2p_device_id(handle, buffer, sizeof buffer));
  CHECK_IS(NONE, thing_p2p_device_ticket(handle, buffer, sizeof buffer));
  CHECK_IS(NONE, thing_p2p_device_address(handle, buffer, sizeof buffer));
  CHECK_IS(NONE, thing_p2p_device_set_authorizer(handle, yes, NULL));
  CHECK_IS(NONE, thing_p2p_device_set_authorizer(handle, NULL, NULL));
  CHECK_IS(NONE, thing_p2p_device_set_option(handle, "relay", "never"));
  CHECK_IS(NONE, thing_p2p_device_status(handle, buffer, sizeof buffer));
  CHECK_IS(NONE, thing_p2p_device_listen(handle));
  CHECK_IS(NONE, thing_p2p_accept(handle, -1, NULL));
  CHECK_IS(NONE, thing_p2p_device_close(handle));
}

static void poller_calls(int handle) {
  thing_p2p_event event;
  event.struct_size = sizeof event;
  CHECK_IS(NONE, thing_p2p_poller_set(handle, handle, 0, 0));
  CHECK_IS(NONE, thing_p2p_poller_set(handle, handle, THING_P2P_EVENT_READABLE, 0xff));
  CHECK_IS(NONE, thing_p2p_poller_wait(handle, &event, 1, -1));
  CHECK_IS(NONE, thing_p2p_poller_wake(handle));
  CHECK_IS(NONE, thing_p2p_poller_fd(handle));
  CHECK_IS(NONE, thing_p2p_poller_close(handle));
}

static void integers(int random) {
  static const int some[] = {0, 1, 2, -1, -2, 1000, INT_MAX, INT_MIN};
  unsigned i, seed = 1;
  for (i = 0; i < sizeof some / sizeof *some; i++) {
    session_calls(some[i]);
    device_calls(some[i]);
    poller_calls(some[i]);
  }
  for (; random > 0; random--) {
    seed = seed * 1664525u + 1013904223u;
    session_calls((int)seed);
    device_calls((int)seed);
    poller_calls((int)seed);
  }
}

static void any_integer(void) { integers(2000); }

static void a_device_is_no_session(void) {
  int device = thing_p2p_device_open(NULL);
  CHECK(device > 0);
  session_calls(device);
  poller_calls(device);
  CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
  session_calls(device);
  device_calls(device);
  poller_calls(device);
}

static void a_poller_is_neither(void) {
  int poller = thing_p2p_poller_open(), device = thing_p2p_device_open(NULL);
  CHECK(poller > 0 && device > poller);
  session_calls(poller);
  device_calls(poller);
  CHECK_IS(NONE, thing_p2p_poller_set(poller, poller, THING_P2P_EVENT_READABLE, 1));
  CHECK_IS(NONE, thing_p2p_poller_set(poller, 0, 0, 0));
  CHECK_IS(NONE, thing_p2p_poller_set(device, device, 0, 0));
  CHECK_IS(THING_P2P_OK, thing_p2p_poller_set(poller, device, THING_P2P_EVENT_ACCEPT, 0));
  CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
  CHECK_IS(NONE, thing_p2p_poller_set(poller, device, 0, 0));
  CHECK_IS(THING_P2P_OK, thing_p2p_poller_close(poller));
  poller_calls(poller);
}

/* Until a device is opened, no call reaches Go. From then on each costs the main thread 0.2 ms. */
static void any_integer_in_go(void) {
  int device = thing_p2p_device_open(NULL);
  CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
  integers(100);
}

static void never_used_twice(void) {
  int i, last = 0;
  for (i = 0; i < 50; i++) {
    int device = thing_p2p_device_open(NULL);
    CHECK(device > last);
    last = device;
    CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
  }
}

int main(void) {
  RUN(any_integer);
  RUN(any_integer_in_go);
  RUN(a_device_is_no_session);
  RUN(a_poller_is_neither);
  RUN(never_used_twice);
  return CHECK_RESULT;
}

/* A process that may not ask for its interfaces, as apps on Android 11 and later, and services that are locked in: the
 * library finds out by other means what it must know. */
#include "deny_netlink.h"
#include "pair.h"

static void connects(int path) {
  struct pair p;
  thing_p2p_info info = {.struct_size = sizeof info};
  pair_open(&p);
  CHECK_IS(0, send_pattern(p.app, 1, 0, UNREAD));
  CHECK_IS(0, read_pattern(p.dev, 1, 0, UNREAD));
  CHECK_IS(0, thing_p2p_session_info(p.app, &info));
  CHECK((info.path == THING_P2P_PATH_RELAY) == (path == THING_P2P_PATH_RELAY));
  CHECK_IS(0, thing_p2p_network_changed());
  CHECK_IS(0, send_pattern(p.dev, 1, 0, 1000));
  CHECK_IS(0, read_pattern(p.app, 1, 0, 1000));
  pair_close(&p);
}

static void straight(void) { connects(THING_P2P_PATH_LAN); }

/* By offer, answer and ICE. */
static void by_relay(void) {
  CHECK_IS(0, thing_p2p_set_option("relay", "only"));
  connects(THING_P2P_PATH_RELAY);
  CHECK_IS(0, thing_p2p_set_option("relay", "auto"));
}

/* The ticket says where the device is. */
static void has_an_address(void) {
  char address[64];
  int device = thing_p2p_device_open(NULL);
  NEED(device > 0);
  CHECK(thing_p2p_device_address(device, address, sizeof address) > 0);
  CHECK_IS(0, thing_p2p_device_close(device));
}

static void says(const char *addresses, const char *first) {
  char address[64];
  int device = thing_p2p_device_open(NULL);
  NEED(device > 0);
  CHECK_IS(0, thing_p2p_set_addresses(addresses));
  CHECK(thing_p2p_device_address(device, address, sizeof address) > 0);
  if (first != NULL) CHECK(strncmp(address, first, strlen(first)) == 0);
  CHECK_IS(0, thing_p2p_device_close(device));
}

/* The program knows better. */
static void is_told_addresses(void) {
  int i;
  static const char *const bad[] = {"192.168.1.5", "192.168.1.5/24,10.0.0.1/8", "fe80::1/64", "wlan0", "0.0.0.0/0"};
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_set_addresses(NULL));
  for (i = 0; i < (int)(sizeof bad / sizeof *bad); i++) CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_set_addresses(bad[i]));
  says("198.51.100.7/24 fe80::1%lo/64", "198.51.100.7:");
  says("", NULL);
  CHECK_IS(0, thing_p2p_set_addresses("127.0.0.1/8 fe80::1%lo/64"));
  straight();
  CHECK_IS(0, thing_p2p_set_addresses(""));
}

int main(void) {
  NEED(deny_netlink());
  RUN(straight);
  RUN(by_relay);
  RUN(has_an_address);
  RUN(is_told_addresses);
  return CHECK_RESULT;
}

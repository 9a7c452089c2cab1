/* A process that may not ask for its interfaces, as apps on Android 11 and later, and services that are locked in: the
 * library finds out by other means what it must know. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pair.h"

/* From now on socket(AF_NETLINK, …) is EACCES. */
static void deny_netlink(void) {
  struct sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = {sizeof steps / sizeof *steps, steps};
  NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  NEED(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0);
  NEED(socket(AF_NETLINK, SOCK_RAW, 0) < 0 && errno == EACCES);
}

static void connects(int path) {
  struct pair p;
  thing_p2p_info info = {.struct_size = sizeof info};
  pair_open(&p);
  CHECK_IS(0, send_pattern(p.app, 1, 0, 100000));
  CHECK_IS(0, read_pattern(p.dev, 1, 0, 100000));
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

int main(void) {
  deny_netlink();
  RUN(straight);
  RUN(by_relay);
  RUN(has_an_address);
  return CHECK_RESULT;
}

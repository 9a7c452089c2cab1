/* A forked child gets an answer from every call, not a hang. No server is
 * needed. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define FORKED THING_P2P_ERR_FORKED

static void success(int handle, void *user) { (void)handle, (void)user; }
static void on_log(int level, const char *line, void *user) { (void)level, (void)line, (void)user; }
static int yes(int device, const thing_p2p_peer *peer, void *user) { return (void)device, (void)peer, (void)user, 0; }

static int in_child(int device) {
  char buffer[THING_P2P_TICKET_SIZE];
  thing_p2p_info info;
  alarm(180); /* a hang kills the child */
  info.struct_size = sizeof info;
  CHECK_IS(FORKED, thing_p2p_set_option("lan", "on"));
  CHECK_IS(FORKED, thing_p2p_init("tester"));
  CHECK_IS(FORKED, thing_p2p_add_device("name", "ticket"));
  CHECK_IS(FORKED, thing_p2p_connect("x", 0, 0, success, success, NULL, NULL));
  CHECK_IS(FORKED, thing_p2p_connect_wait("x", 0, 0, NULL));
  CHECK_IS(FORKED, thing_p2p_break_connect("x"));
  CHECK_IS(FORKED, thing_p2p_read(1, 0, buffer, 1, -1));
  CHECK_IS(FORKED, thing_p2p_send(1, 0, buffer, 1, -1));
  CHECK_IS(FORKED, thing_p2p_active_check(1));
  CHECK_IS(FORKED, thing_p2p_session_info(1, &info));
  CHECK_IS(FORKED, thing_p2p_disconnect(1));
  CHECK_IS(FORKED, thing_p2p_device_open(NULL));
  CHECK_IS(FORKED, thing_p2p_device_id(device, buffer, sizeof buffer));
  CHECK_IS(FORKED, thing_p2p_device_ticket(device, buffer, sizeof buffer));
  CHECK_IS(FORKED, thing_p2p_device_address(device, buffer, sizeof buffer));
  CHECK_IS(FORKED, thing_p2p_device_pairings(device, NULL, 0));
  CHECK_IS(FORKED, thing_p2p_device_unpair(device, "app"));
  CHECK_IS(FORKED, thing_p2p_device_reset_ticket(device));
  CHECK_IS(FORKED, thing_p2p_add_address("id", "192.0.2.1:1"));
  CHECK_IS(FORKED, thing_p2p_device_set_authorizer(device, yes, NULL));
  CHECK_IS(FORKED, thing_p2p_device_listen(device));
  CHECK_IS(FORKED, thing_p2p_accept(device, -1, NULL));
  CHECK_IS(FORKED, thing_p2p_device_close(device));
  CHECK_IS(FORKED, thing_p2p_set_log(THING_P2P_LOG_DEBUG, on_log, NULL));
  CHECK_IS(FORKED, thing_p2p_deinit());
  CHECK(strcmp(thing_p2p_error_name(FORKED), "THING_P2P_ERR_FORKED") == 0);
  CHECK(thing_p2p_strerror(FORKED)[0] != '\0');
  CHECK(thing_p2p_version()[0] != '\0');
  return check_failures != 0;
}

static void fork_and_check(int device) {
  int status = -1;
  pid_t child;
  fflush(stdout);
  child = fork();
  NEED(child >= 0);
  if (child == 0) {
    int failed = in_child(device);
    fflush(stdout);
    _exit(failed);
  }
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void before_any_call(void) { fork_and_check(1); }

static void with_app_and_device(void) {
  char id[THING_P2P_ID_SIZE];
  int device = thing_p2p_device_open(NULL);
  CHECK(device > 0);
  CHECK_IS(THING_P2P_OK, thing_p2p_device_listen(device));
  CHECK_IS(THING_P2P_OK, thing_p2p_init("tester"));
  fork_and_check(device);
  CHECK(thing_p2p_device_id(device, id, sizeof id) > 0); /* the parent goes on */
  CHECK_IS(THING_P2P_OK, thing_p2p_deinit());
  CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
}

/* A child that starts afresh with exec is a process like any other. */
static void after_exec(const char *self) {
  int status = -1;
  pid_t child = fork();
  NEED(child >= 0);
  if (child == 0) {
    execl(self, self, "again", (char *)NULL);
    _exit(127);
  }
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void exec_works(void) { after_exec("/proc/self/exe"); }

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return thing_p2p_init("tester") != THING_P2P_OK || thing_p2p_deinit() != THING_P2P_OK;
  RUN(before_any_call);
  RUN(with_app_and_device);
  RUN(exec_works);
  return CHECK_RESULT;
}

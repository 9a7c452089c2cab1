/* Before the library has started, in the first thing_p2p_init or
 * thing_p2p_device_open, a fork is a matter of no consequence. A child that is
 * forked after it gets an answer from every call, not a hang. No server is
 * needed. */
#include <pthread.h>
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
  thing_p2p_event event;
  thing_p2p_peer peer;
  alarm(180); /* a hang kills the child */
  info.struct_size = sizeof info;
  event.struct_size = sizeof event;
  CHECK_IS(FORKED, thing_p2p_set_option("lan", "on"));
  CHECK_IS(FORKED, thing_p2p_init("tester"));
  CHECK_IS(FORKED, thing_p2p_add_device("name", "ticket"));
  CHECK_IS(FORKED, thing_p2p_set_addresses(""));
  CHECK_IS(FORKED, thing_p2p_connect("x", 0, 0, success, success, NULL, NULL));
  CHECK_IS(FORKED, thing_p2p_connect_wait("x", 0, 0, NULL));
  CHECK_IS(FORKED, thing_p2p_break_connect("x"));
  CHECK_IS(FORKED, thing_p2p_resend_offer("x"));
  CHECK_IS(FORKED, thing_p2p_preconnect("x"));
  CHECK_IS(FORKED, thing_p2p_close_preconnect("x"));
  CHECK_IS(FORKED, thing_p2p_report("x", buffer, sizeof buffer));
  CHECK_IS(FORKED, thing_p2p_read(1, 0, buffer, 1, -1));
  CHECK_IS(FORKED, thing_p2p_send(1, 0, buffer, 1, -1));
  CHECK_IS(FORKED, thing_p2p_send_frame(1, 0, buffer, 1, 0, 0));
  CHECK_IS(FORKED, thing_p2p_read_frame(1, 0, buffer, 1, NULL, -1));
  CHECK_IS(FORKED, thing_p2p_clear(1, 0));
  CHECK_IS(FORKED, thing_p2p_unsent(1, 0, NULL));
  CHECK_IS(FORKED, thing_p2p_active_check(1));
  CHECK_IS(FORKED, thing_p2p_session_info(1, &info));
  peer.struct_size = sizeof peer;
  CHECK_IS(FORKED, thing_p2p_session_peer(1, &peer));
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
  CHECK_IS(FORKED, thing_p2p_device_set_option(device, "relay", "never"));
  CHECK_IS(FORKED, thing_p2p_device_status(device, buffer, sizeof buffer));
  CHECK_IS(FORKED, thing_p2p_device_listen(device));
  CHECK_IS(FORKED, thing_p2p_accept(device, -1, NULL));
  CHECK_IS(FORKED, thing_p2p_device_close(device));
  CHECK_IS(FORKED, thing_p2p_poller_open());
  CHECK_IS(FORKED, thing_p2p_poller_set(1, 1, 1, 1));
  CHECK_IS(FORKED, thing_p2p_poller_wait(1, &event, 1, -1));
  CHECK_IS(FORKED, thing_p2p_poller_wake(1));
  CHECK_IS(FORKED, thing_p2p_poller_fd(1));
  CHECK_IS(FORKED, thing_p2p_poller_close(1));
  CHECK_IS(FORKED, thing_p2p_set_log(THING_P2P_LOG_DEBUG, on_log, NULL));
  CHECK_IS(FORKED, thing_p2p_deinit());
  CHECK(strcmp(thing_p2p_error_name(FORKED), "THING_P2P_ERR_FORKED") == 0);
  CHECK(thing_p2p_strerror(FORKED)[0] != '\0');
  CHECK(thing_p2p_version()[0] != '\0');
  return check_failures != 0;
}

static int ends_well(pid_t child) {
  int status = -1;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void fork_and_check(int device) {
  pid_t child;
  fflush(stdout);
  child = fork();
  NEED(child >= 0);
  if (child == 0) {
    int failed = in_child(device);
    fflush(stdout);
    _exit(failed);
  }
  CHECK(ends_well(child));
}

static int opens_a_device(void) {
  char id[THING_P2P_ID_SIZE];
  int device = thing_p2p_device_open(NULL);
  return device > 0 && thing_p2p_device_id(device, id, sizeof id) > 0 &&
         thing_p2p_device_listen(device) == THING_P2P_OK && thing_p2p_device_close(device) == THING_P2P_OK;
}

/* What does not need the library to run does not start it. */
static void call_what_starts_nothing(void) {
  char report[8];
  CHECK(thing_p2p_version()[0] != '\0');
  CHECK(thing_p2p_strerror(THING_P2P_ERR_AUTH)[0] != '\0');
  CHECK(thing_p2p_error_name(THING_P2P_ERR_AUTH)[0] != '\0');
  CHECK_IS(THING_P2P_OK, thing_p2p_set_option("max_sessions", "10"));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_set_option("no_such_key", "10"));
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_ERROR, on_log, NULL));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_deinit());
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_add_device("name", "ticket"));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_connect_wait("x", 0, 0, NULL));
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_report("x", report, sizeof report));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_active_check(1));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_device_close(1));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_init(""));
}

static void before_the_start(void) {
  int generation;
  pid_t child;
  call_what_starts_nothing();
  fflush(stdout);
  for (generation = 0; generation < 3; generation++) { /* a daemon forks twice */
    child = fork();
    NEED(child >= 0);
    if (child > 0) break;
  }
  if (generation == 3) _exit(!opens_a_device());
  if (generation > 0) _exit(!ends_well(child));
  CHECK(ends_well(child));
}

static void in_a_daemon(void) {
  int ends[2];
  char answer = 0;
  pid_t child;
  NEED(pipe(ends) == 0);
  fflush(stdout);
  child = fork();
  NEED(child >= 0);
  if (child == 0) {
    alarm(60);
    if (daemon(0, 0) == 0) answer = opens_a_device() ? 'y' : 'n';
    _exit(write(ends[1], &answer, 1) != 1);
  }
  close(ends[1]);
  CHECK(ends_well(child)); /* daemon(3) ends it */
  CHECK(read(ends[0], &answer, 1) == 1);
  CHECK(answer == 'y');
  close(ends[0]);
}

static void *start(void *device) {
  *(int *)device = thing_p2p_device_open(NULL);
  return NULL;
}

/* A fork while another thread starts the library: the child is forked before it, or after. */
static void during_the_start(void) {
  int i;
  for (i = 0; i < 50; i++) {
    pid_t child;
    fflush(stdout);
    child = fork();
    NEED(child >= 0);
    if (child == 0) {
      pthread_t thread;
      int device = 0, got;
      pid_t grandchild;
      alarm(60);
      if (pthread_create(&thread, NULL, start, &device) != 0) _exit(2);
      usleep((useconds_t)i * 100); /* decides nothing: anywhere is right */
      grandchild = fork();
      if (grandchild == 0) {
        got = thing_p2p_device_open(NULL);
        _exit(!(got > 0 || got == FORKED));
      }
      pthread_join(thread, NULL);
      _exit(!(ends_well(grandchild) && device > 0));
    }
    CHECK(ends_well(child));
  }
}

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
  pid_t child = fork();
  NEED(child >= 0);
  if (child == 0) {
    execl(self, self, "again", (char *)NULL);
    _exit(127);
  }
  CHECK(ends_well(child));
}

static void exec_works(void) { after_exec("/proc/self/exe"); }

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return thing_p2p_init("tester") != THING_P2P_OK || thing_p2p_deinit() != THING_P2P_OK;
  RUN(before_the_start);
  RUN(in_a_daemon);
  RUN(during_the_start);
  RUN(with_app_and_device);
  RUN(exec_works);
  return CHECK_RESULT;
}

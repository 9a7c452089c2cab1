/* thing_p2p_network_changed: harmless at any time, and whatever the network does, sessions go on where they can. */
#include <sys/wait.h>
#include <unistd.h>

#include "pair.h"

static void before_anything(void) { CHECK_IS(0, thing_p2p_network_changed()); }

static void echo(struct pair *p, int from, int to) {
  unsigned char byte = 0;
  CHECK_IS(1, thing_p2p_send(from, 0, "x", 1, PATIENCE_MS));
  CHECK_IS(1, thing_p2p_read(to, 0, &byte, 1, PATIENCE_MS));
  CHECK(byte == 'x');
  CHECK_IS(0, thing_p2p_active_check(p->app));
}

static void sessions_go_on(void) {
  struct pair p;
  int i;
  pair_open(&p);
  for (i = 0; i < 50; i++) {
    CHECK_IS(0, thing_p2p_network_changed());
    echo(&p, p.app, p.dev);
    echo(&p, p.dev, p.app);
  }
  CHECK_IS(0, send_pattern(p.app, 1, 0, UNREAD));
  CHECK_IS(0, thing_p2p_network_changed());
  CHECK_IS(0, read_pattern(p.dev, 1, 0, UNREAD));
  thing_p2p_disconnect(p.app);
  CHECK_IS(0, thing_p2p_network_changed());
  pair_connect(&p); /* the server is there, too */
  echo(&p, p.app, p.dev);
  pair_close(&p);
  CHECK_IS(0, thing_p2p_network_changed());
}

static void in_a_child(void) {
  int status = -1;
  pid_t child = fork();
  if (child == 0) _exit(thing_p2p_network_changed() == THING_P2P_ERR_FORKED ? 0 : 1);
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void) {
  RUN(before_anything);
  RUN(sessions_go_on);
  RUN(in_a_child);
  return CHECK_RESULT;
}

/* An authorizer that thinks for as long as a person does, and whom it keeps
 * waiting: not the owner. */
#include "pair.h"
#include "process.h"

enum { STRANGERS = 3 };

static struct pair p;
static struct flag asked = FLAG_INIT, think_no_more = FLAG_INIT;
static int at_once, questions; /* about strangers; one thread asks about them */

static int thinks_about_strangers(int device, const thing_p2p_peer *peer, void *user) {
  (void)device, (void)user;
  if (peer->has_ticket || strcmp(peer->uid, "stranger") != 0) return THING_P2P_OK;
  CHECK_IS(0, at_once);
  at_once = 1;
  questions++;
  flag_raise(&asked);
  flag_wait(&think_no_more);
  at_once = 0;
  return THING_P2P_OK;
}

/* In a process of its own, with a key of its own. */
static int stranger(const char *id) {
  int handle, silent;
  NEED(thing_p2p_init("stranger") == THING_P2P_OK);
  handle = thing_p2p_connect_wait(id, THING_P2P_MODE_INTERNET, PATIENCE_MS, NULL);
  printf("%d\n", handle);
  fflush(stdout);
  silent = getchar(); /* until the test ends it */
  return silent == EOF && thing_p2p_deinit() == THING_P2P_OK ? 0 : 1;
}

static void owner_connects(const char *target) {
  p.app = thing_p2p_connect_wait(target, THING_P2P_MODE_INTERNET, PATIENCE_MS, NULL);
  CHECK(p.app > 0);
  p.dev = thing_p2p_accept(p.device, PATIENCE_MS, NULL);
  CHECK(p.dev > 0);
  CHECK_IS(0, thing_p2p_disconnect(p.app));
  CHECK_IS(0, thing_p2p_disconnect(p.dev));
}

static void strangers_keep_nobody_out(void) {
  struct process strangers[STRANGERS];
  char id[THING_P2P_ID_SIZE], line[32];
  int i;
  NEED(thing_p2p_device_id(p.device, id, sizeof id) > 0);
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, thinks_about_strangers, NULL));
  for (i = 0; i < STRANGERS; i++) strangers[i] = process_again("stranger", id);
  CHECK(flag_wait(&asked)); /* about one of them; the others wait behind it */
  owner_connects(p.ticket);
  owner_connects(id); /* paired by now */
  CHECK_IS(1, questions);

  /* The strangers have been connected meanwhile for as long as all of this took, and are let in, one after the other. */
  flag_raise(&think_no_more);
  for (i = 0; i < STRANGERS; i++) {
    process_line(&strangers[i], line, sizeof line);
    CHECK(atoi(line) > 0);
    process_kill(&strangers[i]);
  }
  CHECK_IS(STRANGERS, questions);
  CHECK_IS(0, thing_p2p_device_set_authorizer(p.device, NULL, NULL));
}

int main(int argc, char **argv) {
  NEED(thing_p2p_set_option("strangers", "ask") == THING_P2P_OK);
  if (argc > 2 && strcmp(argv[1], "stranger") == 0) return stranger(argv[2]);
  NEED(thing_p2p_init("owner") == THING_P2P_OK);
  p.device = device_online(p.ticket);
  RUN(strangers_keep_nobody_out);
  pair_close(&p);
  return CHECK_RESULT;
}

/* A thousand ends of sessions, all of whose channels one poller watches. */
#include "pair.h"
#include "threads.h"

#define SESSIONS 500
#define ENDS (2 * SESSIONS)
#define MOST_THREADS 20
#define AT_A_TIME 64

static struct pair pairs[SESSIONS];
static int poller;

static void watch(int handle) { CHECK_IS(0, thing_p2p_poller_set(poller, handle, THING_P2P_EVENT_READABLE, 0xff)); }

/* Watching costs a tenth of what the sessions do, and no thread. */
static void watching_is_cheap(void) {
  long before = resident_kb(), opened, watched;
  int i;
  for (i = 1; i < SESSIONS; i++) {
    pairs[i] = pairs[0];
    pair_connect(&pairs[i]);
  }
  opened = resident_kb();
  NEED((poller = thing_p2p_poller_open()) > 0);
  for (i = 0; i < SESSIONS; i++) {
    watch(pairs[i].app);
    watch(pairs[i].dev);
  }
  watched = resident_kb();
  printf("  %d ends: %ld KB, to watch them %ld KB more; %d threads\n", ENDS, opened - before, watched - opened, thread_count());
  CHECK(watched - opened <= (opened - before) / 10);
  CHECK(thread_count() <= MOST_THREADS);
}

/* What comes on any channel of any session is told once it is there, until it has been read. */
static void all_are_heard(void) {
  thing_p2p_event events[AT_A_TIME];
  int left = ENDS, i, n;
  for (i = 0; i < SESSIONS; i++) {
    CHECK_IS(1, thing_p2p_send(pairs[i].dev, i % THING_P2P_CHANNELS, "d", 1, PATIENCE_MS));
    CHECK_IS(1, thing_p2p_send(pairs[i].app, (i + 1) % THING_P2P_CHANNELS, "a", 1, PATIENCE_MS));
  }
  while (left > 0) {
    events[0].struct_size = sizeof *events;
    NEED((n = thing_p2p_poller_wait(poller, events, AT_A_TIME, PATIENCE_MS)) > 0);
    for (i = 0; i < n; i++) {
      int channel;
      char byte;
      CHECK(events[i].events == THING_P2P_EVENT_READABLE);
      for (channel = 0; channel < THING_P2P_CHANNELS; channel++)
        if (events[i].readable >> channel & 1) {
          CHECK_IS(1, thing_p2p_read(events[i].handle, channel, &byte, 1, 0));
          left--;
        }
    }
  }
  CHECK_IS(0, left);
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_poller_wait(poller, events, 1, 0));
  CHECK(thread_count() <= MOST_THREADS);
}

int main(void) {
  NEED(thing_p2p_set_option("max_sessions_per_app", "1000") == 0);
  pair_open(&pairs[0]);
  RUN(watching_is_cheap);
  RUN(all_are_heard);
  pair_close(&pairs[0]);
  CHECK_IS(0, thing_p2p_poller_close(poller));
  return CHECK_RESULT;
}

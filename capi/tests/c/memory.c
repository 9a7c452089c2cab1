/* 500 sessions, each with a thread that waits for each channel, cost memory while they are there, and not after. */
#include <time.h>

#include "pair.h"
#include "threads.h"

#define DEVICES 10
#define SESSIONS 50        /* of each device */
#define MOST_LEFT_KB 60000 /* half of what is in use; what the C library keeps of 4000 stacks is in it */

struct reading {
  pthread_t thread;
  int session, channel, code;
};

static struct reading readings[DEVICES * SESSIONS * THING_P2P_CHANNELS];

static void *read_until_the_end(void *argument) {
  struct reading *r = argument;
  char byte;
  r->code = thing_p2p_read(r->session, r->channel, &byte, 1, -1);
  return NULL;
}

static void read_all_channels(int session, struct reading *r) {
  pthread_attr_t small;
  int channel;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 << 10);
  for (channel = 0; channel < THING_P2P_CHANNELS; channel++, r++) {
    r->session = session;
    r->channel = channel;
    NEED(pthread_create(&r->thread, &small, read_until_the_end, r) == 0);
  }
}

static void use(void) {
  int devices[DEVICES], i, j, n = 0;
  NEED(thing_p2p_init("tester") == 0);
  for (i = 0; i < DEVICES; i++) {
    struct pair p;
    devices[i] = p.device = device_online(p.ticket);
    for (j = 0; j < SESSIONS; j++, n++) {
      pair_connect(&p);
      read_all_channels(p.app, &readings[n * THING_P2P_CHANNELS]);
    }
  }
  printf("  in use: %ld KB\n", resident_kb());
  CHECK_IS(0, thing_p2p_deinit());
  for (i = 0; i < DEVICES; i++) CHECK_IS(0, thing_p2p_device_close(devices[i]));
  for (i = 0; i < n * THING_P2P_CHANNELS; i++) {
    pthread_join(readings[i].thread, NULL);
    /* The second if it had not come to read before the end. */
    CHECK(readings[i].code == THING_P2P_ERR_CLOSED_LOCAL || readings[i].code == THING_P2P_ERR_INVALID_SESSION);
  }
}

static void start(void) {
  int device = thing_p2p_device_open(NULL);
  NEED(device > 0);
  NEED(thing_p2p_device_close(device) == 0);
}

static void memory_is_given_back(void) {
  struct timespec pause = {0, 50 * 1000 * 1000};
  long before, most;
  int i;
  start();
  before = resident_kb();
  most = before + MOST_LEFT_KB;
  use();
  for (i = 0; i < PATIENCE_MS / 50 && resident_kb() > most; i++) nanosleep(&pause, NULL); /* closed connections linger */
  printf("  before: %ld KB, after: %ld KB\n", before, resident_kb());
  CHECK(resident_kb() <= most);
}

int main(void) {
  RUN(memory_is_given_back);
  return CHECK_RESULT;
}

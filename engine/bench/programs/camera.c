/*
 * The camera of the live rows: a device that sends frames as large as frame_bps says, and echoes the commands of its viewer.
 * It prints its ticket, takes one session, and then takes orders on standard input:
 *
 *   run START_US MS DEADLINE_MS  -> a line of JSON, with an array for each frame: when it was sent, its bytes, 1 if it is a
 *                                   key frame, what thing_p2p_send_frame returned, frame_bps
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <pthread.h>

#include "live.h"

enum {
  LIVE_FRAMES_PER_SECOND = 30,
  KEY_EVERY = 60,        /* frames */
  KEY_SIZE = 5,          /* times that of the others */
  LEAST_BPS = 100000,
  FIRST_BPS = 300000,    /* while frame_bps is not known */
  MOST_BPS = 8000000
};

struct made {
  int64_t sent;
  int bytes, key, result;
  uint64_t bps;
};

static int session;
static struct made made[MAX_LIVE_FRAMES];

static void *echo(void *unused)
{
  struct message m;

  (void)unused;
  while (read_all(session, COMMANDS, &m, sizeof m) == THING_P2P_OK && send_all(session, COMMANDS, &m, sizeof m, 0) == THING_P2P_OK)
    ;
  return NULL;
}

static uint64_t encoder_bps(uint64_t *said)
{
  thing_p2p_info info;

  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  thing_p2p_session_info(session, &info);
  *said = info.frame_bps;
  if (info.frame_bps == 0)
    return FIRST_BPS;
  return info.frame_bps < LEAST_BPS ? LEAST_BPS : info.frame_bps > MOST_BPS ? MOST_BPS : info.frame_bps;
}

/* The mean over a whole interval between two key frames is the rate. */
static uint64_t frame_bytes(uint64_t bps, int key)
{
  uint64_t bytes = bps / 8 * KEY_EVERY / LIVE_FRAMES_PER_SECOND / (KEY_EVERY - 1 + KEY_SIZE);

  return key ? KEY_SIZE * bytes : bytes;
}

static int film(int64_t start, int64_t ms, int deadline_ms)
{
  unsigned char *frame = malloc(THING_P2P_MAX_FRAME);
  int64_t frames = ms * LIVE_FRAMES_PER_SECOND / 1000;
  int number, since_key = KEY_EVERY, dropped = 0;

  for (number = 0; frame && number < frames && number < MAX_LIVE_FRAMES; number++) {
    struct made *m = &made[number];
    struct live_head head;

    sleep_until(start + (int64_t)number * 1000000 / LIVE_FRAMES_PER_SECOND);
    m->key = dropped || since_key >= KEY_EVERY;
    head.number = (uint64_t)number;
    head.bytes = frame_bytes(encoder_bps(&m->bps), m->key);
    head.sent = m->sent = now_us();
    m->bytes = (int)head.bytes;
    live_fill(frame, &head);
    m->result = thing_p2p_send_frame(session, VIDEO, frame, m->bytes, m->key ? THING_P2P_FRAME_KEY : 0, deadline_ms);
    dropped = m->result == THING_P2P_ERR_TIMEOUT || m->result == THING_P2P_ERR_KEY_FRAME;
    if (m->result < 0 && !dropped) /* the session ended */
      break;
    since_key = m->key ? 1 : since_key + 1;
  }
  free(frame);
  return number;
}

int main(void)
{
  char ticket[THING_P2P_TICKET_SIZE], order[128];
  int device, frames, i, deadline_ms;
  int64_t start, ms;
  pthread_t thread;

  thing_p2p_set_log(LOG_LEVEL, print_log, (void *)"camera");
  device = thing_p2p_device_open(NULL);
  if (device < 0 || thing_p2p_device_listen(device) < 0 || thing_p2p_device_ticket(device, ticket, sizeof ticket) < 0)
    return 1;
  printf("ready %s\n", ticket);
  fflush(stdout);
  session = thing_p2p_accept(device, -1, NULL);
  if (session < 0 || pthread_create(&thread, NULL, echo, NULL) != 0)
    return 1;
  while (fgets(order, sizeof order, stdin)) {
    if (sscanf(order, "run %" SCNd64 " %" SCNd64 " %d", &start, &ms, &deadline_ms) != 3)
      return 1;
    frames = film(start, ms, deadline_ms);
    printf("{\"frames\":[");
    for (i = 0; i < frames; i++)
      printf("%s[%" PRId64 ",%d,%d,%d,%" PRIu64 "]", i ? "," : "", made[i].sent, made[i].bytes, made[i].key, made[i].result,
             made[i].bps);
    printf("]}\n");
    fflush(stdout);
  }
  return 0;
}

/*
 * The viewer of the live rows: reads the frames of a camera and sends it commands. It takes orders on standard input:
 *
 *   connect TICKET              -> ok PATH MICROSECONDS, or failed NAME
 *   run START_US MS PING_MS     -> a line of JSON: "frames" has an array for each that came: when, its number, its bytes, 1 if
 *                                  it is a key frame, how many before it were missing; "wrong" is how many were not as they
 *                                  were made; "pings_us" are the round trips of commands, up to the end for those unanswered
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <pthread.h>

#include "live.h"
#include "report.h"

struct seen {
  int64_t at, sent;
  uint64_t number;
  int bytes, key, missing;
};

static int session, wrong, frames;
static struct seen seen[MAX_LIVE_FRAMES];
static struct report report; /* of pings */

static void *read_answers(void *unused)
{
  struct message m;

  (void)unused;
  while (read_all(session, COMMANDS, &m, sizeof m) == THING_P2P_OK)
    report_pong(&report, (int)m.argument[0], now_us());
  return NULL;
}

static void *watch(void *unused)
{
  unsigned char *block = malloc(THING_P2P_MAX_FRAME);
  int64_t left;

  (void)unused;
  while (block && frames < MAX_LIVE_FRAMES && (left = (report.until + LATEST_US - now_us()) / 1000) > 0) {
    struct seen *s = &seen[frames];
    struct live_head head;
    thing_p2p_frame frame;
    int length;

    memset(&frame, 0, sizeof frame);
    frame.struct_size = sizeof frame;
    length = thing_p2p_read_frame(session, VIDEO, block, THING_P2P_MAX_FRAME, &frame, (int)left);
    if (length < 0)
      break;
    s->at = now_us();
    if (!live_check(block, length, &head)) {
      wrong++;
      continue;
    }
    s->sent = head.sent;
    s->number = head.number;
    s->bytes = length;
    s->key = (frame.flags & THING_P2P_FRAME_KEY) != 0;
    s->missing = (int)frame.missing;
    frames++;
  }
  free(block);
  return NULL;
}

static void ping(int64_t every)
{
  int64_t at, end;

  for (at = report.start; at < report.until; at += every) {
    struct message m;

    sleep_until(at);
    memset(&m, 0, sizeof m);
    m.kind = PING;
    m.argument[0] = (uint64_t)report_ping(&report, at); /* from when it should have gone: waiting to send counts */
    if (send_all(session, COMMANDS, &m, sizeof m, 0) != THING_P2P_OK)
      return;
  }
  for (end = report.until + LATEST_US; now_us() < end && !report_all_back(&report);)
    sleep_until(now_us() + 10000);
}

static void run(int64_t start, int64_t ms, int64_t ping_ms)
{
  pthread_t reader;
  int i;

  report_begin(&report, start, start + ms * 1000);
  if (pthread_create(&reader, NULL, watch, NULL) != 0)
    exit(1);
  ping(ping_ms * 1000);
  pthread_join(reader, NULL);
  printf("{\"wrong\":%d,\"frames\":[", wrong);
  for (i = 0; i < frames; i++)
    printf("%s[%" PRId64 ",%" PRId64 ",%" PRIu64 ",%d,%d,%d]", i ? "," : "", seen[i].at, seen[i].sent, seen[i].number,
           seen[i].bytes, seen[i].key, seen[i].missing);
  pthread_mutex_lock(&report.lock);
  printf("],\"pings_us\":[");
  for (i = 0; i < report.pings; i++)
    printf("%s%" PRId64, i ? "," : "",
           report.round_trip[i] ? report.round_trip[i] : report.until + LATEST_US - report.sent[i]);
  pthread_mutex_unlock(&report.lock);
  printf("]}\n");
}

static void connect_to(const char *ticket)
{
  int64_t start = now_us();
  thing_p2p_info info;
  pthread_t answers;

  session = thing_p2p_connect_wait(ticket, THING_P2P_MODE_INTERNET, 0, NULL);
  if (session < 0) {
    printf("failed %s\n", thing_p2p_error_name(session));
    return;
  }
  start = now_us() - start;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  thing_p2p_session_info(session, &info);
  if (pthread_create(&answers, NULL, read_answers, NULL) != 0)
    exit(1);
  pthread_detach(answers);
  printf("ok %d %" PRId64 "\n", (int)info.path, start);
}

int main(void)
{
  char order[THING_P2P_TICKET_SIZE + 64], text[THING_P2P_TICKET_SIZE];
  int64_t start, ms, ping_ms;

  thing_p2p_set_log(LOG_LEVEL, print_log, (void *)"viewer");
  if (thing_p2p_init("bench") < 0)
    return 1;
  while (fgets(order, sizeof order, stdin)) {
    if (sscanf(order, "run %" SCNd64 " %" SCNd64 " %" SCNd64, &start, &ms, &ping_ms) == 3)
      run(start, ms, ping_ms);
    else if (sscanf(order, "connect %511s", text) == 1)
      connect_to(text);
    else
      printf("failed: unknown order\n");
    fflush(stdout);
  }
  return thing_p2p_deinit();
}

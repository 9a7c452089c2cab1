/*
 * The app of the bench. With the argument "poll" its reads wait on pollers. It takes orders on standard input, a line
 * each, and answers each with a line:
 *
 *   connect TICKET             -> ok PATH MICROSECONDS, or failed NAME
 *   close                      -> ok
 *   open TICKET N              -> ok N: so many more sessions, which stay idle
 *   wake poller|eventfd N      -> ok MEDIAN P99: how long a thread sleeps on that is woken so many times, nanoseconds
 *   run KIND CHANNELS MS PING  -> a line of JSON, see report.h
 *
 * KIND is get (the device floods the channels of the bit mask), put (the app does), camera (CHANNELS is bit/s) or
 * idle; meanwhile a command goes out each PING milliseconds, if that is not 0.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <pthread.h>

#include "message.h"
#include "report.h"
#include "wait.h"

static int session;
static struct report report;

/* ---- the channel of commands -------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static struct message usage;
static int usages; /* answers to USAGE so far */

static void *read_answers(void *unused)
{
  int own = session, poller = poller_for(own, COMMANDS), got;
  size_t have = 0;
  struct message m;

  (void)unused;
  while ((got = read_some(own, poller, COMMANDS, (char *)&m + have, (int)(sizeof m - have), -1)) > 0) {
    if ((have += (size_t)got) < sizeof m)
      continue;
    have = 0;
    if (m.kind == PING) {
      report_pong(&report, (int)m.argument[0], now_us());
      continue;
    }
    pthread_mutex_lock(&lock);
    usage = m;
    usages++;
    pthread_cond_signal(&answered);
    pthread_mutex_unlock(&lock);
  }
  return NULL;
}

static int tell(uint64_t kind, uint64_t first, uint64_t second)
{
  static pthread_mutex_t sending = PTHREAD_MUTEX_INITIALIZER; /* the bytes of two threads could mix */
  struct message m;
  int code;

  memset(&m, 0, sizeof m);
  m.kind = kind;
  m.argument[0] = first;
  m.argument[1] = second;
  pthread_mutex_lock(&sending);
  code = send_all(session, COMMANDS, &m, sizeof m, 0);
  pthread_mutex_unlock(&sending);
  return code;
}

/* What both ends have used and moved up to now. */
static struct reading take_reading(int put)
{
  struct reading r;
  int before;

  pthread_mutex_lock(&lock);
  before = usages;
  pthread_mutex_unlock(&lock);
  r.at = now_us();
  r.cpu = cpu_us();
  r.bytes = report_bytes(&report);
  tell(USAGE, 0, 0);
  pthread_mutex_lock(&lock);
  while (usages == before)
    pthread_cond_wait(&answered, &lock);
  r.device_cpu = (int64_t)usage.argument[1];
  r.device_at = (int64_t)usage.argument[2];
  if (put) {
    r.bytes = usage.argument[0];
    r.at = r.device_at;
  }
  pthread_mutex_unlock(&lock);
  return r;
}

/* ---- bytes -------------------------------------------------------------- */

struct task {
  int channel;
  int64_t until;
};

static void *get(void *argument)
{
  struct task *task = argument;
  char *block = malloc(BLOCK_BYTES);
  int poller = poller_for(session, task->channel);
  int64_t left;

  while ((left = (task->until - now_us()) / 1000) > 0) {
    int got = read_some(session, poller, task->channel, block, BLOCK_BYTES, (int)left);

    if (got < 0)
      break;
    report_arrival(&report, now_us(), (uint64_t)got);
  }
  if (poller != 0)
    thing_p2p_poller_close(poller);
  free(block);
  return NULL;
}

static void *put(void *argument)
{
  struct task *task = argument;
  char *block = calloc(1, BLOCK_BYTES);

  while (send_all(session, task->channel, block, BLOCK_BYTES, task->until) == THING_P2P_OK)
    ;
  free(block);
  return NULL;
}

/* Reads all frames that the camera takes, or those that come until LATEST_US after its end. */
static void *watch(void *argument)
{
  struct task *task = argument;
  char *block = malloc(BLOCK_BYTES);
  struct frame head;
  uint64_t have = 0; /* bytes of the frame so far */
  int64_t left;

  while ((left = (task->until + LATEST_US - now_us()) / 1000) > 0) {
    char *to = have < sizeof head ? (char *)&head + have : block;
    uint64_t want = have < sizeof head ? sizeof head - have : head.bytes - have;
    int got = thing_p2p_read(session, VIDEO, to, (int)(want < BLOCK_BYTES ? want : BLOCK_BYTES), (int)left);

    if (got < 0)
      break;
    report_arrival(&report, now_us(), (uint64_t)got);
    have += (uint64_t)got;
    if (have >= sizeof head && have == head.bytes) {
      have = 0;
      if (report_frame(&report, now_us() - head.taken) == 0)
        break;
    }
  }
  free(block);
  return NULL;
}

/* ---- orders ------------------------------------------------------------- */

static int64_t ping_every; /* microseconds */

static void *ping(void *unused)
{
  int64_t at, end;

  (void)unused;
  for (at = report.start; at < report.until; at += ping_every) {
    sleep_until(at);
    tell(PING, (uint64_t)report_ping(&report, at), 0); /* from when it should have gone: waiting to send counts */
  }
  for (end = report.until + LATEST_US; now_us() < end && !report_all_back(&report);)
    sleep_until(now_us() + 10000);
  return NULL;
}

static void run(const char *kind, uint64_t what, int64_t ms, int64_t ping_ms)
{
  pthread_t threads[THING_P2P_CHANNELS + 1];
  struct task tasks[THING_P2P_CHANNELS];
  int camera = strcmp(kind, "camera") == 0, getting = strcmp(kind, "get") == 0, putting = strcmp(kind, "put") == 0;
  uint64_t channels = camera ? 1u << VIDEO : getting || putting ? what : 0;
  int channel, count = 0;
  int64_t start = now_us(), until = start + ms * 1000, warm = start + ms * 1000 / 5;
  struct reading first, second;

  report_begin(&report, start, until);
  if (camera)
    report.frames_missing = (int)(ms * FRAMES_PER_SECOND / 1000);
  if (camera)
    tell(CAMERA, what, (uint64_t)ms);
  else if (channels != 0)
    tell(getting ? FLOOD : SINK, what, (uint64_t)ms);
  for (channel = 0; channel < THING_P2P_CHANNELS; channel++)
    if (channels >> channel & 1) {
      tasks[count].channel = channel;
      tasks[count].until = until;
      if (pthread_create(&threads[count], NULL, camera ? watch : getting ? get : put, &tasks[count]) != 0)
        exit(1);
      count++;
    }
  ping_every = ping_ms * 1000;
  if (ping_ms > 0 && pthread_create(&threads[count++], NULL, ping, NULL) != 0)
    exit(1);
  sleep_until(warm);
  first = take_reading(putting);
  sleep_until(until);
  second = take_reading(putting);
  while (count > 0)
    pthread_join(threads[--count], NULL);
  report_print(&report, &first, &second);
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

static void open_more(const char *ticket, int count)
{
  int i, code, first = 0;

  for (i = 0; i < count; i++)
    if ((code = thing_p2p_connect_wait(ticket, THING_P2P_MODE_INTERNET, 60000, NULL)) < 0) {
      i--;
      if (++first > 20) { /* a device may refuse some when many come at once */
        printf("failed %s\n", thing_p2p_error_name(code));
        return;
      }
    }
  printf("ok %d\n", count);
}

int main(int argc, char **argv)
{
  char order[THING_P2P_TICKET_SIZE + 64], text[THING_P2P_TICKET_SIZE];
  uint64_t what;
  int64_t ms, ping;
  int count;

  polls = argc > 1 && strcmp(argv[1], "poll") == 0;
  thing_p2p_set_log(LOG_LEVEL, print_log, (void *)"app");
  if (thing_p2p_init("bench") < 0)
    return 1;
  while (fgets(order, sizeof order, stdin)) {
    if (sscanf(order, "run %15s %" SCNu64 " %" SCNd64 " %" SCNd64, text, &what, &ms, &ping) == 4)
      run(text, what, ms, ping);
    else if (sscanf(order, "connect %511s", text) == 1)
      connect_to(text);
    else if (sscanf(order, "open %511s %d", text, &count) == 2)
      open_more(text, count);
    else if (sscanf(order, "wake %15s %d", text, &count) == 2)
      wake(strcmp(text, "poller") == 0, count);
    else if (strncmp(order, "close", 5) == 0)
      printf(thing_p2p_disconnect(session) == THING_P2P_OK ? "ok\n" : "failed\n");
    else
      printf("failed: unknown order\n");
    fflush(stdout);
  }
  return thing_p2p_deinit();
}

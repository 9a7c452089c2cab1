/* Eight channels: bytes, independence, and several threads at once. */
#include "pair.h"

#define BYTES (3u << 20) /* a channel and direction */
#define BLOCKED 3        /* the channel whose reader sleeps */

static struct pair p;

struct job {
  pthread_t thread;
  int (*work)(int handle, int channel, uint64_t from, uint64_t to);
  int handle, channel, result;
};

static void *job_run(void *argument) {
  struct job *j = argument;
  j->result = j->work(j->handle, j->channel, 0, BYTES);
  return NULL;
}

static void start(struct job *j, int (*work)(int, int, uint64_t, uint64_t), int handle, int channel) {
  j->work = work;
  j->handle = handle;
  j->channel = channel;
  NEED(pthread_create(&j->thread, NULL, job_run, j) == 0);
}

static void finish(struct job *j) {
  pthread_join(j->thread, NULL);
  CHECK_IS(0, j->result);
}

static void all_channels_both_ways_at_once(void) {
  struct job jobs[4 * THING_P2P_CHANNELS];
  thing_p2p_info info = {0};
  int c, n = 0;
  for (c = 0; c < THING_P2P_CHANNELS; c++) {
    start(&jobs[n++], send_pattern, p.app, c);
    start(&jobs[n++], read_pattern, p.dev, c);
    start(&jobs[n++], send_pattern, p.dev, c);
    start(&jobs[n++], read_pattern, p.app, c);
  }
  while (n > 0) finish(&jobs[--n]);
  info.struct_size = sizeof info;
  CHECK_IS(0, thing_p2p_session_info(p.app, &info));
  CHECK_IS((long long)BYTES * THING_P2P_CHANNELS, (long long)info.bytes_sent);
  CHECK_IS((long long)BYTES * THING_P2P_CHANNELS, (long long)info.bytes_received);
  CHECK(info.packets_sent > 0 && info.rtt_us > 0 && info.min_rtt_us > 0 && info.min_rtt_us <= info.rtt_us * 1000);
}

/* Nobody reads one channel, in either direction; the seven others carry all
 * their bytes all the same. */
static void a_sleeping_reader_holds_up_no_other(void) {
  struct job jobs[4 * THING_P2P_CHANNELS], stuck[2];
  int c, n = 0;
  start(&stuck[0], send_pattern, p.app, BLOCKED);
  start(&stuck[1], send_pattern, p.dev, BLOCKED);
  for (c = 0; c < THING_P2P_CHANNELS; c++) {
    if (c == BLOCKED) continue;
    start(&jobs[n++], send_pattern, p.app, c);
    start(&jobs[n++], read_pattern, p.dev, c);
    start(&jobs[n++], send_pattern, p.dev, c);
    start(&jobs[n++], read_pattern, p.app, c);
  }
  while (n > 0) finish(&jobs[--n]);
  CHECK_IS(0, read_pattern(p.dev, BLOCKED, 0, BYTES)); /* it wakes up, and has missed nothing */
  CHECK_IS(0, read_pattern(p.app, BLOCKED, 0, BYTES));
  finish(&stuck[0]);
  finish(&stuck[1]);
}

/* Several threads on one channel: what each of them sends arrives once. */
#define SENDERS 4
#define MESSAGES 400
#define MESSAGE 500

static void *send_messages(void *argument) {
  char message[MESSAGE];
  int i, n, sent;
  memset(message, *(char *)argument, sizeof message);
  for (i = 0; i < MESSAGES; i++)
    for (n = 0; n < MESSAGE; n += sent) {
      sent = thing_p2p_send(p.app, 0, message + n, MESSAGE - n, PATIENCE_MS);
      NEED(sent > 0);
    }
  return NULL;
}

static void several_senders(void) {
  pthread_t threads[SENDERS];
  char names[SENDERS], buffer[1000];
  long seen[SENDERS] = {0}, left = (long)SENDERS * MESSAGES * MESSAGE;
  int i, n;
  for (i = 0; i < SENDERS; i++) {
    names[i] = (char)i;
    NEED(pthread_create(&threads[i], NULL, send_messages, &names[i]) == 0);
  }
  for (; left > 0; left -= n) {
    n = thing_p2p_read(p.dev, 0, buffer, sizeof buffer, PATIENCE_MS);
    NEED(n > 0);
    for (i = 0; i < n; i++) {
      NEED(buffer[i] >= 0 && buffer[i] < SENDERS);
      seen[(int)buffer[i]]++;
    }
  }
  for (i = 0; i < SENDERS; i++) {
    pthread_join(threads[i], NULL);
    CHECK_IS((long)MESSAGES * MESSAGE, seen[i]);
  }
}

int main(void) {
  pair_open(&p);
  RUN(all_channels_both_ways_at_once);
  RUN(a_sleeping_reader_holds_up_no_other);
  RUN(several_senders);
  pair_close(&p);
  return CHECK_RESULT;
}

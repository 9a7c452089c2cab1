/*
 * The device of the bench: prints its ticket and does what messages on the channel of commands ask for.
 *
 *   device        a thread per session, and one per channel that is in use
 *   device hold   accepts sessions and leaves them alone: what does an idle one cost?
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>

#include "message.h"

struct session {
  int handle;
  int threads;
  pthread_t thread[2 * THING_P2P_CHANNELS];
  pthread_mutex_t lock;
  uint64_t sunk; /* bytes, under the lock */
};

/* What one thread has to do. */
struct task {
  struct session *session;
  int channel;
  int64_t start, until; /* microseconds */
  uint64_t bits_per_second;
};

static void *flood(void *argument)
{
  struct task *task = argument;
  char *block = calloc(1, BLOCK_BYTES);

  while (block && send_all(task->session->handle, task->channel, block, BLOCK_BYTES, task->until) == THING_P2P_OK)
    ;
  free(block);
  free(task);
  return NULL;
}

static void *sink(void *argument)
{
  struct task *task = argument;
  struct session *s = task->session;
  char *block = malloc(BLOCK_BYTES);
  int got;

  while (block && (got = thing_p2p_read(s->handle, task->channel, block, BLOCK_BYTES, -1)) > 0) {
    pthread_mutex_lock(&s->lock);
    s->sunk += (uint64_t)got;
    pthread_mutex_unlock(&s->lock);
  }
  free(block);
  free(task);
  return NULL;
}

/* A large frame each second, and small ones in between. One that cannot be sent yet makes those behind it late. */
static void *camera(void *argument)
{
  struct task *task = argument;
  char *frame = calloc(1, KEY_FRAME_BYTES);
  uint64_t small = (task->bits_per_second / 8 - KEY_FRAME_BYTES) / (FRAMES_PER_SECOND - 1);
  int64_t frames = (task->until - task->start) * FRAMES_PER_SECOND / 1000000, number;

  for (number = 0; frame && number < frames; number++) {
    struct frame head;

    head.bytes = number % FRAMES_PER_SECOND == 0 ? KEY_FRAME_BYTES : small;
    head.taken = task->start + number * 1000000 / FRAMES_PER_SECOND;
    sleep_until(head.taken);
    memcpy(frame, &head, sizeof head);
    if (send_all(task->session->handle, VIDEO, frame, (int)head.bytes, 0) != THING_P2P_OK)
      break;
  }
  free(frame);
  free(task);
  return NULL;
}

static void begin(struct session *s, void *(*work)(void *), int channel, int64_t ms, uint64_t bits_per_second)
{
  struct task *task = calloc(1, sizeof *task);

  if (!task || s->threads == (int)(sizeof s->thread / sizeof s->thread[0]))
    exit(1);
  task->session = s;
  task->channel = channel;
  task->start = now_us();
  task->until = task->start + ms * 1000;
  task->bits_per_second = bits_per_second;
  if (pthread_create(&s->thread[s->threads++], NULL, work, task) != 0)
    exit(1);
}

static void answer_usage(struct session *s, struct message *m)
{
  pthread_mutex_lock(&s->lock);
  m->argument[0] = s->sunk;
  pthread_mutex_unlock(&s->lock);
  m->argument[1] = (uint64_t)cpu_us();
  m->argument[2] = (uint64_t)now_us();
}

static void *serve(void *argument)
{
  struct session *s = argument;
  struct message m;
  int channel;

  while (read_all(s->handle, COMMANDS, &m, sizeof m) == THING_P2P_OK) {
    if (m.kind == FLOOD || m.kind == SINK) {
      for (channel = 0; channel < THING_P2P_CHANNELS; channel++)
        if (m.argument[0] >> channel & 1)
          begin(s, m.kind == FLOOD ? flood : sink, channel, (int64_t)m.argument[1], 0);
    } else if (m.kind == CAMERA) {
      begin(s, camera, VIDEO, (int64_t)m.argument[1], m.argument[0]);
    } else {
      if (m.kind == USAGE)
        answer_usage(s, &m);
      if (send_all(s->handle, COMMANDS, &m, sizeof m, 0) != THING_P2P_OK)
        break;
    }
  }
  thing_p2p_disconnect(s->handle); /* wakes the others */
  while (s->threads > 0)
    pthread_join(s->thread[--s->threads], NULL);
  pthread_mutex_destroy(&s->lock);
  free(s);
  return NULL;
}

int main(int argc, char **argv)
{
  char ticket[THING_P2P_TICKET_SIZE], byte;
  int device, hold = argc > 1 && strcmp(argv[1], "hold") == 0;

  thing_p2p_set_log(LOG_LEVEL, print_log, (void *)"device");
  device = thing_p2p_device_open(NULL);
  if (device < 0 || thing_p2p_device_listen(device) < 0 || thing_p2p_device_ticket(device, ticket, sizeof ticket) < 0)
    return 1;
  printf("ready %s\n", ticket);
  fflush(stdout);
  for (;;) {
    int handle = thing_p2p_accept(device, -1, NULL);
    struct session *s;
    pthread_t thread;

    if (handle < 0)
      return 1;
    if (hold) {
      thing_p2p_read(handle, COMMANDS, &byte, 1, 0); /* the library now listens for commands, as in any real device */
      continue;
    }
    s = calloc(1, sizeof *s);
    if (!s || pthread_mutex_init(&s->lock, NULL) != 0)
      return 1;
    s->handle = handle;
    if (pthread_create(&thread, NULL, serve, s) != 0)
      return 1;
    pthread_detach(thread);
  }
}

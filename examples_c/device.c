/*
 * A camera-like device. It answers text commands on channel 0 and, after "play", sends a file's bytes as video on
 * channel 1. Commands are answered while the video runs, because each channel is a stream of its own.
 *
 *   device [-S SERVER] [-s STATE_DIR] [-t TICKET_FILE] FILE
 *
 * SERVER is what thingp2pd prints; the environment variable THINGP2P_SERVER does the same. With STATE_DIR the device
 * keeps its id and ticket across restarts.
 */
#define _XOPEN_SOURCE 700

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef _WIN32
#include <windows.h>
#endif

#include "line.h"

struct session {
  int handle;
  int playing;
  pthread_t video;
};

static const char *file;

/* How many sessions are being served, so that main can wait for the last one. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;
static int serving;

static void fail(const char *what, int code)
{
  fprintf(stderr, "device: %s: %s\n", what, thing_p2p_strerror(code));
  exit(1);
}

static void *send_video(void *argument)
{
  struct session *s = argument;
  static const size_t size = 64 * 1024;
  char *buffer = malloc(size);
  FILE *in = fopen(file, "rb");
  size_t got;

  /* send blocks while the app is slower than the disk, and fails as soon as the session is closed. */
  while (buffer && in && (got = fread(buffer, 1, size, in)) > 0)
    if (send_all(s->handle, VIDEO, buffer, (int)got) < 0)
      break;
  if (in)
    fclose(in);
  free(buffer);
  return NULL;
}

static void play(struct session *s, char *reply, size_t size)
{
  struct stat about;

  if (s->playing)
    snprintf(reply, size, "error already playing\n");
  else if (stat(file, &about) != 0 || pthread_create(&s->video, NULL, send_video, s) != 0)
    snprintf(reply, size, "error no video\n");
  else {
    s->playing = 1;
    snprintf(reply, size, "size %" PRIu64 "\n", (uint64_t)about.st_size);
  }
}

static void *serve(void *argument)
{
  struct session *s = argument;
  struct line_reader commands = {0};
  char command[sizeof commands.bytes], reply[128];

  while (read_line(s->handle, COMMANDS, &commands, command, -1) >= 0) {
    if (strcmp(command, "play") == 0)
      play(s, reply, sizeof reply);
    else if (strcmp(command, "info") == 0)
      snprintf(reply, sizeof reply, "info example camera, libthingp2p %s\n", thing_p2p_version());
    else
      snprintf(reply, sizeof reply, "error unknown command\n");
    if (send_all(s->handle, COMMANDS, reply, (int)strlen(reply)) < 0)
      break;
  }
  thing_p2p_disconnect(s->handle); /* wakes the video thread, which may be waiting in send */
  if (s->playing)
    pthread_join(s->video, NULL);
  free(s);
  pthread_mutex_lock(&lock);
  serving--;
  pthread_cond_signal(&idle);
  pthread_mutex_unlock(&lock);
  return NULL;
}

#ifdef _WIN32
static int to_close;

static BOOL WINAPI on_control(DWORD event) /* on a thread of its own */
{
  (void)event;
  thing_p2p_device_close(to_close);
  return TRUE;
}

static void close_when_told(int *device)
{
  to_close = *device;
  SetConsoleCtrlHandler(on_control, TRUE);
}
#else
static int stop_pipe[2];

static void on_signal(int number)
{
  (void)number;
  (void)!write(stop_pipe[1], "", 1); /* the library must not be called from a signal handler */
}

static void *close_on_signal(void *argument)
{
  char byte;

  while (read(stop_pipe[0], &byte, 1) < 0)
    ;
  thing_p2p_device_close(*(int *)argument); /* accept then returns THING_P2P_ERR_LISTEN_BREAK */
  return NULL;
}

static void close_when_told(int *device)
{
  struct sigaction action = {0};
  pthread_t closer;

  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  if (pipe(stop_pipe) != 0) {
    perror("pipe");
    exit(1);
  }
  if (pthread_create(&closer, NULL, close_on_signal, device) != 0)
    fail("thread", THING_P2P_ERR_NO_MEMORY);
  pthread_detach(closer);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}
#endif

static void publish(int device, const char *ticket_file)
{
  char ticket[THING_P2P_TICKET_SIZE];
  int code = thing_p2p_device_ticket(device, ticket, sizeof ticket);
  FILE *out;

  if (code < 0)
    fail("ticket", code);
  printf("%s\n", ticket);
  fflush(stdout);
  if (!ticket_file)
    return;
  umask(077); /* whoever reads the ticket may connect */
  out = fopen(ticket_file, "w");
  if (!out || fprintf(out, "%s\n", ticket) < 0 || fclose(out) != 0) {
    perror(ticket_file);
    exit(1);
  }
}

static void accept_sessions(int device)
{
  for (;;) {
    struct session *s = calloc(1, sizeof *s);
    pthread_t thread;

    if (!s)
      fail("accept", THING_P2P_ERR_NO_MEMORY);
    s->handle = thing_p2p_accept(device, -1, NULL);
    if (s->handle < 0) {
      int code = s->handle;

      free(s);
      if (code == THING_P2P_ERR_LISTEN_BREAK || code == THING_P2P_ERR_INVALID_SESSION)
        return;
      fail("accept", code);
    }
    pthread_mutex_lock(&lock);
    serving++;
    pthread_mutex_unlock(&lock);
    if (pthread_create(&thread, NULL, serve, s) != 0)
      fail("thread", THING_P2P_ERR_NO_MEMORY);
    pthread_detach(thread);
  }
}

int main(int argc, char **argv)
{
  const char *state_dir = NULL, *ticket_file = NULL;
  int option, code, device;

  while ((option = getopt(argc, argv, "S:s:t:")) != -1) {
    if (option == 'S' && (code = thing_p2p_set_option("server", optarg)) < 0)
      fail(optarg, code);
    else if (option == 's')
      state_dir = optarg;
    else if (option == 't')
      ticket_file = optarg;
    else if (option == '?')
      return 2;
  }
  if (optind + 1 != argc) {
    fprintf(stderr, "usage: device [-S SERVER] [-s STATE_DIR] [-t TICKET_FILE] FILE\n");
    return 2;
  }
  file = argv[optind];
  if (access(file, R_OK) != 0) {
    perror(file);
    return 1;
  }

  device = thing_p2p_device_open(state_dir);
  if (device < 0)
    fail("open", device);
  close_when_told(&device);
  code = thing_p2p_device_listen(device);
  if (code < 0)
    fail("listen", code);
  publish(device, ticket_file);
  accept_sessions(device);

  pthread_mutex_lock(&lock);
  while (serving > 0)
    pthread_cond_wait(&idle, &lock);
  pthread_mutex_unlock(&lock);
  return 0;
}

/*
 * A device for the tests of networks: device [STATE_DIR [anyone]]. It prints its ticket, its id and its address, lets in
 * who has the ticket, or anyone, and serves each session in a thread:
 *
 *   get N    -> N bytes on channel 1; byte i is pattern(i)
 *   put N    -> reads N bytes on channel 5 and answers "ok" on channel 0 if each is what it must be, else "bad"
 *   both N   -> both at once
 *   rtt      -> the round-trip time in microseconds, on channel 0
 *   path     -> the device's own view of the path, on channel 0
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "pattern.h"

struct sending {
  int session;
  long length;
};

static void *send_video(void *argument)
{
  struct sending *it = argument;

  send_pattern(it->session, VIDEO, it->length);
  return NULL;
}

static void exchange(int session, long length)
{
  struct sending it = {session, length};
  pthread_t sender;
  int good;

  if (pthread_create(&sender, NULL, send_video, &it) != 0)
    exit(1);
  good = read_pattern(session, FILES, length) == 0;
  pthread_join(sender, NULL);
  send_all(session, COMMANDS, good ? "ok\n" : "bad\n", good ? 3 : 4);
}

static void *serve(void *argument)
{
  int session = *(int *)argument;
  struct line_reader commands = {0};
  char line[sizeof commands.bytes];

  free(argument);
  while (read_line(session, COMMANDS, &commands, line, -1) >= 0) {
    if (strncmp(line, "both ", 5) == 0) {
      exchange(session, atol(line + 5));
    } else if (strncmp(line, "get ", 4) == 0) {
      send_pattern(session, VIDEO, atol(line + 4));
    } else if (strncmp(line, "put ", 4) == 0) {
      send_all(session, COMMANDS, read_pattern(session, FILES, atol(line + 4)) == 0 ? "ok\n" : "bad\n", 3);
    } else {
      thing_p2p_info info;

      info.struct_size = sizeof info;
      thing_p2p_session_info(session, &info);
      snprintf(line, sizeof line, "%u\n", strcmp(line, "rtt") == 0 ? (unsigned)info.rtt_us : (unsigned)info.path);
      send_all(session, COMMANDS, line, (int)strlen(line));
    }
  }
  thing_p2p_disconnect(session);
  return NULL;
}

static int let_in(int device, const thing_p2p_peer *peer, void *user)
{
  (void)device;
  (void)peer;
  (void)user;
  return 0;
}

int main(int argc, char **argv)
{
  char ticket[THING_P2P_TICKET_SIZE], id[THING_P2P_ID_SIZE], address[64];
  int device;

  thing_p2p_set_log(LOG_LEVEL, print_log, "device");
  if (begin() < 0)
    return 1;
  if (argc > 2)
    thing_p2p_set_option("strangers", "ask");
  device = thing_p2p_device_open(argc > 1 ? argv[1] : NULL);
  if (argc > 2)
    thing_p2p_device_set_authorizer(device, let_in, NULL);
  if (thing_p2p_device_listen(device) < 0 || thing_p2p_device_ticket(device, ticket, sizeof ticket) < 0 ||
      thing_p2p_device_id(device, id, sizeof id) < 0)
    return 1;
  if (thing_p2p_device_address(device, address, sizeof address) < 0)
    strcpy(address, "none");
  printf("%s\n%s\n%s\n", ticket, id, address);
  fflush(stdout);
  for (;;) {
    int *session = malloc(sizeof *session);
    pthread_t thread;

    *session = thing_p2p_accept(device, -1, NULL);
    if (*session < 0 || pthread_create(&thread, NULL, serve, session) != 0)
      return 1;
    pthread_detach(thread);
  }
}

/*
 * The device that the programs in this folder talk to. It prints its ticket, and ends when its standard input does, so
 * that it cannot outlive the test. Each session is served by a thread:
 *
 *   echo TEXT   -> TEXT, on channel 0
 *   stream N    -> N bytes of the pattern on channel 1
 *   sink N      <- N bytes on channel 1, -> their CRC-32 in decimal, on channel 0
 *   bye         -> the device disconnects
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <unistd.h>

#include "line.h"
#include "scenario.h"

static int stream(int session, long length)
{
  long done;
  int code = 0;

  for (done = 0; done < length && code >= 0; done += BLOCK)
    code = send_all(session, VIDEO, pattern(done), length - done < BLOCK ? (int)(length - done) : BLOCK);
  return code;
}

static int sink(int session, long length)
{
  unsigned char block[64 * 1024];
  char answer[32];
  uint32_t crc = 0;

  while (length > 0) {
    int got = thing_p2p_read(session, VIDEO, block, length < (long)sizeof block ? (int)length : (int)sizeof block, -1);

    if (got < 0)
      return got;
    crc = crc32_of(crc, block, got);
    length -= got;
  }
  sprintf(answer, "%lu\n", (unsigned long)crc);
  return send_all(session, COMMANDS, answer, (int)strlen(answer));
}

static void *serve(void *argument)
{
  int session = *(int *)argument;
  struct line_reader commands = {0};
  char line[sizeof commands.bytes];

  free(argument);
  while (read_line(session, COMMANDS, &commands, line, -1) >= 0) {
    if (strncmp(line, "echo ", 5) == 0) {
      strcat(line, "\n"); /* fits: the newline was cut off here */
      send_all(session, COMMANDS, line + 5, (int)strlen(line + 5));
    } else if (strncmp(line, "stream ", 7) == 0) {
      stream(session, atol(line + 7));
    } else if (strncmp(line, "sink ", 5) == 0) {
      sink(session, atol(line + 5));
    } else if (strcmp(line, "bye") == 0) {
      break;
    }
  }
  thing_p2p_disconnect(session);
  return NULL;
}

static void *close_at_end_of_input(void *device)
{
  char byte;

  while (read(STDIN_FILENO, &byte, 1) > 0)
    ;
  thing_p2p_device_close(*(int *)device);
  return NULL;
}

int main(void)
{
  char ticket[THING_P2P_TICKET_SIZE];
  pthread_t thread;
  int device = thing_p2p_device_open(NULL);

  stream_crc(); /* fills the tables before there are threads */
  if (device < 0 || thing_p2p_device_listen(device) < 0 || thing_p2p_device_ticket(device, ticket, sizeof ticket) < 0)
    return 1;
  printf("%s\n", ticket);
  fflush(stdout);
  pthread_create(&thread, NULL, close_at_end_of_input, &device);

  for (;;) {
    int *session = malloc(sizeof *session);

    *session = thing_p2p_accept(device, -1, NULL);
    if (*session < 0) {
      int code = *session;

      free(session);
      pthread_join(thread, NULL);
      return code == THING_P2P_ERR_LISTEN_BREAK ? 0 : 1;
    }
    pthread_t server;
    if (pthread_create(&server, NULL, serve, session) != 0)
      return 1;
    pthread_detach(server);
  }
}

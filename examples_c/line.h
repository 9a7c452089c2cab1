/*
 * Text lines over a channel: what both examples need and the library leaves to the application.
 * A channel is a byte stream, so a line may arrive in pieces and two lines in one read.
 */
#ifndef EXAMPLE_LINE_H
#define EXAMPLE_LINE_H

#include <string.h>

#include "thingp2p.h"

/* The two channels that the examples use. */
enum { COMMANDS = 0, VIDEO = 1 };

/* What a channel has delivered and nobody has taken yet. Zero it before use. */
struct line_reader {
  int used;
  char bytes[512];
};

/* Sends all of length bytes. Returns 0, or the negative code that stopped it. */
static int send_all(int session, int channel, const void *bytes, int length)
{
  const char *next = bytes;

  while (length > 0) {
    int sent = thing_p2p_send(session, channel, next, length, -1);

    if (sent < 0)
      return sent;
    next += sent;
    length -= sent;
  }
  return THING_P2P_OK;
}

/* Copies the next line, without its newline, into line[sizeof(reader->bytes)]. Returns its length or a negative code. */
static int read_line(int session, int channel, struct line_reader *reader, char *line, int timeout_ms)
{
  for (;;) {
    char *end = memchr(reader->bytes, '\n', (size_t)reader->used);
    int room = (int)sizeof reader->bytes - reader->used;
    int got;

    if (end) {
      int length = (int)(end - reader->bytes);

      memcpy(line, reader->bytes, (size_t)length);
      line[length] = '\0';
      reader->used -= length + 1;
      memmove(reader->bytes, end + 1, (size_t)reader->used);
      return length;
    }
    if (room == 0) /* a line longer than any of ours: the other side is not speaking this protocol */
      return THING_P2P_ERR_INVALID_PARAMETER;
    got = thing_p2p_read(session, channel, reader->bytes + reader->used, room, timeout_ms);
    if (got < 0)
      return got;
    reader->used += got;
  }
}

#endif

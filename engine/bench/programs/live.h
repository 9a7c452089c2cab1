/*
 * What the camera and the viewer of the live rows have in common: a frame, which says when it was sent and is filled with a
 * pattern, so that the viewer sees whether it is whole.
 */
#ifndef LIVE_H
#define LIVE_H

#include "message.h"

enum { MAX_LIVE_FRAMES = 16384 };

struct live_head {
  int64_t sent; /* on the clock of now_us */
  uint64_t number;
  uint64_t bytes; /* of the frame, with this head */
};

static unsigned char pattern(uint64_t number, uint64_t at)
{
  return (unsigned char)(number * 131 + at);
}

static void live_fill(unsigned char *frame, const struct live_head *head)
{
  uint64_t i;

  memcpy(frame, head, sizeof *head);
  for (i = sizeof *head; i < head->bytes; i++)
    frame[i] = pattern(head->number, i);
}

/* Fills in the head; 0 if the frame is not as it was made. */
static int live_check(const unsigned char *frame, int length, struct live_head *head)
{
  uint64_t i;

  if ((size_t)length < sizeof *head)
    return 0;
  memcpy(head, frame, sizeof *head);
  if (head->bytes != (uint64_t)length)
    return 0;
  for (i = sizeof *head; i < head->bytes; i++)
    if (frame[i] != pattern(head->number, i))
      return 0;
  return 1;
}

#endif

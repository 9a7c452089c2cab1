/* Bytes that both ends know, and what else the two programs share. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "deny_netlink.h"
#include "line.h"

enum { FILES = 5 };
enum { PATIENCE_MS = 180000 }; /* for what must happen, however busy the machine */

#define LOG_LEVEL (getenv("NAT_TEST_LOG") ? 4 : 0)

/* What the tests' environment says of the host. */
static int begin(void)
{
  const char *addresses = getenv("NAT_TEST_ADDRESSES");

  if (getenv("NAT_TEST_NO_NETLINK") && !deny_netlink())
    return -1;
  return addresses ? thing_p2p_set_addresses(addresses) : 0;
}

static void print_log(int level, const char *line, void *who)
{
  fprintf(stderr, "%s %d %s\n", (const char *)who, level, line);
}

/* A prime period, so that a lost, doubled or swapped block shows. */
static unsigned char pattern(long i) { return (unsigned char)(i % 251); }

static int send_pattern(int session, int channel, long length)
{
  unsigned char block[16 * 1024];
  long done = 0;

  while (done < length) {
    int i, size = length - done < (long)sizeof block ? (int)(length - done) : (int)sizeof block;

    for (i = 0; i < size; i++)
      block[i] = pattern(done + i);
    if (send_all(session, channel, block, size) < 0)
      return -1;
    done += size;
  }
  return 0;
}

static long now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

static volatile long longest_gap; /* between two reads of the last read_pattern, in ms */

static int read_pattern(int session, int channel, long length)
{
  unsigned char block[64 * 1024];
  long done = 0, last = now_ms();

  longest_gap = 0;

  while (done < length) {
    int i, size = length - done < (long)sizeof block ? (int)(length - done) : (int)sizeof block;
    int got = thing_p2p_read(session, channel, block, size, PATIENCE_MS);

    if (got < 0) {
      fprintf(stderr, "read after %ld bytes: %s\n", done, thing_p2p_error_name(got));
      return -1;
    }
    if (now_ms() - last > longest_gap)
      longest_gap = now_ms() - last;
    last = now_ms();
    for (i = 0; i < got; i++)
      if (block[i] != pattern(done + i)) {
        fprintf(stderr, "wrong byte at %ld\n", done + i);
        return -1;
      }
    done += got;
  }
  return 0;
}

#endif

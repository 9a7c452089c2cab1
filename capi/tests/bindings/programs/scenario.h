/* What the device and the programs in C, C++ and Objective-C share: the bytes of a stream, and their hash. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 180000, STREAM_BYTES = 64 << 20, BLOCK = 256 << 10, PERIOD = 251 };

/* Ends the program when got is not what was wanted. */
static inline void expect(const char *what, long got, long wanted)
{
  if (got == wanted)
    return;
  fprintf(stderr, "%s: got %ld, expected %ld\n", what, got, wanted);
  exit(1);
}

/* The bytes from offset on: byte i of a stream is i % PERIOD, a prime, so that a lost or doubled block shows. Valid for
 * BLOCK bytes. */
static inline const unsigned char *pattern(long offset)
{
  static unsigned char bytes[BLOCK + PERIOD];
  static int filled; /* by the first thread, before it starts others */

  if (!filled) {
    int i;

    for (i = 0; i < BLOCK + PERIOD; i++)
      bytes[i] = (unsigned char)(i % PERIOD);
    filled = 1;
  }
  return bytes + offset % PERIOD;
}

/* CRC-32 as in zlib, for which other languages have a function. Start with 0. */
static inline uint32_t crc32_of(uint32_t crc, const void *data, long length)
{
  static uint32_t table[256];
  const unsigned char *bytes = (const unsigned char *)data;
  long i;

  if (table[1] == 0)
    for (i = 0; i < 256; i++) {
      uint32_t c = (uint32_t)i;
      int bit;

      for (bit = 0; bit < 8; bit++)
        c = (c >> 1) ^ (0xEDB88320u & (0u - (c & 1)));
      table[i] = c;
    }
  crc = ~crc;
  for (i = 0; i < length; i++)
    crc = table[(crc ^ bytes[i]) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

/* What a stream of STREAM_BYTES hashes to. */
static inline uint32_t stream_crc(void)
{
  uint32_t crc = 0;
  long done;

  for (done = 0; done < STREAM_BYTES; done += BLOCK)
    crc = crc32_of(crc, pattern(done), BLOCK);
  return crc;
}

#endif

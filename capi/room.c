/* Go ends the process when it finds no memory or no thread as it starts. So it is tried before, and given back. What it
 * takes later, for work, cannot be told beforehand. */
#define _GNU_SOURCE

#include "shim.h"

#if defined(__linux__) && defined(__ELF__)

#include <semaphore.h>
#include <sys/mman.h>
#include <unistd.h>

/* What Go and its first threads reserve, and what they write to, in bytes. Go reserves tables for all of a 64 bit
 * address space, and the C library 64 MB for each thread that allocates memory. */
#if UINTPTR_MAX > UINT32_MAX
#define RESERVED ((size_t)1536 << 20)
#else
#define RESERVED ((size_t)256 << 20)
#endif
#define WRITTEN ((size_t)32 << 20)

static void *wait_for_end(void *end) {
  while (sem_wait(end) != 0) continue;
  return NULL;
}

/* As many threads as Go has soon: one for each processor, and a few that watch or wait. */
static int has_threads(void) {
  enum { MOST = 64, OTHERS = 6 };
  pthread_t threads[MOST];
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  int want = processors > MOST - OTHERS ? MOST : (int)processors + OTHERS, made = 0, i;
  sem_t end;
  sem_init(&end, 0, 0);
  while (made < want && pthread_create(&threads[made], NULL, wait_for_end, &end) == 0) made++;
  for (i = 0; i < made; i++) sem_post(&end);
  for (i = 0; i < made; i++) pthread_join(threads[i], NULL);
  sem_destroy(&end);
  return made == want;
}

int tp2p_room(void) {
  char *reserved = mmap(NULL, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  int room;
  if (reserved == MAP_FAILED) return 0;
  room = mprotect(reserved, WRITTEN, PROT_READ | PROT_WRITE) == 0 && has_threads();
  munmap(reserved, RESERVED);
  return room;
}

#endif

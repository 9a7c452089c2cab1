/* Go ends the process when it finds no memory or no thread as it starts. So it is tried before, and given back. What it
 * takes later, for work, cannot be told beforehand. */
#define _GNU_SOURCE

#include "shim.h"

#if defined(__linux__) && defined(__ELF__)

#include <semaphore.h>
#include <sys/mman.h>
#include <unistd.h>

/* Address space, in MB. Go takes for its heap what it gets of the first: on 32 bit the largest that it finds, even if that
 * leaves nothing for threads (runtime.mallocinit; 4 MB more, to align it). The rest is what it and its first threads must
 * have besides: on 64 bit tables for all addresses, and 64 MB of the C library's for each thread that allocates memory. */
#if UINTPTR_MAX > UINT32_MAX
static const size_t heaps[] = {64};
enum { REST = 1472 };
#else
static const size_t heaps[] = {516, 260, 132};
enum { REST = 32 };
#endif
enum { WRITTEN = 32 }; /* of the rest */

#define MB ((size_t)1 << 20)

static void *reserve(size_t size) {
  void *start = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return start != MAP_FAILED ? start : NULL;
}

static void *reserve_heap(size_t *size) {
  void *heap = NULL;
  size_t i;
  for (i = 0; heap == NULL && i < sizeof heaps / sizeof *heaps; i++) heap = reserve(*size = heaps[i] * MB);
  return heap;
}

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
  size_t heap_size;
  void *heap = reserve_heap(&heap_size), *rest = reserve(REST * MB);
  int room = heap != NULL && rest != NULL && mprotect(rest, WRITTEN * MB, PROT_READ | PROT_WRITE) == 0 && has_threads();
  if (heap != NULL) munmap(heap, heap_size);
  if (rest != NULL) munmap(rest, REST * MB);
  return room;
}

#endif

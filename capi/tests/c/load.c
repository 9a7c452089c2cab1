/* The library, loaded while the program runs. The driver gives its file. Loading starts no thread; it works from any
 * thread, and an unload leaves it in place, since Go cannot be stopped. */
#include <dlfcn.h>
#include <pthread.h>

#include "threads.h"

/* Of check.h, for whoever needs the name of a code. */
const char *thing_p2p_error_name(int code) { return code == 0 ? "OK" : "another code"; }

static const char *file;

static void *load_and_use(void *unused) {
  int (*device_open)(const char *), (*device_close)(int);
  int (*read_bytes)(int, int, void *, int, int);
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  char byte;
  int device;
  if (library == NULL) printf("  %s\n", dlerror());
  NEED(library != NULL);
  *(void **)&device_open = dlsym(library, "thing_p2p_device_open");
  *(void **)&device_close = dlsym(library, "thing_p2p_device_close");
  *(void **)&read_bytes = dlsym(library, "thing_p2p_read");
  NEED(device_open != NULL && device_close != NULL && read_bytes != NULL);
  device = device_open(NULL);
  CHECK(device > 0);
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, read_bytes(device, 0, &byte, 1, 0));
  CHECK_IS(0, device_close(device));
  CHECK(dlclose(library) == 0);
  return unused;
}

static void loading_starts_nothing(void) {
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) printf("  %s\n", dlerror());
  NEED(library != NULL);
  CHECK_IS(1, thread_count());
}

static void works_from_any_thread(void) {
  pthread_t thread;
  int i;
  for (i = 0; i < 5; i++) {
    NEED(pthread_create(&thread, NULL, load_and_use, NULL) == 0);
    pthread_join(thread, NULL);
  }
  load_and_use(NULL);
}

int main(int argc, char **argv) {
  NEED(argc == 2);
  file = argv[1];
  RUN(loading_starts_nothing);
  RUN(works_from_any_thread);
  return CHECK_RESULT;
}

/* Whatever a process may have of address space, of memory and of threads: the library is loaded, and the first call works
 * or says that there is no room for it; it never ends the process. Each try is a process of its own. */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "process.h"

#define MB (1024ul * 1024ul)

static const struct {
  const char *name;
  __rlimit_resource_t resource;
} kinds[] = {{"address_space", RLIMIT_AS}, {"data", RLIMIT_DATA}, {"threads", RLIMIT_NPROC}};

static __rlimit_resource_t resource_of(const char *kind) {
  unsigned i = 0;
  while (strcmp(kinds[i].name, kind) != 0) i++;
  return kinds[i].resource;
}

static void limit(__rlimit_resource_t resource, rlim_t soft) {
  struct rlimit now;
  NEED(getrlimit(resource, &now) == 0);
  now.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max;
  NEED(setrlimit(resource, &now) == 0);
}

/* Sets the limit, and starts the program once more: it is loaded under it. */
static int start_limited(const char *kind, const char *soft) {
  __rlimit_resource_t resource = resource_of(kind);
  if (resource == RLIMIT_NPROC && getuid() == 0) /* whom that limit does not bind */
    NEED(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
  limit(resource, strtoul(soft, NULL, 10));
  execl("/proc/self/exe", "limits", kind, (char *)NULL);
  _Exit(127);
}

/* Prints what a first call answers, and, if there was no room, the next one when there is. */
static int call_twice(const char *kind) {
  int second = 0, first = thing_p2p_device_open(NULL);
  if (first > 0) {
    CHECK_IS(0, thing_p2p_device_listen(first));
    CHECK_IS(0, thing_p2p_device_close(first));
  } else {
    limit(resource_of(kind), RLIM_INFINITY);
    second = thing_p2p_device_open(NULL);
  }
  printf("answers %d %d\n", first, second);
  fflush(stdout);
  _Exit(check_failures != 0);
}

/* Returns whether the limit was enough. */
static int is_enough(const char *kind, unsigned long soft) {
  char text[32], line[128] = "";
  struct process p;
  int status = -1, first = 0, second = 0;
  snprintf(text, sizeof text, "%lu", soft);
  p = process_again(kind, text);
  while (fgets(line, sizeof line, p.output) != NULL)
    if (sscanf(line, "answers %d %d", &first, &second) != 2) printf("  %s", line);
  fclose(p.output);
  CHECK(waitpid(p.pid, &status, 0) == p.pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && (first > 0 || (first == THING_P2P_ERR_NO_MEMORY && second > 0)))
    return first > 0;
  printf("  %s %s: status %x, answers %d and %d\n", kind, text, (unsigned)status, first, second);
  CHECK(!"the process lives and has an answer");
  return 0;
}

static void address_space(void) {
  unsigned long mb;
  for (mb = 64; mb <= 4000; mb += mb / 32) is_enough("address_space", mb * MB);
  CHECK(!is_enough("address_space", (sizeof(void *) == 8 ? 500 : 200) * MB));
  CHECK(is_enough("address_space", 4000 * MB));
}

static void data(void) {
  unsigned long mb;
  for (mb = 64; mb <= 4000; mb += mb / 8) is_enough("data", mb * MB);
  CHECK(is_enough("data", 4000 * MB));
}

static void threads(void) {
  unsigned long most;
  for (most = 1; most <= 40; most++) is_enough("threads", most);
  CHECK(!is_enough("threads", 1));
  CHECK(is_enough("threads", (unsigned long)-1));
}

int main(int argc, char **argv) {
  if (argc == 3) return start_limited(argv[1], argv[2]);
  if (argc == 2) return call_twice(argv[1]);
  RUN(address_space);
  RUN(data);
  RUN(threads);
  return CHECK_RESULT;
}

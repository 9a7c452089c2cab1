/* The option log: "LEVEL" writes the log to stderr, "LEVEL:FILE" appends it to a file, whatever the program does with
 * thing_p2p_set_log. A line is written at once, before its writer goes on, so that the last ones of a program that ends
 * or crashes are there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

#ifdef _WIN32
#define O_CLOEXEC _O_NOINHERIT
#define O_NOCTTY _O_BINARY
#else
#include <sys/uio.h>
#endif

static const char *const levels[] = {"off", "error", "warn", "info", "debug"}; /* by THING_P2P_LOG_... */

int tp2p_file_level; /* atomic */

/* With the lock. */
static char *file; /* NULL: stderr */
static int descriptor = -1;

/* The value's level, or -1; *path becomes its file's, or NULL. */
static int parse(const char *value, const char **path) {
  size_t length = strcspn(value, ":");
  int level;
  *path = value[length] == ':' ? value + length + 1 : NULL;
  for (level = THING_P2P_LOG_DEBUG; level >= THING_P2P_LOG_OFF; level--)
    if (strlen(levels[level]) == length && strncmp(levels[level], value, length) == 0) break;
  return *path != NULL && **path == '\0' ? -1 : level;
}

int tp2p_is_log(const char *value) {
  const char *path;
  return parse(value, &path) >= THING_P2P_LOG_OFF;
}

static int open_file(const char *path) {
  const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
#ifdef _WIN32
  wchar_t *wide = tp2p_wide(path);
  int opened = wide == NULL ? -1 : _wopen(wide, flags, 0600);
  free(wide);
  return opened;
#else
  return open(path, flags, 0600);
#endif
}

int tp2p_log_opens(const char *value) {
  const char *path;
  int opened;
  parse(value, &path);
  if (path == NULL) return 1;
  opened = open_file(path);
  return opened >= 0 && close(opened) == 0;
}

/* The file is opened with the first line: until then, a program that becomes a daemon may close all it does not know. */
void tp2p_log_to(const char *value) {
  const char *path;
  int level = parse(value, &path);
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
  free(file);
  file = path == NULL ? NULL : strdup(path);
  __atomic_store_n(&tp2p_file_level, level, __ATOMIC_RELAXED);
}

static int output(void) {
  if (file == NULL) return STDERR_FILENO;
  if (descriptor >= 0) return descriptor;
  descriptor = open_file(file);
  if (descriptor >= 0) return descriptor;
  fprintf(stderr, "libthingp2p: cannot write the log to %s (%s): it goes here\n", file, strerror(errno));
  free(file);
  file = NULL;
  return STDERR_FILENO;
}

#ifdef _WIN32
static void write_line(int to, char *head, const char *line) {
  size_t before = strlen(head), length = strlen(line);
  char *all = malloc(before + length + 1); /* in one piece, so that those of others do not come in between */
  if (all == NULL) return;
  memcpy(all, head, before);
  memcpy(all + before, line, length);
  all[before + length] = '\n';
  if (write(to, all, (unsigned)(before + length + 1)) < 0) errno = 0; /* nobody could be told */
  free(all);
}

static void to_utc(time_t at, struct tm *utc) { gmtime_s(utc, &at); }
#else
/* A pipe that nobody reads must not end the program. All signals are blocked here: the one that came waits. */
static void take_back_sigpipe(void) {
  sigset_t pending, only;
  int number;
  sigemptyset(&only);
  sigaddset(&only, SIGPIPE);
  if (sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE)) sigwait(&only, &number);
}

static void write_line(int to, char *head, const char *line) {
  struct iovec parts[3];
  parts[0].iov_base = head;
  parts[0].iov_len = strlen(head);
  parts[1].iov_base = (void *)line;
  parts[1].iov_len = strlen(line);
  parts[2].iov_base = "\n";
  parts[2].iov_len = 1;
  if (writev(to, parts, 3) < 0 && errno == EPIPE) take_back_sigpipe();
}

static void to_utc(time_t at, struct tm *utc) { gmtime_r(&at, utc); }
#endif

void tp2p_log_write(int level, const char *line) {
  char head[64], *at = head;
  struct timeval now;
  struct tm utc;
  gettimeofday(&now, NULL);
  to_utc(now.tv_sec, &utc);
  at += strftime(at, sizeof head, "%Y-%m-%dT%H:%M:%S", &utc);
  snprintf(at, (size_t)(head + sizeof head - at), ".%03dZ %ld %s ", (int)(now.tv_usec / 1000), (long)getpid(), levels[level]);
  tp2p_lock();
  write_line(output(), head, line);
  tp2p_unlock();
}

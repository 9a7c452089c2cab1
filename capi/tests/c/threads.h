/* What Linux tells of this process's threads. */
#ifndef THREADS_H
#define THREADS_H

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

/* A number of a "Name: number" file, in the base that it is written in. */
static inline unsigned long long status_number(const char *file, const char *name, int base) {
  char line[256];
  unsigned long long number = 0;
  size_t length = strlen(name);
  FILE *status = fopen(file, "r");
  if (status == NULL) return 0; /* a thread that has just ended */
  while (fgets(line, sizeof line, status) != NULL)
    if (strncmp(line, name, length) == 0 && line[length] == ':') number = strtoull(line + length + 1, NULL, base);
  fclose(status);
  return number;
}

static inline int thread_count(void) { return (int)status_number("/proc/self/status", "Threads", 10); }

static inline long resident_kb(void) { return (long)status_number("/proc/self/status", "VmRSS", 10); }

/* Calls visit with the id and the blocked signals of each thread, bit n - 1 for signal n. */
static inline void each_thread(void (*visit)(int thread, unsigned long long blocked)) {
  DIR *dir = opendir("/proc/self/task");
  struct dirent *entry;
  NEED(dir != NULL);
  while ((entry = readdir(dir)) != NULL) {
    char file[64];
    if (entry->d_name[0] == '.') continue;
    snprintf(file, sizeof file, "/proc/self/task/%.16s/status", entry->d_name);
    if (access(file, R_OK) == 0) visit(atoi(entry->d_name), status_number(file, "SigBlk", 16));
  }
  closedir(dir);
}

#endif

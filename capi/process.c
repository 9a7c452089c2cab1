/* What must be known about the process before Go runs, or without it. */
#include "shim.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "THINGP2P_"

extern char **environ;

static volatile int forked;
static char **variables; /* NULL at the end */

static void in_child(void) { forked = 1; }

int tp2p_forked(void) { return forked; }

/* The environment is copied here, and not read in Go, since Go starts on a
 * thread of its own, beside a program that may call setenv by then. */
static void copy_environment(void) {
  size_t count = 0, i;
  for (i = 0; environ != NULL && environ[i] != NULL; i++)
    count += strncmp(environ[i], PREFIX, sizeof PREFIX - 1) == 0;
  variables = calloc(count + 1, sizeof *variables);
  if (variables == NULL) return;
  count = 0;
  for (i = 0; environ != NULL && environ[i] != NULL; i++) {
    if (strncmp(environ[i], PREFIX, sizeof PREFIX - 1) != 0) continue;
    variables[count] = strdup(environ[i]);
    if (variables[count] == NULL) return;
    count++;
  }
}

const char *tp2p_environment(int i) { return variables == NULL ? NULL : variables[i]; }

__attribute__((constructor)) static void at_load(void) {
  pthread_atfork(NULL, NULL, in_child);
  copy_environment();
}

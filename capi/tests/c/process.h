/* Other processes: this program again in another role, or the server. */
#ifndef PROCESS_H
#define PROCESS_H

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

struct process {
  pid_t pid;
  FILE *output;
};

/* Starts a program whose output the caller reads; it dies with the caller. */
static inline struct process process_start(char *const argv[]) {
  struct process p;
  int ends[2];
  NEED(pipe(ends) == 0);
  p.pid = fork();
  NEED(p.pid >= 0);
  if (p.pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execv(argv[0], argv);
    _Exit(127);
  }
  close(ends[1]);
  p.output = fdopen(ends[0], "r");
  NEED(p.output != NULL);
  return p;
}

/* This program again, as main(argc, argv) with one or two arguments. */
static inline struct process process_again(const char *role, const char *argument) {
  char *argv[] = {"/proc/self/exe", (char *)role, (char *)argument, NULL};
  return process_start(argv);
}

static inline void process_line(struct process *p, char *line, int size) {
  NEED(fgets(line, size, p->output) != NULL);
  line[strcspn(line, "\n")] = '\0';
}

/* Stops it, and returns when it has stopped: kill returns before that, and on a busy machine the process goes on meanwhile. */
static inline void process_stop(const struct process *p) {
  int status;
  NEED(kill(p->pid, SIGSTOP) == 0);
  NEED(waitpid(p->pid, &status, WUNTRACED) == p->pid && WIFSTOPPED(status));
}

static inline void process_kill(struct process *p) {
  kill(p->pid, SIGKILL);
  waitpid(p->pid, NULL, 0);
  fclose(p->output);
}

#endif

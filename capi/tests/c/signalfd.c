/* A program that blocks its signals and reads them from a signalfd gets all of them, whatever threads the library has.
 * Each round is a process of its own, since the library starts once in each. */
#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>

#include "pair.h"
#include "process.h"

#define ROUNDS 20

static const int numbers[] = {SIGTERM, SIGINT,  SIGHUP,  SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGPIPE,
                              SIGPROF, SIGURG,  SIGIO,   SIGQUIT, SIGCONT, SIGWINCH, SIGVTALRM, SIGTSTP};
#define NUMBERS (sizeof numbers / sizeof *numbers)

static int open_signalfd(void) {
  sigset_t set;
  unsigned i;
  int fd;
  sigemptyset(&set);
  for (i = 0; i < NUMBERS; i++) sigaddset(&set, numbers[i]);
  NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
  fd = signalfd(-1, &set, SFD_CLOEXEC);
  NEED(fd >= 0);
  return fd;
}

/* The process is sent each signal, and finds it in the signalfd. */
static int all_arrive(int fd) {
  unsigned i;
  for (i = 0; i < NUMBERS; i++) {
    struct signalfd_siginfo info;
    struct pollfd wait = {fd, POLLIN, 0};
    kill(getpid(), numbers[i]);
    if (poll(&wait, 1, PATIENCE_MS) != 1 || read(fd, &info, sizeof info) != sizeof info ||
        info.ssi_signo != (unsigned)numbers[i]) {
      printf("signal %d was lost\n", numbers[i]);
      return 0;
    }
  }
  return 1;
}

static int one_round(void) {
  int fd = open_signalfd(), i;
  struct pair p;
  if (!all_arrive(fd)) return 1;
  pair_open(&p);
  for (i = 0; i < 10; i++) {
    if (send_pattern(p.dev, 1, 0, UNREAD) != 0 || !all_arrive(fd) || read_pattern(p.app, 1, 0, UNREAD) != 0) return 1;
  }
  pair_close(&p);
  return !all_arrive(fd) || check_failures != 0;
}

static void every_signal_arrives(void) {
  int i, right = 0;
  for (i = 0; i < ROUNDS; i++) {
    struct process p = process_again("round", "");
    char line[256];
    int status = -1;
    while (fgets(line, sizeof line, p.output) != NULL) printf("  %s", line);
    fclose(p.output);
    CHECK(waitpid(p.pid, &status, 0) == p.pid);
    if (WIFSIGNALED(status)) printf("  killed by signal %d\n", WTERMSIG(status));
    right += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  CHECK_IS(ROUNDS, right);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return one_round();
  RUN(every_signal_arrives);
  return CHECK_RESULT;
}

/* Faults in the program's own code stay the program's: its handler, installed before the library started, gets them on
 * every thread; and without a handler they end the process as always. */
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pair.h"
#include "process.h"

static char *page;
static size_t page_size;
static volatile sig_atomic_t faults;

/* Makes the page accessible, as the memory managers of other languages do. */
static void on_fault(int number, siginfo_t *info, void *context) {
  (void)context;
  if (number != SIGSEGV || (char *)info->si_addr != page) _exit(3);
  faults++;
  mprotect(page, page_size, PROT_READ | PROT_WRITE);
}

static void fault_and_go_on(void) {
  int before = faults;
  NEED(mprotect(page, page_size, PROT_NONE) == 0);
  *(volatile char *)page = 1;
  CHECK_IS(before + 1, faults);
}

static void fault_between_calls(void) {
  struct pair p;
  char byte;
  fault_and_go_on();
  pair_open(&p);
  fault_and_go_on();
  CHECK_IS(0, thing_p2p_active_check(p.app));
  fault_and_go_on();
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read(p.app, 0, &byte, 1, 0));
  fault_and_go_on();
  CHECK_IS(THING_P2P_ERR_TIMEOUT, thing_p2p_read(p.app, 0, &byte, 1, 20));
  fault_and_go_on();
  pair_close(&p);
  fault_and_go_on();
}

static void *on_a_thread(void *unused) {
  fault_between_calls();
  return unused;
}

static void the_programs_handler_gets_them(void) {
  struct sigaction action;
  pthread_t thread;
  page_size = (size_t)sysconf(_SC_PAGESIZE);
  page = mmap(NULL, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  NEED(page != MAP_FAILED);
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  NEED(sigaction(SIGSEGV, &action, NULL) == 0);
  fault_between_calls();
  NEED(pthread_create(&thread, NULL, on_a_thread, NULL) == 0);
  pthread_join(thread, NULL);
}

/* The program in the role of one that has no handler. */
static int fault(const char *where) {
  struct pair p;
  pair_open(&p);
  CHECK_IS(0, thing_p2p_active_check(p.app));
  if (strcmp(where, "after") == 0) pair_close(&p);
  *(volatile char *)8 = 1;
  return 0;
}

static void without_a_handler_they_end_the_process(void) {
  static const char *const where[] = {"between", "after"};
  unsigned i;
  for (i = 0; i < sizeof where / sizeof *where; i++) {
    struct process p = process_again("fault", where[i]);
    int status = -1;
    CHECK(waitpid(p.pid, &status, 0) == p.pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    fclose(p.output);
  }
}

int main(int argc, char **argv) {
  if (argc > 2) return fault(argv[2]);
  RUN(without_a_handler_they_end_the_process);
  RUN(the_programs_handler_gets_them);
  return CHECK_RESULT;
}

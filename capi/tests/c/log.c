/* The log callback: levels, and its end. No server is needed. */
#include <string.h>
#include <unistd.h>

#include "outcome.h"

static struct flag lines = FLAG_INIT;
static int highest_level, inside, calls;
static int ended; /* no call may come any more */

static void on_log(int level, const char *line, void *user) {
  CHECK(user == (void *)&calls);
  CHECK(line != NULL && strchr(line, '\n') == NULL);
  CHECK(level >= THING_P2P_LOG_ERROR && level <= THING_P2P_LOG_DEBUG);
  CHECK(__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST) == 1); /* one at a time */
  CHECK(!__atomic_load_n(&ended, __ATOMIC_SEQ_CST));
  if (level > highest_level) highest_level = level;
  calls++;
  __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
  flag_raise(&lines);
}

/* Makes the library log something, at error level too. */
static void make_noise(void) {
  int device = thing_p2p_device_open("/dev/null/not a directory");
  CHECK(device < 0);
  device = thing_p2p_device_open(NULL);
  CHECK(device > 0);
  CHECK_IS(THING_P2P_OK, thing_p2p_device_listen(device));
  CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
}

static void levels(void) {
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_set_log(-1, on_log, &calls));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_set_log(5, on_log, &calls));
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_ERROR, on_log, &calls));
  make_noise();
  CHECK(flag_wait(&lines));
  CHECK_IS(THING_P2P_LOG_ERROR, highest_level);
}

static void quiet_after_set_log(void) {
  int i;
  for (i = 0; i < 100; i++) {
    CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_DEBUG, on_log, &calls));
    make_noise();
    CHECK_IS(THING_P2P_OK, i % 2 ? thing_p2p_set_log(THING_P2P_LOG_DEBUG, NULL, NULL)
                                 : thing_p2p_set_log(THING_P2P_LOG_OFF, on_log, &calls));
    __atomic_store_n(&ended, 1, __ATOMIC_SEQ_CST);
    make_noise();
    __atomic_store_n(&ended, 0, __ATOMIC_SEQ_CST);
  }
}

static void silence_itself(int level, const char *line, void *user) {
  struct flag *f = user;
  (void)level, (void)line;
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_OFF, NULL, NULL));
  flag_raise(f);
}

static void set_log_inside_the_callback(void) {
  struct flag called = FLAG_INIT;
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_DEBUG, silence_itself, &called));
  make_noise();
  CHECK(flag_wait(&called));
  make_noise();
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_OFF, NULL, NULL));
  CHECK_IS(1, called.raised);
}

static void call_the_library(int level, const char *line, void *user) {
  (void)level, (void)line;
  CHECK_IS(THING_P2P_ERR_NOT_INITIALIZED, thing_p2p_deinit());
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_active_check(1 << 30));
  flag_raise(user);
}

static void other_calls_inside_the_callback(void) {
  struct flag called = FLAG_INIT;
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_DEBUG, call_the_library, &called));
  make_noise();
  CHECK(flag_wait(&called));
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_OFF, NULL, NULL));
}

static int errors;

static void count_errors(int level, const char *line, void *user) {
  (void)user;
  if (level == THING_P2P_LOG_ERROR && strstr(line, "cannot be opened") != NULL) __atomic_add_fetch(&errors, 1, __ATOMIC_SEQ_CST);
}

static int errors_so_far(void) { return __atomic_load_n(&errors, __ATOMIC_SEQ_CST); }

/* A program that ends after a failure has had the line that says why. */
static void failures_are_told_before_they_return(void) {
  int i, before = errors_so_far();
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_ERROR, count_errors, NULL));
  for (i = 1; i <= 200; i++) {
    CHECK(thing_p2p_device_open("/dev/null/not a directory") < 0);
    CHECK_IS(before + i, errors_so_far());
  }
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_OFF, NULL, NULL));
}

static struct flag in_callback = FLAG_INIT, go_on = FLAG_INIT;
static int starts;

static void wait_and_count_starts(int level, const char *line, void *user) {
  (void)level, (void)user;
  flag_raise(&in_callback);
  CHECK(flag_wait(&go_on));
  if (strstr(line, "device started") != NULL) __atomic_add_fetch(&starts, 1, __ATOMIC_SEQ_CST);
}

/* One line is with the callback, others wait, and the log is turned off: they come before it is. */
static void set_log_delivers_what_waits(void) {
  int i;
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_INFO, wait_and_count_starts, NULL));
  for (i = 0; i < 10; i++) {
    int device = thing_p2p_device_open(NULL);
    CHECK(device > 0);
    CHECK_IS(THING_P2P_OK, thing_p2p_device_listen(device));
    CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
  }
  CHECK(flag_wait(&in_callback));
  CHECK_IS(0, __atomic_load_n(&starts, __ATOMIC_SEQ_CST));
  flag_raise(&go_on);
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_OFF, NULL, NULL));
  CHECK_IS(10, __atomic_load_n(&starts, __ATOMIC_SEQ_CST));
}

static struct flag may_log = FLAG_INIT;

static void wait_for_the_caller(int level, const char *line, void *user) {
  (void)level, (void)line, (void)user;
  CHECK(flag_wait(&may_log));
}

/* A callback that waits for what the caller holds costs it time, and does not stop it. */
static void a_failure_does_not_wait_for_ever(void) {
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_ERROR, wait_for_the_caller, NULL));
  CHECK(thing_p2p_device_open("/dev/null/not a directory") < 0);
  flag_raise(&may_log);
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_OFF, NULL, NULL));
}

static int fail_inside_calls;

static void fail_inside(int level, const char *line, void *user) {
  (void)level, (void)line, (void)user;
  if (__atomic_fetch_add(&fail_inside_calls, 1, __ATOMIC_SEQ_CST) > 0) return;
  CHECK(thing_p2p_device_open("/dev/null/not a directory") < 0); /* cannot be told inside of this call */
  CHECK_IS(1, __atomic_load_n(&fail_inside_calls, __ATOMIC_SEQ_CST));
}

/* Who waited for the log inside of its own callback would wait for ever. */
static void failures_inside_the_callback(void) {
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_ERROR, fail_inside, NULL));
  CHECK(thing_p2p_device_open("/dev/null/not a directory") < 0);
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_OFF, NULL, NULL));
  CHECK_IS(2, __atomic_load_n(&fail_inside_calls, __ATOMIC_SEQ_CST));
}

/* A callback that has ended itself still runs: whoever turns the log off afterwards waits for it. */
static int has_returned;

static void end_itself_and_linger(int level, const char *line, void *user) {
  silence_itself(level, line, user);
  usleep(300000); /* so that nobody is right by chance */
  __atomic_store_n(&has_returned, 1, __ATOMIC_SEQ_CST);
}

static void who_ends_what_has_ended_itself_waits(void) {
  struct flag called = FLAG_INIT;
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_DEBUG, end_itself_and_linger, &called));
  make_noise();
  CHECK(flag_wait(&called));
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_OFF, NULL, NULL));
  CHECK_IS(1, __atomic_load_n(&has_returned, __ATOMIC_SEQ_CST));
}

/* Another level, while the callback is busy: it stays one call at a time. */
static int inside_now, most_inside;
static struct flag first_inside = FLAG_INIT;

static void count_inside(int level, const char *line, void *user) {
  int n = __atomic_add_fetch(&inside_now, 1, __ATOMIC_SEQ_CST);
  (void)level, (void)line, (void)user;
  if (n > most_inside) most_inside = n;
  flag_raise(&first_inside);
  usleep(20000);
  __atomic_sub_fetch(&inside_now, 1, __ATOMIC_SEQ_CST);
}

static void *set_another_level(void *unused) {
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_DEBUG, count_inside, NULL));
  return unused;
}

static void another_level_in_order(void) {
  pthread_t thread;
  int i;
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_INFO, count_inside, NULL));
  for (i = 0; i < 5; i++) make_noise();
  CHECK(flag_wait(&first_inside));
  NEED(pthread_create(&thread, NULL, set_another_level, NULL) == 0);
  for (i = 0; i < 5; i++) make_noise();
  pthread_join(thread, NULL);
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_OFF, NULL, NULL));
  CHECK_IS(1, most_inside);
}

int main(void) {
  RUN(levels);
  RUN(failures_are_told_before_they_return);
  RUN(set_log_delivers_what_waits);
  RUN(a_failure_does_not_wait_for_ever);
  RUN(failures_inside_the_callback);
  RUN(quiet_after_set_log);
  RUN(set_log_inside_the_callback);
  RUN(other_calls_inside_the_callback);
  RUN(who_ends_what_has_ended_itself_waits);
  RUN(another_level_in_order);
  return CHECK_RESULT;
}

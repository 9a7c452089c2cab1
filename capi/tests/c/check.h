/* A test program is a list of functions, RUN one after the other by main. Each
 * prints what failed and then "pass NAME" or "fail NAME", which the driver
 * turns into subtests. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "thingp2p.h"

static int check_failures;       /* in the running test; any thread */
static int check_failed_tests;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      printf("  %s:%d: not so: %s\n", __FILE__, __LINE__, #condition);          \
      __atomic_add_fetch(&check_failures, 1, __ATOMIC_SEQ_CST);                 \
    }                                                                           \
  } while (0)

/* For calls that return a code or a number. */
#define CHECK_IS(want, call)                                                    \
  do {                                                                          \
    long long got_ = (call), want_ = (want);                                    \
    if (got_ != want_) {                                                        \
      printf("  %s:%d: %s is %lld (%s), want %lld\n", __FILE__, __LINE__, #call, got_, \
             thing_p2p_error_name((int)got_), want_);                           \
      __atomic_add_fetch(&check_failures, 1, __ATOMIC_SEQ_CST);                 \
    }                                                                           \
  } while (0)

/* For what the rest of the program cannot go on without. */
#define NEED(condition)                                                         \
  do {                                                                          \
    if (!(condition)) {                                                         \
      printf("  %s:%d: cannot go on: %s\n", __FILE__, __LINE__, #condition);    \
      fflush(stdout);                                                           \
      _Exit(1);                                                                 \
    }                                                                           \
  } while (0)

#define RUN(test)                                                               \
  do {                                                                          \
    check_failures = 0;                                                         \
    printf("run %s\n", #test);                                                  \
    fflush(stdout);                                                             \
    test();                                                                     \
    printf("%s %s\n", check_failures == 0 ? "pass" : "fail", #test);            \
    fflush(stdout);                                                             \
    check_failed_tests += check_failures != 0;                                  \
  } while (0)

#define CHECK_RESULT (check_failed_tests != 0)

#endif

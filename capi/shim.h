/* What C and Go know of each other inside the library. */
#ifndef TP2P_SHIM_H
#define TP2P_SHIM_H

#include <pthread.h>
#include <stdint.h>

#ifdef _WIN32 /* has no signals that threads could block, nor forks */
typedef int tp2p_signals;
#else
#include <signal.h>
typedef sigset_t tp2p_signals;
#endif

#include "thingp2p.h"

/* ---- process.c: the process that the library is a guest in ---- */

/* Not 0 in a child that was forked once Go ran: Go has lost its threads there. */
int tp2p_forked(void);

/* Not 0 once Go runs. */
int tp2p_started(void);
void tp2p_set_started(void);

/* The environment as of load, with a NULL at its end. */
char *const *tp2p_environment(void);

/* The locks of all that C keeps: of starting Go, and of everything else. Who needs both takes them in this order. They
 * are held around a fork, so that a child finds them free. */
void tp2p_lock_start(void);
void tp2p_unlock_start(void);
void tp2p_lock(void);
void tp2p_unlock(void);

#ifdef _WIN32 /* ---- text_windows.c; both are for the caller to free ---- */
wchar_t *tp2p_wide(const char *text);
char *tp2p_utf8(const wchar_t *text);
#endif

/* ---- start.c, room.c: Go's runtime ---- */

/* Not 0 if Go starts when tp2p_start says so; otherwise it has been started by the time the library is loaded. */
int tp2p_starts_late(void);

/* Starts Go, if it does not run. Returns THING_P2P_OK, or THING_P2P_ERR_NO_MEMORY if there is no room for it. */
int tp2p_start(void);

/* Keeps what thing_p2p_set_log was told for when Go starts. Returns 0 if Go runs already. */
int tp2p_set_log_early(int level, uintptr_t log, uintptr_t user);

/* Whether the process has room for Go, which ends it otherwise. */
int tp2p_room(void);

/* Called by Go in place of its own function, on a thread of the program's that has entered Go for the first time. */
void tp2p_bind_thread(void *go_thread);

/* Gives back what Go keeps for this thread: it will have to bind again, for which Go reads through the process's memory
 * map if it is the main thread. */
void tp2p_unbind_thread(void);
int tp2p_is_main_thread(void);

/* ---- call.c: a call on its way through Go ---- */

/* What a thread of the program's was like before it must not be disturbed. */
typedef struct {
  tp2p_signals mask;
  int cancelable;
} tp2p_quiet;

/* From here on the thread is not cancelled, and no signal is handled on it if signals_too. */
void tp2p_go_quiet(tp2p_quiet *before, int signals_too);
void tp2p_be_back(const tp2p_quiet *before);

typedef struct tp2p_call {
  uintptr_t caller; /* the queue whose callback makes the call, or 0 */

  /* C's own. */
  tp2p_signals mask;
  pthread_mutex_t mutex;
  pthread_cond_t finished;
  int cancelable, done, result;
} tp2p_call;

/* What Go returns if tp2p_finish will tell the result. */
#define TP2P_WAIT INT32_MIN

/* What kind of call it is: one that a program makes all the time, or now and then. */
enum { TP2P_OFTEN, TP2P_SELDOM };

void tp2p_begin(tp2p_call *call);
int tp2p_end(tp2p_call *call, int kind, int result);
void tp2p_finish(tp2p_call *call, int result);

/* ---- options.c, server.c ---- */

void tp2p_read_environment(void);

int tp2p_set_option(const char *key, const char *value);

/* Whether a device may have this option, with this value, of its own. */
int tp2p_is_device_option(const char *key, const char *value);

/* The option's value, which the caller frees, or NULL if it is not set. */
char *tp2p_option(const char *key);

/* The i-th environment variable that was ignored for its value, as "NAME=value", or NULL. */
const char *tp2p_rejected(int i);

/* Whether the option server may have this value. */
int tp2p_is_server(const char *text);

/* ---- logfile.c: the option log ---- */

int tp2p_is_log(const char *value);

/* Whether the file that a valid value names can be written. */
int tp2p_log_opens(const char *value);

/* Lines go where a valid value says from here on. */
void tp2p_log_to(const char *value);

/* THING_P2P_LOG_...: which lines are wanted. */
extern int tp2p_file_level;

void tp2p_log_write(int level, const char *line);

/* ---- callbacks.c ---- */

/* The queue whose callback runs on this thread, or 0. */
uintptr_t tp2p_current_queue(void);

/* Call a C function on behalf of a queue. Pointers travel as integers, since
 * they mean nothing to Go. */
void tp2p_call_success(uintptr_t queue, uintptr_t callback, int handle, uintptr_t user);
void tp2p_call_failure(uintptr_t queue, uintptr_t callback, int code, uintptr_t user);
int tp2p_call_authorize(uintptr_t queue, uintptr_t callback, int device, const thing_p2p_peer *peer, uintptr_t user);
void tp2p_call_log(uintptr_t queue, uintptr_t callback, int level, const char *line, uintptr_t user);

#endif

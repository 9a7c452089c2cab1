/* What C and Go know of each other inside the library. */
#ifndef TP2P_SHIM_H
#define TP2P_SHIM_H

#include <stdint.h>

#include "thingp2p.h"

/* Not 0 in a forked child, where the Go runtime has lost its threads. */
int tp2p_forked(void);

/* The i-th environment variable "THINGP2P_...=..." as of load, or NULL. */
const char *tp2p_environment(int i);

/* The queue whose callback runs on this thread, or 0. */
uintptr_t tp2p_current_queue(void);

/* Call a C function on behalf of a queue. Pointers travel as integers, since
 * they mean nothing to Go. */
void tp2p_call_success(uintptr_t queue, uintptr_t callback, int handle, uintptr_t user);
void tp2p_call_failure(uintptr_t queue, uintptr_t callback, int code, uintptr_t user);
int tp2p_call_authorize(uintptr_t queue, uintptr_t callback, int device, const thing_p2p_peer *peer, uintptr_t user);
void tp2p_call_log(uintptr_t queue, uintptr_t callback, int level, const char *line, uintptr_t user);

#endif

#include "shim.h"

/* A C callback may call the library again, on the same thread: that is how
 * deinit, device_close and the like see that waiting for the running callback
 * would be waiting for themselves. */
static __thread uintptr_t current_queue;

uintptr_t tp2p_current_queue(void) { return current_queue; }

void tp2p_call_success(uintptr_t queue, uintptr_t callback, int handle, uintptr_t user) {
  uintptr_t before = current_queue;
  current_queue = queue;
  ((thing_p2p_success_cb)callback)(handle, (void *)user);
  current_queue = before;
}

void tp2p_call_failure(uintptr_t queue, uintptr_t callback, int code, uintptr_t user) {
  uintptr_t before = current_queue;
  current_queue = queue;
  ((thing_p2p_failure_cb)callback)(code, (void *)user);
  current_queue = before;
}

int tp2p_call_authorize(uintptr_t queue, uintptr_t callback, int device, const thing_p2p_peer *peer, uintptr_t user) {
  uintptr_t before = current_queue;
  int code;
  current_queue = queue;
  code = ((thing_p2p_authorize_cb)callback)(device, peer, (void *)user);
  current_queue = before;
  return code;
}

void tp2p_call_log(uintptr_t queue, uintptr_t callback, int level, const char *line, uintptr_t user) {
  uintptr_t before = current_queue;
  current_queue = queue;
  ((thing_p2p_log_cb)callback)(level, line, (void *)user);
  current_queue = before;
}

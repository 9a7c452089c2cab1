/* Names and sentences of the codes, in C: they must work in a forked child too.
 * The texts are those of engine/errors.go; a test compares the two. */
#include <stddef.h>

#include "thingp2p.h"

static const struct {
  int code;
  const char *name;
  const char *text;
} codes[] = {
    {THING_P2P_OK, "THING_P2P_OK",
     "success"},
    {THING_P2P_ERR_NOT_INITIALIZED, "THING_P2P_ERR_NOT_INITIALIZED",
     "the library is not initialised: call thing_p2p_init first"},
    {THING_P2P_ERR_ALREADY_INITIALIZED, "THING_P2P_ERR_ALREADY_INITIALIZED",
     "already initialised with another uid: call thing_p2p_deinit first"},
    {THING_P2P_ERR_TIMEOUT, "THING_P2P_ERR_TIMEOUT",
     "the time was up: try again or allow more time"},
    {THING_P2P_ERR_INVALID_ID, "THING_P2P_ERR_INVALID_ID",
     "neither a device id, a ticket nor a known name: check the id, or bind the name with thing_p2p_add_device"},
    {THING_P2P_ERR_INVALID_PARAMETER, "THING_P2P_ERR_INVALID_PARAMETER",
     "a parameter is out of range, NULL or malformed: see the function's description"},
    {THING_P2P_ERR_DEVICE_NOT_ONLINE, "THING_P2P_ERR_DEVICE_NOT_ONLINE",
     "the device is offline: check its power and its network"},
    {THING_P2P_ERR_NO_RELAY, "THING_P2P_ERR_NO_RELAY",
     "the two networks need a relay and none is available: check the server's TURN service and the option relay"},
    {THING_P2P_ERR_INVALID_SESSION, "THING_P2P_ERR_INVALID_SESSION",
     "no such handle: it never existed or was closed"},
    {THING_P2P_ERR_CLOSED_REMOTE, "THING_P2P_ERR_CLOSED_REMOTE",
     "the other side closed the session"},
    {THING_P2P_ERR_CLOSED_TIMEOUT, "THING_P2P_ERR_CLOSED_TIMEOUT",
     "the other side went silent: connect again"},
    {THING_P2P_ERR_CLOSED_LOCAL, "THING_P2P_ERR_CLOSED_LOCAL",
     "the session was closed on this side"},
    {THING_P2P_ERR_LISTEN_BREAK, "THING_P2P_ERR_LISTEN_BREAK",
     "the device was closed while accept waited"},
    {THING_P2P_ERR_CONNECT_BREAK, "THING_P2P_ERR_CONNECT_BREAK",
     "the attempt was broken off by this side"},
    {THING_P2P_ERR_SESSION_LIMIT, "THING_P2P_ERR_SESSION_LIMIT",
     "too many sessions here: close one or raise the option max_sessions"},
    {THING_P2P_ERR_NO_MEMORY, "THING_P2P_ERR_NO_MEMORY",
     "out of memory"},
    {THING_P2P_ERR_HANDSHAKE, "THING_P2P_ERR_HANDSHAKE",
     "the secure handshake failed: update both sides and connect again"},
    {THING_P2P_ERR_NO_ANSWER, "THING_P2P_ERR_NO_ANSWER",
     "the device did not answer the offer: it may be offline or busy"},
    {THING_P2P_ERR_SIGNALING, "THING_P2P_ERR_SIGNALING",
     "the server cannot be reached: check the option server and the network"},
    {THING_P2P_ERR_REMOTE, "THING_P2P_ERR_REMOTE",
     "the device ended the attempt and gave no reason"},
    {THING_P2P_ERR_DEVICE_PRIVACY, "THING_P2P_ERR_DEVICE_PRIVACY",
     "the device is in privacy mode"},
    {THING_P2P_ERR_DEVICE_FULL, "THING_P2P_ERR_DEVICE_FULL",
     "the device has no session left: try later"},
    {THING_P2P_ERR_AUTH, "THING_P2P_ERR_AUTH",
     "the device did not accept this app, or is not who its id says: use its current ticket"},
    {THING_P2P_ERR_DEVICE_BUSY, "THING_P2P_ERR_DEVICE_BUSY",
     "the device is busy: try later"},
    {THING_P2P_ERR_FORKED, "THING_P2P_ERR_FORKED",
     "the library cannot be used in a forked child: start a new process instead"},
    {THING_P2P_ERR_BUFFER_TOO_SMALL, "THING_P2P_ERR_BUFFER_TOO_SMALL",
     "the caller's buffer is too small"},
    {THING_P2P_ERR_INTERNAL, "THING_P2P_ERR_INTERNAL",
     "a fault in the library: the log has the details"},
};

#define COUNT ((int)(sizeof codes / sizeof codes[0]))

static int find(int code) {
  int i;
  for (i = 0; i < COUNT; i++)
    if (codes[i].code == code) return i;
  return -1;
}

const char *thing_p2p_strerror(int code) {
  int i = find(code);
  return i < 0 ? "unknown error code" : codes[i].text;
}

const char *thing_p2p_error_name(int code) {
  int i = find(code);
  return i < 0 ? "THING_P2P_ERR_UNKNOWN" : codes[i].name;
}

const char *thing_p2p_version(void) { return THING_P2P_VERSION; }

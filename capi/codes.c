/* Names and sentences of the codes, in C: they must work in a forked child too.
 * engine/errors.go is their source: ./build.sh abi-record writes the table. */
#include <stddef.h>

#include "thingp2p.h"

#define CODE(name, text) {THING_P2P_##name, "THING_P2P_" #name, text},

static const struct {
  int code;
  const char *name;
  const char *text;
} codes[] = {
    CODE(OK, "success")
    CODE(ERR_NOT_INITIALIZED, "the library is not initialised: call thing_p2p_init first")
    CODE(ERR_ALREADY_INITIALIZED, "already initialised with another uid: call thing_p2p_deinit first")
    CODE(ERR_TIMEOUT, "the time was up: allow more time, and if no device was found check that it is on, in reach, and that its ticket is the one it shows now")
    CODE(ERR_INVALID_ID, "neither a device id, a ticket nor a known name: check the id, or bind the name with thing_p2p_add_device")
    CODE(ERR_INVALID_PARAMETER, "a parameter is missing, out of range or malformed: see the function's description")
    CODE(ERR_DEVICE_NOT_ONLINE, "the device is offline: check its power and its network")
    CODE(ERR_NO_RELAY, "the two networks need a relay and none is available: check the server's TURN service and the option relay")
    CODE(ERR_INVALID_SESSION, "no such handle: it never existed or was closed")
    CODE(ERR_CLOSED_REMOTE, "the other side closed the session")
    CODE(ERR_CLOSED_TIMEOUT, "the other side went silent: connect again")
    CODE(ERR_CLOSED_LOCAL, "the session was closed on this side")
    CODE(ERR_LISTEN_BREAK, "the device was closed while accept waited")
    CODE(ERR_CONNECT_BREAK, "the attempt was broken off by this side")
    CODE(ERR_SESSION_LIMIT, "too many sessions here: close one or raise the option max_sessions")
    CODE(ERR_NO_MEMORY, "out of memory, address space, threads or open files: raise the limits of the process, see ulimit -a")
    CODE(ERR_HANDSHAKE, "the secure handshake failed: update both sides and connect again")
    CODE(ERR_NO_ANSWER, "the device did not answer the offer: it may be offline or busy")
    CODE(ERR_SIGNALING, "the server cannot be reached: check the option server and the network")
    CODE(ERR_REMOTE, "the device ended the attempt and gave no reason")
    CODE(ERR_DEVICE_PRIVACY, "the device is in privacy mode")
    CODE(ERR_DEVICE_FULL, "the device has no session left: try later")
    CODE(ERR_AUTH, "the device did not accept this app, or is not who its id says: use its current ticket")
    CODE(ERR_DEVICE_BUSY, "the device is busy: try later")
    CODE(ERR_FORKED, "the library had started before the fork, and cannot be used in the child: fork before the first thing_p2p_init, thing_p2p_device_open, thing_p2p_poller_open or thing_p2p_set_addresses, or start a new program")
    CODE(ERR_BUFFER_TOO_SMALL, "the caller's buffer is too small: pass a larger one")
    CODE(ERR_INTERNAL, "a fault in the library: the log has the details")
    CODE(ERR_KEY_FRAME, "a frame since the last key frame was dropped: send a key frame next")
    CODE(ERR_BUSY, "another process, or another device of this one, uses this state_dir: close it first, or choose another directory")
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

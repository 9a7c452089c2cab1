/* The exported functions: plain C, so that a forked child gets an answer
 * instead of a hang in a Go runtime that has lost its threads. They check what
 * can be checked without knowing any object, and call Go.
 *
 * Only thing_p2p_init, thing_p2p_device_open, thing_p2p_poller_open and
 * thing_p2p_set_addresses start Go: before them there is nothing that another function could act on. */
#define _POSIX_C_SOURCE 200809L /* strnlen */

#include <string.h>

#include "_cgo_export.h"
#include "shim.h"

#define MAX_KEY 64
#define MAX_VALUE 4096
#define MAX_ADDRESS 128
#define MAX_ADDRESSES 16383 /* of a host */
#define MAX_PASTED 1023 /* a ticket, an id or a name, and white space around and inside */
#define ALL_EVENTS (2 * THING_P2P_EVENT_RATE - 1)
#define MIN_STRUCT 8 /* struct_size itself, and something to fill */

#define NOT_FORKED() \
  if (tp2p_forked()) return THING_P2P_ERR_FORKED
#define REQUIRE(condition) \
  if (!(condition)) return THING_P2P_ERR_INVALID_PARAMETER
#define STARTED_OR(code) \
  if (!tp2p_started()) return code
#define START() \
  if (tp2p_start() != THING_P2P_OK) return THING_P2P_ERR_NO_MEMORY
#define RETURN_FROM_GO(kind, function_call)      \
  do {                                           \
    tp2p_call call;                              \
    tp2p_begin(&call);                           \
    return tp2p_end(&call, kind, function_call); \
  } while (0)

/* Whether text is there and has at most max bytes before its NUL. */
static int is_text(const char *text, size_t max) { return text != NULL && strnlen(text, max + 1) <= max; }

static int is_name(const char *text) { return is_text(text, THING_P2P_ID_SIZE - 1) && text[0] != '\0'; }

static int is_target(const char *target, int mode, int timeout_ms) {
  return is_text(target, MAX_PASTED) &&
         (mode == THING_P2P_MODE_INTERNET || mode == THING_P2P_MODE_LAN) && timeout_ms >= 0;
}

static int is_channel(int channel) { return channel >= 0 && channel < THING_P2P_CHANNELS; }

static int is_transfer(int channel, const void *buffer, int length) {
  return is_channel(channel) && buffer != NULL && length > 0;
}

int thing_p2p_set_option(const char *key, const char *value) {
  NOT_FORKED();
  REQUIRE(is_text(key, MAX_KEY) && is_text(value, MAX_VALUE));
  return tp2p_set_option(key, value);
}

int thing_p2p_init(const char *uid) {
  NOT_FORKED();
  REQUIRE(is_name(uid));
  START();
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoInit(&call, (char *)uid));
}

int thing_p2p_deinit(void) {
  NOT_FORKED();
  STARTED_OR(THING_P2P_ERR_NOT_INITIALIZED);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeinit(&call));
}

int thing_p2p_add_device(const char *name, const char *ticket) {
  NOT_FORKED();
  REQUIRE(is_text(name, MAX_PASTED) && is_text(ticket, MAX_PASTED));
  STARTED_OR(THING_P2P_ERR_NOT_INITIALIZED);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoAddDevice(&call, (char *)name, (char *)ticket));
}

int thing_p2p_add_address(const char *target, const char *address) {
  NOT_FORKED();
  REQUIRE(is_text(target, MAX_PASTED) && is_text(address, MAX_ADDRESS));
  STARTED_OR(THING_P2P_ERR_NOT_INITIALIZED);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoAddAddress(&call, (char *)target, (char *)address));
}

int thing_p2p_network_changed(void) {
  NOT_FORKED();
  STARTED_OR(THING_P2P_OK);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoNetworkChanged(&call));
}

int thing_p2p_set_addresses(const char *addresses) {
  NOT_FORKED();
  REQUIRE(is_text(addresses, MAX_ADDRESSES));
  START();
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoSetAddresses(&call, (char *)addresses));
}

int thing_p2p_connect(const char *target, int mode, int timeout_ms, thing_p2p_success_cb success,
                      thing_p2p_failure_cb failure, void *user, char *trace_id) {
  NOT_FORKED();
  REQUIRE(is_target(target, mode, timeout_ms) && success != NULL && failure != NULL);
  STARTED_OR(THING_P2P_ERR_NOT_INITIALIZED);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoConnect(&call, (char *)target, mode, timeout_ms, (uintptr_t)success,
                                            (uintptr_t)failure, (uintptr_t)user, trace_id));
}

int thing_p2p_connect_wait(const char *target, int mode, int timeout_ms, char *trace_id) {
  NOT_FORKED();
  REQUIRE(is_target(target, mode, timeout_ms));
  STARTED_OR(THING_P2P_ERR_NOT_INITIALIZED);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoConnectWait(&call, (char *)target, mode, timeout_ms, trace_id));
}

int thing_p2p_break_connect(const char *trace_id) {
  NOT_FORKED();
  REQUIRE(is_text(trace_id, THING_P2P_TRACE_ID_SIZE - 1));
  STARTED_OR(THING_P2P_ERR_NOT_INITIALIZED);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoBreakConnect(&call, (char *)trace_id));
}

int thing_p2p_preconnect(const char *target) {
  NOT_FORKED();
  REQUIRE(is_text(target, MAX_PASTED));
  STARTED_OR(THING_P2P_ERR_NOT_INITIALIZED);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoPreconnect(&call, (char *)target));
}

int thing_p2p_close_preconnect(const char *target) {
  NOT_FORKED();
  REQUIRE(is_text(target, MAX_PASTED));
  STARTED_OR(THING_P2P_ERR_NOT_INITIALIZED);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoClosePreconnect(&call, (char *)target));
}

int thing_p2p_resend_offer(const char *target) {
  NOT_FORKED();
  REQUIRE(is_text(target, MAX_PASTED));
  STARTED_OR(THING_P2P_ERR_NOT_INITIALIZED);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoResendOffer(&call, (char *)target));
}

int thing_p2p_report(const char *trace_id, char *buffer, int size) {
  NOT_FORKED();
  REQUIRE(is_text(trace_id, THING_P2P_TRACE_ID_SIZE - 1) && buffer != NULL && size > 0);
  STARTED_OR(THING_P2P_ERR_NOT_INITIALIZED);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoReport(&call, (char *)trace_id, buffer, size));
}

int thing_p2p_read(int handle, int channel, void *buffer, int length, int timeout_ms) {
  NOT_FORKED();
  REQUIRE(is_transfer(channel, buffer, length));
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_OFTEN, tp2pGoRead(&call, handle, channel, buffer, length, timeout_ms));
}

int thing_p2p_send(int handle, int channel, const void *buffer, int length, int timeout_ms) {
  NOT_FORKED();
  REQUIRE(is_transfer(channel, buffer, length));
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_OFTEN, tp2pGoSend(&call, handle, channel, (void *)buffer, length, timeout_ms));
}

int thing_p2p_send_frame(int handle, int channel, const void *frame, int length, int flags, int deadline_ms) {
  NOT_FORKED();
  REQUIRE(is_transfer(channel, frame, length) && length <= THING_P2P_MAX_FRAME);
  REQUIRE((flags & ~THING_P2P_FRAME_KEY) == 0 && deadline_ms >= 0);
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_OFTEN, tp2pGoSendFrame(handle, channel, (void *)frame, length, flags, deadline_ms));
}

int thing_p2p_read_frame(int handle, int channel, void *buffer, int length, thing_p2p_frame *frame, int timeout_ms) {
  NOT_FORKED();
  REQUIRE(is_transfer(channel, buffer, length) && (frame == NULL || frame->struct_size >= MIN_STRUCT));
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_OFTEN, tp2pGoReadFrame(&call, handle, channel, buffer, length, frame, timeout_ms));
}

int thing_p2p_clear(int handle, int channel) {
  NOT_FORKED();
  REQUIRE(is_channel(channel));
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoClear(&call, handle, channel));
}

int thing_p2p_unsent(int handle, int channel, int *age_ms) {
  NOT_FORKED();
  REQUIRE(is_channel(channel));
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_OFTEN, tp2pGoUnsent(handle, channel, age_ms));
}

int thing_p2p_active_check(int handle) {
  NOT_FORKED();
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_OFTEN, tp2pGoActiveCheck(handle));
}

int thing_p2p_session_info(int handle, thing_p2p_info *info) {
  NOT_FORKED();
  REQUIRE(info != NULL && info->struct_size >= MIN_STRUCT);
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_OFTEN, tp2pGoSessionInfo(handle, info));
}

int thing_p2p_session_peer(int handle, thing_p2p_peer *peer) {
  NOT_FORKED();
  REQUIRE(peer != NULL && peer->struct_size >= MIN_STRUCT);
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoSessionPeer(handle, peer));
}

int thing_p2p_disconnect(int handle) {
  NOT_FORKED();
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDisconnect(&call, handle));
}

int thing_p2p_device_open(const char *state_dir) {
  NOT_FORKED();
  REQUIRE(state_dir == NULL || (is_text(state_dir, MAX_VALUE) && state_dir[0] != '\0'));
  START();
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeviceOpen(&call, (char *)state_dir));
}

int thing_p2p_device_id(int device, char *buffer, int size) {
  NOT_FORKED();
  REQUIRE(buffer != NULL && size > 0);
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeviceID(&call, device, buffer, size));
}

int thing_p2p_device_ticket(int device, char *buffer, int size) {
  NOT_FORKED();
  REQUIRE(buffer != NULL && size > 0);
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeviceTicket(&call, device, buffer, size));
}

int thing_p2p_device_address(int device, char *buffer, int size) {
  NOT_FORKED();
  REQUIRE(buffer != NULL && size > 0);
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeviceAddress(&call, device, buffer, size));
}

int thing_p2p_device_pairings(int device, thing_p2p_pairing *list, int count) {
  NOT_FORKED();
  REQUIRE(count == 0 || (count > 0 && list != NULL && list->struct_size >= MIN_STRUCT));
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDevicePairings(&call, device, list, count));
}

int thing_p2p_device_unpair(int device, const char *app_id) {
  NOT_FORKED();
  REQUIRE(is_name(app_id));
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeviceUnpair(&call, device, (char *)app_id));
}

int thing_p2p_device_reset_ticket(int device) {
  NOT_FORKED();
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeviceResetTicket(&call, device));
}

int thing_p2p_device_set_authorizer(int device, thing_p2p_authorize_cb authorize, void *user) {
  NOT_FORKED();
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeviceSetAuthorizer(&call, device, (uintptr_t)authorize, (uintptr_t)user));
}

int thing_p2p_device_set_option(int device, const char *key, const char *value) {
  NOT_FORKED();
  REQUIRE(is_text(key, MAX_KEY) && is_text(value, MAX_VALUE) && tp2p_is_device_option(key, value));
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeviceSetOption(&call, device, (char *)key, (char *)value));
}

int thing_p2p_device_listen(int device) {
  NOT_FORKED();
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeviceListen(&call, device));
}

int thing_p2p_device_status(int device, char *buffer, int size) {
  NOT_FORKED();
  REQUIRE(buffer != NULL && size > 0);
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeviceStatus(&call, device, buffer, size));
}

int thing_p2p_accept(int device, int timeout_ms, thing_p2p_peer *peer) {
  NOT_FORKED();
  REQUIRE(peer == NULL || peer->struct_size >= MIN_STRUCT);
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoAccept(&call, device, timeout_ms, peer));
}

int thing_p2p_device_close(int device) {
  NOT_FORKED();
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoDeviceClose(&call, device));
}

int thing_p2p_poller_open(void) {
  NOT_FORKED();
  START();
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoPollerOpen(&call));
}

int thing_p2p_poller_set(int poller, int handle, uint32_t events, uint32_t channels) {
  NOT_FORKED();
  REQUIRE(events <= ALL_EVENTS && channels < 1u << THING_P2P_CHANNELS);
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_OFTEN, tp2pGoPollerSet(poller, handle, events, channels));
}

int thing_p2p_poller_wait(int poller, thing_p2p_event *events, int count, int timeout_ms) {
  NOT_FORKED();
  REQUIRE(events != NULL && count > 0 && events->struct_size >= MIN_STRUCT);
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_OFTEN, tp2pGoPollerWait(&call, poller, events, count, timeout_ms));
}

int thing_p2p_poller_wake(int poller) {
  NOT_FORKED();
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_OFTEN, tp2pGoPollerWake(poller));
}

int thing_p2p_poller_fd(int poller) {
  NOT_FORKED();
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoPollerFD(&call, poller));
}

int thing_p2p_poller_close(int poller) {
  NOT_FORKED();
  STARTED_OR(THING_P2P_ERR_INVALID_SESSION);
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoPollerClose(&call, poller));
}

int thing_p2p_set_log(int level, thing_p2p_log_cb log, void *user) {
  NOT_FORKED();
  REQUIRE(level >= THING_P2P_LOG_OFF && level <= THING_P2P_LOG_DEBUG);
  if (tp2p_set_log_early(level, (uintptr_t)log, (uintptr_t)user)) return THING_P2P_OK;
  RETURN_FROM_GO(TP2P_SELDOM, tp2pGoSetLog(&call, level, (uintptr_t)log, (uintptr_t)user));
}

//! The C ABI, as include/thingp2p.h declares it; tests/header.rs compares the two.
#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_int, c_void};

pub const THING_P2P_CHANNELS: c_int = 8;
pub const THING_P2P_TRACE_ID_SIZE: usize = 40;
pub const THING_P2P_ID_SIZE: usize = 81;
pub const THING_P2P_TICKET_SIZE: usize = 512;
pub const THING_P2P_REPORT_SIZE: usize = 32769;
pub const THING_P2P_FRAME_KEY: c_int = 1;
pub const THING_P2P_MAX_FRAME: usize = 4194304;

pub const THING_P2P_EVENT_READABLE: u32 = 1;
pub const THING_P2P_EVENT_WRITABLE: u32 = 2;
pub const THING_P2P_EVENT_ACCEPT: u32 = 4;
pub const THING_P2P_EVENT_CLOSED: u32 = 8;
pub const THING_P2P_EVENT_PATH: u32 = 16;
pub const THING_P2P_EVENT_ONLINE: u32 = 32;
pub const THING_P2P_EVENT_PAIRED: u32 = 64;
pub const THING_P2P_EVENT_RATE: u32 = 128;

pub const THING_P2P_OK: c_int = 0;
pub const THING_P2P_ERR_NOT_INITIALIZED: c_int = -1;
pub const THING_P2P_ERR_ALREADY_INITIALIZED: c_int = -2;
pub const THING_P2P_ERR_TIMEOUT: c_int = -3;
pub const THING_P2P_ERR_INVALID_ID: c_int = -4;
pub const THING_P2P_ERR_INVALID_PARAMETER: c_int = -5;
pub const THING_P2P_ERR_DEVICE_NOT_ONLINE: c_int = -6;
pub const THING_P2P_ERR_NO_RELAY: c_int = -10;
pub const THING_P2P_ERR_INVALID_SESSION: c_int = -11;
pub const THING_P2P_ERR_CLOSED_REMOTE: c_int = -12;
pub const THING_P2P_ERR_CLOSED_TIMEOUT: c_int = -13;
pub const THING_P2P_ERR_CLOSED_LOCAL: c_int = -14;
pub const THING_P2P_ERR_LISTEN_BREAK: c_int = -16;
pub const THING_P2P_ERR_CONNECT_BREAK: c_int = -19;
pub const THING_P2P_ERR_SESSION_LIMIT: c_int = -23;
pub const THING_P2P_ERR_NO_MEMORY: c_int = -29;
pub const THING_P2P_ERR_HANDSHAKE: c_int = -37;
pub const THING_P2P_ERR_NO_ANSWER: c_int = -50;
pub const THING_P2P_ERR_SIGNALING: c_int = -58;
pub const THING_P2P_ERR_REMOTE: c_int = -100;
pub const THING_P2P_ERR_DEVICE_PRIVACY: c_int = -102;
pub const THING_P2P_ERR_DEVICE_FULL: c_int = -104;
pub const THING_P2P_ERR_AUTH: c_int = -105;
pub const THING_P2P_ERR_DEVICE_BUSY: c_int = -113;
pub const THING_P2P_ERR_FORKED: c_int = -200;
pub const THING_P2P_ERR_BUFFER_TOO_SMALL: c_int = -201;
pub const THING_P2P_ERR_INTERNAL: c_int = -202;
pub const THING_P2P_ERR_KEY_FRAME: c_int = -203;
pub const THING_P2P_ERR_BUSY: c_int = -204;

pub const THING_P2P_MODE_INTERNET: c_int = 0;
pub const THING_P2P_MODE_LAN: c_int = 1;

pub const THING_P2P_PATH_LAN: c_int = 1;
pub const THING_P2P_PATH_DIRECT: c_int = 2;
pub const THING_P2P_PATH_RELAY: c_int = 3;

pub const THING_P2P_LOG_OFF: c_int = 0;
pub const THING_P2P_LOG_ERROR: c_int = 1;
pub const THING_P2P_LOG_WARN: c_int = 2;
pub const THING_P2P_LOG_INFO: c_int = 3;
pub const THING_P2P_LOG_DEBUG: c_int = 4;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct thing_p2p_info {
    pub struct_size: u32,
    pub path: i32,
    pub rtt_us: u32,
    pub min_rtt_us: u32,
    pub connect_ms: u32,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub packets_sent: u64,
    pub packets_lost: u64,
    pub bandwidth_bps: u64,
    pub trace_id: [c_char; THING_P2P_TRACE_ID_SIZE],
    pub device_id: [c_char; THING_P2P_ID_SIZE],
    pub local_address: [c_char; 64],
    pub remote_address: [c_char; 64],
    pub frame_bps: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct thing_p2p_frame {
    pub struct_size: u32,
    pub flags: u32,
    pub sequence: u64,
    pub missing: u32,
    pub length: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct thing_p2p_event {
    pub struct_size: u32,
    pub handle: i32,
    pub events: u32,
    pub readable: u32,
    pub writable: u32,
    pub code: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct thing_p2p_peer {
    pub struct_size: u32,
    pub uid: [c_char; THING_P2P_ID_SIZE],
    pub app_id: [c_char; THING_P2P_ID_SIZE],
    pub trace_id: [c_char; THING_P2P_TRACE_ID_SIZE],
    pub has_ticket: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct thing_p2p_pairing {
    pub struct_size: u32,
    pub sessions: i32,
    pub since: i64,
    pub app_id: [c_char; THING_P2P_ID_SIZE],
    pub uid: [c_char; THING_P2P_ID_SIZE],
}

pub type thing_p2p_success_cb = Option<extern "C" fn(handle: c_int, user: *mut c_void)>;
pub type thing_p2p_failure_cb = Option<extern "C" fn(err_code: c_int, user: *mut c_void)>;
pub type thing_p2p_authorize_cb =
    Option<extern "C" fn(device: c_int, peer: *const thing_p2p_peer, user: *mut c_void) -> c_int>;
pub type thing_p2p_log_cb = Option<extern "C" fn(level: c_int, line: *const c_char, user: *mut c_void)>;

extern "C" {
    pub fn thing_p2p_set_option(key: *const c_char, value: *const c_char) -> c_int;
    pub fn thing_p2p_init(uid: *const c_char) -> c_int;
    pub fn thing_p2p_deinit() -> c_int;
    pub fn thing_p2p_version() -> *const c_char;
    pub fn thing_p2p_strerror(code: c_int) -> *const c_char;
    pub fn thing_p2p_error_name(code: c_int) -> *const c_char;
    pub fn thing_p2p_add_device(name: *const c_char, ticket: *const c_char) -> c_int;
    pub fn thing_p2p_add_address(target: *const c_char, address: *const c_char) -> c_int;
    pub fn thing_p2p_network_changed() -> c_int;
    pub fn thing_p2p_set_addresses(addresses: *const c_char) -> c_int;
    pub fn thing_p2p_connect(
        target: *const c_char,
        mode: c_int,
        timeout_ms: c_int,
        success: thing_p2p_success_cb,
        failure: thing_p2p_failure_cb,
        user: *mut c_void,
        trace_id: *mut c_char,
    ) -> c_int;
    pub fn thing_p2p_connect_wait(
        target: *const c_char,
        mode: c_int,
        timeout_ms: c_int,
        trace_id: *mut c_char,
    ) -> c_int;
    pub fn thing_p2p_break_connect(trace_id: *const c_char) -> c_int;
    pub fn thing_p2p_preconnect(target: *const c_char) -> c_int;
    pub fn thing_p2p_close_preconnect(target: *const c_char) -> c_int;
    pub fn thing_p2p_resend_offer(target: *const c_char) -> c_int;
    pub fn thing_p2p_report(trace_id: *const c_char, buffer: *mut c_char, size: c_int) -> c_int;
    pub fn thing_p2p_read(
        handle: c_int,
        channel: c_int,
        buffer: *mut c_void,
        length: c_int,
        timeout_ms: c_int,
    ) -> c_int;
    pub fn thing_p2p_send(
        handle: c_int,
        channel: c_int,
        buffer: *const c_void,
        length: c_int,
        timeout_ms: c_int,
    ) -> c_int;
    pub fn thing_p2p_send_frame(
        handle: c_int,
        channel: c_int,
        frame: *const c_void,
        length: c_int,
        flags: c_int,
        deadline_ms: c_int,
    ) -> c_int;
    pub fn thing_p2p_read_frame(
        handle: c_int,
        channel: c_int,
        buffer: *mut c_void,
        length: c_int,
        frame: *mut thing_p2p_frame,
        timeout_ms: c_int,
    ) -> c_int;
    pub fn thing_p2p_clear(handle: c_int, channel: c_int) -> c_int;
    pub fn thing_p2p_unsent(handle: c_int, channel: c_int, age_ms: *mut c_int) -> c_int;
    pub fn thing_p2p_active_check(handle: c_int) -> c_int;
    pub fn thing_p2p_session_info(handle: c_int, info: *mut thing_p2p_info) -> c_int;
    pub fn thing_p2p_session_peer(handle: c_int, peer: *mut thing_p2p_peer) -> c_int;
    pub fn thing_p2p_disconnect(handle: c_int) -> c_int;
    pub fn thing_p2p_device_open(state_dir: *const c_char) -> c_int;
    pub fn thing_p2p_device_id(device: c_int, buffer: *mut c_char, size: c_int) -> c_int;
    pub fn thing_p2p_device_ticket(device: c_int, buffer: *mut c_char, size: c_int) -> c_int;
    pub fn thing_p2p_device_address(device: c_int, buffer: *mut c_char, size: c_int) -> c_int;
    pub fn thing_p2p_device_pairings(device: c_int, list: *mut thing_p2p_pairing, count: c_int) -> c_int;
    pub fn thing_p2p_device_unpair(device: c_int, app_id: *const c_char) -> c_int;
    pub fn thing_p2p_device_reset_ticket(device: c_int) -> c_int;
    pub fn thing_p2p_device_set_authorizer(
        device: c_int,
        authorize: thing_p2p_authorize_cb,
        user: *mut c_void,
    ) -> c_int;
    pub fn thing_p2p_device_set_option(device: c_int, key: *const c_char, value: *const c_char) -> c_int;
    pub fn thing_p2p_device_status(device: c_int, buffer: *mut c_char, size: c_int) -> c_int;
    pub fn thing_p2p_device_listen(device: c_int) -> c_int;
    pub fn thing_p2p_accept(device: c_int, timeout_ms: c_int, peer: *mut thing_p2p_peer) -> c_int;
    pub fn thing_p2p_device_close(device: c_int) -> c_int;
    pub fn thing_p2p_poller_open() -> c_int;
    pub fn thing_p2p_poller_set(poller: c_int, handle: c_int, events: u32, channels: u32) -> c_int;
    pub fn thing_p2p_poller_wait(
        poller: c_int,
        events: *mut thing_p2p_event,
        count: c_int,
        timeout_ms: c_int,
    ) -> c_int;
    pub fn thing_p2p_poller_wake(poller: c_int) -> c_int;
    pub fn thing_p2p_poller_fd(poller: c_int) -> c_int;
    pub fn thing_p2p_poller_close(poller: c_int) -> c_int;
    pub fn thing_p2p_set_log(level: c_int, log: thing_p2p_log_cb, user: *mut c_void) -> c_int;
}

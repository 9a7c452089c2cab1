//! The main scenario from Rust, with nothing but std: connect, command, stream, close.

use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::sync::mpsc;

const COMMANDS: c_int = 0;
const VIDEO: c_int = 1;
const TIMEOUT_MS: c_int = 20_000;
const STREAM_BYTES: usize = 4 << 20;
const TRACE_ID_SIZE: usize = 40;
const ID_SIZE: usize = 81;

type Callback = extern "C" fn(c_int, *mut c_void);

#[repr(C)]
struct Info {
    struct_size: u32,
    path: i32,
    rtt_us: u32,
    min_rtt_us: u32,
    connect_ms: u32,
    bytes_sent: u64,
    bytes_received: u64,
    packets_sent: u64,
    packets_lost: u64,
    bandwidth_bps: u64,
    trace_id: [c_char; TRACE_ID_SIZE],
    device_id: [c_char; ID_SIZE],
    local_address: [c_char; 64],
    remote_address: [c_char; 64],
}

#[link(name = "thingp2p")]
extern "C" {
    fn thing_p2p_version() -> *const c_char;
    fn thing_p2p_error_name(code: c_int) -> *const c_char;
    fn thing_p2p_init(uid: *const c_char) -> c_int;
    fn thing_p2p_deinit() -> c_int;
    fn thing_p2p_connect(
        dev_id: *const c_char, mode: c_int, timeout_ms: c_int, success: Callback, failure: Callback,
        user: *mut c_void, trace_id: *mut c_char,
    ) -> c_int;
    fn thing_p2p_read(handle: c_int, channel: c_int, buffer: *mut c_void, length: c_int, timeout_ms: c_int) -> c_int;
    fn thing_p2p_send(handle: c_int, channel: c_int, buffer: *const c_void, length: c_int, timeout_ms: c_int) -> c_int;
    fn thing_p2p_active_check(handle: c_int) -> c_int;
    fn thing_p2p_session_info(handle: c_int, info: *mut Info) -> c_int;
    fn thing_p2p_disconnect(handle: c_int) -> c_int;
}

/// Success hands over a handle, failure a negative code. One of the two is called, once, so it owns `user`, the sender
/// that `connect` waits for.
extern "C" fn finished(handle_or_code: c_int, user: *mut c_void) {
    let done = unsafe { Box::from_raw(user as *mut mpsc::Sender<c_int>) };
    done.send(handle_or_code).expect("connect is waiting");
}

fn connect(ticket: &str) -> (c_int, [c_char; TRACE_ID_SIZE]) {
    let (sender, receiver) = mpsc::channel::<c_int>();
    let mut trace_id = [0; TRACE_ID_SIZE];
    let ticket = CString::new(ticket).unwrap();
    let user = Box::into_raw(Box::new(sender)).cast();
    let code = unsafe {
        thing_p2p_connect(ticket.as_ptr(), 0, TIMEOUT_MS, finished, finished, user, trace_id.as_mut_ptr())
    };
    assert_eq!(code, 0, "connect");
    let handle = receiver.recv().unwrap();
    assert!(handle > 0, "connect: {:?}", unsafe { CStr::from_ptr(thing_p2p_error_name(handle)) });
    (handle, trace_id)
}

fn send(handle: c_int, text: &str) {
    let sent = unsafe { thing_p2p_send(handle, COMMANDS, text.as_ptr().cast(), text.len() as c_int, TIMEOUT_MS) };
    assert_eq!(sent, text.len() as c_int, "send");
}

fn read(handle: c_int, channel: c_int, buffer: &mut [u8]) -> c_int {
    unsafe { thing_p2p_read(handle, channel, buffer.as_mut_ptr().cast(), buffer.len() as c_int, TIMEOUT_MS) }
}

fn expect_echo(handle: c_int) {
    send(handle, "echo hello\n");
    let (mut reply, mut done) = ([0; 6], 0);
    while done < reply.len() {
        let got = read(handle, COMMANDS, &mut reply[done..]);
        assert!(got > 0, "read: {got}");
        done += got as usize;
    }
    assert_eq!(&reply, b"hello\n");
}

fn receive_stream(handle: c_int) {
    send(handle, &format!("stream {STREAM_BYTES}\n"));
    let (mut buffer, mut done) = (vec![0; 1 << 18], 0);
    while done < STREAM_BYTES {
        let got = read(handle, VIDEO, &mut buffer);
        assert!(got > 0, "read: {got} after {done} bytes");
        for &byte in &buffer[..got as usize] {
            assert_eq!(byte as usize, done % 251, "byte {done} of the stream");
            done += 1;
        }
    }
    assert_eq!(done, STREAM_BYTES);
}

fn close(handle: c_int) {
    let mut byte = [0];
    send(handle, "bye\n");
    assert_eq!(read(handle, COMMANDS, &mut byte), -12, "read after the device closed");
    unsafe {
        assert_eq!(thing_p2p_active_check(handle), -12, "active_check after that");
        assert_eq!(thing_p2p_disconnect(handle), 0, "disconnect");
        assert_eq!(thing_p2p_disconnect(handle), -11, "second disconnect");
        assert_eq!(read(handle, COMMANDS, &mut byte), -11, "read after disconnect");
        assert_eq!(thing_p2p_deinit(), 0, "deinit");
        assert_eq!(thing_p2p_deinit(), -1, "second deinit");
    }
}

fn main() {
    let ticket = std::env::args().nth(1).expect("a ticket");
    let uid = CString::new("rust").unwrap();
    assert_eq!(unsafe { thing_p2p_init(uid.as_ptr()) }, 0, "init");
    let (session, trace_id) = connect(&ticket);

    let mut info: Info = unsafe { std::mem::zeroed() };
    info.struct_size = std::mem::size_of::<Info>() as u32;
    assert_eq!(unsafe { thing_p2p_session_info(session, &mut info) }, 0, "session_info");
    assert_eq!(info.trace_id, trace_id, "trace id");

    expect_echo(session);
    receive_stream(session);
    close(session);
    let version = unsafe { CStr::from_ptr(thing_p2p_version()) }.to_str().unwrap();
    println!("ok: {version}, path {}, connected in {} ms", info.path, info.connect_ms);
}

"""The main scenario from Python, with nothing but ctypes: connect, command, stream, close."""

import ctypes
import queue
import sys

STREAM_BYTES = 4 << 20
TIMEOUT_MS = 20000
COMMANDS, VIDEO = 0, 1
PATTERN = bytes(range(251)) * 1300  # long enough to compare any read of up to 256 KiB at any offset

lib = ctypes.CDLL(sys.argv[1])

SUCCESS = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)
FAILURE = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)

callbacks = []  # kept until the end: ctypes frees a callback that nothing names, even while it runs

lib.thing_p2p_version.restype = ctypes.c_char_p
lib.thing_p2p_error_name.restype = ctypes.c_char_p
lib.thing_p2p_connect.argtypes = [
    ctypes.c_char_p, ctypes.c_int, ctypes.c_int, SUCCESS, FAILURE, ctypes.c_void_p, ctypes.c_char_p]
for name in ("thing_p2p_read", "thing_p2p_send"):
    getattr(lib, name).argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_int]


class Info(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32), ("path", ctypes.c_int32),
        ("rtt_us", ctypes.c_uint32), ("min_rtt_us", ctypes.c_uint32), ("connect_ms", ctypes.c_uint32),
        ("bytes_sent", ctypes.c_uint64), ("bytes_received", ctypes.c_uint64),
        ("packets_sent", ctypes.c_uint64), ("packets_lost", ctypes.c_uint64), ("bandwidth_bps", ctypes.c_uint64),
        ("trace_id", ctypes.c_char * 40), ("device_id", ctypes.c_char * 81),
        ("local_address", ctypes.c_char * 64), ("remote_address", ctypes.c_char * 64)]


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: got {got}, expected {wanted}")


def connect(ticket):
    """Returns the session's handle and the trace id."""
    done = queue.Queue()
    success = SUCCESS(lambda handle, user: done.put((handle, user)))
    failure = FAILURE(lambda code, user: done.put((code, user)))
    callbacks.extend((success, failure))
    trace = ctypes.create_string_buffer(40)
    expect("connect", lib.thing_p2p_connect(ticket, 0, TIMEOUT_MS, success, failure, 7, trace), 0)
    handle, user = done.get(timeout=2 * TIMEOUT_MS / 1000)
    if handle < 0:
        sys.exit(f"connect failed: {lib.thing_p2p_error_name(handle).decode()}")
    expect("user", user, 7)
    return handle, trace.value


def send(handle, text):
    expect("send", lib.thing_p2p_send(handle, COMMANDS, text, len(text), TIMEOUT_MS), len(text))


def read_exactly(handle, channel, length):
    buffer = ctypes.create_string_buffer(min(length, 1 << 18))
    got = b""
    while len(got) < length:
        n = lib.thing_p2p_read(handle, channel, buffer, min(length - len(got), len(buffer)), TIMEOUT_MS)
        if n < 1:
            sys.exit(f"read: {n} after {len(got)} bytes")
        got += buffer.raw[:n]
    return got


def receive_stream(handle):
    send(handle, b"stream %d\n" % STREAM_BYTES)
    done = 0
    while done < STREAM_BYTES:
        block = read_exactly(handle, VIDEO, min(STREAM_BYTES - done, 1 << 18))
        at = done % 251
        expect(f"bytes from {done} on", block == PATTERN[at:at + len(block)], True)
        done += len(block)


def close(handle):
    send(handle, b"bye\n")
    byte = ctypes.create_string_buffer(1)
    expect("read after the device closed", lib.thing_p2p_read(handle, COMMANDS, byte, 1, TIMEOUT_MS), -12)
    expect("active_check after that", lib.thing_p2p_active_check(handle), -12)
    expect("disconnect", lib.thing_p2p_disconnect(handle), 0)
    expect("second disconnect", lib.thing_p2p_disconnect(handle), -11)
    expect("read after disconnect", lib.thing_p2p_read(handle, COMMANDS, byte, 1, 0), -11)
    expect("deinit", lib.thing_p2p_deinit(), 0)
    expect("second deinit", lib.thing_p2p_deinit(), -1)


expect("init", lib.thing_p2p_init(b"python"), 0)
session, trace_id = connect(sys.argv[2].encode())
info = Info(struct_size=ctypes.sizeof(Info))
expect("session_info", lib.thing_p2p_session_info(session, ctypes.byref(info)), 0)
expect("trace id", info.trace_id, trace_id)
send(session, b"echo hello\n")
expect("echo", read_exactly(session, COMMANDS, 6), b"hello\n")
receive_stream(session)
close(session)
print(f"ok: {lib.thing_p2p_version().decode()}, path {info.path}, connected in {info.connect_ms} ms")

"""The C library: where it is, and its functions as include/thingp2p.h declares them."""

import ctypes
import operator
import os
import pathlib
from ctypes import POINTER, c_char, c_char_p, c_int, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from typing import Any, Callable, Dict, Tuple

TRACE_ID_SIZE = 40
ID_SIZE = 81
TICKET_SIZE = 512
STATUS_SIZE = 2048
REPORT_SIZE = 32769
FRAME_KEY = 1
MAX_FRAME = 4194304
EVENT_READABLE = 1
EVENT_WRITABLE = 2
EVENT_ACCEPT = 4
EVENT_CLOSED = 8

SuccessCallback = ctypes.CFUNCTYPE(None, c_int, c_void_p)
FailureCallback = ctypes.CFUNCTYPE(None, c_int, c_void_p)
LogCallback = ctypes.CFUNCTYPE(None, c_int, c_char_p, c_void_p)


class Info(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("path", c_int32),
        ("rtt_us", c_uint32),
        ("min_rtt_us", c_uint32),
        ("connect_ms", c_uint32),
        ("bytes_sent", c_uint64),
        ("bytes_received", c_uint64),
        ("packets_sent", c_uint64),
        ("packets_lost", c_uint64),
        ("bandwidth_bps", c_uint64),
        ("trace_id", c_char * TRACE_ID_SIZE),
        ("device_id", c_char * ID_SIZE),
        ("local_address", c_char * 64),
        ("remote_address", c_char * 64),
        ("frame_bps", c_uint64),
    ]


class Frame(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("sequence", c_uint64),
        ("missing", c_uint32),
        ("length", c_uint32),
    ]


class Event(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("handle", c_int32),
        ("events", c_uint32),
        ("readable", c_uint32),
        ("writable", c_uint32),
        ("code", c_int32),
    ]


class Peer(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("uid", c_char * ID_SIZE),
        ("app_id", c_char * ID_SIZE),
        ("trace_id", c_char * TRACE_ID_SIZE),
        ("has_ticket", c_int32),
    ]


class Pairing(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("sessions", c_int32),
        ("since", c_int64),
        ("app_id", c_char * ID_SIZE),
        ("uid", c_char * ID_SIZE),
    ]


AuthorizeCallback = ctypes.CFUNCTYPE(c_int, c_int, POINTER(Peer), c_void_p)
NO_AUTHORIZE = ctypes.cast(ctypes.c_void_p(), AuthorizeCallback)
NO_LOG = ctypes.cast(ctypes.c_void_p(), LogCallback)


class Int(c_int):
    """An argument that is an int in C. ctypes by itself would cut off what is too large."""

    @classmethod
    def from_param(cls, value: Any) -> c_int:
        number = operator.index(value)
        if not -(2**31) <= number < 2**31:
            raise OverflowError(f"{number} does not fit into 32 bits")
        return c_int(number)


# Each returns an int. A new function of the library is one line here, and one call where it belongs.
FUNCTIONS: Dict[str, Tuple[Any, ...]] = {
    "set_option": (c_char_p, c_char_p),
    "set_log": (Int, LogCallback, c_void_p),
    "init": (c_char_p,),
    "deinit": (),
    "add_device": (c_char_p, c_char_p),
    "add_address": (c_char_p, c_char_p),
    "network_changed": (),
    "set_addresses": (c_char_p,),
    "connect": (c_char_p, Int, Int, SuccessCallback, FailureCallback, c_void_p, c_char_p),
    "connect_wait": (c_char_p, Int, Int, c_char_p),
    "break_connect": (c_char_p,),
    "resend_offer": (c_char_p,),
    "preconnect": (c_char_p,),
    "close_preconnect": (c_char_p,),
    "report": (c_char_p, c_char_p, Int),
    "read": (Int, Int, c_void_p, Int, Int),
    "send": (Int, Int, c_void_p, Int, Int),
    "send_frame": (Int, Int, c_void_p, Int, Int, Int),
    "read_frame": (Int, Int, c_void_p, Int, POINTER(Frame), Int),
    "clear": (Int, Int),
    "unsent": (Int, Int, POINTER(c_int)),
    "active_check": (Int,),
    "session_info": (Int, POINTER(Info)),
    "session_peer": (Int, POINTER(Peer)),
    "disconnect": (Int,),
    "device_open": (c_char_p,),
    "device_id": (Int, c_char_p, Int),
    "device_ticket": (Int, c_char_p, Int),
    "device_address": (Int, c_char_p, Int),
    "device_pairings": (Int, POINTER(Pairing), Int),
    "device_unpair": (Int, c_char_p),
    "device_reset_ticket": (Int,),
    "device_set_authorizer": (Int, AuthorizeCallback, c_void_p),
    "device_status": (Int, c_char_p, Int),
    "device_set_option": (Int, c_char_p, c_char_p),
    "device_listen": (Int,),
    "accept": (Int, Int, POINTER(Peer)),
    "device_close": (Int,),
    "poller_open": (),
    "poller_set": (Int, Int, c_uint32, c_uint32),
    "poller_wait": (Int, POINTER(Event), Int, Int),
    "poller_wake": (Int,),
    "poller_fd": (Int,),
    "poller_close": (Int,),
}
TEXTS: Dict[str, Tuple[Any, ...]] = {"version": (), "strerror": (c_int,), "error_name": (c_int,)}


def _load() -> ctypes.CDLL:
    here = pathlib.Path(__file__).parent
    beside = [p for name in ("libthingp2p.so.1", "libthingp2p.dylib", "thingp2p.dll") for p in [here / name] if p.exists()]
    path = os.environ.get("THINGP2P_LIBRARY") or str(beside[0] if beside else "libthingp2p.so.1")
    try:
        return ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"libthingp2p cannot be loaded: {error}; THINGP2P_LIBRARY may name its file") from error


def _checked(function: Any) -> Callable[..., Any]:
    """What cannot even be an argument in C, such as a text for a number, is an invalid parameter too."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except ctypes.ArgumentError as wrong:
            from ._errors import Code, error  # which need what is made here

            raise error(Code.INVALID_PARAMETER) from wrong

    return call


class _Library:
    """The functions, without their prefix."""

    def __getattr__(self, name: str) -> Any:  # for type checkers: what __init__ sets is found before
        raise AttributeError(name)

    def __init__(self, library: ctypes.CDLL) -> None:
        for table, result in ((FUNCTIONS, c_int), (TEXTS, c_char_p)):
            for name, arguments in table.items():
                function = getattr(library, "thing_p2p_" + name)
                function.argtypes, function.restype = arguments, result
                setattr(self, name, _checked(function))


lib = _Library(_load())

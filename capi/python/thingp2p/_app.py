"""The app side: init, connect, deinit."""

import atexit
import concurrent.futures
import ctypes
import enum
import itertools
import json
import threading
from typing import Any, Dict, Optional, cast

from ._errors import Error, check, error
from ._handle import closing
from ._native import REPORT_SIZE, TRACE_ID_SIZE, FailureCallback, SuccessCallback, lib
from ._session import Session
from ._values import milliseconds, seconds, text


class Mode(enum.IntEnum):
    """Which way to the device gets the head start."""

    INTERNET = 0
    LAN = 1


class _Initialized:
    _users = 0  # of the app side, by `with`
    _lock = threading.Lock()

    def __enter__(self) -> "_Initialized":
        with self._lock:
            _Initialized._users += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            _Initialized._users -= 1
            last = _Initialized._users == 0
        if last:
            deinit()


def init(uid: str) -> _Initialized:
    """Prepares the app side for a user; at the end of `with`, or of the last if there are several, deinit is called."""
    check(lib.init(text(uid)))
    return _Initialized()


def deinit() -> None:
    """Ends the app side: attempts fail, sessions are closed."""
    result = lib.deinit()
    closing(None)
    check(result)


def add_device(name: str, ticket: str) -> None:
    """Binds a name to a ticket until deinit, so that connect takes the name."""
    check(lib.add_device(text(name), text(ticket)))


def add_address(to: str, address: str) -> None:
    """Tells of an address at which other means have found the device, such as Bonjour; see Device.address."""
    check(lib.add_address(text(to), text(address)))


def network_changed() -> None:
    """Says that the host's network has changed, or that the process was suspended: all look at once what still works."""
    check(lib.network_changed())


def set_addresses(addresses: str) -> None:
    """Names the host's addresses, as in "192.168.1.5/24 fe80::1%wlan0/64", where the system does not tell; "": ask it again."""
    check(lib.set_addresses(text(addresses)))


class Attempt:
    """A connect under way. `future` gets the session or the error."""

    def __init__(self) -> None:
        self.future: "concurrent.futures.Future[Session]" = concurrent.futures.Future()
        self.future.set_running_or_notify_cancel()  # only stop ends it
        self.trace_id = ""

    def stop(self) -> None:
        """Breaks it off. If it has succeeded meanwhile, its session is closed."""
        lib.break_connect(self.trace_id.encode())  # it may have ended: then this is an error that does not matter
        self.future.add_done_callback(_close_result)


def _close_result(future: "concurrent.futures.Future[Session]") -> None:
    if future.exception() is None:  # to close takes up to a second, and this may be an event loop's thread
        threading.Thread(target=future.result().close, name="thingp2p", daemon=True).start()


# One of the two callbacks is called for each attempt, once; until then it is kept here. C gets its key.
_attempts: Dict[int, Attempt] = {}
_keys = itertools.count(1)


@SuccessCallback
def _on_success(handle: int, key: int) -> None:
    _attempts.pop(key).future.set_result(Session(handle))


@FailureCallback
def _on_failure(code: int, key: int) -> None:
    _attempts.pop(key).future.set_exception(error(code))


def start_connect(to: str, mode: Mode = Mode.INTERNET, timeout: Optional[float] = None) -> Attempt:
    """As connect, but does not wait. Callbacks of the future run on a thread of the library."""
    attempt, key, target, trace_id = Attempt(), next(_keys), text(to), ctypes.create_string_buffer(TRACE_ID_SIZE)
    ms = 0 if timeout is None else max(1, milliseconds(seconds(timeout)))
    _attempts[key] = attempt
    try:
        check(lib.connect(target, mode, ms, _on_success, _on_failure, key, trace_id))
    except Error:
        del _attempts[key]
        raise
    attempt.trace_id = trace_id.value.decode()
    return attempt


def connect(to: str, mode: Mode = Mode.INTERNET, timeout: Optional[float] = None) -> Session:
    """Connects to a device id, a ticket, or a name that add_device bound.

    The timeout None means 15 seconds, in LAN mode 3.
    """
    attempt = start_connect(to, mode, timeout)
    try:
        return attempt.future.result()
    except KeyboardInterrupt:
        attempt.stop()
        raise


def break_connect(trace_id: str) -> None:
    """Ends the attempt that the trace id names: it raises ConnectBreakError."""
    check(lib.break_connect(text(trace_id)))


def preconnect(to: str) -> None:
    """Makes the next connect to a device take one round trip, if it comes within five minutes; the device's user hears
    nothing of it. For eight devices at a time."""
    check(lib.preconnect(text(to)))


def close_preconnect(to: str) -> None:
    """Ends what preconnect has begun with a device, if anything."""
    check(lib.close_preconnect(text(to)))


def resend_offer(to: str) -> None:
    """Makes the attempts to a device that are under way ask it again now, since it has just woken."""
    check(lib.resend_offer(text(to)))


def report(trace_id: str) -> Dict[str, Any]:
    """How an attempt goes or went, and its session, on either side; thing_p2p_report lists what is in it. `summary` says it in
    a sentence."""
    buffer = ctypes.create_string_buffer(REPORT_SIZE)
    check(lib.report(text(trace_id), buffer, REPORT_SIZE))
    return cast(Dict[str, Any], json.loads(buffer.value))


atexit.register(lib.deinit)  # no callback may find the interpreter gone

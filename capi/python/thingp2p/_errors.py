"""Codes and exceptions."""

import builtins
import enum
from typing import Any, Dict, Type

from ._native import lib


class Code(enum.IntEnum):
    OK = 0
    NOT_INITIALIZED = -1
    ALREADY_INITIALIZED = -2
    TIMEOUT = -3
    INVALID_ID = -4
    INVALID_PARAMETER = -5
    DEVICE_NOT_ONLINE = -6
    NO_RELAY = -10
    INVALID_SESSION = -11
    CLOSED_REMOTE = -12
    CLOSED_TIMEOUT = -13
    CLOSED_LOCAL = -14
    LISTEN_BREAK = -16
    CONNECT_BREAK = -19
    SESSION_LIMIT = -23
    NO_MEMORY = -29
    HANDSHAKE = -37
    NO_ANSWER = -50
    SIGNALING = -58
    REMOTE = -100
    DEVICE_PRIVACY = -102
    DEVICE_FULL = -104
    AUTH = -105
    DEVICE_BUSY = -113
    FORKED = -200
    BUFFER_TOO_SMALL = -201
    INTERNAL = -202
    KEY_FRAME = -203
    BUSY = -204


class Error(Exception):
    """What the library answered: `code`, its `name` in C, and a sentence."""

    def __init__(self, code: int) -> None:
        self.code = int(code)
        self.name: str = lib.error_name(code).decode()
        super().__init__(f"{lib.strerror(code).decode()} ({self.name}, {self.code})")

    def __reduce__(self) -> Any:  # so that it can cross processes
        return error, (self.code,)


class TimeoutError(Error, builtins.TimeoutError):
    """The time was up. A session that raises it lives on."""


class InvalidParameterError(Error, ValueError):
    pass


class InvalidIdError(Error, ValueError):
    """Neither a device id, a ticket nor a known name."""


class NoMemoryError(Error, MemoryError):
    pass


class KeyFrameError(Error):
    """A frame that this one needs was dropped: only a key frame helps now."""


class ForkedError(Error, RuntimeError):
    """Called in a child that fork() made."""


class AuthError(Error, PermissionError):
    pass


class ConnectBreakError(Error, ConnectionAbortedError):
    """The attempt was broken off here."""


class ClosedError(Error, ConnectionError):
    """The session, or the device that was listening, is closed."""


class ClosedRemoteError(ClosedError, ConnectionResetError):
    """The other side closed the session, and all that it had sent has been read."""


class ClosedLocalError(ClosedError, ConnectionAbortedError):
    """The session was closed here."""


_CLASSES: Dict[int, Type[Error]] = {
    Code.TIMEOUT: TimeoutError,
    Code.INVALID_ID: InvalidIdError,
    Code.INVALID_PARAMETER: InvalidParameterError,
    Code.INVALID_SESSION: ClosedLocalError,  # Python code has no other way to hold such a handle
    Code.CLOSED_REMOTE: ClosedRemoteError,
    Code.CLOSED_TIMEOUT: ClosedError,
    Code.CLOSED_LOCAL: ClosedLocalError,
    Code.LISTEN_BREAK: ClosedError,
    Code.CONNECT_BREAK: ConnectBreakError,
    Code.NO_MEMORY: NoMemoryError,
    Code.AUTH: AuthError,
    Code.FORKED: ForkedError,
    Code.KEY_FRAME: KeyFrameError,
}


def error(code: int) -> Error:
    return _CLASSES.get(code, Error)(code)


def check(result: int) -> int:
    """Passes what is not an error."""
    if result < 0:
        raise error(result)
    return result

"""What concerns the library as a whole."""

import enum
import sys
from typing import Callable, Optional

from ._errors import Error, check
from ._native import NO_LOG, LogCallback, lib
from ._values import callback, text


class LogLevel(enum.IntEnum):
    OFF = 0
    ERROR = 1
    WARN = 2
    INFO = 3
    DEBUG = 4


def version() -> str:
    return str(lib.version().decode())


def set_option(key: str, value: str) -> None:
    """Sets an option, for what is opened after it. thingp2p.h lists them; "server" is the first to know."""
    check(lib.set_option(text(key), text(value)))


_log: Optional[Callable[[LogLevel, str], None]] = None


@LogCallback
def _on_log(level: int, line: bytes, _user: Optional[int]) -> None:
    log = _log
    if log is None:
        return
    try:
        log(LogLevel(level), line.decode(errors="replace"))
    except Exception:
        sys.excepthook(*sys.exc_info())


def set_log(level: LogLevel, log: Optional[Callable[[LogLevel, str], None]] = None) -> None:
    """Sends the log up to `level` to a function, on a thread of the library; None turns it off."""
    global _log
    previous, _log = _log, callback(log)
    try:
        check(lib.set_log(level if log else LogLevel.OFF, _on_log if log else NO_LOG, None))
    except Error:
        _log = previous
        raise

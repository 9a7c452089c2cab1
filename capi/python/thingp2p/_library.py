"""What concerns the library as a whole."""

import enum
import itertools
import sys
import threading
from typing import Callable, Dict, Optional, Set

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


# The functions that lines may still come for, by what the library calls them. A line is for the function that was set when it
# was written.
_Log = Callable[[LogLevel, str], None]
_logs: Dict[int, _Log] = {}
_keys = itertools.count(1)
_setting: Set[int] = set()  # the keys of calls that have not returned: nobody knows which of them is the last
_guard = threading.Lock()


@LogCallback
def _on_log(level: int, line: bytes, key: Optional[int]) -> None:
    log = _logs.get(key or 0)
    if log is None:
        return
    try:
        log(LogLevel(level), line.decode(errors="replace"))
    except Exception:
        sys.excepthook(*sys.exc_info())


def set_log(level: LogLevel, log: Optional[_Log] = None) -> None:
    """Sends the log up to `level` to a function, on a thread of the library; None turns it off. Lines of before come first, for
    the function of before."""
    key = next(_keys)
    with _guard:
        over = [old for old in _logs if old not in _setting]
        if callback(log):
            _logs[key] = log
        _setting.add(key)
    try:
        check(lib.set_log(level if log else LogLevel.OFF, _on_log if log else NO_LOG, key))
    except Error:
        over = [key]
        raise
    finally:
        with _guard:
            _setting.discard(key)
            for old in over:
                _logs.pop(old, None)

"""From Python's values to C's."""

import math
import threading
import time
from typing import Callable, Optional

from ._errors import Code, check, error

MAX_INT = 2**31 - 1
_SLICE_MS = 500


def text(value: str) -> bytes:
    encoded = value.encode()
    if b"\0" in encoded:  # C would stop there
        raise error(Code.INVALID_PARAMETER)
    return encoded


def milliseconds(seconds: float) -> int:
    return max(0, min(MAX_INT, math.ceil(seconds * 1000)))


def wait(call: Callable[[int], int], timeout: Optional[float]) -> int:
    """Calls with a timeout in ms, and raises what is an error.

    Python handles signals between calls only. So the main thread waits in slices: a timeout takes nothing away.
    """
    if threading.current_thread() is not threading.main_thread():
        return check(call(-1 if timeout is None else milliseconds(timeout)))
    end = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        left = end - time.monotonic()
        now = min(_SLICE_MS, milliseconds(left)) if left < MAX_INT else _SLICE_MS
        result = call(now)
        if result != Code.TIMEOUT or left * 1000 <= _SLICE_MS:
            return check(result)

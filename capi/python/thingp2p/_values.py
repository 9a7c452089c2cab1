"""From Python's values to C's. What has no counterpart there is an InvalidParameterError, as what C refuses is."""

import functools
import math
import operator
import os
import threading
import time
from typing import Any, Callable, Optional, TypeVar, Union, cast

from ._errors import Code, check, error
from ._native import Int

MAX_INT = 2**31 - 1
MIN_INT = -(2**31)
_SLICE_MS = 500

_Conversion = TypeVar("_Conversion", bound=Callable[..., Any])


def _conversion(convert: _Conversion) -> _Conversion:
    @functools.wraps(convert)
    def call(value: Any) -> Any:
        try:
            return convert(value)
        except (TypeError, ValueError, OverflowError) as wrong:
            raise error(Code.INVALID_PARAMETER) from wrong

    return cast(_Conversion, call)


@_conversion
def text(value: str) -> bytes:
    return _without_nul(str.encode(value))


@_conversion
def path(value: "Union[str, os.PathLike[str]]") -> bytes:
    return _without_nul(os.fsencode(value))


def _without_nul(encoded: bytes) -> bytes:
    if b"\0" in encoded:
        raise ValueError("there is a NUL in it, at which C would stop")
    return encoded


@_conversion
def octets(data: Any) -> memoryview:
    """Any bytes-like object, as bytes."""
    return memoryview(data).cast("B")


@_conversion
def integer(value: int) -> int:
    return int(Int.from_param(value).value)


@_conversion
def size(value: int) -> int:
    """Of a buffer."""
    number = operator.index(value)
    if number < 1:
        raise ValueError("a buffer has one byte or more")
    return number


@_conversion
def channel_number(value: int) -> int:
    number = operator.index(value)
    if not 0 <= number < 8:
        raise ValueError("channels are 0 to 7")
    return number


@_conversion
def flag(value: bool) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither True nor False")
    return value


@_conversion
def callback(function: Any) -> Any:
    if function is not None and not callable(function):
        raise TypeError(f"{function!r} cannot be called")
    return function


@_conversion
def seconds(timeout: Optional[float]) -> float:
    """None is for ever."""
    number = math.inf if timeout is None else timeout + 0.0
    if math.isnan(number):
        raise ValueError("not a number of seconds")
    return number


def deadline_ms(deadline: Optional[float]) -> int:
    """0 is none in C: a deadline that is now or has passed must not become that."""
    left = seconds(deadline)
    return 0 if left == math.inf else max(1, milliseconds(left))


def milliseconds(number: float) -> int:
    return MAX_INT if number >= MAX_INT / 1000 else max(0, math.ceil(number * 1000))


def wait(call: Callable[[int], int], timeout: Optional[float]) -> int:
    """Calls with a timeout in ms, and raises what is an error.

    Python handles signals between calls only. So the main thread waits in slices: a timeout takes nothing away.
    """
    left = seconds(timeout)
    if threading.current_thread() is not threading.main_thread():
        return check(call(-1 if left == math.inf else milliseconds(left)))
    end = time.monotonic() + left
    while True:
        left = end - time.monotonic()
        result = call(min(_SLICE_MS, milliseconds(left)))
        if result != Code.TIMEOUT or left * 1000 <= _SLICE_MS:
            return check(result)

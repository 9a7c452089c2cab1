"""What C has a handle of."""

from typing import Any, Callable, List, Optional, Type, TypeVar

from ._errors import Code, check
from ._threads import background

_Self = TypeVar("_Self", bound="Handle")

# They hear of what is being closed, and once more when it is: on any thread. None: any may be closed by now.
listeners: List[Callable[[Optional[int]], None]] = []


def closing(handle: Optional[int]) -> None:
    for listener in listeners:
        listener(handle)


class Handle:
    """It closes itself at the end of `with`, and in the background when nobody has it any more."""

    _ends: Callable[[int], int]  # in C
    _has_others = False  # which end with it
    handle = 0
    _closed = False

    def __init__(self, handle: int) -> None:
        self.handle = handle
        background.start()

    def close(self) -> None:
        result = self._end(_close, type(self), self.handle)
        self._closed = True
        if result != Code.INVALID_SESSION:  # closed before
            check(result)

    def _end(self, call: Callable[..., int], *args: Any) -> int:
        return call(*args)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:  # wherever the collector runs, such as on an event loop's thread
        if self.handle and not self._closed:
            background.put(_close, type(self), self.handle)

    def __repr__(self) -> str:
        return f"<thingp2p.{type(self).__name__} {self.handle}>"


def _close(kind: Type[Handle], handle: int) -> int:
    closing(handle)
    result = kind._ends(handle)
    closing(None if kind._has_others else handle)
    return result

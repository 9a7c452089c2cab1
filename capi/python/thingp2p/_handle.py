"""What C has a handle of."""

from typing import Callable, List, Optional, TypeVar

from ._errors import Code, Error, check

_Self = TypeVar("_Self", bound="Handle")

# They hear of what is being closed, and once more when it is: on any thread, also in __del__. None: any may be closed by now.
listeners: List[Callable[[Optional[int]], None]] = []


def closing(handle: Optional[int]) -> None:
    for listener in listeners:
        listener(handle)


class Handle:
    """It closes itself at the end of `with`, and when nobody has it any more."""

    handle: int

    def close(self) -> None:
        raise NotImplementedError

    def _close(self, call: Callable[[int], int]) -> None:
        closing(self.handle)
        result = call(self.handle)
        closing(self.handle)
        if result != Code.INVALID_SESSION:  # closed before
            check(result)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except (Error, AttributeError):  # AttributeError: it was never made, or the interpreter is ending
            pass

    def __repr__(self) -> str:
        return f"<thingp2p.{type(self).__name__} {self.handle}>"

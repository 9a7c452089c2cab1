"""What C has a handle of."""

from typing import TypeVar

from ._errors import Code, Error, check

_Self = TypeVar("_Self", bound="Handle")


class Handle:
    """It closes itself at the end of `with`, and when nobody has it any more."""

    handle: int

    def close(self) -> None:
        raise NotImplementedError

    def _closed(self, result: int) -> None:
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

"""Waiting in asyncio on a thread of its own."""

import asyncio
import math
import threading
from typing import Any, Callable, Optional, TypeVar

from ._errors import Code, error

Result = TypeVar("Result")


def in_thread(call: Callable[..., Result], *args: Any) -> "asyncio.Future[Result]":
    loop = asyncio.get_running_loop()
    future: "asyncio.Future[Result]" = loop.create_future()
    future.add_done_callback(lambda f: f.cancelled() or f.exception())  # nobody may be waiting any more

    def finish(setter: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            setter(value)

    def run() -> None:
        outcome: Any
        try:
            outcome = future.set_result, call(*args)
        except BaseException as e:
            outcome = future.set_exception, e
        try:
            loop.call_soon_threadsafe(finish, *outcome)
        except RuntimeError:  # the loop is closed
            pass

    threading.Thread(target=run, name="thingp2p", daemon=True).start()
    return future


class Call:
    """A blocking call that outlives the await: the next await gets its result."""

    def __init__(self) -> None:
        self.future: "Optional[asyncio.Future[Any]]" = None

    async def result(self, left: float, call: Callable[..., Any], *args: Any) -> Any:
        if self.future is None:
            self.future = in_thread(call, *args)
        done, _ = await asyncio.wait({self.future}, timeout=None if left == math.inf else left)
        if not done:
            raise error(Code.TIMEOUT)
        future, self.future = self.future, None
        return future.result()

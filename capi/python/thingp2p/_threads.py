"""Waiting on threads other than the caller's."""

import asyncio
import math
import queue
import sys
import threading
from typing import Any, Callable, List, Optional, Tuple, TypeVar

from ._errors import Code, error

Result = TypeVar("Result")


class _Background:
    """Makes calls for who must not wait, wherever that is: also in __del__, where no thread may be started and no lock taken."""

    def __init__(self) -> None:
        self._calls: "queue.SimpleQueue[Tuple[Callable[..., Any], Tuple[Any, ...]]]" = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():  # in a child that was forked, it is not
                self._thread = threading.Thread(target=self._work, name="thingp2p", daemon=True)
                self._thread.start()

    def put(self, call: Callable[..., Any], *args: Any) -> None:
        self._calls.put((call, args))

    def _work(self) -> None:
        while True:
            call, args = self._calls.get()
            try:
                threading.Thread(target=call, args=args, name="thingp2p", daemon=True).start()  # one does not wait for another
            except RuntimeError:  # the interpreter is ending
                call(*args)
            del call, args


background = _Background()


def interruptibly(call: Callable[..., Result], *args: Any) -> Result:
    """Makes a call that may wait for a person: in the main thread, Ctrl-C ends the wait, though not the call."""
    if threading.current_thread() is not threading.main_thread():
        return call(*args)
    outcome: List[Any] = []

    def run() -> None:
        try:
            outcome.append(call(*args))
        except BaseException:
            outcome.append(sys.exc_info()[1])
            outcome.append("raise")

    thread = threading.Thread(target=run, name="thingp2p", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the interpreter is ending
        return call(*args)
    thread.join()
    if len(outcome) > 1:
        raise outcome[0]
    result: Result = outcome[0]
    return result


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

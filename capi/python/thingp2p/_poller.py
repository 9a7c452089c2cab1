"""Waiting in asyncio without a thread: pollers of the library, whose descriptors are in the event loop."""

import asyncio
import ctypes
import math
import time
import weakref
from collections import defaultdict
from typing import Any, Callable, DefaultDict, Dict, List, Optional, Set, Tuple, TypeVar

from . import _handle
from ._errors import ClosedLocalError, Code, TimeoutError, check, error
from ._native import EVENT_ACCEPT, EVENT_CLOSED, EVENT_READABLE, EVENT_WRITABLE, Event, lib

Result = TypeVar("Result")

INPUT = EVENT_READABLE | EVENT_ACCEPT | EVENT_CLOSED
ROOM = EVENT_WRITABLE | EVENT_CLOSED

_MOST = 64  # events in one go; then it is the turn of others in the loop


class _Watch:
    """What is awaited of a session or a device: channels, of which an accept is the first."""

    def __init__(self) -> None:
        self.channels = 0  # that the library watches: those that somebody waits for, and maybe more
        self.waiting: "DefaultDict[int, Set[asyncio.Future[int]]]" = defaultdict(set)

    def wake(self, channels: int, code: int) -> bool:
        """Whether somebody waited for each of them."""
        all_awaited = True
        for channel in _bits(channels):
            futures = self.waiting.pop(channel, set())
            all_awaited = all_awaited and bool(futures)
            for future in futures:
                _finish(future, code)
        return all_awaited


def _bits(number: int) -> List[int]:
    return [n for n in range(number.bit_length()) if number >> n & 1]


def _finish(future: "asyncio.Future[int]", code: int) -> None:
    if not future.done():
        future.set_result(code)


class Poller:
    """Wakes coroutines of one event loop, which try again then what they could not do without waiting. So to cancel one
    takes nothing away. All but `closing` is for the loop's thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, events: int) -> None:
        self._loop = loop
        self._events = events
        self._watches: Dict[int, _Watch] = {}
        self._told: Any = (Event * _MOST)()
        self._told[0].struct_size = ctypes.sizeof(Event)
        self._handle = check(lib.poller_open())
        weakref.finalize(self, lib.poller_close, self._handle).atexit = False
        loop.add_reader(check(lib.poller_fd(self._handle)), self._wake)  # which keeps it as long as the loop is open

    async def until(self, end: float, handle: int, channel: int, call: Callable[[], Result], closed: Code) -> Result:
        """What the call returns once it does not raise TimeoutError any more. `closed` is the error if the handle has gone
        meanwhile."""
        while True:
            if time.monotonic() >= end:
                raise error(Code.TIMEOUT)
            try:
                check(await self._change(end, handle, channel))
                return call()
            except TimeoutError:
                pass
            except ClosedLocalError as e:
                if e.code != Code.INVALID_SESSION:
                    raise
                raise error(closed) from None

    async def _change(self, end: float, handle: int, channel: int) -> int:
        """Waits until there may be something to do on a channel, or the time is up."""
        future: "asyncio.Future[int]" = self._loop.create_future()
        watch = self._watches.setdefault(handle, _Watch())  # before the library watches: `closing` looks here after it has ceased
        waiting = watch.waiting[channel]
        waiting.add(future)
        timer = None if end == math.inf else self._loop.call_later(end - time.monotonic(), _finish, future, Code.OK)
        try:
            if not watch.channels >> channel & 1:
                self._set(handle, watch, watch.channels | 1 << channel)
            return await future
        finally:
            waiting.discard(future)
            if timer:
                timer.cancel()

    def _set(self, handle: int, watch: _Watch, channels: int) -> None:
        """Says what the library is to watch."""
        watch.channels = channels
        result = lib.poller_set(self._handle, handle, self._events if channels else 0, channels)
        if result < 0 or channels == 0:
            self._forget(handle, result)

    def _wake(self) -> None:
        count = lib.poller_wait(self._handle, self._told, _MOST, 0)
        if count == Code.TIMEOUT:
            return
        for event in self._told[: check(count)]:
            watch = self._watches.get(event.handle)
            if watch is None:  # it is about to be closed
                lib.poller_set(self._handle, event.handle, 0, 0)
                continue
            channels = event.readable | event.writable | (1 if event.events & EVENT_ACCEPT else 0)
            if event.events & EVENT_CLOSED:
                channels |= watch.channels
            if not watch.wake(channels, Code.OK):  # it would be told again and again, and nobody wants to know
                self._set(event.handle, watch, sum(1 << channel for channel, waiting in watch.waiting.items() if waiting))

    def closing(self, handle: Optional[int]) -> None:
        """Hears of what is being closed, on any thread, as the library does not tell of that; None: any may have gone."""
        call: Tuple[Any, ...] = (self._look,) if handle is None else (self._forget, handle, Code.INVALID_SESSION)
        if handle in self._watches or handle is None and self._watches:
            try:
                self._loop.call_soon_threadsafe(*call)
            except RuntimeError:  # the loop is closed
                pass

    def _look(self) -> None:
        for handle, watch in list(self._watches.items()):
            self._set(handle, watch, watch.channels)

    def _forget(self, handle: int, code: int) -> None:
        watch = self._watches.pop(handle, None)
        if watch:
            for channel in list(watch.waiting):
                watch.wake(1 << channel, code)


# A loop keeps its pollers, and they keep it: when it is closed, they end.
_pollers: "weakref.WeakValueDictionary[Tuple[int, int], Poller]" = weakref.WeakValueDictionary()
_without: "weakref.WeakSet[asyncio.AbstractEventLoop]" = weakref.WeakSet()


def poller(events: int) -> Optional[Poller]:
    """The running loop's for INPUT or ROOM, or None where there is none, as on Windows. They are two, as the library watches
    the same channels for all events, and there is room nearly always."""
    loop = asyncio.get_running_loop()
    found = _pollers.get((id(loop), events))
    if found is None and loop not in _without:
        try:
            found = _pollers[id(loop), events] = Poller(loop, events)
        except (NotImplementedError, ValueError):  # ValueError: InvalidParameterError is one
            _without.add(loop)
    return found


def _closing(handle: Optional[int]) -> None:
    for reference in _pollers.valuerefs():
        found = reference()
        if found is not None:
            found.closing(handle)


_handle.listeners.append(_closing)

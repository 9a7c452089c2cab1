"""thingp2p for asyncio.

    from thingp2p import aio

    async with await aio.connect(ticket) as session:
        await session.send_all(0, b"info\\n")
        print(await session.read(0, timeout=5))

A call that would have to wait does so on a thread of its own: one for each channel on which a read is waiting, each
device in accept, and each send into a full buffer. An await that is cancelled or timed out loses no bytes and no session:
the next one gets them. Only of a send that is cancelled it is not known how much has been sent.
"""

import asyncio
import math
import os
import threading
import time
from collections import defaultdict
from typing import Any, Callable, DefaultDict, List, Optional, TypeVar, Union

from . import _app, _device, _session
from ._app import Mode
from ._device import Authorizer, Pairing, Peer
from ._errors import Code, TimeoutError, error
from ._values import integer, octets, seconds
from ._values import size as valid_size

__all__ = ["Device", "Session", "connect"]

Result = TypeVar("Result")


def _in_thread(call: Callable[..., Result], *args: Any) -> "asyncio.Future[Result]":
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


class _Call:
    """A blocking call that outlives the await: the next await gets its result."""

    def __init__(self) -> None:
        self.future: "Optional[asyncio.Future[Any]]" = None
        self.awaited = False

    async def result(self, timeout: Optional[float], call: Callable[..., Any], *args: Any) -> Any:
        left = seconds(timeout)
        if self.awaited:
            raise RuntimeError("another coroutine is waiting for the same")
        if self.future is None:
            self.future = _in_thread(call, *args)
        self.awaited = True
        try:
            done, _ = await asyncio.wait({self.future}, timeout=None if left == math.inf else left)
        finally:
            self.awaited = False
        if not done:
            raise error(Code.TIMEOUT)
        future, self.future = self.future, None
        return future.result()


class Session:
    """As thingp2p.Session, which is its attribute `sync`."""

    def __init__(self, sync: _session.Session) -> None:
        self.sync = sync
        self._reads: DefaultDict[int, _Call] = defaultdict(_Call)
        self._surplus: DefaultDict[int, bytes] = defaultdict(bytes)  # of reads whose await had ended

    @property
    def peer(self) -> Optional[Peer]:
        return self.sync.peer

    @property
    def active(self) -> bool:
        return self.sync.active

    def info(self) -> _session.SessionInfo:
        return self.sync.info()

    async def read(self, channel: int, size: int = 65536, timeout: Optional[float] = None) -> bytes:
        """Waits for at least one byte, and returns up to `size`. One coroutine at a time per channel."""
        channel, size, _ = integer(channel), valid_size(size), seconds(timeout)
        data, waiting = self._surplus.pop(channel, b""), self._reads[channel]
        if not data and waiting.future is None:
            await asyncio.sleep(0)  # others shall run, too, while there is always something to read
            try:
                return self.sync.read(channel, size, 0)
            except TimeoutError:
                pass
        if not data:
            data = await waiting.result(timeout, self.sync.read, channel, size)
        if len(data) > size:
            self._surplus[channel] = data[size:]
        return data[:size]

    async def send_all(self, channel: int, data: Any, timeout: Optional[float] = None) -> None:
        """Sends all of the bytes; the timeout is for the whole."""
        end = time.monotonic() + seconds(timeout)
        view = octets(data)
        done = 0
        while done < len(view):
            await asyncio.sleep(0)
            try:
                done += self.sync.send(channel, view[done:], 0)
            except TimeoutError:
                done += await _in_thread(self.sync.send, channel, view[done:], end - time.monotonic())

    async def close(self) -> None:
        """Sends what is buffered for up to a second, and wakes who is waiting here."""
        await _in_thread(self.sync.close)

    async def __aenter__(self) -> "Session":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def connect(to: str, mode: Mode = Mode.INTERNET, timeout: Optional[float] = None) -> Session:
    """As thingp2p.connect. To cancel it breaks the attempt off."""
    attempt = _app.start_connect(to, mode, timeout)
    try:
        return Session(await asyncio.wrap_future(attempt.future))
    except asyncio.CancelledError:
        attempt.stop()
        raise


class Device:
    """As thingp2p.Device, which is its attribute `sync`. The authorizer runs on a thread of the library."""

    def __init__(self, state_dir: "Union[str, os.PathLike[str], None]" = None) -> None:
        self.sync = _device.Device(state_dir)
        self._accept = _Call()

    @property
    def id(self) -> str:
        return self.sync.id

    @property
    def ticket(self) -> str:
        return self.sync.ticket

    @property
    def address(self) -> str:
        return self.sync.address

    def pairings(self) -> List[Pairing]:
        return self.sync.pairings()

    def unpair(self, app_id: str) -> None:
        self.sync.unpair(app_id)

    def reset_ticket(self) -> None:
        self.sync.reset_ticket()

    def set_authorizer(self, decide: Optional[Authorizer]) -> None:
        self.sync.set_authorizer(decide)

    def listen(self) -> None:
        self.sync.listen()

    async def accept(self, timeout: Optional[float] = None) -> Session:
        """Waits for an app. One coroutine at a time."""
        return Session(await self._accept.result(timeout, self.sync.accept))

    async def close(self) -> None:
        """Goes offline and closes all its sessions."""
        await _in_thread(self.sync.close)

    async def __aenter__(self) -> "Device":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

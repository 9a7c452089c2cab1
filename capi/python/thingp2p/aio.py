"""thingp2p for asyncio.

    from thingp2p import aio

    async with await aio.connect(ticket) as session:
        await session.send_all(0, b"info\\n")
        print(await session.read(0, timeout=5))

What waits here needs no thread: each event loop has pollers of the library, and their descriptors in it. A loop that takes
no descriptors, such as those of Windows, has a thread instead for each channel on which a read is waiting, each device in
accept, and each send into a full buffer. Only close has one everywhere. An await that is cancelled or timed out loses no
bytes, no frame and no session: the next one gets them. Only of a send that is cancelled it is not known how much has been
sent. What is no coroutine does not wait.
"""

import asyncio
import os
import time
from collections import defaultdict
from typing import Any, Callable, DefaultDict, Dict, List, Optional, Tuple, Union

from . import _app, _device, _session
from ._app import Mode
from ._device import Authorizer, Pairing, Peer
from ._errors import Code, TimeoutError
from ._poller import INPUT, ROOM, poller
from ._threads import Call, in_thread
from ._values import integer, seconds
from ._values import size as valid_size

__all__ = ["Device", "Session", "connect"]


class _Turn:
    """What one coroutine at a time waits for."""

    def __init__(self) -> None:
        self._awaited = False
        self._thread = Call()

    async def result(
        self, timeout: Optional[float], handle: int, channel: int, closed: Code, call: Callable[..., Any], *args: Any
    ) -> Any:
        """What the call returns, whose last argument is a timeout; `closed` is the error if the handle goes meanwhile."""
        end = time.monotonic() + seconds(timeout)
        if self._thread.future is None:
            await asyncio.sleep(0)  # others shall run, too, while there is always something to read
            try:
                return call(*args, 0)
            except TimeoutError:
                pass
        if self._awaited:
            raise RuntimeError("another coroutine is waiting for the same")
        self._awaited = True
        try:
            waits = poller(INPUT)
            if waits and self._thread.future is None:
                return await waits.until(end, handle, channel, lambda: call(*args, 0), closed)
            return await self._thread.result(end - time.monotonic(), call, *args)
        finally:
            self._awaited = False


class Session:
    """As thingp2p.Session, which is its attribute `sync`."""

    def __init__(self, sync: _session.Session) -> None:
        self.sync = sync
        self._reads: DefaultDict[int, _Turn] = defaultdict(_Turn)
        self._frame_reads: DefaultDict[int, _Turn] = defaultdict(_Turn)
        self._surplus: Dict[int, bytes] = {}  # of reads on a thread whose await had ended

    @property
    def peer(self) -> Optional[Peer]:
        return self.sync.peer

    @property
    def active(self) -> bool:
        return self.sync.active

    def check(self) -> None:
        self.sync.check()

    def info(self) -> _session.SessionInfo:
        return self.sync.info()

    async def read(self, channel: int, size: int = 65536, timeout: Optional[float] = None) -> bytes:
        """Waits for at least one byte, and returns up to `size`. One coroutine at a time per channel."""
        channel, size, _ = integer(channel), valid_size(size), seconds(timeout)
        data: bytes = self._surplus.pop(channel, b"")
        if not data:
            data = await self._next(self._reads[channel], timeout, self.sync.read, channel, size)
        if len(data) > size:
            self._surplus[channel] = data[size:]
        return data[:size]

    async def send_all(self, channel: int, data: Any, timeout: Optional[float] = None) -> None:
        """Sends all of the bytes; the timeout is for the whole."""
        end = time.monotonic() + seconds(timeout)
        outgoing = _session.Outgoing(self.sync.handle, channel, data)
        done = 0
        while done < outgoing.length:
            await asyncio.sleep(0)
            try:
                done += outgoing.send(done, 0)
            except TimeoutError:
                done += await self._send(channel, outgoing, done, end)

    async def _send(self, channel: int, outgoing: _session.Outgoing, done: int, end: float) -> int:
        waits = poller(ROOM)
        if waits is None:
            return await in_thread(outgoing.send, done, end - time.monotonic())
        return await waits.until(end, self.sync.handle, channel, lambda: outgoing.send(done, 0), Code.CLOSED_LOCAL)

    def send_frame(self, channel: int, data: Any, key: bool = False, deadline: Optional[float] = None) -> None:
        """As thingp2p.Session.send_frame."""
        self.sync.send_frame(channel, data, key, deadline)

    async def read_frame(self, channel: int, size: int = 65536, timeout: Optional[float] = None) -> _session.Frame:
        """Waits for the next whole frame, as thingp2p.Session.read_frame. One coroutine at a time per channel."""
        channel, size, _ = integer(channel), valid_size(size), seconds(timeout)
        frame: _session.Frame = await self._next(self._frame_reads[channel], timeout, self.sync.read_frame, channel, size)
        return frame

    async def _next(self, turn: _Turn, timeout: Optional[float], call: Callable[..., Any], channel: int, size: int) -> Any:
        return await turn.result(timeout, self.sync.handle, channel, Code.CLOSED_LOCAL, call, channel, size)

    def clear(self, channel: int) -> int:
        """Drops what is queued on a channel and has not left yet, as thingp2p.Session.clear."""
        return self.sync.clear(channel)

    def unsent(self, channel: int) -> Tuple[int, float]:
        """How many bytes are queued and have not left yet, and for how many seconds the oldest has been."""
        return self.sync.unsent(channel)

    async def close(self) -> None:
        """Sends what is buffered for up to a second, and wakes who is waiting here."""
        await in_thread(self.sync.close)

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
        self._accept = _Turn()

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
        """As thingp2p.Device.set_authorizer, but waits for nobody: the one before may be deciding still."""
        self.sync.set_authorizer_soon(decide)

    def set_option(self, key: str, value: str) -> None:
        self.sync.set_option(key, value)

    def status(self) -> Dict[str, Any]:
        return self.sync.status()

    def listen(self) -> None:
        self.sync.listen()

    async def accept(self, timeout: Optional[float] = None) -> Session:
        """Waits for an app. One coroutine at a time."""
        return Session(await self._accept.result(timeout, self.sync.handle, 0, Code.LISTEN_BREAK, self.sync.accept))

    async def close(self) -> None:
        """Goes offline and closes all its sessions."""
        await in_thread(self.sync.close)

    async def __aenter__(self) -> "Device":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

"""A session, on either side."""

import ctypes
import enum
import io
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Tuple

from . import _native
from ._errors import ClosedRemoteError, Code, Error, check, error
from ._handle import Handle
from ._native import FRAME_KEY, Info, lib
from ._values import MAX_INT, deadline_ms, flag, octets, seconds, wait
from ._values import size as valid_size

if TYPE_CHECKING:
    from ._device import Peer

CHANNELS = 8


class Path(enum.IntEnum):
    """What carries a session."""

    NONE = 0
    LAN = 1
    DIRECT = 2
    RELAY = 3


class SessionInfo(NamedTuple):
    path: Path
    rtt: float  # seconds, as all times here
    min_rtt: float
    connect_time: float
    bytes_sent: int
    bytes_received: int
    packets_sent: int
    packets_lost: int
    bandwidth_bps: int  # 0: not known yet
    trace_id: str
    device_id: str
    local_address: str
    remote_address: str
    frame_bps: int  # what a live encoder should produce now, for all of its frames; 0: not known yet, or none was sent


class Frame(NamedTuple):
    """A live frame that came whole."""

    data: bytes
    key: bool  # it needs none before it
    sequence: int  # 1, 2, ...: each frame that the other side's send_frame has taken
    missing: int  # frames since the last one that was read, which will not come


def _pointer(data: Any) -> Tuple[int, int, Any]:
    """The address and the length of any bytes-like object, and what keeps them valid."""
    if not isinstance(data, bytes):
        view = octets(data)
        if not view.readonly and view.nbytes > 0:
            first = ctypes.c_char.from_buffer(view)
            return ctypes.addressof(first), view.nbytes, first
        data = bytes(view)
    return ctypes.cast(data, ctypes.c_void_p).value or 0, len(data), data


class Outgoing:
    """The bytes of a send, wherever they are. What is read-only is copied once at most, however often the send goes on."""

    def __init__(self, handle: int, channel: int, data: Any) -> None:
        self._handle, self._channel = handle, channel
        self._address, self.length, self._keep = _pointer(data)

    def send(self, done: int, timeout: Optional[float]) -> int:
        """Sends some of the bytes behind those that are done, and returns how many."""
        address, length = self._address + done, min(self.length - done, MAX_INT)
        return wait(lambda ms: lib.send(self._handle, self._channel, address, length, ms), timeout)


class Session(Handle):
    """Eight channels to the other side. Each way of a channel is a stream of bytes, or carries frames, as the sender's
    first call decides. It closes itself at the end of `with`."""

    _ends = lib.disconnect

    def __init__(self, handle: int, peer: "Optional[Peer]" = None) -> None:
        super().__init__(handle)
        self.peer = peer  # on the device's side: the app

    def read(self, channel: int, size: int = 65536, timeout: Optional[float] = None) -> bytes:
        """Waits for at least one byte, and returns up to `size`."""
        buffer = bytearray(valid_size(size))
        return bytes(memoryview(buffer)[: self.readinto(channel, buffer, timeout)])

    def readinto(self, channel: int, buffer: Any, timeout: Optional[float] = None) -> int:
        address, length, keep = _pointer(buffer)
        if keep is buffer or isinstance(keep, bytes):  # read-only, or without room for a byte
            raise error(Code.INVALID_PARAMETER)
        return wait(lambda ms: lib.read(self.handle, channel, address, min(length, MAX_INT), ms), timeout)

    def send(self, channel: int, data: Any, timeout: Optional[float] = None) -> int:
        """Sends some of the bytes, at least one, and returns how many."""
        return Outgoing(self.handle, channel, data).send(0, timeout)

    def send_all(self, channel: int, data: Any, timeout: Optional[float] = None) -> None:
        """Sends all of the bytes; the timeout is for the whole."""
        outgoing = Outgoing(self.handle, channel, data)
        end = time.monotonic() + seconds(timeout)
        done = 0
        while done < outgoing.length:
            done += outgoing.send(done, end - time.monotonic())

    def send_frame(self, channel: int, data: Any, key: bool = False, deadline: Optional[float] = None) -> None:
        """Sends a live frame, such as a picture: it arrives whole or not at all, and holds up no other. Never waits.

        The deadline is how many seconds from now the frame is of use at the other side; None: for ever. One that could
        not be there in time is a TimeoutError, one that needs a frame that was dropped a KeyFrameError: then the encoder
        shall produce a key frame, which needs none before it. How much it should produce: info().frame_bps. A frame
        has at most MAX_FRAME bytes.
        """
        address, length, _keep = _pointer(data)
        flags, ms = FRAME_KEY if flag(key) else 0, deadline_ms(deadline)
        check(lib.send_frame(self.handle, channel, address, min(length, MAX_INT), flags, ms))

    def read_frame(self, channel: int, size: int = 65536, timeout: Optional[float] = None) -> Frame:
        """Waits for the next whole frame, in the order in which they were sent. `size` is the room that is made for it
        at first; a frame that needs more gets more."""
        buffer, frame = bytearray(valid_size(size)), _native.Frame(struct_size=ctypes.sizeof(_native.Frame))
        end = time.monotonic() + seconds(timeout)
        while True:
            address, length, _keep = _pointer(buffer)
            room = min(length, MAX_INT)
            try:
                got = wait(lambda ms: lib.read_frame(self.handle, channel, address, room, frame, ms), end - time.monotonic())
            except Error as e:
                if e.code != Code.BUFFER_TOO_SMALL:
                    raise
                buffer = bytearray(frame.length)  # it has stayed
                continue
            return Frame(bytes(memoryview(buffer)[:got]), frame.flags & FRAME_KEY != 0, frame.sequence, frame.missing)

    def clear(self, channel: int) -> int:
        """Drops what is queued on a channel and has not left yet, and returns how many bytes that was: after a seek, say.

        If frames were dropped, the next one must be a key frame. Of bytes, the reader sees what is sent next right behind
        what had left: clear between two messages of your own.
        """
        return check(lib.clear(self.handle, channel))

    def unsent(self, channel: int) -> Tuple[int, float]:
        """How many bytes are queued on a channel and have not left yet, and for how many seconds the oldest has been."""
        age_ms = ctypes.c_int()
        return check(lib.unsent(self.handle, channel, age_ms)), age_ms.value / 1e3

    def channel(self, number: int, timeout: Optional[float] = None) -> "Channel":
        """A channel as a raw file, for io.BufferedReader and the like."""
        return Channel(self, number, timeout)

    def check(self) -> None:
        """Raises why the session is not usable."""
        check(lib.active_check(self.handle))

    @property
    def active(self) -> bool:
        return lib.active_check(self.handle) >= 0

    def info(self) -> SessionInfo:
        i = Info(struct_size=ctypes.sizeof(Info))
        check(lib.session_info(self.handle, i))
        texts = (i.trace_id, i.device_id, i.local_address, i.remote_address)
        return SessionInfo(
            Path(i.path), i.rtt_us / 1e6, i.min_rtt_us / 1e6, i.connect_ms / 1e3, i.bytes_sent, i.bytes_received,
            i.packets_sent, i.packets_lost, i.bandwidth_bps, *(t.decode() for t in texts), i.frame_bps
        )  # fmt: skip

    def close(self) -> None:
        """Sends what is buffered for up to a second, and wakes who is blocked here. A second close does nothing."""
        super().close()


class Channel(io.RawIOBase):
    """One channel. The end of the file is the session's end by the other side; closing the file does not close it."""

    def __init__(self, session: Session, number: int, timeout: Optional[float]) -> None:
        self._session, self._number, self._timeout = session, number, timeout

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if len(octets(buffer)) == 0:
            return 0
        try:
            return self._session.readinto(self._number, buffer, self._timeout)
        except ClosedRemoteError:
            return 0

    def write(self, data: Any) -> int:
        return self._session.send(self._number, data, self._timeout) if len(octets(data)) else 0

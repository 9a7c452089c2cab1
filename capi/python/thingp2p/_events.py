"""Waiting for any number of sessions and devices in one call."""

import ctypes
import enum
from typing import Iterable, List, NamedTuple, Optional, Union

from . import _native
from ._device import Device
from ._errors import Error, check, error
from ._handle import Handle
from ._native import lib
from ._session import CHANNELS, Session
from ._values import channel_number, integer, wait


class Events(enum.IntFlag):
    """What may be so. The first four are told as long as they are so, the others once for each time."""

    READABLE = 1  # a channel has bytes or a whole frame
    WRITABLE = 2  # a channel has room to send, which is nearly always so: ask for it only while something waits to be sent
    ACCEPT = 4  # a device has a session to accept
    CLOSED = 8  # a session has ended, Event.error says why
    PATH = 16  # a session has moved to another path
    ONLINE = 32  # a device's connection to its server: Event.error says why there is none
    PAIRED = 64  # a device's pairings have changed
    RATE = 128  # frame_bps of a session's info has changed by a tenth


class Event(NamedTuple):
    """What is so with a session or a device."""

    handle: int  # of it
    events: Events
    readable: List[int]  # channels
    writable: List[int]
    error: Optional[Error]


_MOST = 64  # that one call tells; the next one tells of the others


def _channels(mask: int) -> List[int]:
    return [channel for channel in range(CHANNELS) if mask >> channel & 1]


class Poller(Handle):
    """One call, or one descriptor, where a thread for each session would be too many. Any thread may use it.

    With fileno() it goes into a loop of the program's own, such as selectors: it is readable while wait would return at once.
    Nobody may read from the descriptor or close it. For asyncio there is thingp2p.aio. It does not own what it watches.
    """

    _ends = lib.poller_close

    def __init__(self) -> None:
        super().__init__(check(lib.poller_open()))

    def set(self, of: Union[Session, Device], events: int, channels: Iterable[int] = range(CHANNELS)) -> None:
        """Says what wait tells of it from now on; Events(0): nothing. The channels are those of READABLE and WRITABLE."""
        check(lib.poller_set(self.handle, of.handle, integer(events), sum({1 << channel_number(c) for c in channels})))

    def wait(self, timeout: Optional[float] = None) -> List[Event]:
        """Each session and device of which something is so; an empty list: wake was called. A TimeoutError when it is not."""
        told = (_native.Event * _MOST)()
        told[0].struct_size = ctypes.sizeof(_native.Event)
        count = wait(lambda ms: lib.poller_wait(self.handle, told, _MOST, ms), timeout)
        return [_event(e) for e in told[:count]]

    def wake(self) -> None:
        """Makes one wait return: one of now, or the next."""
        check(lib.poller_wake(self.handle))

    def fileno(self) -> int:
        return check(lib.poller_fd(self.handle))


def _event(e: _native.Event) -> Event:
    why = error(e.code) if e.code < 0 else None
    return Event(e.handle, Events(e.events), _channels(e.readable), _channels(e.writable), why)

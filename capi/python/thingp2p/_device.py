"""The device side."""

import atexit
import ctypes
import datetime
import json
import os
import sys
import weakref
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Union

from . import _native
from ._errors import Code, Error, check
from ._handle import Handle, closing
from ._native import NO_AUTHORIZE, AuthorizeCallback, lib
from ._session import Session
from ._values import MIN_INT, callback, path, text, wait


class Peer(NamedTuple):
    """An app, as the device sees it."""

    uid: str  # what the app says of its user
    app_id: str  # proven: names the app's key
    trace_id: str
    has_ticket: bool


def _peer(p: _native.Peer) -> Peer:
    return Peer(p.uid.decode(), p.app_id.decode(), p.trace_id.decode(), p.has_ticket == 1)


class Pairing(NamedTuple):
    """An app that a device remembers, so that it needs no ticket."""

    app_id: str  # proven when it was paired
    uid: str  # what the app said of its user when it came last
    since: datetime.datetime  # in UTC
    sessions: int  # that it has now


def _pairing(p: _native.Pairing) -> Pairing:
    since = datetime.datetime.fromtimestamp(p.since, datetime.timezone.utc)
    return Pairing(p.app_id.decode(), p.uid.decode(), since, p.sessions)


# True or Code.OK accepts; a code refuses, and so does anything else.
Authorizer = Callable[[Peer], Union[bool, int, None]]

_open: "weakref.WeakValueDictionary[int, Device]" = weakref.WeakValueDictionary()


@AuthorizeCallback
def _on_authorize(handle: int, peer: Any, _user: Optional[int]) -> int:
    # Whatever happens here, an exception must not leave: C would see 0, which lets the app in.
    try:
        device = _open.get(handle)
        decide = device._authorizer if device else None
        if decide is None:  # removed this moment: the app may try again
            return Code.DEVICE_BUSY
        return _verdict(decide(_peer(peer.contents)))
    except Error as refusal:
        return refusal.code if MIN_INT <= refusal.code < 0 else Code.AUTH
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return Code.AUTH


def _verdict(answer: object) -> int:
    if answer is True:
        return Code.OK
    if isinstance(answer, int) and answer is not False and MIN_INT <= answer <= 0:
        return int(answer)
    return Code.AUTH


class Device(Handle):
    """A device, offline at first. Its identity is kept in `state_dir`; without one it is new each time."""

    def __init__(self, state_dir: "Union[str, os.PathLike[str], None]" = None) -> None:
        self._authorizer: Optional[Authorizer] = None
        self.handle = 0
        self.handle = check(lib.device_open(None if state_dir is None else path(state_dir)))
        _open[self.handle] = self

    @property
    def id(self) -> str:
        return self._text(lib.device_id)

    @property
    def ticket(self) -> str:
        """All that an app needs to reach the device; a secret."""
        return self._text(lib.device_ticket)

    @property
    def address(self) -> str:
        """"address:port" in the local network, for add_address."""
        return self._text(lib.device_address)

    def status(self) -> Dict[str, Any]:
        """How the device can be reached now: online, server, since, code, error and more, as include/thingp2p.h has it."""
        status: Dict[str, Any] = json.loads(self._text(lib.device_status, _native.STATUS_SIZE))
        return status

    def pairings(self) -> List[Pairing]:
        """The paired apps, the oldest first."""
        array: Any = (_native.Pairing * 0)()
        count = check(lib.device_pairings(self.handle, array, 0))
        while count > len(array):  # there may be more by now
            array = (_native.Pairing * count)()
            array[0].struct_size = ctypes.sizeof(_native.Pairing)
            count = check(lib.device_pairings(self.handle, array, len(array)))
        return [_pairing(p) for p in array[:count]]

    def unpair(self, app_id: str) -> None:
        """Forgets a paired app and ends its sessions."""
        check(lib.device_unpair(self.handle, text(app_id)))

    def reset_ticket(self) -> None:
        """Gives the device a new ticket; the old one lets nobody in any more. Pairings stay."""
        check(lib.device_reset_ticket(self.handle))

    def set_authorizer(self, decide: Optional[Authorizer]) -> None:
        """Sets who decides about apps, on a thread of the library. It returns True or Code.OK to accept, or the code
        that the app gets; to raise a thingp2p.Error is the same. None: who holds the ticket, or is paired, may enter."""
        previous, self._authorizer = self._authorizer, callback(decide)
        try:
            check(lib.device_set_authorizer(self.handle, _on_authorize if decide else NO_AUTHORIZE, None))
        except Error:
            self._authorizer = previous
            raise

    def set_option(self, key: str, value: str) -> None:
        """Sets an option of this device only; before listen."""
        check(lib.device_set_option(self.handle, text(key), text(value)))

    def listen(self) -> None:
        """Goes online, and stays so."""
        check(lib.device_listen(self.handle))

    def accept(self, timeout: Optional[float] = None) -> Session:
        """Waits for an app. The session's `peer` says who it is."""
        peer = _native.Peer(struct_size=ctypes.sizeof(_native.Peer))
        handle = wait(lambda ms: lib.accept(self.handle, ms, peer), timeout)
        return Session(handle, _peer(peer))

    def close(self) -> None:
        """Goes offline and closes all its sessions. A second close does nothing."""
        self._close(lib.device_close)
        closing(None)

    def _text(self, get: Callable[[int, Any, int], int], size: int = _native.TICKET_SIZE) -> str:
        buffer = ctypes.create_string_buffer(size)
        check(get(self.handle, buffer, len(buffer)))
        return buffer.value.decode()


@atexit.register
def _close_all() -> None:  # no callback may find the interpreter gone
    lib.set_log(0, _native.NO_LOG, None)
    for handle in list(_open):
        lib.device_close(handle)

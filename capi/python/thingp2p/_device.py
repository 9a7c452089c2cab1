"""The device side."""

import atexit
import ctypes
import datetime
import json
import os
import sys
import threading
import time
import weakref
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Union

from . import _native
from ._errors import Code, Error, check
from ._handle import Handle
from ._native import NO_AUTHORIZE, AuthorizeCallback, lib
from ._session import Session
from ._threads import background, interruptibly
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

_deciding = threading.local()  # here: the thread runs an authorizer

_open: "weakref.WeakValueDictionary[int, Device]" = weakref.WeakValueDictionary()


@AuthorizeCallback
def _on_authorize(handle: int, peer: Any, _user: Optional[int]) -> int:
    # Whatever happens here, an exception must not leave: C would see 0, which lets the app in.
    _deciding.here = True
    try:
        device = _open.get(handle)
        if device is None:  # it goes
            return Code.DEVICE_BUSY
        decide = device._authorizer or device._at_first
        return _verdict(decide(_peer(peer.contents)))
    except Error as refusal:
        return refusal.code if MIN_INT <= refusal.code < 0 else Code.AUTH
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return Code.AUTH
    finally:
        _deciding.here = False


def _verdict(answer: object) -> int:
    if answer is True:
        return Code.OK
    if isinstance(answer, int) and answer is not False and MIN_INT <= answer <= 0:
        return int(answer)
    return Code.AUTH


class Device(Handle):
    """A device, offline at first. Its identity is kept in `state_dir`; without one it is new each time."""

    _ends = lib.device_close
    _has_others = True

    def __init__(self, state_dir: "Union[str, os.PathLike[str], None]" = None) -> None:
        self._authorizer: Optional[Authorizer] = None
        self._changes = 0  # of it
        self._asks = False  # C does, before it lets somebody in
        self._changing = threading.Lock()
        super().__init__(check(lib.device_open(None if state_dir is None else path(state_dir))))
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
        that the app gets; to raise a thingp2p.Error is the same. None: who holds the ticket, or is paired, may enter.

        It waits for the one before, if that is deciding, unless that makes the call: hold nothing that it needs."""
        self._want(decide)
        waits = self._asks and not getattr(_deciding, "here", False)
        interruptibly(self._apply) if waits else self._apply()

    def set_authorizer_soon(self, decide: Optional[Authorizer]) -> None:
        """As set_authorizer, but waits for nobody: the one before may be deciding still."""
        self._want(decide)
        if decide is not None and not self._asks:  # else C asks here already, or need not
            self._apply()

    def _want(self, decide: Optional[Authorizer]) -> None:
        decide = callback(decide)
        with self._changing:
            self._authorizer = decide
            self._changes += 1

    def _at_first(self, peer: Peer) -> bool:
        return peer.has_ticket or any(p.app_id == peer.app_id for p in self.pairings())

    def _apply(self) -> None:
        """Tells C what is wanted. Others may change that meanwhile, and their calls may come to C before this one: who comes
        last tells the latest."""
        while True:
            with self._changing:
                asks, changes = self._authorizer is not None, self._changes
            check(lib.device_set_authorizer(self.handle, _on_authorize if asks else NO_AUTHORIZE, None))
            with self._changing:
                if changes == self._changes:
                    self._asks = asks
                    return

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
        """Goes offline and closes all its sessions, once an authorizer that is deciding has returned. A second close does
        nothing."""
        super().close()

    def _end(self, call: Callable[..., int], *args: Any) -> int:
        waits = self._asks and not getattr(_deciding, "here", False)
        return interruptibly(call, *args) if waits else call(*args)

    def _text(self, get: Callable[[int, Any, int], int], size: int = _native.TICKET_SIZE) -> str:
        buffer = ctypes.create_string_buffer(size)
        check(get(self.handle, buffer, len(buffer)))
        return buffer.value.decode()


@atexit.register
def _close_all() -> None:  # no callback may find the interpreter gone
    lib.set_log(0, _native.NO_LOG, None)
    ended = [threading.Event() for _ in _open]
    for handle, end in zip(list(_open), ended):
        background.put(_close_for_exit, handle, end)
    until = time.monotonic() + _EXIT_PATIENCE
    for end in ended:
        end.wait(max(0, until - time.monotonic()))


_EXIT_PATIENCE = 3.0  # for authorizers: a person may not answer any more


def _close_for_exit(handle: int, end: threading.Event) -> None:
    lib.device_close(handle)
    end.set()

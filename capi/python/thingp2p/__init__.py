"""libthingp2p for Python: an app and a device, connected peer to peer by the device's id.

    import thingp2p

    with thingp2p.init("alice"), thingp2p.connect(ticket) as session:
        session.send_all(0, b"info\\n")
        print(session.read(0, timeout=5))

Timeouts are in seconds; None waits for ever. Calls release the GIL while they wait, and any thread may make them; Ctrl-C
reaches the main thread within half a second. Errors are thingp2p.Error and its subclasses, which are what Python has for
the same thing too: thingp2p.TimeoutError is a TimeoutError. What is missing, of a wrong type or out of range is an
InvalidParameterError, which is a ValueError. thingp2p.aio is the same for asyncio.

The library is the one that THINGP2P_LIBRARY names, else the one beside this file, else the system's. In a child made by
fork() every call raises ForkedError: use multiprocessing's "spawn" or "forkserver".
"""

from ._app import (
    Attempt,
    Mode,
    add_address,
    add_device,
    break_connect,
    close_preconnect,
    connect,
    deinit,
    init,
    network_changed,
    preconnect,
    report,
    resend_offer,
    set_addresses,
    start_connect,
)
from ._device import Device, Pairing, Peer
from ._errors import (
    AuthError,
    ClosedError,
    ClosedLocalError,
    ClosedRemoteError,
    Code,
    ConnectBreakError,
    Error,
    ForkedError,
    InvalidIdError,
    InvalidParameterError,
    KeyFrameError,
    NoMemoryError,
    TimeoutError,
)
from ._events import Event, Events, Poller
from ._library import LogLevel, set_log, set_option, version
from ._native import MAX_FRAME
from ._session import CHANNELS, Channel, Frame, Path, Session, SessionInfo

__all__ = [  # fmt: skip
    "Attempt", "AuthError", "CHANNELS", "Channel", "ClosedError", "ClosedLocalError", "ClosedRemoteError", "Code",
    "ConnectBreakError", "Device", "Error", "Event", "Events", "ForkedError", "Frame", "InvalidIdError", "InvalidParameterError",
    "KeyFrameError", "LogLevel", "MAX_FRAME", "Mode", "NoMemoryError", "Pairing", "Path", "Peer", "Poller", "Session", "SessionInfo",
    "TimeoutError", "add_address", "add_device", "break_connect", "close_preconnect", "connect", "deinit", "init", "network_changed",
    "preconnect", "report", "resend_offer", "set_addresses", "set_log", "set_option", "start_connect", "version",
]
__version__ = version()

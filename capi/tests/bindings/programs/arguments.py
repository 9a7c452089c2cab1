"""Each public call of the package gets, for each of its parameters, what is no such thing: all of it is refused, as in C."""

import asyncio
import ctypes
import inspect
import math
import sys

import thingp2p
from thingp2p import Code, Device, InvalidParameterError, Session, _device, _native, aio

device = Device()
TEXT = [None, 5, b"bytes", "one\0two", "x" * 5000, "\ud800"]
NUMBER = [None, "0", 1.5, 2**32, -(2**32)]
BYTES = [None, 5, "text", memoryview(b"abcd")[::2]]

# By the name of a parameter, or of a function and a parameter: a value that is accepted, and some that are not.
PARAMETERS = {
    "uid": ("python", TEXT + [""]),
    "name": ("name", TEXT + [""]),
    "ticket": (device.ticket, TEXT),
    "to": (device.id, TEXT),
    "address": ("192.0.2.1:4711", TEXT + ["", "example.org:1"]),
    "trace_id": ("x", TEXT),
    "app_id": ("x", TEXT + [""]),
    "key": ("state_dir", TEXT + ["no option"]),
    "value": ("x", TEXT),
    "addresses": ("", TEXT + ["no address"]),
    "state_dir": (None, [5, b"one\0two", "one\0two", "", "x" * 5000]),
    "mode": (thingp2p.Mode.LAN, NUMBER + [7, -1]),
    "level": (thingp2p.LogLevel.INFO, NUMBER + [5, -1]),
    "log": (print, [5, "text"]),
    "decide": (None, [5, "text"]),
    "channel": (0, NUMBER + [8, -1]),
    "number": (0, NUMBER + [8, -1]),
    "size": (4, [None, "4", 1.5, 0, -1]),
    "data": (b"abcd", BYTES),
    "buffer": (bytearray(4), BYTES + [b"read-only", bytearray()]),
    "timeout": (1, ["1", b"1", math.nan, 1j, object()]),
    "deadline": (1, ["1", b"1", math.nan, 1j, object()]),
    "send_frame.key": (False, [None, 0, 1, "yes", b"", object()]),
    "send_frame.data": (b"abcd", BYTES + [b"", bytes(thingp2p.MAX_FRAME + 1)]),
}


def values(function, name):
    """What a parameter means may be the function's own."""
    return PARAMETERS.get(f"{function.__name__}.{name}") or PARAMETERS[name]


def public(owner):
    return [f for name, f in inspect.getmembers(owner, inspect.isroutine) if name[0] != "_" and name in vars(owner)]


def calls():
    """Every call that takes something, with the object that it is a method of."""
    functions = [getattr(thingp2p, name) for name in thingp2p.__all__ if inspect.isfunction(getattr(thingp2p, name))]
    session = Session(0)
    async_device, async_session = aio.Device(), aio.Session(session)
    yield from (((), f) for f in functions + [aio.connect, Device, aio.Device])
    for owner in (device, session, async_device, async_session):
        yield from (((owner,), f) for f in public(type(owner)))


async def outcome(call, arguments):
    result = call(**arguments)
    if inspect.isawaitable(result):
        result = await result
    if isinstance(result, thingp2p.Channel):  # says so when it is used
        result = result.readinto(bytearray(1))
    return result


def main():
    tried, accepted = 0, []
    for owner, function in calls():
        names = [name for name in inspect.signature(function).parameters if name != "self"]
        for wrong in names:
            for value in values(function, wrong)[1]:
                arguments = {name: values(function, name)[0] for name in names}
                arguments[wrong] = value
                tried += 1
                try:
                    asyncio.run(outcome(lambda **a: function(*owner, **a), arguments))
                    accepted.append((function.__qualname__, wrong, value, "accepted"))
                except InvalidParameterError:
                    pass
                except Exception as e:
                    accepted.append((function.__qualname__, wrong, value, e))
    if accepted:
        sys.exit("\n".join(str(a) for a in accepted))
    return tried


def verdict(answer):
    """What C gets when the authorizer answers so."""

    def decide(_peer):
        if isinstance(answer, BaseException):
            raise answer
        return answer

    device.set_authorizer(decide)
    sys.excepthook = lambda *_: None  # the exceptions are meant
    try:
        return _device._on_authorize(device.handle, ctypes.pointer(_native.Peer()), None)
    finally:
        sys.excepthook = sys.__excepthook__


def only_a_yes_lets_in():
    for answer in (True, Code.OK, 0):
        assert verdict(answer) == 0, answer
    for answer in (Code.DEVICE_PRIVACY, thingp2p.Error(Code.DEVICE_PRIVACY)):
        assert verdict(answer) == Code.DEVICE_PRIVACY, answer
    for answer in (None, False, 1, "yes", "", 0.5, 2**32, -(2**32), [], thingp2p.Error(0), ValueError(), SystemExit(0), KeyboardInterrupt()):
        assert verdict(answer) == Code.AUTH, answer


with thingp2p.init("python"):
    tried = main()
    only_a_yes_lets_in()
    print(f"ok: {tried} calls")

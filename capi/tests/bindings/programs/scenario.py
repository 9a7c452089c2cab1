"""The scenario in Python, by the package thingp2p."""

import asyncio
import concurrent.futures
import datetime
import gc
import io
import multiprocessing
import os
import pickle
import queue
import selectors
import sys
import threading
import zlib

import thingp2p
from thingp2p import Code, aio

COMMANDS, VIDEO, FRAMES, POLLED, BYTES, TIMEOUT, STREAM_BYTES, BLOCK = 0, 1, 4, 5, 6, 180, 64 << 20, 256 << 10
PATTERN = bytes(range(251)) * (BLOCK // 251 + 2)


def block(offset):
    return PATTERN[offset % 251 :][:BLOCK]


def stream_crc():
    crc = 0
    for offset in range(0, STREAM_BYTES, BLOCK):
        crc = zlib.crc32(block(offset), crc)
    return crc


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: got {got!r}, expected {wanted!r}")


def expect_error(what, code, call, *args, kind=thingp2p.Error):
    try:
        got = call(*args)
    except kind as e:
        expect(what, e.code, code)
        return e
    sys.exit(f"{what}: no {kind.__name__}, but {got!r}")


def broken_connect():
    with thingp2p.Device() as absent:
        attempt = thingp2p.start_connect(absent.id)
        thingp2p.break_connect(attempt.trace_id)
        expect_error("outcome", Code.CONNECT_BREAK, attempt.future.result, TIMEOUT, kind=ConnectionAbortedError)


def log_changes_hands():
    """Lines that wait are for the function that was set when they were written."""
    first, second, go_on = [], [], threading.Event()

    def slow(_level, line):
        go_on.wait(TIMEOUT)
        first.append(line)

    thingp2p.set_log(thingp2p.LogLevel.INFO, slow)
    devices = [thingp2p.Device() for _ in range(3)]
    threading.Timer(0.1, go_on.set).start()
    thingp2p.set_log(thingp2p.LogLevel.INFO, lambda _level, line: second.append(line))
    thingp2p.set_log(thingp2p.LogLevel.OFF)
    expect("lines of the first function", len([line for line in first if "device started" in line]), 3)
    expect("lines of the second", second, [])
    for device in devices:
        device.close()


def main_part(ticket):
    log_changes_hands()
    expect_error("connect before init", Code.NOT_INITIALIZED, thingp2p.connect, ticket)
    lines = queue.SimpleQueue()
    thingp2p.set_log(thingp2p.LogLevel.INFO, lambda level, line: lines.put((level, line)))
    with thingp2p.init("python"):
        expect("a line of the log", lines.get(timeout=TIMEOUT)[0], thingp2p.LogLevel.INFO)
        thingp2p.set_log(thingp2p.LogLevel.OFF)
        expect_error("bad id", Code.INVALID_ID, thingp2p.connect, "nobody", kind=ValueError)
        broken_connect()
        with thingp2p.init("python"):  # of another part of the program
            expect_error("another uid", Code.ALREADY_INITIALIZED, thingp2p.init, "other")
        with thingp2p.connect(ticket, timeout=TIMEOUT) as session:
            info = session.info()
            lines = io.BufferedReader(session.channel(COMMANDS, TIMEOUT))
            session.send_all(COMMANDS, b"echo hello\n")
            expect("echo", lines.readline(), b"hello\n")
            e = expect_error("read of nothing", Code.TIMEOUT, session.read, COMMANDS, 1, 0.02, kind=TimeoutError)
            expect("name", e.name, "THING_P2P_ERR_TIMEOUT")
            expect("pickled", type(pickle.loads(pickle.dumps(e))), thingp2p.TimeoutError)

            session.send_all(COMMANDS, f"stream {STREAM_BYTES}\n".encode())
            buffer, crc, done = memoryview(bytearray(BLOCK)), 0, 0
            while done < STREAM_BYTES:
                got = session.readinto(VIDEO, buffer, TIMEOUT)
                crc = zlib.crc32(buffer[:got], crc)
                done += got
            expect("crc of the stream", crc, stream_crc())
            session.send_all(COMMANDS, f"sink {STREAM_BYTES}\n".encode())
            for offset in range(0, STREAM_BYTES, BLOCK):
                session.send_all(VIDEO, block(offset), TIMEOUT)
            expect("crc at the device", int(lines.readline()), stream_crc())

            session.send_all(COMMANDS, b"bye\n")
            expect("the file's end", lines.readline(), b"")
            expect_error("read at the end", Code.CLOSED_REMOTE, session.read, COMMANDS, kind=ConnectionResetError)
            expect_error("check at the end", Code.CLOSED_REMOTE, session.check)
        expect_error("read after that", Code.INVALID_SESSION, session.read, COMMANDS, kind=thingp2p.ClosedError)
        be_a_device()
        asyncio.run(asyncio_part())
        loop = WithoutDescriptors()
        loop.run_until_complete(asyncio_part())
        loop.close()
        expect_error("in a forked child", 0, in_forked_child, kind=SystemExit)
    expect_error("second deinit", Code.NOT_INITIALIZED, thingp2p.deinit)
    return info


def be_a_device():
    with thingp2p.Device() as device:
        answers = iter([Code.DEVICE_PRIVACY, True, thingp2p.TimeoutError(-3), None])
        device.set_authorizer(lambda peer: next(answers) if peer.uid == "python" and peer.has_ticket else Code.DEVICE_BUSY)
        device.listen()
        expect_error("privacy", Code.DEVICE_PRIVACY, thingp2p.connect, device.ticket)
        near = thingp2p.connect(device.ticket, timeout=TIMEOUT)
        far = device.accept(TIMEOUT)
        expect("trace id", far.peer.trace_id, near.info().trace_id)
        far.send_all(3, bytearray(b"hi"))
        expect("bytes from the device", near.read(3, timeout=TIMEOUT), b"hi")
        frames_part(near, far)
        clear_part(near, far)
        polled_part(near, far, device)
        pairing_part(device, far.peer.app_id)
        blocked = threading.Thread(target=expect_error, args=("blocked read", Code.CLOSED_LOCAL, far.read, 0))
        blocked.start()
        expect("nothing yet", far.active, True)
        expect_error("nothing came", Code.TIMEOUT, device.accept, 0.02)
    blocked.join()
    expect_error("far end", Code.CLOSED_REMOTE, near.read, 3)
    expect_error("closed device", Code.INVALID_SESSION, device.accept, 1)


def frames_part(near, far):
    large = block(0) * 4
    far.send_frame(FRAMES, b"key", key=True)
    far.send_frame(FRAMES, bytearray(large), deadline=TIMEOUT)
    expect("a key frame", near.read_frame(FRAMES, timeout=TIMEOUT), thingp2p.Frame(b"key", True, 1, 0))
    expect("a large frame", near.read_frame(FRAMES, 1, TIMEOUT), thingp2p.Frame(large, False, 2, 0))
    expect("a rate", (far.info().frame_bps >= 0, near.info().frame_bps), (True, 0))
    expect_error("no frame", Code.TIMEOUT, near.read_frame, FRAMES, 1, 0.02, kind=TimeoutError)
    expect_error("bytes on that channel", Code.INVALID_PARAMETER, far.send, FRAMES, b"bytes", kind=ValueError)
    while True:  # until one is late
        try:
            far.send_frame(FRAMES, large * 4, deadline=-1)
        except thingp2p.TimeoutError:
            pass
        except thingp2p.KeyFrameError:
            break
    far.send_frame(FRAMES, b"again", key=True)
    frame = thingp2p.Frame(b"", False, 2, 0)
    while frame.data != b"again":
        last, frame = frame, near.read_frame(FRAMES, timeout=TIMEOUT)
        expect("missing", frame.missing, frame.sequence - last.sequence - 1)


def clear_part(near, far):
    far.send_all(BYTES, b"!")
    expect("a channel in use", near.read(BYTES, timeout=TIMEOUT), b"!")  # of a new one, clear leaves what is sent first
    left = dropped = 0
    while not dropped:  # once nothing leaves any more, as nobody reads, there is something to drop
        try:
            left += far.send(BYTES, block(0), 0)
        except thingp2p.TimeoutError:
            unsent, age = far.unsent(BYTES)
            dropped = far.clear(BYTES)
            left -= dropped
            expect("unsent", (dropped <= unsent, 0 <= age < TIMEOUT), (True, True))
    expect("cleared", (far.unsent(BYTES), far.clear(BYTES)), ((0, 0.0), 0))
    far.send_all(BYTES, b"next", TIMEOUT)
    data = bytearray()
    while len(data) < left + 4:
        data += near.read(BYTES, timeout=TIMEOUT)
    expect("after what had left", data[left:], b"next")


def polled_part(near, far, device):
    events = thingp2p.Events
    with thingp2p.Poller() as poller, selectors.DefaultSelector() as selector:
        selector.register(poller, selectors.EVENT_READ)
        poller.set(near, events.READABLE | events.CLOSED)
        poller.set(device, events.ACCEPT)
        expect_error("nothing", Code.TIMEOUT, poller.wait, 0)
        expect("descriptor", selector.select(0), [])
        far.send_all(POLLED, b"!")
        expect("descriptor", len(selector.select(TIMEOUT)), 1)
        expect("told", poller.wait(TIMEOUT), [thingp2p.Event(near.handle, events.READABLE, [POLLED], [], None)])
        poller.set(near, events.READABLE, [COMMANDS])
        poller.wake()
        expect("woken", poller.wait(TIMEOUT), [])
        expect_error("another channel", Code.TIMEOUT, poller.wait, 0)
        expect_error("no channel", Code.INVALID_PARAMETER, poller.set, near, events.READABLE, [8])
        with concurrent.futures.ThreadPoolExecutor() as pool:
            closed = pool.submit(poller.wait)
            selector.unregister(poller)
            poller.close()
            expect("closed", closed.exception().code in (Code.CLOSED_LOCAL, Code.INVALID_SESSION), True)
    expect_error("closed poller", Code.INVALID_SESSION, poller.wait, 0)


def pairing_part(device, app_id):
    (paired,) = device.pairings()
    expect("pairing", (paired.app_id, paired.uid, paired.sessions), (app_id, "python", 1))
    age = datetime.datetime.now(datetime.timezone.utc) - paired.since
    expect("since", -2 < age.total_seconds() < TIMEOUT, True)
    ticket = device.ticket
    device.reset_ticket()
    expect("another ticket", device.ticket != ticket, True)
    thingp2p.add_address(device.id, device.address)
    thingp2p.network_changed()
    expect_error("a bad address", Code.INVALID_PARAMETER, thingp2p.add_address, device.id, "nowhere", kind=ValueError)
    expect_error("unpair of nobody", Code.INVALID_ID, device.unpair, device.id)


async def cancelled(task):
    task.cancel()
    outcome = (await asyncio.gather(task, return_exceptions=True))[0]
    expect("outcome", type(outcome), asyncio.CancelledError)


class WithoutDescriptors(asyncio.SelectorEventLoop):
    """As the loops of Windows are."""

    def add_reader(self, *_):
        raise NotImplementedError


async def asyncio_part():
    async with aio.Device() as device:
        device.listen()
        threads = threading.active_count()
        (near, far) = await asyncio.gather(aio.connect(device.ticket, timeout=TIMEOUT), device.accept(TIMEOUT))
        expect("no thread without a read", threading.active_count() - threads <= 1, True)

        # A read that is given up loses nothing.
        reader = asyncio.ensure_future(far.read(0))
        await asyncio.sleep(0.01)
        await cancelled(reader)
        try:
            await far.read(0, timeout=0.01)
            sys.exit("read of nothing returned")
        except TimeoutError:
            pass
        await near.send_all(0, b"hello")
        (paired,) = device.pairings()
        expect("pairing", paired.app_id, far.peer.app_id)
        expect("a part", await far.read(0, 2), b"he")
        expect("the rest", await far.read(0), b"llo")

        async def receive():
            crc = done = 0
            while done < STREAM_BYTES // 4:
                data = await far.read(VIDEO, BLOCK)
                crc, done = zlib.crc32(data, crc), done + len(data)
            return crc

        received = asyncio.ensure_future(receive())
        crc = 0
        for offset in range(0, STREAM_BYTES // 4, BLOCK):
            crc = zlib.crc32(block(offset), crc)
            await near.send_all(VIDEO, block(offset), TIMEOUT)
        expect("crc", await received, crc)

        # Nor does a read of a frame.
        reader = asyncio.ensure_future(near.read_frame(FRAMES))
        await asyncio.sleep(0.01)
        await cancelled(reader)
        far.send_frame(FRAMES, b"one", key=True)
        far.send_frame(FRAMES, b"two")
        expect("the first", await near.read_frame(FRAMES, timeout=TIMEOUT), thingp2p.Frame(b"one", True, 1, 0))
        expect("the second", (await near.read_frame(FRAMES, 1, TIMEOUT)).data, b"two")
        expect("nothing to drop", (near.unsent(FRAMES), near.clear(FRAMES)), ((0, 0.0), 0))

        blocked = asyncio.ensure_future(near.read(5))
        await asyncio.sleep(0)
        await near.close()
        try:
            await blocked
            sys.exit("read of a closed session returned")
        except thingp2p.ClosedError:
            pass

        async with aio.Device() as absent:
            attempt = asyncio.ensure_future(aio.connect(absent.id))
            await asyncio.sleep(0.01)
            await cancelled(attempt)


def in_forked_child():
    pid = os.fork()
    if pid == 0:
        try:
            thingp2p.set_option("lan", "on")
        except thingp2p.ForkedError as e:
            os._exit(0 if e.code == Code.FORKED else 1)
        os._exit(1)
    e = SystemExit()
    e.code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    raise e


def in_spawned_child(ticket):
    with thingp2p.init("python"), thingp2p.connect(ticket, timeout=TIMEOUT) as session:
        session.send_all(COMMANDS, b"echo spawned\n")
        return session.read(COMMANDS, timeout=TIMEOUT)


if __name__ == "__main__":
    expect("arguments", len(sys.argv), 2)
    info = main_part(sys.argv[1])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        expect("spawned", pool.apply(in_spawned_child, (sys.argv[1],)), b"spawned\n")
    gc.collect()
    print(f"ok: {thingp2p.version()}, path {info.path}, connected in {info.connect_time * 1000:.0f} ms")

"""Many sessions in asyncio, each with a read on all of its channels: no thread waits, and nothing is lost."""

import asyncio
import gc
import os
import random
import sys
import threading
import tracemalloc
import zlib

import thingp2p
from thingp2p import CHANNELS, Code, aio
from thingp2p._native import lib

SESSIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 24
AT_ONCE, TIMEOUT = 4, 180
FRAMES = range(CHANNELS // 2, CHANNELS)  # the channels of frames; the others carry bytes
FULL = 3  # a channel that nobody reads

waits = 0  # calls of poller_wait


def count_waits():
    def counting(*arguments, wait=lib.poller_wait):
        global waits
        waits += 1
        return wait(*arguments)

    lib.poller_wait = counting


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, expected {wanted!r}")


def os_threads():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Threads:"))


def descriptors():
    return len(os.listdir("/proc/self/fd"))


async def turns(number):
    """Lets the loop go round so often."""
    for _ in range(number):
        await asyncio.sleep(0)


async def pairs(device, number):
    """Sessions to the device, and the device's ends of them, by trace id."""
    near, far = [], []
    while len(near) < number:
        some = min(AT_ONCE, number - len(near))
        connects = (aio.connect(device.ticket, timeout=TIMEOUT) for _ in range(some))
        ends = await asyncio.gather(*connects, device_accepts(device, far, some))
        near += ends[:-1]
    by_trace = {end.peer.trace_id: end for end in far}
    return [(end, by_trace[end.info().trace_id]) for end in near]


async def device_accepts(device, to, number):
    for _ in range(number):
        to.append(await device.accept(TIMEOUT))


def sent(session, channel, data):
    if channel in FRAMES:
        return session.send_frame(channel, data, key=True)
    return expect("sent", session.sync.send(channel, data, TIMEOUT), len(data))


async def receive(session, channel, timeout=None):
    if channel in FRAMES:
        return (await session.read_frame(channel, timeout=timeout)).data
    return await session.read(channel, timeout=timeout)


def start_reads(sessions):
    return {(s, channel): asyncio.ensure_future(receive(s, channel)) for s in sessions for channel in range(CHANNELS)}


async def cancel(task):
    task.cancel()
    return (await asyncio.gather(task, return_exceptions=True))[0]


async def expect_code(what, code, awaitable):
    (outcome,) = await asyncio.wait_for(asyncio.gather(awaitable, return_exceptions=True), TIMEOUT)
    if not isinstance(outcome, thingp2p.Error) or outcome.code != code:
        raise AssertionError(f"{what}: {outcome!r} instead of {code!r}")


async def many_reads(device):
    (first,) = await pairs(device, 1)
    reads = start_reads([first[0]])
    await turns(5)
    python, system = threading.active_count(), os_threads()
    others = await pairs(device, SESSIONS - 1)
    reads.update(start_reads([near for near, _ in others]))
    await turns(5)
    expect("reads that wait", sum(not r.done() for r in reads.values()), SESSIONS * CHANNELS)
    expect("threads of Python", threading.active_count(), python)
    grown = os_threads() - system
    expect(f"threads of the process have grown by {grown}", grown < SESSIONS * CHANNELS // 4, True)

    for key in random.sample(list(reads), len(reads) // 3):  # what comes for these, others shall get
        expect("cancelled", type(await cancel(reads.pop(key))), asyncio.CancelledError)
    everyone = [first] + others
    for number, (_, far) in enumerate(everyone):
        for channel in range(CHANNELS):
            sent(far, channel, b"%d on %d" % (number, channel))
    for number, (near, _) in enumerate(everyone):
        for channel in range(CHANNELS):
            got = await asyncio.wait_for(reads.pop((near, channel), None) or receive(near, channel), TIMEOUT)
            expect("text", got, b"%d on %d" % (number, channel))
    return everyone, grown


async def cancelled_again_and_again(near, far, channel, number=200):
    """Reads that are given up at any moment, by a timeout or by cancel: all comes once, in its order. Of frames, a channel
    takes 256 that have not left."""

    async def send():
        for n in range(number):
            if channel in FRAMES:
                far.send_frame(channel, b"%06d" % n, key=True)
            else:
                await far.send_all(channel, b"%06d" % n, TIMEOUT)
            await turns(random.randrange(3))

    sender, got, given_up = asyncio.ensure_future(send()), b"", 0
    while len(got) < 6 * number:
        if sender.done():
            sender.result()
        reader = asyncio.ensure_future(receive(near, channel, random.choice([None, 0, 0.001])))
        await turns(random.randrange(6))
        outcome = await (cancel(reader) if random.random() < 0.7 else asyncio.gather(reader, return_exceptions=True))
        outcome = outcome[0] if isinstance(outcome, list) else outcome
        if isinstance(outcome, bytes):
            got += outcome
        elif isinstance(outcome, (asyncio.CancelledError, thingp2p.TimeoutError)):
            given_up += 1
        else:
            raise outcome
    await sender
    expect("all of it", got, b"".join(b"%06d" % n for n in range(number)))
    return given_up


async def rest():
    """Until the loop goes round a thousand times and no poller wakes it."""
    before = -1
    while waits != before:
        before = waits
        await turns(1000)


async def nobody_wants_it(near, far):
    """The loop rests while there are bytes that nobody reads, and while a full buffer's other channels have room."""
    expect("gave up", type(await cancel(asyncio.ensure_future(near.read(0)))), asyncio.CancelledError)
    reading = asyncio.ensure_future(near.read(1))
    await turns(5)
    await cancel(reading)
    sent(far, 1, b"unread")
    reads = [asyncio.ensure_future(receive(far, channel)) for channel in range(CHANNELS)]
    data = os.urandom(4 << 20)
    sending = asyncio.ensure_future(far.send_all(0, data, TIMEOUT))
    await asyncio.wait_for(rest(), TIMEOUT)
    expect("is full", sending.done(), False)
    got = b""
    while len(got) < len(data):
        got += await near.read(0, timeout=TIMEOUT)
    await sending
    expect("what was sent", got, data)
    expect("unread", await near.read(1, timeout=TIMEOUT), b"unread")
    await asyncio.gather(*map(cancel, reads))


async def close_while_waiting(device, ends):
    def waiting(end):
        return [asyncio.ensure_future(receive(end, channel)) for channel in range(CHANNELS) if channel != FULL]

    (a, far_a), (b, far_b), (c, _), (_, far_d) = ends
    reads = waiting(a), waiting(far_a), waiting(b), waiting(far_b)
    full = asyncio.ensure_future(far_a.send_all(FULL, bytes(8 << 20)))
    await turns(5)
    await a.close()
    threading.Thread(target=b.sync.close).start()
    for what, code, tasks in (
        ("here", Code.CLOSED_LOCAL, reads[0]), ("there", Code.CLOSED_REMOTE, reads[1] + [full]),
        ("by a thread", Code.CLOSED_LOCAL, reads[2]), ("there, by a thread", Code.CLOSED_REMOTE, reads[3]),
    ):  # fmt: skip
        for task in tasks:
            await expect_code("closed " + what, code, task)
    await expect_code("after that", Code.INVALID_SESSION, a.read(0))
    full = asyncio.ensure_future(c.send_all(FULL, bytes(8 << 20)))
    reads = waiting(c), waiting(far_d)
    accept = asyncio.ensure_future(device.accept())
    await turns(5)
    await device.close()
    await expect_code("accept", Code.LISTEN_BREAK, accept)
    for task in reads[1]:
        await expect_code("the device's end", Code.CLOSED_LOCAL, task)
    for task in reads[0] + [full]:
        await expect_code("its app's end", Code.CLOSED_REMOTE, task)


async def deinit_while_waiting():
    async with aio.Device() as device:
        device.listen()
        ((near, far),) = await pairs(device, 1)
        reads = [asyncio.ensure_future(receive(near, channel)) for channel in range(CHANNELS)]
        await turns(5)
        await asyncio.get_running_loop().run_in_executor(None, thingp2p.deinit)
        for task in reads:
            await expect_code("deinit", Code.CLOSED_LOCAL, task)
        await expect_code("there", Code.CLOSED_REMOTE, far.read(0))


def two_loops(near, far):
    """A loop in a thread of its own for each end, and a third that reads another channel of the same session."""
    failures = []

    def run(main):
        def in_thread():
            try:
                asyncio.run(main())
            except BaseException as e:
                failures.append(e)

        thread = threading.Thread(target=in_thread)
        thread.start()
        return thread

    async def ask():
        for n in range(200):
            await near.send_all(0, b"%d" % n, TIMEOUT)
            expect("answer", await near.read(0, timeout=TIMEOUT), b"%d" % n)
            far.send_frame(FRAMES[0], b"%d" % n, key=True)

    async def answer():
        for _ in range(200):
            await far.send_all(0, await far.read(0, timeout=TIMEOUT), TIMEOUT)

    async def look():
        for n in range(200):
            expect("frame", (await near.read_frame(FRAMES[0], timeout=TIMEOUT)).data, b"%d" % n)

    for thread in [run(main) for main in (ask, answer, look)]:
        thread.join()
    if failures:
        raise failures[0]


def a_loop_that_is_closed(near, far):
    """It takes its descriptors with it, and another loop goes on."""
    gc.collect()
    before = descriptors()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # a task that is pending says so in the end
    reading = loop.create_task(near.read(0))
    loop.run_until_complete(turns(5))
    expect("is waiting", (reading.done(), descriptors() > before), (False, True))
    loop.close()
    del loop, reading
    gc.collect()
    expect("descriptors", descriptors(), before)
    sent(far, 0, b"later")
    expect("in another loop", asyncio.run(near.read(0, timeout=TIMEOUT)), b"later")


async def large_sends(near, far):
    """What is read-only is not copied again for each piece that finds room."""
    data = bytes(range(256)) * (32 << 10)
    for given in (data, memoryview(data), bytearray(data)):
        sending = asyncio.create_task(near.send_all(0, given))
        got, crc = 0, 0
        await turns(20)
        tracemalloc.start()
        while got < len(data):
            piece = await far.read(0, timeout=TIMEOUT)
            got, crc = got + len(piece), zlib.crc32(piece, crc)
        await sending
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        expect("all of it", crc, zlib.crc32(data))
        expect("no memory for it", most < 1 << 20, True)


async def authorizer_that_waits_for_the_loop():
    """It is replaced meanwhile, on the loop's thread; and of two threads that set one, the last says what happens."""
    loop, asked, answer = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    async def ask():
        asked.set()
        await answer.wait()
        return True

    async with aio.Device() as device:
        device.set_authorizer(lambda _peer: asyncio.run_coroutine_threadsafe(ask(), loop).result())
        device.listen()
        connecting = asyncio.create_task(aio.connect(device.ticket, timeout=TIMEOUT))
        await asyncio.wait_for(asked.wait(), TIMEOUT)
        device.set_authorizer(None)
        device.set_authorizer(lambda _peer: Code.DEVICE_PRIVACY)
        answer.set()
        await (await connecting).close()

        def set_again_and_again():
            for _ in range(100):
                device.sync.set_authorizer(None)
                device.sync.set_authorizer(lambda _peer: True)

        await asyncio.gather(*(loop.run_in_executor(None, set_again_and_again) for _ in range(2)))
        await (await aio.connect(device.ticket, timeout=TIMEOUT)).close()


async def nobody_has_it(device):
    """A session that the collector finds is closed in the background."""
    (near, far), = await pairs(device, 1)
    del near
    gc.collect()
    await expect_code("the other end", Code.CLOSED_REMOTE, far.read(0, timeout=TIMEOUT))


async def main():
    async with aio.Device() as device:
        device.listen()
        everyone, grown = await many_reads(device)
        given_up = await asyncio.gather(*(cancelled_again_and_again(*everyone[0], channel) for channel in range(CHANNELS)))
        await nobody_wants_it(*everyone[1])
        await asyncio.get_running_loop().run_in_executor(None, two_loops, *everyone[2])
        await asyncio.get_running_loop().run_in_executor(None, a_loop_that_is_closed, *everyone[3])
        await large_sends(*everyone[8])
        await nobody_has_it(device)
        await close_while_waiting(device, everyone[4:8])
    await authorizer_that_waits_for_the_loop()
    await deinit_while_waiting()
    return f"{SESSIONS * CHANNELS} reads, {grown} threads more, {sum(given_up)} given up"


count_waits()
thingp2p.set_option("max_sessions_per_app", "65536")
thingp2p.init("python")
print("ok:", asyncio.run(main()))

// Many sessions in one process, each with a read on all of its channels: no thread waits for them, the loop rests, and libuv's
// threads, of which this program shall have a single one (UV_THREADPOOL_SIZE), are free.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CHANNELS, Code, Device, connect, deinit, init } from 'thingp2p';

const { lib } = await import(new URL('lib/native.js', import.meta.resolve('thingp2p')));

const SESSIONS = Number(process.argv[2] ?? 100);
const AT_ONCE = 4;
const FIRST_OF_FRAMES = 4; // the channels before it carry bytes
const FULL = 3; // a channel that nobody reads
const patience = { timeoutMs: 180_000 };

const channels = Array.from({ length: CHANNELS }, (_, channel) => channel);

let waits = 0; // calls of poller_wait
const wait = lib.poller_wait;
lib.poller_wait = (...args) => wait(...args, waits++);

/** Until the loop goes round a thousand times and no poller wakes it. */
async function rest() {
  for (let before = -1; before !== waits; ) {
    before = waits;
    for (let i = 0; i < 1000; i++) {
      await turn();
    }
  }
}

const threads = () => Number(/^Threads:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))[1]);

/** Needs libuv's only thread several times. The time ends only what hangs. */
async function poolIsFree() {
  assert.equal(process.env.UV_THREADPOOL_SIZE, '1');
  const hangs = setTimeout(() => process.abort(), patience.timeoutMs);
  assert((await readFile(fileURLToPath(import.meta.url), 'utf8')).includes('poolIsFree'));
  clearTimeout(hangs);
}

/** Sessions to the device, and the device's ends of them. */
async function pairs(device, count) {
  const near = [];
  const far = new Map();
  while (near.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - near.length) });
    const accepted = Promise.all(some.map(() => device.accept()));
    near.push(...(await Promise.all(some.map(() => connect(device.ticket, patience)))));
    (await accepted).forEach((session) => far.set(session.peer.traceId, session));
  }
  return near.map((session) => [session, far.get(session.info().traceId)]);
}

function send(session, channel, text) {
  if (channel < FIRST_OF_FRAMES) {
    session.channel(channel).write(text);
  } else {
    session.sendFrame(channel, Buffer.from(text), { key: true });
  }
}

async function receive(session, channel) {
  if (channel < FIRST_OF_FRAMES) {
    return String((await once(session.channel(channel), 'data'))[0]);
  }
  return String((await session.frames(channel).next()).value.data);
}

/** Reads on all channels of a session; `done` counts those that have ended. */
function startReads(session, done) {
  return channels.map((channel) => receive(session, channel).finally(() => done.count++));
}

async function everyoneWaits(device) {
  const done = { count: 0 };
  const [first] = await pairs(device, 1);
  const reads = [startReads(first[0], done)];
  await rest();
  const before = threads();
  const others = await pairs(device, SESSIONS - 1);
  reads.push(...others.map(([near]) => startReads(near, done)));
  await rest();
  const grown = threads() - before;
  assert(grown < (SESSIONS * CHANNELS) / 4, `threads have grown by ${grown}`);

  const absent = Device.open();
  const controller = new AbortController();
  const accepting = assert.rejects(device.accept(), { code: Code.LISTEN_BREAK });
  const connecting = assert.rejects(connect(absent.id, { ...patience, signal: controller.signal }), /enough/);
  await poolIsFree();
  assert.equal(done.count, 0);
  controller.abort(new Error('enough'));
  await connecting;
  await absent.close();

  const all = [first, ...others];
  all.forEach(([, far], n) => channels.forEach((channel) => send(far, channel, `${n} on ${channel}`)));
  const wanted = all.map((_, n) => channels.map((channel) => `${n} on ${channel}`));
  assert.deepEqual(await Promise.all(reads.map((some) => Promise.all(some))), wanted);
  return { all, grown, accepting };
}

/** The loop rests while there is what nobody reads, and while a full channel's session is read. */
async function nobodyWantsIt([near, far]) {
  const channel = near.channel(FULL);
  channel.pause();
  const data = Buffer.alloc(8 << 20, 'full');
  let sent = false;
  far.channel(FULL).write(data, () => (sent = true));
  far.channel(0).resume();
  await rest();
  assert.equal(sent, false);
  await poolIsFree();
  let got = 0;
  for await (const piece of channel) {
    got += piece.length;
    if (got === data.length) {
      break;
    }
  }
  assert.equal(sent, true);
}

/** A channel to one end of which more is sent than is read: its session takes its time to close. */
function fill([near]) {
  near.channel(FULL).on('error', () => {});
  near.channel(FULL).write(Buffer.alloc(8 << 20));
}

async function closeAll(device, all) {
  const ends = all.map(([, far]) => once(far, 'close'));
  const closing = Promise.all(all.map(([near]) => near.close()));
  await poolIsFree();
  await closing;
  assert.deepEqual(new Set((await Promise.all(ends)).flat()), new Set([Code.CLOSED_REMOTE]));
  await device.close();
}

init('node', { maxSessionsPerApp: 65536, relay: 'never' });
const device = Device.open();
device.listen();
const { all, grown, accepting } = await everyoneWaits(device);
await nobodyWantsIt(all[0]);
all.slice(1, 5).forEach(fill);
await closeAll(device, all);
await accepting;
await deinit();
console.log(`ok: ${SESSIONS * CHANNELS} reads, ${grown} threads more`);

// The scenario in JavaScript, by the package thingp2p.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import {
  Code,
  Device,
  ThingP2PError,
  addAddress,
  addDevice,
  connect,
  deinit,
  init,
  networkChanged,
  report,
  version,
} from 'thingp2p';

const [COMMANDS, VIDEO, TEXT, FRAMES, WAITING, BYTES] = [0, 1, 3, 4, 5, 6];
const STREAM_BYTES = 64 << 20;
const BLOCK = 256 << 10;
const patience = { timeoutMs: 180_000 };

const PATTERN = Buffer.from(Array.from({ length: BLOCK + 251 }, (_, i) => i % 251));
const block = (offset) => PATTERN.subarray(offset % 251, (offset % 251) + BLOCK);

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) {
    crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  }
  return crc;
});

/** As zlib's; older Nodes have none. */
function crc32(data, before = 0) {
  let crc = ~before;
  for (let i = 0; i < data.length; i++) {
    crc = CRC_TABLE[(crc ^ data[i]) & 255] ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

function* blocks() {
  for (let offset = 0; offset < STREAM_BYTES; offset += BLOCK) {
    yield block(offset);
  }
}

function streamCrc() {
  let crc = 0;
  for (const data of blocks()) {
    crc = crc32(data, crc);
  }
  return crc;
}

const withCode = (code) => (error) => {
  assert(error instanceof ThingP2PError, `${error}`);
  assert.equal(error.code, code);
  return true;
};

async function brokenConnect() {
  const absent = Device.open();
  const controller = new AbortController();
  const attempt = connect(absent.id, { signal: controller.signal });
  controller.abort(new Error('no longer wanted'));
  await assert.rejects(attempt, /no longer wanted/);
  await assert.rejects(connect(absent.id, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  await absent.close();
}

/** Reads until there is so much. */
async function receive(channel, count) {
  const pieces = [];
  let got = 0;
  for await (const piece of channel.iterator({ destroyOnReturn: false })) {
    pieces.push(piece);
    got += piece.length;
    if (got >= count) {
      break;
    }
  }
  return Buffer.concat(pieces);
}

async function mainPart(ticket) {
  await assert.rejects(connect(ticket), withCode(Code.NOT_INITIALIZED));
  init('node', { offlineMs: 60_000, lan: 'on', send_buffer: '262144' });
  init('node');
  assert.throws(() => init('other'), withCode(Code.ALREADY_INITIALIZED));
  await assert.rejects(connect('nobody'), { name: 'THING_P2P_ERR_INVALID_ID', code: Code.INVALID_ID });
  await brokenConnect();

  addDevice('peer', ticket);
  const session = await connect('peer', patience);
  const info = session.info();
  assert.equal(report(info.traceId).state, 'connected');
  const closed = once(session, 'close');
  const commands = session.channel(COMMANDS);
  assert.equal(session.channel(COMMANDS), commands);
  const lines = createInterface(commands)[Symbol.asyncIterator]();
  const answer = async () => (await lines.next()).value;
  commands.write('echo hello\n');
  assert.equal(await answer(), 'hello');
  assert.equal(session.channel(VIDEO).read(), null);

  commands.write(`stream ${STREAM_BYTES}\n`);
  assert.equal(crc32(await receive(session.channel(VIDEO), STREAM_BYTES)), streamCrc());
  commands.write(`sink ${STREAM_BYTES}\n`);
  await pipeline(Readable.from(blocks()), session.channel(VIDEO), { end: false });
  assert.equal(Number(await answer()), streamCrc());

  commands.write('bye\n');
  assert.equal(await answer(), undefined);
  assert.deepEqual(await closed, [Code.CLOSED_REMOTE]);
  assert.throws(() => session.check(), withCode(Code.CLOSED_REMOTE));
  assert.equal((await session.frames(7).next()).done, true);
  assert.deepEqual(await session.channel(7).toArray(), []);
  await Promise.all([session.close(), session.close()]);
  assert.throws(() => session.info(), withCode(Code.INVALID_SESSION));
  assert.throws(() => session.sendFrame(FRAMES, Buffer.from('late')), withCode(Code.INVALID_SESSION));

  await beADevice();
  await endWithTheApp(ticket);
  await assert.rejects(deinit(), withCode(Code.NOT_INITIALIZED));
  return info;
}

async function beADevice() {
  const device = Device.open(null);
  const answers = [Code.DEVICE_PRIVACY, true];
  device.setAuthorizer(() => Code.AUTH);
  device.setAuthorizer((peer) => (peer.uid === 'node' && peer.hasTicket ? answers.shift() : Code.DEVICE_BUSY));
  const events = [once(device, 'online'), once(device, 'paired')];
  device.listen();
  assert.equal(device.status().listening, true);
  await assert.rejects(connect(device.ticket, patience), (error) => {
    assert.equal(report(error.traceId).cause, 'privacy');
    return withCode(Code.DEVICE_PRIVACY)(error);
  });
  const accepted = device[Symbol.asyncIterator]();
  const next = accepted.next();
  const near = await connect(device.ticket, patience);
  const far = (await next).value;
  assert.deepEqual(await Promise.all(events), [[Code.OK], []]);
  assert.equal(far.peer.traceId, near.info().traceId);
  far.channel(TEXT).write('hi');
  assert.equal(String(await receive(near.channel(TEXT), 2)), 'hi');

  await framesPart(near, far);
  await clearPart(near, far);
  pairingPart(device, far.peer.appId);

  const read = far.frames(WAITING).next();
  const accepting = device.accept();
  const ends = [once(near, 'close'), once(far, 'close'), once(near.channel(TEXT).resume(), 'end')];
  const failures = [assert.rejects(read, withCode(Code.CLOSED_LOCAL)), assert.rejects(accepting, withCode(Code.LISTEN_BREAK))];
  await device.close();
  await Promise.all(failures);
  assert.deepEqual(await Promise.all(ends), [[Code.CLOSED_REMOTE], [Code.CLOSED_LOCAL], []]);
  assert.equal((await accepted.next()).done, true);
  assert.throws(() => device.listen(), withCode(Code.INVALID_SESSION));
  assert.throws(() => far.check(), withCode(Code.INVALID_SESSION));
  await near.close();
}

async function framesPart(near, far) {
  const large = Buffer.alloc(4 * BLOCK, 7);
  const frames = near.frames(FRAMES);
  const first = frames.next();
  far.sendFrame(FRAMES, Buffer.from('key'), { key: true });
  far.sendFrame(FRAMES, new Uint8Array(large), { deadlineMs: patience.timeoutMs });
  assert.deepEqual((await first).value, { data: Buffer.from('key'), key: true, sequence: 1, missing: 0 });
  let { value: frame } = await frames.next();
  assert.deepEqual(frame, { data: large, key: false, sequence: 2, missing: 0 });
  const channel = far.channel(FRAMES);
  channel.write('bytes'); // on a channel of frames
  await assert.rejects(once(channel, 'close'), withCode(Code.INVALID_PARAMETER));

  for (let code = Code.OK; code !== Code.KEY_FRAME; ) {
    try {
      far.sendFrame(FRAMES, large, { deadlineMs: -1 }); // until one is late
    } catch (error) {
      ({ code } = error);
      assert([Code.TIMEOUT, Code.KEY_FRAME].includes(code), `${error}`);
    }
  }
  far.sendFrame(FRAMES, Buffer.from('again'), { key: true });
  while (String(frame.data) !== 'again') {
    const last = frame.sequence;
    frame = (await frames.next()).value;
    assert.equal(frame.missing, frame.sequence - last - 1);
  }
}

async function clearPart(near, far) {
  const data = Buffer.alloc(8 << 20, 1);
  far.channel(BYTES).write('!');
  await receive(near.channel(BYTES), 1); // of a new channel, clear leaves what is sent first
  assert.equal(far.channel(BYTES).write(data), false);
  let dropped = 0;
  while (dropped === 0) {
    await turn();
    const unsent = far.unsent(BYTES);
    dropped = far.clear(BYTES);
    assert(dropped <= unsent.bytes && unsent.ageMs >= 0);
  }
  far.channel(BYTES).write('next'); // once there is room
  const rest = await receive(near.channel(BYTES), data.length - dropped + 4);
  assert(rest.equals(Buffer.concat([data.subarray(dropped), Buffer.from('next')])));
}

function pairingPart(device, appId) {
  const [pairing, ...others] = device.pairings();
  assert.deepEqual({ ...pairing, since: null }, { appId, uid: 'node', since: null, sessions: 1 });
  assert(Math.abs(Date.now() - pairing.since) < patience.timeoutMs);
  assert.equal(others.length, 0);
  const { ticket } = device;
  device.resetTicket();
  assert.notEqual(device.ticket, ticket);
  addAddress(device.id, device.address);
  networkChanged();
  assert.throws(() => addAddress(device.id, 'nowhere'), withCode(Code.INVALID_PARAMETER));
  assert.throws(() => device.unpair(device.id), withCode(Code.INVALID_ID));
  assert.throws(() => device.setOption('lan', 'off'), withCode(Code.INVALID_PARAMETER));
}

/** Sessions and attempts that are under way. */
async function endWithTheApp(ticket) {
  const absent = Device.open();
  const session = await connect(ticket, patience);
  const attempt = assert.rejects(connect(absent.id, patience), ThingP2PError); // it is off, or broken
  const closed = once(session, 'close');
  await deinit();
  await attempt;
  assert.deepEqual(await closed, [Code.CLOSED_LOCAL]);
  await absent.close();
}

assert.equal(process.argv.length, 3);
const info = await mainPart(process.argv[2]);
console.log(`ok: ${version()}, path ${info.path}, connected in ${info.connectMs} ms`);

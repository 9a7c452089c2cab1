// Each public call of the package gets, for each of its parameters, what is no such thing: all of it is refused, as in C.
import assert from 'node:assert/strict';
import * as thingp2p from 'thingp2p';
import { Code, Device, MAX_FRAME, ThingP2PError, connect, deinit, init } from 'thingp2p';

init('node');
const device = Device.open();
device.listen();
const near = await connect(device.ticket, { timeoutMs: 180_000 });
const far = await device.accept();

const NOT_A_TEXT = [undefined, null, 5, {}, Buffer.from('x'), 'one\0two', '\ud800', 'x'.repeat(5000)];
const NOT_A_NUMBER = [null, '0', 1.5, NaN, 2 ** 32, -(2 ** 32), 1n, {}];
const NOT_A_CHANNEL = [undefined, ...NOT_A_NUMBER, 8, -1];
const NOT_A_TIME = ['1', NaN, 1n, {}];
const NOT_OPTIONS = [null, 5, 'text'];

/** A call, good arguments, and what is bad in the place of each. */
const CALLS = [
  [init, ['node', {}], [[...NOT_A_TEXT, ''], [...NOT_OPTIONS, { noOption: 'x' }, { server: null }, { lan: true }]]],
  [thingp2p.setOption, ['stateDir', ''], [[...NOT_A_TEXT, 'no option'], [...NOT_A_TEXT.filter((value) => value !== 5)]]],
  [thingp2p.addDevice, ['name', device.ticket], [[...NOT_A_TEXT, ''], NOT_A_TEXT]],
  [thingp2p.addAddress, [device.id, '192.0.2.1:4711'], [NOT_A_TEXT, [...NOT_A_TEXT, '', 'example.org:1']]],
  [thingp2p.setAddresses, [''], [[...NOT_A_TEXT, 'no address']]],
  [thingp2p.preconnect, [device.id], [NOT_A_TEXT]],
  [thingp2p.closePreconnect, [device.id], [NOT_A_TEXT]],
  [thingp2p.resendOffer, [device.id], [NOT_A_TEXT]],
  [thingp2p.report, ['x'], [NOT_A_TEXT]],
  [connect, [device.id], [NOT_A_TEXT]],
  [(options) => connect(device.id, options), [{}], [NOT_OPTIONS]],
  [(mode) => connect(device.id, { mode }), ['lan'], [[null, 0, 'LAN', 'toString', {}]]],
  [(timeoutMs) => connect(device.id, { timeoutMs }), [1], [NOT_A_TIME]],
  [(signal) => connect(device.id, { signal }), [undefined], [[null, 5, {}]]],
  [Device.open, [null], [[5, {}, 'one\0two', '', 'x'.repeat(5000)]]],
  [(id) => device.unpair(id), ['x'], [[...NOT_A_TEXT, '']]],
  [(...option) => device.setOption(...option), ['lan', 'on'], [NOT_A_TEXT, NOT_A_TEXT]],
  [(decide) => device.setAuthorizer(decide), [() => true], [[undefined, null, true, 'text', {}]]],
  [(channel) => near.channel(channel), [0], [NOT_A_CHANNEL]],
  [(channel) => near.frames(channel), [0], [NOT_A_CHANNEL]],
  [(channel) => near.clear(channel), [0], [NOT_A_CHANNEL]],
  [(channel) => near.unsent(channel), [0], [NOT_A_CHANNEL]],
  [
    (channel, data) => near.sendFrame(channel, data),
    [0, Buffer.from('x')],
    [NOT_A_CHANNEL, [undefined, null, 5, 'text', [1], Buffer.alloc(0), new Uint8Array(MAX_FRAME + 1)]],
  ],
  [(options) => near.sendFrame(0, Buffer.from('x'), options), [{}], [NOT_OPTIONS]],
  [(key) => near.sendFrame(0, Buffer.from('x'), { key }), [false], [[null, 0, 'yes', {}]]],
  [(deadlineMs) => near.sendFrame(0, Buffer.from('x'), { deadlineMs }), [1], [NOT_A_TIME]],
];

let tried = 0;
const wrong = [];
for (const [call, good, places] of CALLS) {
  for (const [place, values] of places.entries()) {
    for (const value of values) {
      tried++;
      try {
        const result = await call(...Object.assign([...good], { [place]: value }));
        wrong.push([`${call}`, place, value, result]);
      } catch (error) {
        if (!(error instanceof ThingP2PError) || error.code !== Code.INVALID_PARAMETER) {
          wrong.push([`${call}`, place, value, error]);
        }
      }
    }
  }
}
assert.deepEqual(wrong, []);

/** What the app gets when the authorizer answers so. */
async function verdict(answer) {
  device.setAuthorizer(() => {
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  });
  try {
    const session = await connect(device.ticket, { timeoutMs: 180_000 });
    await session.close();
    return Code.OK;
  } catch (error) {
    return error.code;
  }
}

for (const answer of [true, Code.OK]) {
  assert.equal(await verdict(answer), Code.OK);
}
for (const answer of [Code.DEVICE_PRIVACY, new ThingP2PError(Code.DEVICE_PRIVACY)]) {
  assert.equal(await verdict(answer), Code.DEVICE_PRIVACY);
}
const uncaught = [];
process.on('uncaughtException', (error) => uncaught.push(error.message));
for (const answer of [undefined, null, false, 1, '', 0.5, -(2 ** 32), [], Promise.resolve(true), new Error('a bug')]) {
  assert.equal(await verdict(answer), Code.AUTH, String(answer));
}
assert.deepEqual(uncaught, ['a bug']);

await Promise.all([near.close(), far.close(), device.close()]);
await deinit();
console.log(`ok: ${tried} calls`);

// Who decides about apps: functions on the main thread, for which threads of the library wait.
import { Code, ThingP2PError, check } from './errors.js';
import { authorizeCallback, lib } from './native.js';
import { peerFrom } from './peer.js';

// Of each device three threads may wait at a time, and koffi has room for some 250 of a process.
const MOST = 64;

const deciders = new Map(); // by a device's handle
let callback;

export function setAuthorizer(device, decide) {
  if (!deciders.has(device)) {
    if (deciders.size >= MOST) {
      throw new RangeError(`no more than ${MOST} devices of a process can have an authorizer`);
    }
    callback ??= authorizeCallback(onAuthorize);
    check(lib.device_set_authorizer(device, callback, 0)); // once: a second call would wait for callbacks that wait for us
  }
  deciders.set(device, decide);
}

export const forgetAuthorizer = (device) => deciders.delete(device);

// Whatever happens here, an exception must not leave: C would see 0, which lets the app in.
function onAuthorize(device, peer) {
  try {
    const decide = deciders.get(device);
    return decide ? verdict(decide(peerFrom(peer))) : Code.DEVICE_BUSY; // the device is being closed
  } catch (error) {
    if (error instanceof ThingP2PError) {
      return verdict(error.code);
    }
    process.nextTick(() => {
      throw error;
    });
    return Code.AUTH;
  }
}

function verdict(answer) {
  if (answer === true) {
    return Code.OK;
  }
  return Number.isInteger(answer) && answer <= 0 && answer >= -(2 ** 31) ? answer : Code.AUTH;
}

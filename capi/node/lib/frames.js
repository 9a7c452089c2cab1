// A channel that carries live frames.
import { Code } from './errors.js';
import * as native from './native.js';
import { lib } from './native.js';
import { lengthOf } from './values.js';

const usual = Buffer.allocUnsafeSlow(65536); // a frame that needs more gets more
const told = native.memoryFor('frame');

/** The frames of a channel, until the other side ends the session. */
export async function* frames(link, channel) {
  for (;;) {
    const code = await new Promise((resolve) => link.whenReadable(channel, resolve));
    const got = code < 0 ? code : readFrame(link.handle, channel);
    if (got === Code.CLOSED_REMOTE) {
      return;
    }
    if (typeof got !== 'number') {
      yield got;
    } else if (got !== Code.TIMEOUT) {
      throw link.error(got);
    }
  }
}

/** A frame or a code. */
function readFrame(handle, channel) {
  let buffer = usual;
  let got = lib.read_frame(handle, channel, buffer, buffer.length, told, 0);
  if (got === Code.BUFFER_TOO_SMALL) {
    buffer = Buffer.allocUnsafeSlow(native.decode(told, 'frame').length);
    got = lib.read_frame(handle, channel, buffer, buffer.length, told, 0);
  }
  if (got < 0) {
    return got;
  }
  const { flags, sequence, missing } = native.decode(told, 'frame');
  const data = buffer === usual ? Buffer.from(buffer.subarray(0, got)) : buffer.subarray(0, got);
  return { data, key: (flags & native.FRAME_KEY) !== 0, sequence: Number(sequence), missing };
}

export const sendFrame = (link, channel, data, key, deadlineMs) =>
  lib.send_frame(link.handle, channel, data, lengthOf(data), key ? native.FRAME_KEY : 0, deadlineMs);

// From JavaScript's values to C's. What has no counterpart there is an INVALID_PARAMETER, as what C refuses is.
import { Code, ThingP2PError, check } from './errors.js';
import { CHANNELS } from './native.js';

const MAX_INT = 2 ** 31 - 1;

function valid(value, is) {
  if (!is) {
    throw new ThingP2PError(Code.INVALID_PARAMETER);
  }
  return value;
}

/** A NUL would end the text in C, and half of a surrogate pair has no UTF-8. */
export const text = (value) => valid(value, typeof value === 'string' && !/[\0\p{Cs}]/u.test(value));

export const channelNumber = (value) => valid(value, Number.isInteger(value) && value >= 0 && value < CHANNELS);

export const callable = (value) => valid(value, typeof value === 'function');

export const flag = (value) => valid(value, typeof value === 'boolean');

export const abortSignal = (value) => valid(value, value === undefined || typeof value?.throwIfAborted === 'function');

export const optionsOf = (value) => valid(value, typeof value === 'object' && value !== null);

/** One of the words that are the keys of an object; its value. */
export const word = (value, words) => valid(words[value], typeof value === 'string' && Object.hasOwn(words, value));

/** Any view of bytes, or an ArrayBuffer. */
export function bytes(value) {
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return Buffer.from(valid(value, value instanceof ArrayBuffer));
}

/** How many of the bytes C can take in one call. */
export const lengthOf = (buffer) => Math.min(buffer.length, MAX_INT);

/** A time that C knows as "none" if it is 0, which a time that is over must not become. */
export function milliseconds(value) {
  if (value === undefined || value === null) {
    return 0;
  }
  valid(value, typeof value === 'number' && !Number.isNaN(value));
  return Math.min(Math.max(1, Math.ceil(value)), MAX_INT);
}

/** The text that a function of C writes. */
export function textFrom(size, call) {
  const buffer = Buffer.alloc(size);
  return buffer.toString('utf8', 0, check(call(buffer, size)));
}

// Codes and errors.
import { lib } from './native.js';

export const Code = Object.freeze({
  OK: 0,
  NOT_INITIALIZED: -1,
  ALREADY_INITIALIZED: -2,
  TIMEOUT: -3,
  INVALID_ID: -4,
  INVALID_PARAMETER: -5,
  DEVICE_NOT_ONLINE: -6,
  NO_RELAY: -10,
  INVALID_SESSION: -11,
  CLOSED_REMOTE: -12,
  CLOSED_TIMEOUT: -13,
  CLOSED_LOCAL: -14,
  LISTEN_BREAK: -16,
  CONNECT_BREAK: -19,
  SESSION_LIMIT: -23,
  NO_MEMORY: -29,
  HANDSHAKE: -37,
  NO_ANSWER: -50,
  SIGNALING: -58,
  REMOTE: -100,
  DEVICE_PRIVACY: -102,
  DEVICE_FULL: -104,
  AUTH: -105,
  DEVICE_BUSY: -113,
  FORKED: -200,
  BUFFER_TOO_SMALL: -201,
  INTERNAL: -202,
  KEY_FRAME: -203,
  BUSY: -204,
});

/** What the library answered: `code`, its `name` in C, and a sentence. */
export class ThingP2PError extends Error {
  constructor(code) {
    super(`${lib.strerror(code)} (${code})`);
    this.name = lib.error_name(code);
    this.code = code;
  }
}

/** Passes what is not an error. */
export function check(result) {
  if (result < 0) {
    throw new ThingP2PError(result);
  }
  return result;
}

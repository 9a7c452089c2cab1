// The app side, and what concerns the library as a whole.
import { Code, ThingP2PError, check } from './errors.js';
import * as native from './native.js';
import { lib } from './native.js';
import { hold, release } from './poller.js';
import { Session, isGone, leave } from './session.js';
import { inThread } from './threads.js';
import { abortSignal, milliseconds, optionsOf, text, textFrom, word } from './values.js';

const MODES = { internet: 0, lan: 1 };

const sessions = new Set();

export const version = () => lib.version();

/** The names of options may be written as thingp2p.h has them, or as JavaScript would: stateDir. */
export const optionName = (key) => text(key).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
export const optionValue = (value) => text(typeof value === 'number' ? String(value) : value);

export function setOption(key, value) {
  check(lib.set_option(optionName(key), optionValue(value)));
}

export function init(uid, options = {}) {
  text(uid);
  Object.entries(optionsOf(options)).forEach(([key, value]) => setOption(key, value));
  check(lib.init(uid));
}

export async function deinit() {
  sessions.forEach(leave);
  const code = await inThread('deinit');
  // Those that an attempt brought meanwhile, and not those of an init that came after.
  sessions.forEach((session) => isGone(session) && leave(session));
  check(code);
}

export function addDevice(name, ticket) {
  check(lib.add_device(text(name), text(ticket)));
}

export function addAddress(target, address) {
  check(lib.add_address(text(target), text(address)));
}

export function networkChanged() {
  check(lib.network_changed());
}

export function setAddresses(addresses) {
  check(lib.set_addresses(text(addresses)));
}

export function preconnect(target) {
  check(lib.preconnect(text(target)));
}

export function closePreconnect(target) {
  check(lib.close_preconnect(text(target)));
}

export function resendOffer(target) {
  check(lib.resend_offer(text(target)));
}

export const report = (traceId) =>
  JSON.parse(textFrom(native.REPORT_SIZE, (buffer, size) => lib.report(text(traceId), buffer, size)));

const attempts = new Map(); // C gets their keys, and calls back once for each
let keys = 0;
let settle;

/** Starts an attempt. Its outcome is a handle or a code. */
function start(target, mode, timeoutMs) {
  settle ??= native.outcomeCallback((result, attempt) => attempts.get(Number(attempt))?.(result));
  hold();
  const key = ++keys;
  const traceId = Buffer.alloc(native.TRACE_ID_SIZE);
  const outcome = new Promise((resolve) => attempts.set(key, resolve));
  const code = lib.connect(target, mode, timeoutMs, settle, settle, key, traceId);
  if (code < 0) {
    attempts.delete(key);
    release();
    throw new ThingP2PError(code);
  }
  return {
    traceId: native.textIn(traceId),
    outcome: outcome.finally(() => {
      attempts.delete(key);
      release();
    }),
  };
}

export async function connect(target, options = {}) {
  const { mode = 'internet', timeoutMs, signal } = optionsOf(options);
  abortSignal(signal)?.throwIfAborted();
  const attempt = start(text(target), word(mode, MODES), milliseconds(timeoutMs));
  const stop = () => lib.break_connect(attempt.traceId); // it may have ended: then this is an error that does not matter
  signal?.addEventListener('abort', stop, { once: true });
  const result = await attempt.outcome;
  signal?.removeEventListener('abort', stop);
  const session = result < 0 ? null : new Session(result, sessions);
  if (signal?.aborted) {
    await session?.close();
    throw signal.reason;
  }
  if (!session) {
    throw Object.assign(new ThingP2PError(result), { traceId: attempt.traceId });
  }
  return session;
}

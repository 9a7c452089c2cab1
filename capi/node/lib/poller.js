// Waiting without a thread: pollers of the library, whose descriptors are in Node's event loop.
import koffi from 'koffi';
import { Code, check } from './errors.js';
import * as native from './native.js';
import { lib } from './native.js';

const MOST = 64; // events in one go; then it is the turn of others in the loop
const WORDS = native.sizeOf('event') / 4; // all of its members have 32 bits

/** What is awaited of a session or a device: channels, of which an accept is the first. */
class Watch {
  always = 0; // events that `tell` hears of
  tell = null;
  channels = 0; // that the library watches: those that somebody waits for, and maybe more
  waiting = new Map(); // channel -> those who wait

  /** Returns whether somebody waited for each of them. */
  wake(channels, code) {
    let allAwaited = true;
    for (let channel = 0; channels >> channel; channel++) {
      if ((channels >> channel) & 1) {
        const waiting = this.waiting.get(channel) ?? [];
        this.waiting.delete(channel);
        waiting.forEach((then) => process.nextTick(then, code));
        allAwaited &&= waiting.length > 0;
      }
    }
    return allAwaited;
  }
}

/** Calls whom it wakes in a tick of their own, so that what they throw ends nothing else. They try again then what they could
 * not do without waiting. */
class Poller {
  #awaited; // the events for which a channel is watched
  #watches = new Map(); // by handle
  #told = new Int32Array(MOST * WORDS);
  #handle = check(lib.poller_open());
  #looks = false;

  constructor(awaited) {
    this.#awaited = awaited;
    this.#told[0] = WORDS * 4;
    // What koffi calls is outside of what Node does around callbacks: promises would wait for the next of those. This call is
    // not documented, so package.json names one version of koffi.
    this.descriptor = koffi.node.poll(check(lib.poller_fd(this.#handle)), () => {
      if (!this.#looks) {
        this.#looks = true;
        setImmediate(() => this.#look());
      }
    });
    this.descriptor.unref();
  }

  /** From now on `tell` hears of events, with a code, until _CLOSED. Returns a code if the handle is gone. */
  watch(handle, events, tell) {
    const watch = this.#watchOf(handle);
    watch.always = events;
    watch.tell = tell;
    return this.#set(handle, watch);
  }

  /** Calls `then` once there may be something to do on a channel, or with why there will not. */
  wait(handle, channel, then) {
    const watch = this.#watchOf(handle);
    const waiting = watch.waiting.get(channel);
    if (waiting) {
      waiting.push(then);
      return;
    }
    watch.waiting.set(channel, [then]);
    if (!((watch.channels >> channel) & 1)) {
      this.#set(handle, watch);
    }
  }

  /** Watches a handle no more, and wakes who waits. */
  forget(handle, code) {
    const watch = this.#watches.get(handle);
    if (watch) {
      this.#watches.delete(handle);
      lib.poller_set(this.#handle, handle, 0, 0);
      watch.waiting.forEach((_, channel) => watch.wake(1 << channel, code));
    }
  }

  #watchOf(handle) {
    if (!this.#watches.has(handle)) {
      this.#watches.set(handle, new Watch());
    }
    return this.#watches.get(handle);
  }

  /** Says what the library is to watch. */
  #set(handle, watch) {
    watch.channels = 0;
    watch.waiting.forEach((_, channel) => (watch.channels |= 1 << channel));
    const events = watch.always | (watch.channels ? this.#awaited : 0);
    const code = lib.poller_set(this.#handle, handle, events, watch.channels);
    if (code < 0 || events === 0) {
      this.forget(handle, code);
    }
    return code;
  }

  #look() {
    this.#looks = false;
    const count = lib.poller_wait(this.#handle, this.#told, MOST, 0);
    if (count !== Code.TIMEOUT) {
      check(count);
    }
    for (let i = 0; i < count; i++) {
      const [, handle, events, readable, writable, code] = this.#told.subarray(i * WORDS, (i + 1) * WORDS);
      this.#hear(handle, events, readable | writable | (events & native.EVENT_ACCEPT ? 1 : 0), code);
    }
  }

  #hear(handle, events, channels, code) {
    const watch = this.#watches.get(handle);
    if (!watch) {
      return; // its end is under way
    }
    if (events & watch.always) {
      process.nextTick(watch.tell, events & watch.always, code);
    }
    const closed = events & native.EVENT_CLOSED;
    if (closed) {
      watch.always = 0; // it would be told again and again
    }
    if (!watch.wake(closed ? channels | watch.channels : channels, Code.OK) || closed) {
      this.#set(handle, watch); // nor is told what nobody waits for any more
    }
  }
}

let pollers;

/** They are two, as the library watches the same channels for all events, and there is room to send nearly always. They are
 * made when they are needed: the library then starts its threads. */
function made() {
  pollers ??= {
    input: new Poller(native.EVENT_READABLE | native.EVENT_ACCEPT),
    room: new Poller(native.EVENT_WRITABLE | native.EVENT_CLOSED),
  };
  return pollers;
}

export const input = () => made().input;
export const room = () => made().room;

let holders = 0;

/** What is open keeps the process alive: each call is to be followed by one of `release`. */
export function hold() {
  const { descriptor } = input(); // or it throws
  if (++holders === 1) {
    descriptor.ref();
  }
}

export function release() {
  if (--holders === 0) {
    input().descriptor.unref();
  }
}

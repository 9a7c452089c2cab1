// The device side.
import { EventEmitter } from 'node:events';
import { optionName, optionValue } from './app.js';
import { forgetAuthorizer, setAuthorizer } from './authorizer.js';
import { Code, ThingP2PError, check } from './errors.js';
import * as native from './native.js';
import { lib } from './native.js';
import { pairingFrom, peerFrom } from './peer.js';
import { hold, input, release } from './poller.js';
import { Session, leave } from './session.js';
import { inThread } from './threads.js';
import { callable, text, textFrom } from './values.js';

export class Device extends EventEmitter {
  #handle;
  #sessions = new Set();
  #closing = null;

  /** For Device.open. */
  constructor(handle) {
    super();
    this.#handle = handle;
    hold();
    input().watch(handle, native.EVENT_ONLINE | native.EVENT_PAIRED, (events, code) => this.#hear(events, code));
  }

  static open(stateDir = null) {
    input(); // what may fail comes first: nobody could close the device
    return new Device(check(lib.device_open(stateDir === null ? null : text(stateDir))));
  }

  get id() {
    return this.#text(lib.device_id);
  }

  get ticket() {
    return this.#text(lib.device_ticket);
  }

  get address() {
    return this.#text(lib.device_address);
  }

  status() {
    return JSON.parse(this.#text(lib.device_status, native.STATUS_SIZE));
  }

  pairings() {
    let count = check(lib.device_pairings(this.#handle, null, 0));
    let list;
    for (let asked = 0; count > asked; ) {
      asked = count; // there may be more by now
      list = native.memoryFor('pairing', asked);
      count = check(lib.device_pairings(this.#handle, list, asked));
    }
    return Array.from({ length: count }, (_, n) => pairingFrom(list, n));
  }

  unpair(appId) {
    check(lib.device_unpair(this.#handle, text(appId)));
  }

  resetTicket() {
    check(lib.device_reset_ticket(this.#handle));
  }

  setOption(key, value) {
    check(lib.device_set_option(this.#handle, optionName(key), optionValue(value)));
  }

  setAuthorizer(decide) {
    if (this.#closing) {
      throw new ThingP2PError(Code.INVALID_SESSION); // the library may wait for the one before, which waits for this thread
    }
    setAuthorizer(this.#handle, callable(decide));
  }

  listen() {
    check(lib.device_listen(this.#handle));
  }

  async accept() {
    const session = await this.#next();
    if (!session) {
      throw new ThingP2PError(Code.LISTEN_BREAK);
    }
    return session;
  }

  async *[Symbol.asyncIterator]() {
    for (let session = await this.#next(); session; session = await this.#next()) {
      yield session;
    }
  }

  /** The next session, or null once the device is closed. */
  async #next() {
    while (!this.#closing) {
      await new Promise((resolve) => input().wait(this.#handle, 0, resolve));
      const peer = native.memoryFor('peer');
      const handle = this.#closing ? Code.LISTEN_BREAK : lib.accept(this.#handle, 0, peer);
      if (handle > 0) {
        return new Session(handle, this.#sessions, peerFrom(peer));
      }
      if (handle !== Code.TIMEOUT && handle !== Code.LISTEN_BREAK) {
        throw new ThingP2PError(handle);
      }
    }
    return null;
  }

  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose]() {
    return this.close();
  }

  async #close() {
    input().forget(this.#handle, Code.OK);
    this.#sessions.forEach(leave);
    release();
    forgetAuthorizer(this.#handle);
    check(await inThread('device_close', this.#handle));
  }

  #hear(events, code) {
    if (events & native.EVENT_ONLINE) {
      this.emit('online', code);
    }
    if (events & native.EVENT_PAIRED) {
      this.emit('paired');
    }
  }

  #text(get, size = native.TICKET_SIZE) {
    return textFrom(size, (buffer, length) => get(this.#handle, buffer, length));
  }
}

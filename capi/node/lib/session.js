// A session, on either side.
import { EventEmitter } from 'node:events';
import { Channel } from './channel.js';
import { Code, check } from './errors.js';
import { frames, sendFrame } from './frames.js';
import { Link } from './link.js';
import * as native from './native.js';
import { lib } from './native.js';
import { hold, input, release } from './poller.js';
import { inThread } from './threads.js';
import { bytes, channelNumber, flag, milliseconds, optionsOf } from './values.js';

const PATHS = [null, 'lan', 'direct', 'relay'];

/** For a session's owner: its handle is gone, or about to go. */
export let leave;

/** Whether it is gone. */
export let isGone;

export class Session extends EventEmitter {
  static {
    leave = (session) => session.#leave();
    isGone = (session) => lib.active_check(session.#link.handle) === Code.INVALID_SESSION;
  }

  #link;
  #owner; // the set of its owner's sessions, which end with it
  #channels = new Map();
  #closing = null;

  constructor(handle, owner, peer = null) {
    super();
    this.peer = peer;
    this.#link = new Link(handle);
    this.#owner = owner.add(this);
    hold();
    const events = native.EVENT_CLOSED | native.EVENT_PATH | native.EVENT_RATE;
    if (input().watch(handle, events, (told, code) => this.#hear(told, code)) < 0) {
      process.nextTick(() => this.#leave()); // its owner has just ended
    }
  }

  channel(number) {
    const known = this.#channels.get(channelNumber(number));
    if (known && !known.destroyed) {
      return known;
    }
    const channel = new Channel(this.#link, number);
    this.#channels.set(number, channel);
    return channel;
  }

  frames(channel) {
    return frames(this.#link, channelNumber(channel));
  }

  sendFrame(channel, data, options = {}) {
    const { key = false, deadlineMs } = optionsOf(options);
    check(sendFrame(this.#link, channelNumber(channel), bytes(data), flag(key), milliseconds(deadlineMs)));
  }

  clear(channel) {
    return check(lib.clear(this.#link.handle, channelNumber(channel)));
  }

  unsent(channel) {
    const age = new Int32Array(1);
    const count = check(lib.unsent(this.#link.handle, channelNumber(channel), age));
    return { bytes: count, ageMs: age[0] };
  }

  check() {
    check(lib.active_check(this.#link.handle));
  }

  info() {
    const memory = native.memoryFor('info');
    check(lib.session_info(this.#link.handle, memory));
    const info = native.decode(memory, 'info');
    return {
      path: PATHS[info.path],
      rttMs: info.rtt_us / 1000,
      minRttMs: info.min_rtt_us / 1000,
      connectMs: info.connect_ms,
      bytesSent: Number(info.bytes_sent),
      bytesReceived: Number(info.bytes_received),
      packetsSent: Number(info.packets_sent),
      packetsLost: Number(info.packets_lost),
      bandwidthBps: Number(info.bandwidth_bps),
      frameBps: Number(info.frame_bps),
      traceId: info.trace_id,
      deviceId: info.device_id,
      localAddress: info.local_address,
      remoteAddress: info.remote_address,
    };
  }

  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose]() {
    return this.close();
  }

  async #close() {
    this.#leave();
    const code = await inThread('disconnect', this.#link.handle);
    if (code !== Code.INVALID_SESSION) {
      check(code); // otherwise its owner was faster
    }
  }

  #leave() {
    this.#owner.delete(this);
    this.#end(Code.CLOSED_LOCAL);
    this.#link.close();
    this.#channels.forEach((channel) => channel.destroy());
  }

  #hear(events, code) {
    if (this.#link.closed) {
      return;
    }
    if (events & native.EVENT_CLOSED) {
      this.#end(code); // first, since a listener may throw
    }
    if (events & native.EVENT_PATH) {
      this.emit('path', this.info().path);
    }
    if (events & native.EVENT_RATE) {
      this.emit('rate', this.info().frameBps);
    }
  }

  #end(code) {
    if (!this.#link.code) {
      this.#link.code = code;
      release();
      process.nextTick(() => this.emit('close', code));
    }
  }
}

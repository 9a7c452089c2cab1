// What the parts of a session share: its handle, and waiting for its channels.
import { Code, ThingP2PError } from './errors.js';
import { input, room } from './poller.js';

export class Link {
  code = Code.OK; // or why the session has ended
  closed = false; // here: then the handle is gone

  constructor(handle) {
    this.handle = handle;
  }

  /** Calls `then` once something may be read, with OK or a code. */
  whenReadable(channel, then) {
    if (this.code) {
      setImmediate(then, this.closed ? Code.CLOSED_LOCAL : Code.OK); // the library has told all that it will
    } else {
      input().wait(this.handle, channel, then);
    }
  }

  /** Calls `then` once something may be sent, with OK or a code. */
  whenWritable(channel, then) {
    room().wait(this.handle, channel, then);
  }

  /** Wakes all who wait. */
  close() {
    this.closed = true;
    input().forget(this.handle, Code.CLOSED_LOCAL);
    room().forget(this.handle, Code.CLOSED_LOCAL);
  }

  /** The error of a call of somebody who was there when the session lived. */
  error(code) {
    return new ThingP2PError(code === Code.INVALID_SESSION ? Code.CLOSED_LOCAL : code);
  }
}

// A channel as a stream of bytes.
import { Duplex } from 'node:stream';
import { Code } from './errors.js';
import { lib } from './native.js';
import { lengthOf } from './values.js';

const PIECE = 262144; // bytes that are read at once, at most
const piece = Buffer.allocUnsafeSlow(PIECE);

/** Its end is the session's end by the other side; to end or to destroy the stream does not end the session. */
export class Channel extends Duplex {
  #link;
  #number;

  constructor(link, number) {
    super({ allowHalfOpen: false, highWaterMark: 65536 });
    this.#link = link;
    this.#number = number;
  }

  // One piece for each turn of the loop: others shall have theirs while there is always something to read.
  _read() {
    this.#link.whenReadable(this.#number, (code) => this.destroyed || this.#receive(code));
  }

  #receive(code) {
    const got = code < 0 ? code : lib.read(this.#link.handle, this.#number, piece, PIECE, 0);
    if (got > 0) {
      this.push(Buffer.from(piece.subarray(0, got)));
    } else if (got === Code.TIMEOUT) {
      this._read();
    } else if (got === Code.CLOSED_REMOTE) {
      this.push(null);
    } else {
      this.destroy(this.#link.error(got));
    }
  }

  _write(chunk, _encoding, done) {
    this.#send(chunk, done);
  }

  #send(chunk, done) {
    if (chunk.length === 0) {
      done();
      return;
    }
    const sent = lib.send(this.#link.handle, this.#number, chunk, lengthOf(chunk), 0);
    if (sent === chunk.length) {
      done();
    } else if (sent > 0 || sent === Code.TIMEOUT) {
      const rest = chunk.subarray(Math.max(sent, 0));
      this.#link.whenWritable(this.#number, (code) => {
        const failed = this.destroyed ? Code.CLOSED_LOCAL : code;
        return failed < 0 ? done(this.#link.error(failed)) : this.#send(rest, done);
      });
    } else {
      done(this.#link.error(sent));
    }
  }
}

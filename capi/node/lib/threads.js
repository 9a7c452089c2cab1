// Calls that wait for the other side or for callbacks, for up to a second or two: on threads of their own, as the main thread
// must not wait, and those of libuv are few.
import { Worker } from 'node:worker_threads';
import { library } from './native.js';

const MOST = 8;

const queue = [];
const idle = [];
let threads = 0;

/** Makes a call of the library, of numbers to a number. What ends an owner does not wait for those that end its sessions:
 * they are done then. */
export function inThread(name, ...numbers) {
  return new Promise((resolve, reject) => {
    const call = { message: [name, ...numbers], resolve, reject, first: name !== 'disconnect' };
    call.first ? queue.unshift(call) : queue.push(call);
    work();
  });
}

function work() {
  while (queue.length > 0 && (idle.length > 0 || threads < MOST || queue[0].first)) {
    const thread = idle.pop() ?? start();
    thread.call = queue.shift();
    thread.worker.ref(); // the process lives until the call has returned
    thread.worker.postMessage(thread.call.message);
  }
}

function start() {
  const worker = new Worker(new URL('./thread.js', import.meta.url), {
    env: { ...process.env, THINGP2P_LIBRARY: library },
    execArgv: [],
  });
  const thread = { worker, call: null };
  threads++;
  worker.on('message', (result) => {
    worker.unref();
    idle.push(thread);
    thread.call.resolve(result);
    work();
  });
  worker.on('error', (error) => {
    threads--;
    const at = idle.indexOf(thread);
    if (at >= 0) {
      idle.splice(at, 1); // it had nothing to do
    } else {
      thread.call.reject(error);
    }
    work();
  });
  return thread;
}

// One of the threads of threads.js.
import { parentPort } from 'node:worker_threads';
import { lib } from './native.js';

parentPort.on('message', ([name, ...numbers]) => parentPort.postMessage(lib[name](...numbers)));

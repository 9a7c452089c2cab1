// The C library: where it is, and its functions and structs as include/thingp2p.h declares them.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';

export const CHANNELS = 8;
export const MAX_FRAME = 4194304; // bytes
export const TRACE_ID_SIZE = 40;
export const ID_SIZE = 81;
export const TICKET_SIZE = 512;
export const STATUS_SIZE = 2048;
export const REPORT_SIZE = 32769;
export const FRAME_KEY = 1;
export const EVENT_READABLE = 1;
export const EVENT_WRITABLE = 2;
export const EVENT_ACCEPT = 4;
export const EVENT_CLOSED = 8;
export const EVENT_PATH = 16;
export const EVENT_ONLINE = 32;
export const EVENT_PAIRED = 64;
export const EVENT_RATE = 128;

const text = (size) => koffi.array('char', size, 'String');

export const STRUCTS = {
  info: {
    struct_size: 'uint32',
    path: 'int32',
    rtt_us: 'uint32',
    min_rtt_us: 'uint32',
    connect_ms: 'uint32',
    bytes_sent: 'uint64',
    bytes_received: 'uint64',
    packets_sent: 'uint64',
    packets_lost: 'uint64',
    bandwidth_bps: 'uint64',
    trace_id: text(TRACE_ID_SIZE),
    device_id: text(ID_SIZE),
    local_address: text(64),
    remote_address: text(64),
    frame_bps: 'uint64',
  },
  frame: { struct_size: 'uint32', flags: 'uint32', sequence: 'uint64', missing: 'uint32', length: 'uint32' },
  event: {
    struct_size: 'uint32',
    handle: 'int32',
    events: 'uint32',
    readable: 'uint32',
    writable: 'uint32',
    code: 'int32',
  },
  peer: {
    struct_size: 'uint32',
    uid: text(ID_SIZE),
    app_id: text(ID_SIZE),
    trace_id: text(TRACE_ID_SIZE),
    has_ticket: 'int32',
  },
  pairing: {
    struct_size: 'uint32',
    sessions: 'int32',
    since: 'int64',
    app_id: text(ID_SIZE),
    uid: text(ID_SIZE),
  },
};

const types = Object.fromEntries(Object.entries(STRUCTS).map(([name, members]) => [name, koffi.struct(members)]));

export const sizeOf = (name) => koffi.sizeof(types[name]);

/** Memory for structs of a kind, which C fills: the first says how large each is. */
export function memoryFor(name, count = 1) {
  const buffer = Buffer.alloc(sizeOf(name) * count);
  koffi.encode(buffer, 'uint32', sizeOf(name));
  return buffer;
}

/** The n-th struct at a place in memory. */
export const decode = (memory, name, n = 0) => koffi.decode(memory, n * sizeOf(name), types[name]);

/** The text at the start of memory, up to its NUL. */
export const textIn = (memory) => koffi.decode(memory, 'char', -1);

// Callbacks get as `user` a number that is not a pointer.
const outcome = koffi.proto('void', ['int', 'uintptr_t']);
const authorize = koffi.proto('int', ['int', 'void *', 'uintptr_t']);

/** Makes C callbacks of functions, which run on the main thread while the library's waits. They must not throw. */
export const outcomeCallback = (call) => koffi.register(call, koffi.pointer(outcome));
export const authorizeCallback = (call) => koffi.register(call, koffi.pointer(authorize));

// Each returns an int. A new function of the library is one line here, and one call where it belongs.
// Some are not needed, and one cannot be: thing_p2p_set_log. Calls that fail wait for its callback, which would wait for the
// main thread, and that for the call.
export const FUNCTIONS = {
  set_option: ['str', 'str'],
  init: ['str'],
  deinit: [],
  add_device: ['str', 'str'],
  add_address: ['str', 'str'],
  network_changed: [],
  set_addresses: ['str'],
  connect: ['str', 'int', 'int', koffi.pointer(outcome), koffi.pointer(outcome), 'uintptr_t', 'void *'],
  break_connect: ['str'],
  resend_offer: ['str'],
  preconnect: ['str'],
  close_preconnect: ['str'],
  report: ['str', 'void *', 'int'],
  read: ['int', 'int', 'void *', 'int', 'int'],
  send: ['int', 'int', 'void *', 'int', 'int'],
  send_frame: ['int', 'int', 'void *', 'int', 'int', 'int'],
  read_frame: ['int', 'int', 'void *', 'int', 'void *', 'int'],
  clear: ['int', 'int'],
  unsent: ['int', 'int', 'void *'],
  active_check: ['int'],
  session_info: ['int', 'void *'],
  disconnect: ['int'],
  device_open: ['str'],
  device_id: ['int', 'void *', 'int'],
  device_ticket: ['int', 'void *', 'int'],
  device_address: ['int', 'void *', 'int'],
  device_pairings: ['int', 'void *', 'int'],
  device_unpair: ['int', 'str'],
  device_reset_ticket: ['int'],
  device_set_authorizer: ['int', koffi.pointer(authorize), 'uintptr_t'],
  device_status: ['int', 'void *', 'int'],
  device_set_option: ['int', 'str', 'str'],
  device_listen: ['int'],
  accept: ['int', 'int', 'void *'],
  device_close: ['int'],
  poller_open: [],
  poller_set: ['int', 'int', 'uint32', 'uint32'],
  poller_wait: ['int', 'void *', 'int', 'int'],
  poller_fd: ['int'],
};
export const TEXTS = { version: [], strerror: ['int'], error_name: ['int'] };

function find() {
  const named = process.env.THINGP2P_LIBRARY;
  if (named) {
    return named.includes('/') ? resolve(named) : named;
  }
  const beside = ['libthingp2p.so.1', 'libthingp2p.dylib']
    .map((name) => fileURLToPath(new URL(`../${name}`, import.meta.url)))
    .find(existsSync);
  return beside ?? 'libthingp2p.so.1';
}

/** The file, or the name by which the system's loader finds it. */
export const library = find();

function load() {
  try {
    return koffi.load(library);
  } catch (error) {
    const hint = 'THINGP2P_LIBRARY may name its file';
    throw new Error(`${library} cannot be loaded: ${error.message}; ${hint}`, { cause: error });
  }
}

/** The functions, without their prefix. They get what they are declared with: who calls them has looked at it. */
export const lib = {};

const loaded = load();
for (const [table, result] of [
  [FUNCTIONS, 'int'],
  [TEXTS, 'str'],
]) {
  for (const [name, parameters] of Object.entries(table)) {
    lib[name] = loaded.func(`thing_p2p_${name}`, result, parameters);
  }
}

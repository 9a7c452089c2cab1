/**
 * libthingp2p for Node: an app and a device, connected peer to peer by the device's id.
 *
 * Nothing here blocks Node's main thread, nor holds one of libuv's threads. What is of a wrong type, malformed or out of range
 * is a ThingP2PError with the code INVALID_PARAMETER. Texts are well-formed and without NULs. Times are in milliseconds.
 * Sessions and devices that are open, and attempts under way, keep the process alive.
 */
import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';

export const CHANNELS: 8;

/** Bytes of the largest frame. */
export const MAX_FRAME: 4194304;

/** The codes of thingp2p.h, without THING_P2P_ERR_. */
export const Code: {
  readonly OK: 0;
  readonly NOT_INITIALIZED: -1;
  readonly ALREADY_INITIALIZED: -2;
  readonly TIMEOUT: -3;
  readonly INVALID_ID: -4;
  readonly INVALID_PARAMETER: -5;
  readonly DEVICE_NOT_ONLINE: -6;
  readonly NO_RELAY: -10;
  readonly INVALID_SESSION: -11;
  readonly CLOSED_REMOTE: -12;
  readonly CLOSED_TIMEOUT: -13;
  readonly CLOSED_LOCAL: -14;
  readonly LISTEN_BREAK: -16;
  readonly CONNECT_BREAK: -19;
  readonly SESSION_LIMIT: -23;
  readonly NO_MEMORY: -29;
  readonly HANDSHAKE: -37;
  readonly NO_ANSWER: -50;
  readonly SIGNALING: -58;
  readonly REMOTE: -100;
  readonly DEVICE_PRIVACY: -102;
  readonly DEVICE_FULL: -104;
  readonly AUTH: -105;
  readonly DEVICE_BUSY: -113;
  readonly FORKED: -200;
  readonly BUFFER_TOO_SMALL: -201;
  readonly INTERNAL: -202;
  readonly KEY_FRAME: -203;
  readonly BUSY: -204;
};

/** What the library answered: the message is its sentence. */
export class ThingP2PError extends Error {
  constructor(code: number);

  /** The name in C, such as "THING_P2P_ERR_TIMEOUT". */
  name: string;
  /** One of Code. */
  code: number;
  /** Of an attempt that failed: for `report`. */
  traceId?: string;
}

export type Bytes = ArrayBufferView | ArrayBuffer;
export type Path = 'lan' | 'direct' | 'relay';

/** Options of thingp2p.h, where they are described; they may be written as there, too: state_dir. */
export interface Options {
  server?: string;
  stateDir?: string;
  caFile?: string;
  lan?: 'on' | 'off';
  lanPort?: number | string;
  portMapping?: 'on' | 'off';
  relay?: 'auto' | 'never' | 'only';
  strangers?: 'off' | 'ask';
  maxSessions?: number | string;
  maxSessionsPerApp?: number | string;
  acceptBacklog?: number | string;
  offlineMs?: number | string;
  sendBuffer?: number | string;
  log?: string;
  [key: string]: number | string | undefined;
}

/** Sets an option for the `init` and `Device.open` calls that follow. */
export function setOption(key: string, value: number | string): void;

/** Sets options, and prepares the app side for a user; the same user again is no error. Does not wait for the server. */
export function init(uid: string, options?: Options): void;

/** Ends the app side: attempts fail with CONNECT_BREAK, sessions are closed, what they have buffered is sent for up to a second. */
export function deinit(): Promise<void>;

export interface ConnectOptions {
  /** Which way to the device gets the head start; "internet" by default. */
  mode?: 'internet' | 'lan';
  /** For the whole attempt; by default 15000, in LAN mode 3000. */
  timeoutMs?: number;
  /** Breaks the attempt off, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** Connects to a device id, a ticket, or a name that addDevice bound. A failure has the codes of thing_p2p_connect. */
export function connect(target: string, options?: ConnectOptions): Promise<Session>;

/** Binds a name to a ticket until deinit, so that connect takes the name. */
export function addDevice(name: string, ticket: string): void;

/** Tells of an "ip:port" at which other means have found the device, such as Bonjour; see Device.address. */
export function addAddress(target: string, address: string): void;

/** Says that the host's network has changed, or that the process was suspended: all look at once what still works. */
export function networkChanged(): void;

/** Names the host's addresses, as in "192.168.1.5/24 fe80::1%wlan0/64", where the system does not tell; "": ask it again. */
export function setAddresses(addresses: string): void;

/** Makes the next connect to a device take one round trip, if it comes within five minutes; for eight devices at a time. */
export function preconnect(target: string): void;

/** Ends what preconnect has begun with a device, if anything. */
export function closePreconnect(target: string): void;

/** Makes the attempts to a device that are under way ask it again now, since it has just woken. */
export function resendOffer(target: string): void;

/** How an attempt goes or went, and its session, on either side; thing_p2p_report lists what is in it. */
export function report(traceId: string): Record<string, unknown> & { summary: string };

/** The library's version. */
export function version(): string;

export interface SessionInfo {
  /** In use now; null: there is none. */
  path: Path | null;
  rttMs: number;
  minRttMs: number;
  /** From connect to ready; 0 on a device. */
  connectMs: number;
  /** Bytes of the application. */
  bytesSent: number;
  bytesReceived: number;
  packetsSent: number;
  packetsLost: number;
  /** What the path carries now, bit/s; 0: not known yet. */
  bandwidthBps: number;
  /** What a live encoder should produce now, bit/s, for all of its frames; 0: not known yet, or no frame was sent here. */
  frameBps: number;
  traceId: string;
  deviceId: string;
  localAddress: string;
  remoteAddress: string;
}

/** A live frame that came whole. */
export interface Frame {
  data: Buffer;
  /** It needs none before it. */
  key: boolean;
  /** 1, 2, ...: each frame that the other side's sendFrame has taken. */
  sequence: number;
  /** Frames since the last one that was read, which will not come. */
  missing: number;
}

export interface FrameOptions {
  /** It needs none before it; false by default. */
  key?: boolean;
  /** How long from now the frame is of use at the other side; by default for ever. One that is over counts as 1. */
  deadlineMs?: number;
}

interface SessionEvents {
  /** It has ended, once, with a code of Code: CLOSED_LOCAL if here. Until `close` is called, what had arrived can be read. */
  close: [code: number];
  /** It has moved to another path. */
  path: [path: Path];
  /** frameBps has changed by a tenth. */
  rate: [frameBps: number];
}

interface DeviceEvents {
  /** Its connection to its server: OK, online, or why not. */
  online: [code: number];
  /** Its pairings have changed. */
  paired: [];
}

/** Eight channels to the other side. Each way of a channel carries bytes or frames, as the sender's first call decides. */
export class Session extends EventEmitter<SessionEvents> {
  private constructor();

  /** On the device's side: the app. */
  readonly peer: Peer | null;

  /** A channel, 0 to 7, as a stream of bytes: the same each time, until it is destroyed. */
  channel(number: number): Channel;

  /** The frames that come on a channel, until the other side ends the session. They wait while nobody asks for the next. */
  frames(channel: number): AsyncGenerator<Frame, void, void>;

  /**
   * Sends a live frame, such as a picture: it arrives whole or not at all, and holds up no other. Never waits.
   *
   * One that could not be there in time is an error TIMEOUT, one that needs a frame that was dropped an error KEY_FRAME: then
   * the encoder shall produce a key frame. How much it should produce: frameBps of `info`.
   */
  sendFrame(channel: number, data: Bytes, options?: FrameOptions): void;

  /** Drops what is queued on a channel and has not left yet, and returns how many bytes that was; what waits in the stream
   * `channel` is not among it. Frames are dropped whole, and the next one must be a key frame. */
  clear(channel: number): number;

  /** How much is queued on a channel and has not left yet, and for how long the oldest of it has been. */
  unsent(channel: number): { bytes: number; ageMs: number };

  /** Throws why the session is not usable. */
  check(): void;

  /** Also after the other side has closed. */
  info(): SessionInfo;

  /**
   * Closes the session, also one that the other side has ended: each must be. Destroys its streams, with what they have not
   * read or handed on; what the library has taken is sent for up to a second. A second close is the same as the first.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A channel as a stream of bytes. A receiver that does not read slows this channel down, and no other. It ends when the other
 * side ends the session; to end or destroy the stream does not end it. An end for another reason is an error of the stream.
 */
export class Channel extends Duplex {
  private constructor();
}

/** An app, as the device sees it. */
export interface Peer {
  /** What the app says of its user: a claim. */
  uid: string;
  /** Proven: names the app's key. */
  appId: string;
  traceId: string;
  /** The app proved that it holds this device's ticket. */
  hasTicket: boolean;
}

/** An app that a device remembers, so that it needs no ticket. */
export interface Pairing {
  /** Proven when it was paired. */
  appId: string;
  /** What the app said of its user when it came last. */
  uid: string;
  /** By the device's clock. */
  since: Date;
  /** That it has now. */
  sessions: number;
}

export interface DeviceStatus {
  listening: boolean;
  online: boolean;
  server: string;
  /** Unix time in seconds. */
  since: number;
  code: number;
  error: string;
  address?: string;
  sessions: number;
}

/** A device, offline at first. */
export class Device extends EventEmitter<DeviceEvents> {
  private constructor();

  /** Its identity is kept in `stateDir`; without one it is new each time. */
  static open(stateDir?: string | null): Device;

  readonly id: string;
  /** All that an app needs to reach the device: a secret. */
  readonly ticket: string;
  /** "ip:port" in the local network, for addAddress. */
  readonly address: string;

  /** How the device can be reached now, as thing_p2p_device_status describes it. */
  status(): DeviceStatus;

  /** The paired apps, the oldest first. */
  pairings(): Pairing[];

  /** Forgets a paired app and ends its sessions at once. */
  unpair(appId: string): void;

  /** Gives the device a new ticket; the old one lets nobody in any more. Sessions and pairings stay. */
  resetTicket(): void;

  /** Sets an option of this device only; before `listen`. */
  setOption(key: string, value: number | string): void;

  /**
   * Sets who decides about apps: before `listen`, and again whenever one likes. It returns true to accept, or the code that the
   * app gets, at once: a promise is a no, as is all else. To throw a ThingP2PError is the same as to return its code; another
   * error is a no, and goes where uncaught ones go. No more than 64 devices of a process can have one (RangeError).
   */
  setAuthorizer(decide: (peer: Peer) => boolean | number): void;

  /** Goes online, and stays so. Does not wait for it. */
  listen(): void;

  /** Waits for an app; LISTEN_BREAK once the device is closed. Or iterate over the device, which then ends. */
  accept(): Promise<Session>;
  [Symbol.asyncIterator](): AsyncGenerator<Session, void, void>;

  /** Goes offline and closes all its sessions. A second close is the same as the first. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

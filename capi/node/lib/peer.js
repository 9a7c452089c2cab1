// Apps, as a device sees them.
import { decode } from './native.js';

/** From a struct in memory. */
export function peerFrom(memory) {
  const peer = decode(memory, 'peer');
  return { uid: peer.uid, appId: peer.app_id, traceId: peer.trace_id, hasTicket: peer.has_ticket === 1 };
}

/** From the n-th of a list. */
export function pairingFrom(memory, n) {
  const pairing = decode(memory, 'pairing', n);
  const since = new Date(Number(pairing.since) * 1000);
  return { appId: pairing.app_id, uid: pairing.uid, since, sessions: pairing.sessions };
}

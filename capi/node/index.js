export {
  addAddress,
  addDevice,
  closePreconnect,
  connect,
  deinit,
  init,
  networkChanged,
  preconnect,
  report,
  resendOffer,
  setAddresses,
  setOption,
  version,
} from './lib/app.js';
export { Channel } from './lib/channel.js';
export { Device } from './lib/device.js';
export { Code, ThingP2PError } from './lib/errors.js';
export { CHANNELS, MAX_FRAME } from './lib/native.js';
export { Session } from './lib/session.js';

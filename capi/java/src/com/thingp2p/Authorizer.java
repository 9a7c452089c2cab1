package com.thingp2p;

/** Decides about apps, see {@link Device#setAuthorizer}. */
@FunctionalInterface
public interface Authorizer {
  /**
   * Returns {@code THING_P2P_OK} to accept the app, or the code that the app gets, such as {@code
   * THING_P2P_ERR_DEVICE_PRIVACY}; to throw it is the same. Anything else, another exception too, refuses the app with
   * {@code THING_P2P_ERR_AUTH}. It may take as long as a person needs, and may run on three threads at once.
   */
  int authorize(Peer peer) throws ThingP2PException;
}

package com.thingp2p;

/**
 * Hears how an attempt ended: one of the two methods is called, once, on a thread of the library. A slow one delays the
 * next callback of an attempt. What it throws goes to that thread's uncaught exception handler.
 */
public interface ConnectCallback {
  /** The session is the callback's, to close. */
  void onConnected(Session session);

  void onFailed(ThingP2PException error);
}

package com.thingp2p;

/** Hears how an attempt of {@link IThingP2P#connect} ended, on a thread of the library or one of its own. */
@FunctionalInterface
public interface IThingP2PCallback {
  /** 0 or more: the session's handle; less: why there is none. */
  void onResult(int result);
}

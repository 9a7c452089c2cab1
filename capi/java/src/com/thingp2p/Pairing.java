package com.thingp2p;

/** An app that a device remembers, so that it needs no ticket. */
public final class Pairing {
  /** Proven when it was paired. */
  public final String appId;
  /** What the app said of its user when it came last: a claim. */
  public final String uid;
  /** Unix time in seconds, by the device's clock. */
  public final long since;
  /** How many sessions it has now. */
  public final int sessions;

  /** The one at an index of what C has listed. */
  Pairing(long[] numbers, byte[][] texts, int index) {
    sessions = (int) numbers[2 * index];
    since = numbers[2 * index + 1];
    appId = Text.fromC(texts[2 * index]);
    uid = Text.fromC(texts[2 * index + 1]);
  }
}

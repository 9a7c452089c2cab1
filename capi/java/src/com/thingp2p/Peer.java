package com.thingp2p;

/** An app, as the device sees it. */
public final class Peer {
  static final int NUMBERS = 1, TEXTS = 3;

  /** What the app says of its user: a claim, not proven. */
  public final String uid;
  /** Proven: names the app's key. */
  public final String appId;
  public final String traceId;
  /** Whether the app proved that it holds the device's ticket. */
  public final boolean hasTicket;

  Peer(long[] numbers, byte[][] texts) {
    hasTicket = numbers[0] == 1;
    uid = Text.fromC(texts[0]);
    appId = Text.fromC(texts[1]);
    traceId = Text.fromC(texts[2]);
  }
}

package com.thingp2p;

/** What is queued on a channel and has not left yet. */
public final class Unsent {
  public final int bytes;
  /** For how many milliseconds the oldest of it has been. */
  public final int ageMs;

  Unsent(int bytes, int ageMs) {
    this.bytes = bytes;
    this.ageMs = ageMs;
  }
}

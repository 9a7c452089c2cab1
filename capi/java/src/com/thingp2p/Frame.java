package com.thingp2p;

import static com.thingp2p.Constants.THING_P2P_FRAME_KEY;

/** A live frame that came whole. */
public final class Frame {
  static final int NUMBERS = 4;

  /** Its bytes; null if they are in the caller's buffer. */
  public final byte[] data;
  /** How many bytes it has. */
  public final int length;
  /** {@code THING_P2P_FRAME_...}, as it was sent. */
  public final int flags;
  /** 1, 2, ...: each frame that the other side's sendFrame has taken. */
  public final long sequence;
  /** Frames since the last one that was read, which will not come. */
  public final long missing;

  Frame(byte[] data, long[] numbers) {
    this.data = data;
    flags = (int) numbers[0];
    sequence = numbers[1];
    missing = numbers[2];
    length = (int) numbers[3];
  }

  /** Whether it needs none before it. */
  public boolean isKey() {
    return (flags & THING_P2P_FRAME_KEY) != 0;
  }
}

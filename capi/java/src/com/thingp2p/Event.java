package com.thingp2p;

import static com.thingp2p.Constants.THING_P2P_CHANNELS;

/** What is so with a session or a device, see {@link Poller#wait(Event[], int)}. */
public final class Event {
  static final int NUMBERS = 5;

  /** Of the session or the device. */
  public final int handle;
  /** {@code THING_P2P_EVENT_...}, those that are so. */
  public final int events;
  /** Bit n is channel n. */
  public final int readable, writable;
  /** Of {@code _CLOSED} or {@code _ONLINE}, otherwise 0. */
  public final int code;

  Event(int[] numbers, int index) {
    int n = NUMBERS * index;
    handle = numbers[n++];
    events = numbers[n++];
    readable = numbers[n++];
    writable = numbers[n++];
    code = numbers[n];
  }

  /** Whether one of these {@code THING_P2P_EVENT_...} is so. */
  public boolean is(int anyOf) {
    return (events & anyOf) != 0;
  }

  public boolean isReadable(int channel) {
    return channel >= 0 && channel < THING_P2P_CHANNELS && (readable >> channel & 1) != 0;
  }

  public boolean isWritable(int channel) {
    return channel >= 0 && channel < THING_P2P_CHANNELS && (writable >> channel & 1) != 0;
  }
}

package com.thingp2p;

import static com.thingp2p.ThingP2PException.need;
import static com.thingp2p.ThingP2PException.orThrow;

/** Waits for any number of sessions and devices, by their handles, on one thread. It must be closed. */
public final class Poller implements AutoCloseable {
  private final int handle;

  private Poller(int handle) {
    this.handle = handle;
  }

  public static Poller open() throws ThingP2PException {
    return new Poller(orThrow(Native.pollerOpen()));
  }

  /**
   * Says what {@link #wait} tells of a session or a device from now on: {@code events} are some of {@code
   * THING_P2P_EVENT_...}, 0: it is not watched any more. {@code channels} says for which {@code _READABLE} and {@code
   * _WRITABLE} count, bit n is channel n; 0xff: all of them.
   */
  public void set(int handle, int events, int channels) throws ThingP2PException {
    orThrow(Native.pollerSet(this.handle, handle, events, channels));
  }

  /**
   * Waits until something is so that is watched for, fills the array from its begin, with 64 events at most, and returns
   * how many there are; 0 for a call of {@link #wake}. More are told by the next call. Reads, sends and accepts with a
   * timeout of 0 do the rest.
   */
  public int wait(Event[] events, int timeoutMs) throws ThingP2PException {
    need(events != null);
    int most = Math.min(events.length, MOST_EVENTS);
    int[] numbers = new int[most * Event.NUMBERS];
    int count = orThrow(Native.pollerWait(handle, numbers, most, timeoutMs));
    for (int i = 0; i < count; i++) {
      events[i] = new Event(numbers, i);
    }
    return count;
  }

  private static final int MOST_EVENTS = 64; // as in C

  /** Makes one call of {@link #wait} return 0: one that waits now, or the next. */
  public void wake() throws ThingP2PException {
    orThrow(Native.pollerWake(handle));
  }

  /** A descriptor that is readable while {@link #wait} would return at once: for a Looper's loop, say. Never close it. */
  public int fd() throws ThingP2PException {
    return orThrow(Native.pollerFd(handle));
  }

  /** Wakes who waits here. What it watched is not affected. A second close does nothing. */
  @Override
  public void close() {
    Native.pollerClose(handle);
  }
}

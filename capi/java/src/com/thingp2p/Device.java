package com.thingp2p;

import static com.thingp2p.Constants.THING_P2P_TICKET_SIZE;
import static com.thingp2p.ThingP2PException.orThrow;

import java.util.ArrayList;
import java.util.List;

/** A device. It must be closed; nothing does it when the object is forgotten. */
public final class Device implements AutoCloseable {
  private static final int STATUS_SIZE = 2048;

  private final int handle;

  private Device(int handle) {
    this.handle = handle;
  }

  /** Makes a device, offline at first. Its identity is kept in a directory; null: in memory only, a new one each time. */
  public static Device open(String stateDir) throws ThingP2PException {
    return new Device(orThrow(Native.deviceOpen(Text.toC(stateDir))));
  }

  public int handle() {
    return handle;
  }

  public String id() throws ThingP2PException {
    byte[] buffer = new byte[THING_P2P_TICKET_SIZE];
    orThrow(Native.deviceId(handle, buffer));
    return Text.upToNul(buffer);
  }

  /** All that an app needs to reach the device; a secret. */
  public String ticket() throws ThingP2PException {
    byte[] buffer = new byte[THING_P2P_TICKET_SIZE];
    orThrow(Native.deviceTicket(handle, buffer));
    return Text.upToNul(buffer);
  }

  /** "address:port" in the local network, for {@link ThingP2P#addAddress}. */
  public String address() throws ThingP2PException {
    byte[] buffer = new byte[THING_P2P_TICKET_SIZE];
    orThrow(Native.deviceAddress(handle, buffer));
    return Text.upToNul(buffer);
  }

  /** How the device can be reached now, as JSON: thing_p2p_device_status lists the members. */
  public String status() throws ThingP2PException {
    byte[] buffer = new byte[STATUS_SIZE];
    orThrow(Native.deviceStatus(handle, buffer));
    return Text.upToNul(buffer);
  }

  /** The paired apps, the oldest first. */
  public List<Pairing> pairings() throws ThingP2PException {
    long[] numbers = {};
    byte[][] texts = {};
    int count = orThrow(Native.devicePairings(handle, numbers, texts));
    while (2 * count > numbers.length) { // there may be more by now
      numbers = new long[2 * count];
      texts = new byte[2 * count][];
      count = orThrow(Native.devicePairings(handle, numbers, texts));
    }
    List<Pairing> pairings = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      pairings.add(new Pairing(numbers, texts, i));
    }
    return pairings;
  }

  /** Forgets a paired app and ends its sessions. */
  public void unpair(String appId) throws ThingP2PException {
    orThrow(Native.deviceUnpair(handle, Text.toC(appId)));
  }

  /** Gives the device a new ticket; the old one lets nobody in any more. Pairings stay. */
  public void resetTicket() throws ThingP2PException {
    orThrow(Native.deviceResetTicket(handle));
  }

  /**
   * Sets who decides about apps; null: who holds the ticket, or is paired, may enter. For one thread at a time. Once it has
   * returned, the previous one is not called any more.
   */
  public void setAuthorizer(Authorizer authorizer) throws ThingP2PException {
    if (authorizer == null) {
      orThrow(Native.deviceSetAuthorizer(handle, false));
      Native.AUTHORIZERS.remove(handle);
      return;
    }
    Authorizer previous = Native.AUTHORIZERS.put(handle, authorizer);
    try {
      orThrow(Native.deviceSetAuthorizer(handle, true));
    } catch (ThingP2PException e) {
      if (previous == null || e.code() == Constants.THING_P2P_ERR_INVALID_SESSION) { // closed: nobody would remove it
        Native.AUTHORIZERS.remove(handle);
      } else {
        Native.AUTHORIZERS.put(handle, previous);
      }
      throw e;
    }
  }

  /** Sets an option of this device only; before {@link #listen}. */
  public void setOption(String key, String value) throws ThingP2PException {
    orThrow(Native.deviceSetOption(handle, Text.toC(key), Text.toC(value)));
  }

  /** Goes online, and stays so. */
  public void listen() throws ThingP2PException {
    orThrow(Native.deviceListen(handle));
  }

  /** Waits for an app; {@link Session#peer} says who it is. */
  public Session accept(int timeoutMs) throws ThingP2PException {
    return new Session(orThrow(Native.accept(handle, timeoutMs)));
  }

  /** Goes offline, closes all its sessions, and wakes who waits here. A second close does nothing. */
  @Override
  public void close() {
    Native.deviceClose(handle);
    Native.AUTHORIZERS.remove(handle);
  }
}

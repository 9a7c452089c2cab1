package com.thingp2p;

import static com.thingp2p.Constants.THING_P2P_LOG_OFF;
import static com.thingp2p.Constants.THING_P2P_REPORT_SIZE;
import static com.thingp2p.Constants.THING_P2P_TRACE_ID_SIZE;
import static com.thingp2p.ThingP2PException.need;
import static com.thingp2p.ThingP2PException.orThrow;

/**
 * libthingp2p for Java: the library, and the app's side.
 *
 * <pre>{@code
 * ThingP2P.init("alice");
 * try (Session session = ThingP2P.connectWait(ticket, THING_P2P_MODE_INTERNET, 0)) {
 *   session.sendAll(0, "info\n".getBytes(UTF_8), -1);
 *   System.out.print(new String(session.read(0, 5000), UTF_8));
 * }
 * ThingP2P.deinit();
 * }</pre>
 *
 * <p>Each method is the function of thingp2p.h that has its name, which is the specification: it lists the codes that a
 * {@link ThingP2PException} may have. What is null, too long, out of range or no text in C has
 * {@code THING_P2P_ERR_INVALID_PARAMETER}; what has been closed, {@code THING_P2P_ERR_INVALID_SESSION}.
 *
 * <p>Times are in milliseconds. A timeout of 0 means "do not wait" and a negative one "for ever", unless the method says
 * otherwise. Any thread may call any method, also from inside a callback. A thread that waits is not woken by
 * {@link Thread#interrupt}, but by the end of what it waits for: {@link #breakConnect}, {@link Session#close},
 * {@link Device#close}, {@link Poller#wake}.
 *
 * <p>Callbacks run on threads of the library, which are daemon threads in Java.
 */
public final class ThingP2P {
  private ThingP2P() {}

  /** Sets an option for what is opened after it. "server" is the first to know. */
  public static void setOption(String key, String value) throws ThingP2PException {
    orThrow(Native.setOption(Text.toC(key), Text.toC(value)));
  }

  /** Prepares the app's side for a user, 1 to 80 bytes that the devices see. */
  public static void init(String uid) throws ThingP2PException {
    orThrow(Native.init(Text.toC(uid)));
  }

  /** Ends the app's side: attempts fail, sessions are closed. */
  public static void deinit() throws ThingP2PException {
    orThrow(Native.deinit());
  }

  public static String version() {
    return Text.fromC(Native.version());
  }

  /** A sentence for any code. */
  public static String strerror(int code) {
    return Text.fromC(Native.strerror(code));
  }

  /** A code's name, such as "THING_P2P_ERR_TIMEOUT". */
  public static String errorName(int code) {
    return Text.fromC(Native.errorName(code));
  }

  /** Binds a name to a ticket until deinit, so that connect takes the name. */
  public static void addDevice(String name, String ticket) throws ThingP2PException {
    orThrow(Native.addDevice(Text.toC(name), Text.toC(ticket)));
  }

  /** Tells of an address at which other means have found the device, such as Android's NSD; see {@link Device#address}. */
  public static void addAddress(String target, String address) throws ThingP2PException {
    orThrow(Native.addAddress(Text.toC(target), Text.toC(address)));
  }

  /** Says that the host's network has changed, or that the process was suspended: all look at once what still works. */
  public static void networkChanged() throws ThingP2PException {
    orThrow(Native.networkChanged());
  }

  /**
   * Names the host's addresses, as in "192.168.1.5/24 fe80::1%wlan0/64", where the system does not tell: on Android 11
   * and later. "": ask it again.
   */
  public static void setAddresses(String addresses) throws ThingP2PException {
    orThrow(Native.setAddresses(Text.toC(addresses)));
  }

  /**
   * Starts to connect to a device id, a ticket, or a name that {@link #addDevice} bound, and returns the attempt's trace
   * id. The callback is called once, and not if this throws. A timeout of 0 is the default: 15000 in Internet mode, 3000
   * in LAN mode.
   */
  public static String connect(String devId, int mode, int timeoutMs, ConnectCallback callback)
      throws ThingP2PException {
    byte[] traceId = new byte[THING_P2P_TRACE_ID_SIZE];
    need(callback != null);
    orThrow(Native.connect(Text.toC(devId), mode, timeoutMs, callback, traceId));
    return Text.upToNul(traceId);
  }

  /**
   * As {@link #connect}, but waits for the end of the attempt. Only {@link #deinit} ends it sooner: nobody has its trace
   * id.
   */
  public static Session connectWait(String devId, int mode, int timeoutMs) throws ThingP2PException {
    return new Session(orThrow(Native.connectWait(Text.toC(devId), mode, timeoutMs)));
  }

  /** Ends the attempt that the trace id names: it fails with {@code THING_P2P_ERR_CONNECT_BREAK}. */
  public static void breakConnect(String traceId) throws ThingP2PException {
    orThrow(Native.breakConnect(Text.toC(traceId)));
  }

  /**
   * Makes the next connect to a device take one round trip, if it comes within five minutes; the device's user hears
   * nothing of it. For eight devices at a time.
   */
  public static void preconnect(String devId) throws ThingP2PException {
    orThrow(Native.preconnect(Text.toC(devId)));
  }

  /** Ends what {@link #preconnect} has begun with a device, if anything. */
  public static void closePreconnect(String devId) throws ThingP2PException {
    orThrow(Native.closePreconnect(Text.toC(devId)));
  }

  /** Makes the attempts to a device that are under way ask it again now, since it has just woken. */
  public static void resendOffer(String devId) throws ThingP2PException {
    orThrow(Native.resendOffer(Text.toC(devId)));
  }

  /**
   * Says, as JSON, how an attempt of either side goes or went, and its session: thing_p2p_report lists the members, of
   * which "summary" says it in a sentence.
   */
  public static String report(String traceId) throws ThingP2PException {
    byte[] buffer = new byte[THING_P2P_REPORT_SIZE];
    orThrow(Native.report(Text.toC(traceId), buffer));
    return Text.upToNul(buffer);
  }

  /**
   * Sends the log up to a level to a listener, on a thread of the library; null turns it off. For one thread at a time.
   */
  public static void setLog(int level, LogListener listener) throws ThingP2PException {
    if (listener == null) {
      orThrow(Native.setLog(THING_P2P_LOG_OFF, 0));
      Native.LOG_LISTENERS.clear();
      return;
    }
    int number = Native.LOG_LISTENERS_SO_FAR.incrementAndGet();
    Native.LOG_LISTENERS.put(number, listener);
    int code = Native.setLog(level, number);
    Native.LOG_LISTENERS.keySet().removeIf(n -> code >= 0 ? n < number : n == number);
    orThrow(code);
  }
}

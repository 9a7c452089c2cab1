package com.thingp2p;

import static com.thingp2p.Constants.THING_P2P_ERR_AUTH;
import static com.thingp2p.Constants.THING_P2P_ERR_DEVICE_BUSY;
import static com.thingp2p.Constants.THING_P2P_OK;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The way to C and back: each native method is one function of thingp2p.h, in capi/java/jni, and returns its code.
 *
 * <p>Texts to C are UTF-8 with a NUL at their end, or null. What C fills is an array that the caller brings; what is in it
 * is said in the class that reads it.
 */
final class Native {
  static {
    System.loadLibrary("thingp2p_jni");
  }

  private Native() {}

  // ---- library and app

  static native int setOption(byte[] key, byte[] value);

  static native int init(byte[] uid);

  static native int deinit();

  static native byte[] version();

  static native byte[] strerror(int code);

  static native byte[] errorName(int code);

  static native int setLog(int level, int listener);

  static native int addDevice(byte[] name, byte[] ticket);

  static native int addAddress(byte[] target, byte[] address);

  static native int networkChanged();

  static native int setAddresses(byte[] addresses);

  /** The callback must not be null; the trace id is written as C writes it. */
  static native int connect(byte[] target, int mode, int timeoutMs, ConnectCallback callback, byte[] traceId);

  static native int connectWait(byte[] target, int mode, int timeoutMs);

  static native int breakConnect(byte[] traceId);

  static native int preconnect(byte[] target);

  static native int closePreconnect(byte[] target);

  static native int resendOffer(byte[] target);

  static native int report(byte[] traceId, byte[] buffer);

  // ---- a session; arrays and ranges have been checked before

  static native int read(int handle, int channel, byte[] buffer, int offset, int length, int timeoutMs);

  static native int readDirect(int handle, int channel, ByteBuffer buffer, int offset, int length, int timeoutMs);

  static native int send(int handle, int channel, byte[] data, int offset, int length, int timeoutMs);

  static native int sendDirect(int handle, int channel, ByteBuffer data, int offset, int length, int timeoutMs);

  static native int readFrame(
      int handle, int channel, byte[] buffer, int offset, int length, long[] frame, int timeoutMs);

  static native int readFrameDirect(
      int handle, int channel, ByteBuffer buffer, int offset, int length, long[] frame, int timeoutMs);

  static native int sendFrame(
      int handle, int channel, byte[] data, int offset, int length, int flags, int deadlineMs);

  static native int sendFrameDirect(
      int handle, int channel, ByteBuffer data, int offset, int length, int flags, int deadlineMs);

  static native int clear(int handle, int channel);

  static native int unsent(int handle, int channel, int[] ageMs);

  static native int activeCheck(int handle);

  static native int sessionInfo(int handle, long[] numbers, byte[][] texts);

  static native int sessionPeer(int handle, long[] numbers, byte[][] texts);

  static native int disconnect(int handle);

  // ---- a device

  static native int deviceOpen(byte[] stateDir);

  static native int deviceId(int device, byte[] buffer);

  static native int deviceTicket(int device, byte[] buffer);

  static native int deviceAddress(int device, byte[] buffer);

  static native int deviceStatus(int device, byte[] buffer);

  /** Two numbers and two texts for each pairing. */
  static native int devicePairings(int device, long[] numbers, byte[][] texts);

  static native int deviceUnpair(int device, byte[] appId);

  static native int deviceResetTicket(int device);

  static native int deviceSetAuthorizer(int device, boolean on);

  static native int deviceSetOption(int device, byte[] key, byte[] value);

  static native int deviceListen(int device);

  static native int accept(int device, int timeoutMs);

  static native int deviceClose(int device);

  // ---- a poller

  static native int pollerOpen();

  static native int pollerSet(int poller, int handle, int events, int channels);

  /** At most count events, of which each has five numbers. */
  static native int pollerWait(int poller, int[] events, int count, int timeoutMs);

  static native int pollerWake(int poller);

  static native int pollerFd(int poller);

  static native int pollerClose(int poller);

  // ---- what C calls, on a thread of the library. Nothing may be thrown at it.

  /** By device. C is not given an object for it, which it would have to keep as long as a call may be on its way. */
  static final Map<Integer, Authorizer> AUTHORIZERS = new ConcurrentHashMap<>();

  /** By a number, which C has; the lines that waited for the one before go to that one. */
  static final Map<Integer, LogListener> LOG_LISTENERS = new ConcurrentHashMap<>();

  static final AtomicInteger LOG_LISTENERS_SO_FAR = new AtomicInteger();

  static void onConnected(ConnectCallback callback, int handle) {
    try {
      callback.onConnected(new Session(handle));
    } catch (Throwable e) {
      report(e);
    }
  }

  static void onFailed(ConnectCallback callback, int code) {
    try {
      callback.onFailed(new ThingP2PException(code));
    } catch (Throwable e) {
      report(e);
    }
  }

  /** Only a zero lets the app in. */
  static int onAuthorize(int device, long[] numbers, byte[][] texts) {
    try {
      Authorizer authorizer = AUTHORIZERS.get(device);
      if (authorizer == null) {
        return THING_P2P_ERR_DEVICE_BUSY; // removed this moment: the app may try again
      }
      return authorizer.authorize(new Peer(numbers, texts));
    } catch (ThingP2PException refusal) {
      return refusal.code() == THING_P2P_OK ? THING_P2P_ERR_AUTH : refusal.code();
    } catch (Throwable e) {
      report(e);
      return THING_P2P_ERR_AUTH;
    }
  }

  static void onLog(int number, int level, byte[] line) {
    try {
      LogListener listener = LOG_LISTENERS.get(number);
      if (listener != null) {
        listener.log(level, Text.fromC(line));
      }
    } catch (Throwable e) {
      report(e);
    }
  }

  private static void report(Throwable e) {
    Thread thread = Thread.currentThread();
    try {
      thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
    } catch (Throwable ignored) {
      // as the virtual machine does with what that handler throws
    }
  }
}

package com.thingp2p;

/** A session's figures. */
public final class Info {
  static final int NUMBERS = 10, TEXTS = 4;

  /** {@code THING_P2P_PATH_...}, in use now. */
  public final int path;
  /** The round trip now, and the least so far, in microseconds. */
  public final long rttUs, minRttUs;
  /** From connect to ready, in milliseconds. */
  public final long connectMs;
  /** Of the application. */
  public final long bytesSent, bytesReceived;
  /** Lost: not acknowledged in time. */
  public final long packetsSent, packetsLost;
  /** What the path carries now, in bit/s; 0: not known yet. */
  public final long bandwidthBps;
  /** What a live encoder should produce now, in bit/s, for all of its frames; 0: not known yet, or no frame was sent. */
  public final long frameBps;
  /** Of the attempt; the same on both sides. */
  public final String traceId;
  public final String deviceId;
  /** "ip:port", or empty. */
  public final String localAddress, remoteAddress;

  Info(long[] numbers, byte[][] texts) {
    int n = 0;
    path = (int) numbers[n++];
    rttUs = numbers[n++];
    minRttUs = numbers[n++];
    connectMs = numbers[n++];
    bytesSent = numbers[n++];
    bytesReceived = numbers[n++];
    packetsSent = numbers[n++];
    packetsLost = numbers[n++];
    bandwidthBps = numbers[n++];
    frameBps = numbers[n];
    traceId = Text.fromC(texts[0]);
    deviceId = Text.fromC(texts[1]);
    localAddress = Text.fromC(texts[2]);
    remoteAddress = Text.fromC(texts[3]);
  }
}

package com.thingp2p;

import static com.thingp2p.Constants.THING_P2P_ERR_BUFFER_TOO_SMALL;
import static com.thingp2p.ThingP2PException.need;
import static com.thingp2p.ThingP2PException.orThrow;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A session, on either side: eight channels to the other side. Each way of a channel is a stream of bytes, or carries
 * frames, as the sender's first call decides.
 *
 * <p>It must be closed, also when the other side has closed it; nothing does it when the object is forgotten.
 */
public final class Session implements AutoCloseable {
  private static final int FIRST_SIZE = 65536;

  private final int handle;

  /** Takes over a session's handle. */
  public Session(int handle) {
    this.handle = handle;
  }

  public int handle() {
    return handle;
  }

  /** Waits for at least one byte, and returns what is there, up to 65536 bytes. */
  public byte[] read(int channel, int timeoutMs) throws ThingP2PException {
    byte[] buffer = new byte[FIRST_SIZE];
    return Arrays.copyOf(buffer, read(channel, buffer, timeoutMs));
  }

  /** Waits for at least one byte, and returns how many it wrote to the buffer. */
  public int read(int channel, byte[] buffer, int timeoutMs) throws ThingP2PException {
    need(buffer != null);
    return read(channel, buffer, 0, buffer.length, timeoutMs);
  }

  public int read(int channel, byte[] buffer, int offset, int length, int timeoutMs) throws ThingP2PException {
    needRange(buffer, offset, length);
    return orThrow(Native.read(handle, channel, buffer, offset, length, timeoutMs));
  }

  /** Reads to the buffer's position, which it moves, up to its limit. For a direct one nothing is copied on the way. */
  public int read(int channel, ByteBuffer buffer, int timeoutMs) throws ThingP2PException {
    int position = needRoom(buffer), length = buffer.limit() - position, got;
    if (buffer.isDirect()) {
      got = orThrow(Native.readDirect(handle, channel, buffer, position, length, timeoutMs));
    } else {
      got = read(channel, buffer.array(), buffer.arrayOffset() + position, length, timeoutMs);
    }
    buffer.position(position + got);
    return got;
  }

  /** Sends some of the bytes, at least one, and returns how many: fewer than all when the time was up. */
  public int send(int channel, byte[] data, int timeoutMs) throws ThingP2PException {
    need(data != null);
    return send(channel, data, 0, data.length, timeoutMs);
  }

  public int send(int channel, byte[] data, int offset, int length, int timeoutMs) throws ThingP2PException {
    needRange(data, offset, length);
    return orThrow(Native.send(handle, channel, data, offset, length, timeoutMs));
  }

  /** Sends from the buffer's position, which it moves, up to its limit. For a direct one nothing is copied on the way. */
  public int send(int channel, ByteBuffer data, int timeoutMs) throws ThingP2PException {
    need(data != null);
    int position = data.position(), length = data.limit() - position, taken;
    if (data.isDirect()) {
      taken = orThrow(Native.sendDirect(handle, channel, data, position, length, timeoutMs));
    } else {
      taken = send(channel, copy(data), timeoutMs);
    }
    data.position(position + taken);
    return taken;
  }

  /** Sends all of the bytes. Each time that some are taken, the timeout begins again. */
  public void sendAll(int channel, byte[] data, int timeoutMs) throws ThingP2PException {
    need(data != null);
    for (int done = 0; done < data.length; ) {
      done += send(channel, data, done, data.length - done, timeoutMs);
    }
  }

  /**
   * Sends a live frame, such as a picture: it arrives whole or not at all, and holds up no other. Never waits.
   *
   * <p>{@code flags} is 0 or {@code THING_P2P_FRAME_KEY}. {@code deadlineMs} is how long from now the frame is of use at the
   * other side, 0: for ever. One that could not be there in time has {@code THING_P2P_ERR_TIMEOUT}, one that needs a frame
   * that was dropped {@code THING_P2P_ERR_KEY_FRAME}: then the encoder shall produce a key frame. How much it should
   * produce: {@link Info#frameBps}.
   */
  public void sendFrame(int channel, byte[] data, int flags, int deadlineMs) throws ThingP2PException {
    need(data != null);
    orThrow(Native.sendFrame(handle, channel, data, 0, data.length, flags, deadlineMs));
  }

  /** The frame is what stands between the buffer's position, which moves to its limit, and that. */
  public void sendFrame(int channel, ByteBuffer data, int flags, int deadlineMs) throws ThingP2PException {
    need(data != null);
    int position = data.position(), limit = data.limit();
    if (data.isDirect()) {
      orThrow(Native.sendFrameDirect(handle, channel, data, position, limit - position, flags, deadlineMs));
    } else {
      sendFrame(channel, copy(data), flags, deadlineMs);
    }
    data.position(limit);
  }

  /** Waits for the next whole frame, in the order in which they were sent. */
  public Frame readFrame(int channel, int timeoutMs) throws ThingP2PException {
    byte[] buffer = new byte[FIRST_SIZE];
    while (true) {
      long[] numbers = new long[Frame.NUMBERS];
      int got = Native.readFrame(handle, channel, buffer, 0, buffer.length, numbers, timeoutMs);
      if (got != THING_P2P_ERR_BUFFER_TOO_SMALL) {
        return new Frame(Arrays.copyOf(buffer, orThrow(got)), numbers);
      }
      buffer = new byte[(int) numbers[3]]; // it has stayed
    }
  }

  /**
   * Reads a frame to the buffer's position, which it moves: one of a decoder, say. Where there is too little room for it,
   * the code is {@code THING_P2P_ERR_BUFFER_TOO_SMALL}, and it stays.
   */
  public Frame readFrame(int channel, ByteBuffer buffer, int timeoutMs) throws ThingP2PException {
    int position = needRoom(buffer), length = buffer.limit() - position, got;
    long[] numbers = new long[Frame.NUMBERS];
    if (buffer.isDirect()) {
      got = Native.readFrameDirect(handle, channel, buffer, position, length, numbers, timeoutMs);
    } else {
      int offset = buffer.arrayOffset() + position;
      got = Native.readFrame(handle, channel, buffer.array(), offset, length, numbers, timeoutMs);
    }
    buffer.position(position + orThrow(got));
    return new Frame(null, numbers);
  }

  /** Drops what is queued on a channel and has not left yet, and returns how many bytes that was: after a seek, say. */
  public int clear(int channel) throws ThingP2PException {
    return orThrow(Native.clear(handle, channel));
  }

  /** What is queued on a channel and has not left yet. */
  public Unsent unsent(int channel) throws ThingP2PException {
    int[] ageMs = new int[1];
    int bytes = orThrow(Native.unsent(handle, channel, ageMs));
    return new Unsent(bytes, ageMs[0]);
  }

  /** Throws why the session is not usable. */
  public void check() throws ThingP2PException {
    orThrow(Native.activeCheck(handle));
  }

  public boolean isActive() {
    return Native.activeCheck(handle) >= 0;
  }

  public Info info() throws ThingP2PException {
    long[] numbers = new long[Info.NUMBERS];
    byte[][] texts = new byte[Info.TEXTS][];
    orThrow(Native.sessionInfo(handle, numbers, texts));
    return new Info(numbers, texts);
  }

  /** Who is at the other end of a device's session. */
  public Peer peer() throws ThingP2PException {
    long[] numbers = new long[Peer.NUMBERS];
    byte[][] texts = new byte[Peer.TEXTS][];
    orThrow(Native.sessionPeer(handle, numbers, texts));
    return new Peer(numbers, texts);
  }

  /** Sends what is buffered for up to a second, and wakes who waits here. */
  public void disconnect() throws ThingP2PException {
    orThrow(Native.disconnect(handle));
  }

  /** As {@link #disconnect}, and a second time does nothing. */
  @Override
  public void close() {
    Native.disconnect(handle);
  }

  private static void needRange(byte[] array, int offset, int length) throws ThingP2PException {
    need(array != null && offset >= 0 && length >= 0 && length <= array.length - offset);
  }

  /** Returns the position of a buffer that can be written to. */
  private static int needRoom(ByteBuffer buffer) throws ThingP2PException {
    need(buffer != null && !buffer.isReadOnly());
    return buffer.position();
  }

  /** The bytes of a buffer that may hide its array, since it is read-only. */
  private static byte[] copy(ByteBuffer data) {
    byte[] bytes = new byte[data.remaining()];
    data.duplicate().get(bytes);
    return bytes;
  }
}

package com.thingp2p;

/**
 * Tuya's interface of this name, for programs that were written for its Android SDK; {@link ThingP2PSdk#getP2P} has it.
 * Codes and channels are those of thingp2p.h. Nothing is thrown: each call returns 0 or more, or a negative code.
 *
 * <p>The members up to {@link #recvData} are those that Tuya's documentation gives ("P2P Capabilities", for Android). The
 * other two, and the name of the callback's method, are derived from ThingSmartP2pChannel.
 */
public interface IThingP2P {
  /** Prepares the app's side for a user. If another one is there, that one's attempts and sessions end first. */
  int init(String localId);

  int deInit();

  /**
   * Starts to connect and returns the trace id, which is empty if the attempt could not be started. The callback is called
   * once in any case, and never inside this call; it may be null: a session that nobody gets is closed.
   *
   * @param remoteId a device id, a ticket, or a name that {@link ThingP2P#addDevice} bound
   * @param lanMode 0: as the library likes, 1: through the internet first, 2: in the local network first
   * @param timeout in milliseconds; 0: the mode's default
   */
  String connect(String remoteId, int lanMode, int timeout, IThingP2PCallback callback);

  /** Ends an attempt: its callback gets -19. A session that is there is not affected. */
  int connectBreak(String traceId);

  int disConnect(int handle);

  /** Returns how many bytes it wrote to data; -3 when the time was up, another code when the session has ended. */
  int recvData(int handle, int channel, byte[] data, int dataLen, int timeout);

  /** Returns how many bytes were taken, which may be fewer than dataLen; or as above. */
  int sendData(int handle, int channel, byte[] data, int dataLen, int timeout);

  /** Returns 0 while the session is usable, else why it is not. */
  int activeCheck(int handle);
}

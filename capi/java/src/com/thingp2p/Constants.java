package com.thingp2p;

/** What thingp2p.h defines, under the same names, for {@code import static com.thingp2p.Constants.*}. */
public final class Constants {
  // The number of channels of a session; sizes, in bytes with the NUL.
  public static final int THING_P2P_CHANNELS = 8;
  public static final int THING_P2P_TRACE_ID_SIZE = 40;
  public static final int THING_P2P_ID_SIZE = 81;
  public static final int THING_P2P_TICKET_SIZE = 512;
  public static final int THING_P2P_REPORT_SIZE = 32769;

  // Codes: ThingP2P.strerror has a sentence for each.
  public static final int THING_P2P_OK = 0;
  public static final int THING_P2P_ERR_NOT_INITIALIZED = -1;
  public static final int THING_P2P_ERR_ALREADY_INITIALIZED = -2;
  public static final int THING_P2P_ERR_TIMEOUT = -3;
  public static final int THING_P2P_ERR_INVALID_ID = -4;
  public static final int THING_P2P_ERR_INVALID_PARAMETER = -5;
  public static final int THING_P2P_ERR_DEVICE_NOT_ONLINE = -6;
  public static final int THING_P2P_ERR_NO_RELAY = -10;
  public static final int THING_P2P_ERR_INVALID_SESSION = -11;
  public static final int THING_P2P_ERR_CLOSED_REMOTE = -12;
  public static final int THING_P2P_ERR_CLOSED_TIMEOUT = -13;
  public static final int THING_P2P_ERR_CLOSED_LOCAL = -14;
  public static final int THING_P2P_ERR_LISTEN_BREAK = -16;
  public static final int THING_P2P_ERR_CONNECT_BREAK = -19;
  public static final int THING_P2P_ERR_SESSION_LIMIT = -23;
  public static final int THING_P2P_ERR_NO_MEMORY = -29;
  public static final int THING_P2P_ERR_HANDSHAKE = -37;
  public static final int THING_P2P_ERR_NO_ANSWER = -50;
  public static final int THING_P2P_ERR_SIGNALING = -58;
  public static final int THING_P2P_ERR_REMOTE = -100;
  public static final int THING_P2P_ERR_DEVICE_PRIVACY = -102;
  public static final int THING_P2P_ERR_DEVICE_FULL = -104;
  public static final int THING_P2P_ERR_AUTH = -105;
  public static final int THING_P2P_ERR_DEVICE_BUSY = -113;
  public static final int THING_P2P_ERR_FORKED = -200;
  public static final int THING_P2P_ERR_BUFFER_TOO_SMALL = -201;
  public static final int THING_P2P_ERR_INTERNAL = -202;
  public static final int THING_P2P_ERR_KEY_FRAME = -203;
  public static final int THING_P2P_ERR_BUSY = -204;

  // Which way to the device gets the head start.
  public static final int THING_P2P_MODE_INTERNET = 0;
  public static final int THING_P2P_MODE_LAN = 1;

  // What carries a session.
  public static final int THING_P2P_PATH_LAN = 1;
  public static final int THING_P2P_PATH_DIRECT = 2;
  public static final int THING_P2P_PATH_RELAY = 3;

  // Levels of the log.
  public static final int THING_P2P_LOG_OFF = 0;
  public static final int THING_P2P_LOG_ERROR = 1;
  public static final int THING_P2P_LOG_WARN = 2;
  public static final int THING_P2P_LOG_INFO = 3;
  public static final int THING_P2P_LOG_DEBUG = 4;

  // A flag of frames, and the largest in bytes.
  public static final int THING_P2P_FRAME_KEY = 1;
  public static final int THING_P2P_MAX_FRAME = 4194304;

  // What Poller.wait tells.
  public static final int THING_P2P_EVENT_READABLE = 1;
  public static final int THING_P2P_EVENT_WRITABLE = 2;
  public static final int THING_P2P_EVENT_ACCEPT = 4;
  public static final int THING_P2P_EVENT_CLOSED = 8;
  public static final int THING_P2P_EVENT_PATH = 16;
  public static final int THING_P2P_EVENT_ONLINE = 32;
  public static final int THING_P2P_EVENT_PAIRED = 64;
  public static final int THING_P2P_EVENT_RATE = 128;

  private Constants() {}
}

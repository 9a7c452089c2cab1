package com.thingp2p;

import static com.thingp2p.Constants.THING_P2P_ERR_ALREADY_INITIALIZED;
import static com.thingp2p.Constants.THING_P2P_ERR_INVALID_PARAMETER;
import static com.thingp2p.Constants.THING_P2P_MODE_INTERNET;
import static com.thingp2p.Constants.THING_P2P_MODE_LAN;

/** Where programs that were written for Tuya's SDK get their {@link IThingP2P}. */
public final class ThingP2PSdk {
  private static final IThingP2P P2P = new Calls();

  private ThingP2PSdk() {}

  /** One for the process. */
  public static IThingP2P getP2P() {
    return P2P;
  }

  private static final class Calls implements IThingP2P {
    @Override
    public int init(String localId) {
      return code(
          () -> {
            byte[] uid = Text.toC(localId);
            int code = Native.init(uid);
            if (code == THING_P2P_ERR_ALREADY_INITIALIZED) {
              Native.deinit();
              code = Native.init(uid);
            }
            return code;
          });
    }

    @Override
    public int deInit() {
      return Native.deinit();
    }

    @Override
    public String connect(String remoteId, int lanMode, int timeout, IThingP2PCallback callback) {
      try {
        return ThingP2P.connect(remoteId, mode(lanMode), timeout, new Outcome(callback));
      } catch (ThingP2PException e) {
        // Not from inside this call, where the caller may hold a lock.
        Thread thread = new Thread(() -> Native.onFailed(new Outcome(callback), e.code()), "thingp2p");
        thread.setDaemon(true);
        thread.start();
        return "";
      }
    }

    /** What is none of the three becomes a mode that C refuses. */
    private static int mode(int lanMode) {
      return lanMode == 2 ? THING_P2P_MODE_LAN : lanMode == 0 || lanMode == 1 ? THING_P2P_MODE_INTERNET : -1;
    }

    @Override
    public int connectBreak(String traceId) {
      return code(() -> Native.breakConnect(Text.toC(traceId)));
    }

    @Override
    public int disConnect(int handle) {
      return Native.disconnect(handle);
    }

    @Override
    public int recvData(int handle, int channel, byte[] data, int dataLen, int timeout) {
      return fits(data, dataLen)
          ? Native.read(handle, channel, data, 0, dataLen, timeout)
          : THING_P2P_ERR_INVALID_PARAMETER;
    }

    @Override
    public int sendData(int handle, int channel, byte[] data, int dataLen, int timeout) {
      return fits(data, dataLen)
          ? Native.send(handle, channel, data, 0, dataLen, timeout)
          : THING_P2P_ERR_INVALID_PARAMETER;
    }

    private static boolean fits(byte[] data, int length) {
      return data != null && length >= 0 && length <= data.length;
    }

    @Override
    public int activeCheck(int handle) {
      return Native.activeCheck(handle);
    }
  }

  private static final class Outcome implements ConnectCallback {
    private final IThingP2PCallback callback;

    Outcome(IThingP2PCallback callback) {
      this.callback = callback;
    }

    @Override
    public void onConnected(Session session) {
      if (callback == null) {
        session.close();
      } else {
        callback.onResult(session.handle());
      }
    }

    @Override
    public void onFailed(ThingP2PException error) {
      if (callback != null) {
        callback.onResult(error.code());
      }
    }
  }

  private interface Call {
    int code() throws ThingP2PException;
  }

  private static int code(Call call) {
    try {
      return call.code();
    } catch (ThingP2PException e) {
      return e.code();
    }
  }
}

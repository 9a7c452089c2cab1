package com.thingp2p;

import static com.thingp2p.Constants.THING_P2P_ERR_INVALID_PARAMETER;

import java.io.IOException;

/** What the library answered: a code of {@link Constants}, and a sentence that says what it means and what to do. */
public class ThingP2PException extends IOException {
  private static final long serialVersionUID = 1;

  private final int code;

  /** An authorizer may throw one, too, to refuse an app with a code. */
  public ThingP2PException(int code) {
    super(ThingP2P.strerror(code));
    this.code = code;
  }

  public int code() {
    return code;
  }

  /** The code's name, such as "THING_P2P_ERR_TIMEOUT". */
  public String name() {
    return ThingP2P.errorName(code);
  }

  /** Returns what is not negative. */
  static int orThrow(int result) throws ThingP2PException {
    if (result < 0) {
      throw new ThingP2PException(result);
    }
    return result;
  }

  /** For what C never sees: a null, a range outside of its array. */
  static void need(boolean valid) throws ThingP2PException {
    if (!valid) {
      throw new ThingP2PException(THING_P2P_ERR_INVALID_PARAMETER);
    }
  }
}

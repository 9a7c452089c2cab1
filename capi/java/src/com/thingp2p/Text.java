package com.thingp2p;

import static com.thingp2p.Constants.THING_P2P_ERR_INVALID_PARAMETER;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Between Java's texts and C's. What has no counterpart there is refused, as what C refuses is. */
final class Text {
  private Text() {}

  /** UTF-8 with a NUL at its end; null is C's NULL. */
  static byte[] toC(String text) throws ThingP2PException {
    if (text == null) {
      return null;
    }
    ByteBuffer encoded;
    try {
      encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
    } catch (CharacterCodingException e) { // half a surrogate pair
      throw new ThingP2PException(THING_P2P_ERR_INVALID_PARAMETER);
    }
    if (text.indexOf('\0') >= 0) { // at which C would stop
      throw new ThingP2PException(THING_P2P_ERR_INVALID_PARAMETER);
    }
    byte[] withNul = new byte[encoded.remaining() + 1];
    encoded.get(withNul, 0, encoded.remaining());
    return withNul;
  }

  static String fromC(byte[] text) {
    return new String(text, StandardCharsets.UTF_8);
  }

  /** Of a buffer that C has filled with a text and its NUL. */
  static String upToNul(byte[] buffer) {
    int length = 0;
    while (length < buffer.length && buffer[length] != 0) {
      length++;
    }
    return fromC(Arrays.copyOf(buffer, length));
  }
}

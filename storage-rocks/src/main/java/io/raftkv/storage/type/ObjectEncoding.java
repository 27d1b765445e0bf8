package io.raftkv.storage.type;

import io.raftkv.storage.KeyType;
import io.raftkv.storage.row.MetaRow;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;

/** How Redis would say that a value is kept: it has other thresholds, but programs ask. */
public final class ObjectEncoding {
  /** Longest string that Redis keeps beside its object header. */
  private static final int EMBEDDED_BYTES = 44;

  private static final int MAX_LONG_CHARS = 20;

  /** The first number of which Redis does not keep one copy for all keys has so many digits. */
  private static final int UNSHARED_DIGITS = 5;

  /** What the payload of an inline set begins with while all its members are integers. */
  private static final byte INTEGER_SET = 3;

  private ObjectEncoding() {}

  /** The name that OBJECT ENCODING answers. */
  public static String of(MetaRow meta) {
    boolean inline = meta.encoding() == MetaRow.INLINE;
    return switch (meta.type()) {
      case STRING -> inline ? ofString(meta.payload()) : "raw";
      case LIST -> inline ? "listpack" : "quicklist";
      case HASH -> inline ? ofInlineHash(meta) : "hashtable";
      case SET -> inline ? ofInlineSet(meta.payload()) : "hashtable";
      case ZSET -> inline ? "listpack" : "skiplist";
      case STREAM -> "stream";
    };
  }

  /** True for a value of which Redis keeps one copy for all keys: the numbers from 0 to 9999. */
  public static boolean isShared(MetaRow meta) {
    byte[] value = meta.payload();
    return meta.type() == KeyType.STRING
        && meta.encoding() == MetaRow.INLINE
        && value.length < UNSHARED_DIGITS
        && isLong(value)
        && value[0] != '-';
  }

  private static String ofString(byte[] value) {
    return isLong(value) ? "int" : value.length <= EMBEDDED_BYTES ? "embstr" : "raw";
  }

  /** Redis says it from the first deadline on, for ever; here it is so while there is one. */
  private static String ofInlineHash(MetaRow meta) {
    return meta.parts().isNone() ? "listpack" : "listpackex";
  }

  private static String ofInlineSet(byte[] payload) {
    return payload.length > 0 && payload[0] == INTEGER_SET ? "intset" : "listpack";
  }

  /** True for the one way in which a 64-bit number is printed. */
  private static boolean isLong(byte[] value) {
    if (value.length > MAX_LONG_CHARS) {
      return false;
    }
    String text = new String(value, StandardCharsets.ISO_8859_1);
    return text.matches("0|-?[1-9][0-9]*") && new BigInteger(text).bitLength() < Long.SIZE;
  }
}

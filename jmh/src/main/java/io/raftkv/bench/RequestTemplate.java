package io.raftkv.bench;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * One encoded request whose key number is filled in when it is copied out, so that sending costs a
 * copy and twelve digits. Immutable.
 */
final class RequestTemplate {
  /** How many elements a hash, set or sorted set gets at most. */
  static final int ELEMENTS_PER_KEY = 1_000;

  private static final int DIGITS = 12;
  private static final String DIGIT_PLACE = "0".repeat(DIGITS);

  private final byte[] bytes;

  /** Where the digits of the key and of a second running number start; -1 if there is none. */
  private final int keyAt;

  private final int elementAt;

  private RequestTemplate(byte[] bytes, int keyAt, int elementAt) {
    this.bytes = bytes;
    this.keyAt = keyAt;
    this.elementAt = elementAt;
  }

  /** The commands a template exists for. */
  enum Command {
    SET,
    GET,
    INCR,
    HSET,
    HGET,
    LPUSH,
    RPOP,
    SADD,
    ZADD,
    PING;

    boolean isWrite() {
      return this != GET && this != HGET && this != PING;
    }

    /** The command that makes what this one reads. */
    Command filler() {
      return switch (this) {
        case GET -> SET;
        case HGET -> HSET;
        case RPOP -> LPUSH;
        default -> this;
      };
    }
  }

  /** The request of this command with values of this size. */
  static RequestTemplate of(Command command, int valueBytes) {
    String value = "x".repeat(valueBytes);
    String key = "key:" + DIGIT_PLACE;
    String element = "element:" + DIGIT_PLACE;
    return switch (command) {
      case SET -> encode("SET", key, value);
      case GET -> encode("GET", key);
      case INCR -> encode("INCR", "counter:" + DIGIT_PLACE);
      case HSET -> encode("HSET", "hash:" + DIGIT_PLACE, element, value);
      case HGET -> encode("HGET", "hash:" + DIGIT_PLACE, element);
      case LPUSH -> encode("LPUSH", "list:" + DIGIT_PLACE, value);
      case RPOP -> encode("RPOP", "list:" + DIGIT_PLACE);
      case SADD -> encode("SADD", "set:" + DIGIT_PLACE, element);
      case ZADD -> encode("ZADD", "zset:" + DIGIT_PLACE, "1", element);
      case PING -> encode("PING");
    };
  }

  /** A request without anything to fill in. */
  static RequestTemplate fixed(String... words) {
    RequestTemplate encoded = encode(words);
    return new RequestTemplate(encoded.bytes, -1, -1);
  }

  private static RequestTemplate encode(String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(ascii("*" + words.length + "\r\n"));
    int keyAt = -1;
    int elementAt = -1;
    for (String word : words) {
      out.writeBytes(ascii("$" + word.length() + "\r\n"));
      if (word.endsWith(":" + DIGIT_PLACE)) {
        int digitsAt = out.size() + word.length() - DIGITS;
        if (keyAt < 0) {
          keyAt = digitsAt;
        } else {
          elementAt = digitsAt;
        }
      }
      out.writeBytes(ascii(word));
      out.writeBytes(ascii("\r\n"));
    }
    return new RequestTemplate(out.toByteArray(), keyAt, elementAt);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  int size() {
    return bytes.length;
  }

  /** Appends the request for this number, spread over keys of {@link #ELEMENTS_PER_KEY}. */
  void copyTo(ByteBuffer out, long number) {
    int start = out.position();
    out.put(bytes);
    if (elementAt >= 0) {
      writeDigits(out, start + keyAt, number / ELEMENTS_PER_KEY);
      writeDigits(out, start + elementAt, number % ELEMENTS_PER_KEY);
    } else if (keyAt >= 0) {
      writeDigits(out, start + keyAt, number);
    }
  }

  private static void writeDigits(ByteBuffer out, int at, long number) {
    long rest = number;
    for (int i = at + DIGITS - 1; rest > 0 && i >= at; i--) {
      out.put(i, (byte) ('0' + rest % 10));
      rest /= 10;
    }
  }
}

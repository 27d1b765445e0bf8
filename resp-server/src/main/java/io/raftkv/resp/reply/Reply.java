package io.raftkv.resp.reply;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What a command answers, independent of the protocol version: the encoder writes each kind as
 * RESP3, or as the RESP2 kind that Redis uses in its place.
 *
 * <p>Immutable; byte arrays in it belong to the reply.
 */
public sealed interface Reply {
  /** {@code +OK} and its like; never contains line breaks. */
  record Simple(String text) implements Reply {}

  /** {@code -ERR …}: the whole line, code included. */
  record Failure(String line) implements Reply {}

  record Int(long value) implements Reply {}

  record Bulk(byte[] bytes) implements Reply {}

  /** RESP3 null; in RESP2 the null bulk string. */
  record Null() implements Reply {}

  /** RESP3 null; in RESP2 the null array. */
  record NullArray() implements Reply {}

  record Array(List<Reply> items) implements Reply {}

  /** Keys and values in turn; in RESP2 a flat array. */
  record MapOf(List<Reply> keysAndValues) implements Reply {}

  /** Firsts and seconds in turn: an array of arrays of two; in RESP2 one flat array. */
  record Pairs(List<Reply> firstsAndSeconds) implements Reply {}

  /** Keys and values in turn: a map; in RESP2 an array of arrays of two. */
  record MapOfPairs(List<Reply> keysAndValues) implements Reply {}

  /** In RESP2 an array. */
  record SetOf(List<Reply> items) implements Reply {}

  /** In RESP2 a bulk string. */
  record DoubleValue(double value) implements Reply {}

  /** A finite double with digits of the command's choice; in RESP2 a bulk string. */
  record Decimal(String digits) implements Reply {}

  /** In RESP2 the integer 1 or 0. */
  record Bool(boolean value) implements Reply {}

  /** Digits with an optional sign; in RESP2 a bulk string. */
  record BigNumber(String digits) implements Reply {}

  /** Text with a format of three letters, {@code txt} or {@code mkd}; in RESP2 a bulk string. */
  record Verbatim(String format, byte[] text) implements Reply {}

  /** Out-of-band data; in RESP2 an array. */
  record Push(List<Reply> items) implements Reply {}

  Reply OK = new Simple("OK");
  Reply QUEUED = new Simple("QUEUED");
  Reply PONG = new Simple("PONG");
  Reply NULL = new Null();
  Reply NULL_ARRAY = new NullArray();
  Reply ZERO = new Int(0);
  Reply ONE = new Int(1);
  Reply EMPTY_ARRAY = new Array(List.of());
  Reply EMPTY_BULK = new Bulk(new byte[0]);

  static Reply simple(String text) {
    return new Simple(text);
  }

  static Reply error(String line) {
    return new Failure(line);
  }

  static Reply integer(long value) {
    return value == 0 ? ZERO : value == 1 ? ONE : new Int(value);
  }

  static Reply bulk(byte[] bytes) {
    return new Bulk(bytes);
  }

  static Reply bulk(String text) {
    return new Bulk(text.getBytes(StandardCharsets.UTF_8));
  }

  static Reply bulkOrNull(byte[] bytes) {
    return bytes == null ? NULL : new Bulk(bytes);
  }

  static Reply array(List<Reply> items) {
    return new Array(items);
  }

  static Reply array(Reply... items) {
    return new Array(List.of(items));
  }

  /** An array of bulk strings. */
  static Reply bulks(List<byte[]> items) {
    return new Array(items.stream().<Reply>map(Bulk::new).toList());
  }

  static Reply map(List<Reply> keysAndValues) {
    return new MapOf(keysAndValues);
  }

  static Reply pairs(List<Reply> firstsAndSeconds) {
    return new Pairs(firstsAndSeconds);
  }

  static Reply mapOfPairs(List<Reply> keysAndValues) {
    return new MapOfPairs(keysAndValues);
  }

  static Reply set(List<Reply> items) {
    return new SetOf(items);
  }

  static Reply decimal(String digits) {
    return new Decimal(digits);
  }

  static Reply doubleValue(double value) {
    return new DoubleValue(value);
  }
}

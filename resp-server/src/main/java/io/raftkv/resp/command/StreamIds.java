package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.StreamId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Ids of stream entries as clients write them: {@code 5-3}, {@code 5}, {@code (5}, {@code -}. */
final class StreamIds {
  private static final int MAX_BYTES = 127;
  private static final String MAX_NUMBER = Long.toUnsignedString(-1);
  private static final long FIRST_SEQUENCE = 0;
  private static final long LAST_SEQUENCE = -1;

  private static final Pattern ODD_NUMBER =
      Pattern.compile("[ \\t\\n\\x0B\\f\\r]*(?<sign>[+-]?)(?<digits>[0-9]+)");

  private static final Pattern PLAIN_NEGATIVE = Pattern.compile("-[1-9][0-9]*");

  private StreamIds() {}

  /** An id; without a sequence it is the first one of its millisecond. */
  static StreamId parse(byte[] word) {
    return parse(word, FIRST_SEQUENCE);
  }

  /** Whether {@link #parse} accepts the word. */
  static boolean isId(byte[] word) {
    return tryParse(text(word), FIRST_SEQUENCE) != null;
  }

  /** As {@link #parse}, or {@code -} for the smallest and {@code +} for the greatest id. */
  static StreamId parseOrEnd(byte[] word) {
    return parseOrEnd(word, FIRST_SEQUENCE);
  }

  /** The ids in the words from one index to another, the latter excluded. */
  static List<StreamId> parseAll(Args args, int from, int to) {
    List<StreamId> ids = new ArrayList<>(to - from);
    for (int i = from; i < to; i++) {
      ids.add(parse(args.bytes(i)));
    }
    return ids;
  }

  /** The first id of a range; one in {@code (} is left out. */
  static StreamId rangeStart(byte[] word) {
    if (!isExclusive(word)) {
      return parseOrEnd(word, FIRST_SEQUENCE);
    }
    StreamId next = parse(withoutFirst(word), FIRST_SEQUENCE).next();
    if (next == null) {
      throw new CommandException(RespErrors.STREAM_START_INVALID);
    }
    return next;
  }

  /** The last id of a range; one in {@code (} is left out. */
  static StreamId rangeEnd(byte[] word) {
    if (!isExclusive(word)) {
      return parseOrEnd(word, LAST_SEQUENCE);
    }
    StreamId previous = parse(withoutFirst(word), LAST_SEQUENCE).previous();
    if (previous == null) {
      throw new CommandException(RespErrors.STREAM_END_INVALID);
    }
    return previous;
  }

  /**
   * The id that XADD was given.
   *
   * @param id the id, with the first sequence if that is open
   * @param openSequence true for {@code ms-*}
   */
  record Wanted(StreamId id, boolean openSequence) {
    static Wanted parse(byte[] word) {
      String text = text(word);
      int dash = text.indexOf('-');
      if (dash >= 0 && text.substring(dash).equals("-*")) {
        return new Wanted(StreamIds.parse(text.substring(0, dash), FIRST_SEQUENCE), true);
      }
      return new Wanted(StreamIds.parse(text, FIRST_SEQUENCE), false);
    }

    boolean isZero() {
      return !openSequence && id.equals(StreamId.MIN);
    }

    /** The id to use behind {@code last}; null if the millisecond has no sequence left. */
    StreamId after(StreamId last) {
      if (!openSequence || id.millis() != last.millis()) {
        return id;
      }
      return last.sequence() == LAST_SEQUENCE ? null : last.next();
    }
  }

  private static StreamId parseOrEnd(byte[] word, long missingSequence) {
    String text = text(word);
    return switch (text) {
      case "-" -> StreamId.MIN;
      case "+" -> StreamId.MAX;
      default -> parse(text, missingSequence);
    };
  }

  private static StreamId parse(byte[] word, long missingSequence) {
    return parse(text(word), missingSequence);
  }

  private static StreamId parse(String text, long missingSequence) {
    StreamId id = tryParse(text, missingSequence);
    if (id == null) {
      throw new CommandException(RespErrors.STREAM_ID_INVALID);
    }
    return id;
  }

  private static StreamId tryParse(String text, long missingSequence) {
    int dash = text.indexOf('-');
    Long millis = number(dash < 0 ? text : text.substring(0, dash));
    Long sequence = dash < 0 ? Long.valueOf(missingSequence) : number(text.substring(dash + 1));
    return millis == null || sequence == null ? null : new StreamId(millis, sequence);
  }

  /** As in Redis, to which a zero byte is the end; nothing of a word that is too long. */
  private static String text(byte[] word) {
    if (word.length > MAX_BYTES) {
      return "";
    }
    String text = new String(word, StandardCharsets.ISO_8859_1);
    int end = text.indexOf('\0');
    return end < 0 ? text : text.substring(0, end);
  }

  /**
   * An unsigned number of 64 bits, null for none. What is no plain number Redis leaves to C, which
   * passes over blanks and counts a negative one from the end.
   */
  private static Long number(String text) {
    if (isNumber(text)) {
      return Long.parseUnsignedLong(text);
    }
    Matcher odd = ODD_NUMBER.matcher(text);
    if (!odd.matches() || !isNumber(odd.group("digits"))) {
      return null;
    }
    long value = Long.parseUnsignedLong(odd.group("digits"));
    boolean plain = PLAIN_NEGATIVE.matcher(text).matches();
    if (plain && Long.compareUnsigned(value, Long.MIN_VALUE) <= 0) {
      return null;
    }
    return odd.group("sign").equals("-") ? -value : value;
  }

  /** An unsigned number of 64 bits; a plus sign and leading zeros are accepted, as by Redis. */
  private static boolean isNumber(String text) {
    int from = text.startsWith("+") ? 1 : 0;
    if (from == text.length()) {
      return false;
    }
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    while (from < text.length() && text.charAt(from) == '0') {
      from++;
    }
    int digits = text.length() - from;
    return digits < MAX_NUMBER.length()
        || (digits == MAX_NUMBER.length() && text.substring(from).compareTo(MAX_NUMBER) <= 0);
  }

  private static boolean isExclusive(byte[] word) {
    return word.length > 1 && word[0] == '(';
  }

  private static byte[] withoutFirst(byte[] word) {
    return Arrays.copyOfRange(word, 1, word.length);
  }
}

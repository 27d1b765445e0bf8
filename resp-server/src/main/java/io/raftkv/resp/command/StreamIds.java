package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.StreamId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Ids of stream entries as clients write them: {@code 5-3}, {@code 5}, {@code (5}, {@code -}. */
final class StreamIds {
  private static final int MAX_BYTES = 127;
  private static final String MAX_NUMBER = Long.toUnsignedString(-1);
  private static final long FIRST_SEQUENCE = 0;
  private static final long LAST_SEQUENCE = -1;

  private StreamIds() {}

  /** An id; without a sequence it is the first one of its millisecond. */
  static StreamId parse(byte[] word) {
    return parse(word, FIRST_SEQUENCE);
  }

  /** Whether {@link #parse} accepts the word. */
  static boolean isId(byte[] word) {
    return tryParse(word, FIRST_SEQUENCE) != null;
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
      int dash = word.length - 2;
      if (dash > 0 && word[dash] == '-' && word[dash + 1] == '*') {
        byte[] millis = Arrays.copyOf(word, dash);
        if (text(millis).indexOf('-') < 0) {
          return new Wanted(StreamIds.parse(millis), true);
        }
      }
      return new Wanted(StreamIds.parse(word), false);
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
    if (word.length == 1 && word[0] == '-') {
      return StreamId.MIN;
    }
    if (word.length == 1 && word[0] == '+') {
      return StreamId.MAX;
    }
    return parse(word, missingSequence);
  }

  private static StreamId parse(byte[] word, long missingSequence) {
    StreamId id = tryParse(word, missingSequence);
    if (id == null) {
      throw new CommandException(RespErrors.STREAM_ID_INVALID);
    }
    return id;
  }

  private static StreamId tryParse(byte[] word, long missingSequence) {
    String text = text(word);
    int dash = text.indexOf('-');
    String millis = dash < 0 ? text : text.substring(0, dash);
    String sequence = dash < 0 ? null : text.substring(dash + 1);
    if (!isNumber(millis) || (sequence != null && !isNumber(sequence))) {
      return null;
    }
    return new StreamId(
        Long.parseUnsignedLong(millis),
        sequence == null ? missingSequence : Long.parseUnsignedLong(sequence));
  }

  private static String text(byte[] word) {
    return word.length > MAX_BYTES ? "" : new String(word, StandardCharsets.ISO_8859_1);
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

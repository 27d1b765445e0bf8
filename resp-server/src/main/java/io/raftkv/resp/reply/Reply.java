package io.raftkv.resp.reply;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What a command answers, independent of the protocol version: the encoder writes each kind as
 * RESP3, or as the RESP2 kind that Redis uses in its place.
 *
 * <p>Immutable, but for {@link Streamed}; byte arrays in it belong to the reply.
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

  /**
   * Not what a command answers, but that it was sent to a shard that does not have its slots, or
   * not for much longer: nothing has happened, and it has to be routed again. The node of the
   * client does so; no client ever sees it.
   */
  record Moved() implements Reply {}

  /**
   * An aggregate that is made while it is sent. Good for one use, by one thread at a time, and only
   * as long as the rows that it is read from. The second of a pair may be such an aggregate itself.
   *
   * @param count elements that there will be, pairs counted once; negative if {@code counter} tells
   * @param counter finds out how many there will be, which may take as long as to hand them out;
   *     null if {@code count} tells
   */
  record Streamed(Shape shape, long count, LongSupplier counter, Elements elements)
      implements Reply {
    /** With a known number of elements. */
    public Streamed(Shape shape, long count, Elements elements) {
      this(shape, count, null, elements);
    }

    /** With elements that have to be counted if they turn out to be many. */
    public static Streamed uncounted(Shape shape, LongSupplier counter, Elements elements) {
      return new Streamed(shape, -1, counter, elements);
    }

    /** As {@link #uncounted}, where only a walk of its own over the elements can count them. */
    public static Streamed walked(Shape shape, Supplier<Elements> walks) {
      return uncounted(
          shape,
          () -> {
            long[] count = {0};
            walks
                .get()
                .next(
                    (first, second) -> {
                      count[0]++;
                      return true;
                    });
            return count[0];
          },
          walks.get());
    }

    /** The items of an aggregate in turn; null if the reply is none. */
    public static Streamed of(Reply aggregate) {
      if (aggregate instanceof Array array) {
        return of(Shape.ARRAY, array.items());
      } else if (aggregate instanceof SetOf set) {
        return of(Shape.SET, set.items());
      } else if (aggregate instanceof MapOf map) {
        return of(Shape.MAP, map.keysAndValues());
      } else if (aggregate instanceof Pairs pairs) {
        return of(Shape.PAIRS, pairs.firstsAndSeconds());
      } else if (aggregate instanceof MapOfPairs map) {
        return of(Shape.MAP_OF_PAIRS, map.keysAndValues());
      }
      return null;
    }

    private static Streamed of(Shape shape, List<Reply> items) {
      Iterator<Reply> left = items.iterator();
      return new Streamed(
          shape,
          shape.isPaired() ? items.size() / 2 : items.size(),
          taker -> {
            boolean wanted = true;
            while (wanted && left.hasNext()) {
              wanted = taker.take(left.next(), shape.isPaired() ? left.next() : null);
            }
          });
    }

    /** The same with a known number of elements. */
    public Streamed counted() {
      return isCounted() ? this : new Streamed(shape, counter.getAsLong(), elements);
    }

    private boolean isCounted() {
      return counter == null;
    }

    /**
     * The same as a reply of another kind, or null if its items have a larger {@link ReplySize}.
     */
    public Collected collect(long maxBytes) {
      boolean counted = isCounted();
      if (counted && itemCount() > Math.min(maxBytes / ReplySize.OBJECT_BYTES, Integer.MAX_VALUE)) {
        return null;
      }
      List<Reply> items = counted ? new ArrayList<>((int) itemCount()) : new ArrayList<>();
      long[] left = {maxBytes};
      elements.next(
          (first, second) -> {
            left[0] = add(first, items, left[0]);
            if (second != null) {
              left[0] = add(second, items, left[0]);
            }
            return left[0] >= 0 && !(counted && items.size() >= itemCount());
          });
      if (left[0] < 0) {
        return null;
      }
      if (counted && items.size() != itemCount()) {
        throw new IllegalStateException(items.size() + " items instead of " + itemCount());
      }
      Reply whole =
          switch (shape) {
            case ARRAY -> new Array(items);
            case SET -> new SetOf(items);
            case MAP -> new MapOf(items);
            case PAIRS -> new Pairs(items);
            case MAP_OF_PAIRS -> new MapOfPairs(items);
          };
      return new Collected(whole, maxBytes - left[0]);
    }

    /** Returns what is left of {@code bytes}, negative if the item is larger. */
    private static long add(Reply item, List<Reply> items, long bytes) {
      if (!(item instanceof Streamed inner)) {
        items.add(item);
        return bytes - ReplySize.of(item);
      }
      Collected whole = inner.collect(bytes);
      if (whole == null) {
        return -1;
      }
      items.add(whole.reply());
      return bytes - whole.bytes();
    }

    /** Number of items, both of a pair counted, if the elements are counted. */
    public long itemCount() {
      return shape.isPaired() ? 2 * count : count;
    }
  }

  /**
   * A {@link Streamed} reply in memory.
   *
   * @param bytes {@link ReplySize} of its items
   */
  record Collected(Reply reply, long bytes) {}

  /** What a {@link Streamed} reply is like when it is whole. */
  enum Shape {
    ARRAY,
    SET,
    MAP,
    PAIRS,
    MAP_OF_PAIRS;

    /** True if an element is two items. */
    public boolean isPaired() {
      return this == MAP || this == PAIRS || this == MAP_OF_PAIRS;
    }
  }

  /** The elements of a {@link Streamed} reply, handed out in turn and in portions. */
  @FunctionalInterface
  interface Elements {
    /**
     * Hands out elements, from where the last call has ended, until the taker answers false or
     * there are no more. Nothing is held open between two calls.
     */
    void next(ElementTaker taker);
  }

  /** Takes one element after another. */
  @FunctionalInterface
  interface ElementTaker {
    /**
     * Returns whether to go on.
     *
     * @param second of a pair; null in shapes without pairs
     */
    boolean take(Reply first, Reply second);
  }

  Reply OK = new Simple("OK");
  Reply QUEUED = new Simple("QUEUED");
  Reply PONG = new Simple("PONG");
  Reply NULL = new Null();
  Reply NULL_ARRAY = new NullArray();
  Reply ZERO = new Int(0);
  Reply ONE = new Int(1);
  Reply MOVED = new Moved();
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

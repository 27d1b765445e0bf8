package io.raftkv.storage;

import java.nio.charset.StandardCharsets;

/**
 * The id of a stream's entry: a time and a number that tells entries of one millisecond apart. Both
 * are unsigned; ids order by time, then by number.
 *
 * @param millis usually milliseconds since the epoch, but any number that a client chose
 * @param sequence from 0 upwards within a millisecond
 */
public record StreamId(long millis, long sequence) implements Comparable<StreamId> {
  /** {@code 0-0}, which no entry has. */
  public static final StreamId MIN = new StreamId(0, 0);

  /** The greatest id. */
  public static final StreamId MAX = new StreamId(-1, -1);

  @Override
  public int compareTo(StreamId other) {
    int order = Long.compareUnsigned(millis, other.millis);
    return order != 0 ? order : Long.compareUnsigned(sequence, other.sequence);
  }

  public boolean isAfter(StreamId other) {
    return compareTo(other) > 0;
  }

  public boolean isBefore(StreamId other) {
    return compareTo(other) < 0;
  }

  /** The smallest id after this one, null for {@link #MAX}. */
  public StreamId next() {
    if (sequence != -1) {
      return new StreamId(millis, sequence + 1);
    }
    return millis == -1 ? null : new StreamId(millis + 1, 0);
  }

  /** The greatest id before this one, null for {@link #MIN}. */
  public StreamId previous() {
    if (sequence != 0) {
      return new StreamId(millis, sequence - 1);
    }
    return millis == 0 ? null : new StreamId(millis - 1, -1);
  }

  /** The text that clients see, {@code millis-sequence}. */
  @Override
  public String toString() {
    return Long.toUnsignedString(millis) + '-' + Long.toUnsignedString(sequence);
  }

  /** The bytes of {@link #toString}. */
  public byte[] toBytes() {
    return toString().getBytes(StandardCharsets.US_ASCII);
  }
}

package io.raftkv.server;

import java.util.List;
import java.util.Locale;

/**
 * A number of bytes, written as Redis writes it: {@code kb}, {@code mb} and {@code gb} are powers
 * of 1024, {@code k}, {@code m} and {@code g} powers of 1000, a bare number is bytes.
 */
public record ByteSize(long bytes) implements Comparable<ByteSize> {
  private record Unit(String suffix, long bytes) {}

  /** Longest suffix first: "mb" must not be read as a "b" behind an "m". */
  private static final List<Unit> UNITS =
      List.of(
          new Unit("kb", 1L << 10),
          new Unit("mb", 1L << 20),
          new Unit("gb", 1L << 30),
          new Unit("k", 1_000L),
          new Unit("m", 1_000_000L),
          new Unit("g", 1_000_000_000L),
          new Unit("b", 1L));

  public ByteSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("a size cannot be negative");
    }
  }

  /** So many units of 1024 × 1024 bytes. */
  public static ByteSize mebibytes(long count) {
    return new ByteSize(Math.multiplyExact(count, 1L << 20));
  }

  /**
   * Reads {@code 64mb}, {@code 1gb}, {@code 4096}, in any case.
   *
   * @throws IllegalArgumentException if the text is not a size, with a sentence for the operator
   */
  public static ByteSize parse(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    long factor = 1;
    String digits = lower;
    for (Unit unit : UNITS) {
      if (lower.endsWith(unit.suffix())) {
        factor = unit.bytes();
        digits = lower.substring(0, lower.length() - unit.suffix().length());
        break;
      }
    }
    if (digits.isEmpty() || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new IllegalArgumentException("must be a size such as 64mb, 1gb or 4096");
    }
    try {
      return new ByteSize(Math.multiplyExact(Long.parseLong(digits), factor));
    } catch (NumberFormatException | ArithmeticException tooLarge) {
      throw new IllegalArgumentException("is too large a size", tooLarge);
    }
  }

  /** Both together; {@link Long#MAX_VALUE} if that is less. */
  ByteSize plus(ByteSize other) {
    return new ByteSize(
        bytes > Long.MAX_VALUE - other.bytes ? Long.MAX_VALUE : bytes + other.bytes);
  }

  /** The size as an {@code int}; values above 2 GiB become {@link Integer#MAX_VALUE}. */
  public int intBytes() {
    return (int) Math.min(bytes, Integer.MAX_VALUE);
  }

  @Override
  public int compareTo(ByteSize other) {
    return Long.compare(bytes, other.bytes);
  }

  /** The shortest exact form; {@link #parse} reads it back. */
  @Override
  public String toString() {
    if (bytes != 0) {
      if (bytes % (1L << 30) == 0) {
        return (bytes >> 30) + "gb";
      }
      if (bytes % (1L << 20) == 0) {
        return (bytes >> 20) + "mb";
      }
      if (bytes % (1L << 10) == 0) {
        return (bytes >> 10) + "kb";
      }
    }
    return Long.toString(bytes);
  }
}

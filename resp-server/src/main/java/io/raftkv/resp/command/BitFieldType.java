package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;

/**
 * How BITFIELD reads some bits as a number: {@code i1} to {@code i64}, {@code u1} to {@code u63}.
 *
 * @param width in bits
 */
record BitFieldType(boolean signed, int width) {
  /** Reads the name of a type; its letter is in lower case. */
  static BitFieldType parse(String name) {
    boolean signed = name.startsWith("i");
    if (!signed && !name.startsWith("u")) {
      throw new CommandException(RespErrors.BITFIELD_TYPE);
    }
    byte[] digits = name.substring(1).getBytes(StandardCharsets.ISO_8859_1);
    long width = Numbers.parseLong(digits, RespErrors.BITFIELD_TYPE);
    if (width < 1 || width > (signed ? Long.SIZE : Long.SIZE - 1)) {
      throw new CommandException(RespErrors.BITFIELD_TYPE);
    }
    return new BitFieldType(signed, (int) width);
  }

  private long max() {
    long ones = -1L >>> (Long.SIZE - width);
    return signed ? ones >>> 1 : ones;
  }

  private long min() {
    return signed ? -max() - 1 : 0;
  }

  /** The number that the lowest bits of {@code bits} are. */
  long extend(long bits) {
    int unused = Long.SIZE - width;
    return signed ? (bits << unused) >> unused : (bits << unused) >>> unused;
  }

  /** The number to store for one that was given; none if it overflows and must not. */
  OptionalLong fit(long value, BitOverflow overflow) {
    // Without a sign, a negative number is one of 64 bits: a large one.
    if (value > max() || (!signed && value < 0)) {
      return overflowed(value, max(), overflow);
    }
    return value < min() ? overflowed(value, min(), overflow) : OptionalLong.of(value);
  }

  /** The number to store for the sum of a stored one and an increment; none as for {@link #fit}. */
  OptionalLong add(long stored, long increment, BitOverflow overflow) {
    long sum = stored + increment;
    boolean isWrong = ((stored ^ sum) & (increment ^ sum)) < 0;
    if (increment > 0 && (isWrong || sum > max())) {
      return overflowed(sum, max(), overflow);
    }
    if (increment < 0 && (isWrong || sum < min())) {
      return overflowed(sum, min(), overflow);
    }
    return OptionalLong.of(sum);
  }

  private OptionalLong overflowed(long value, long nearest, BitOverflow overflow) {
    return switch (overflow) {
      case WRAP -> OptionalLong.of(extend(value));
      case SAT -> OptionalLong.of(nearest);
      case FAIL -> OptionalLong.empty();
    };
  }
}

package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import java.util.Arrays;

/** Reads where in a string a bit is. */
final class BitOffset {
  private BitOffset() {}

  /**
   * The position of a bit in a string of at most {@code maxBytes}.
   *
   * @throws CommandException if the word is no such position
   */
  static long parse(byte[] word, long maxBytes) {
    return requireWithin(Numbers.parseLong(word, RespErrors.BIT_OFFSET_OUT_OF_RANGE), maxBytes);
  }

  /**
   * As {@link #parse}; {@code #7} is where the number of index 7 begins if the string is a row of
   * numbers of {@code width} bits. Only the number's beginning has to be within {@code maxBytes}.
   */
  static long parse(byte[] word, int width, long maxBytes) {
    if (word.length == 0 || word[0] != '#') {
      return parse(word, maxBytes);
    }
    byte[] digits = Arrays.copyOfRange(word, 1, word.length);
    long index = Numbers.parseLong(digits, RespErrors.BIT_OFFSET_OUT_OF_RANGE);
    if (index > Long.MAX_VALUE / width) {
      throw new CommandException(RespErrors.BIT_OFFSET_OUT_OF_RANGE);
    }
    return requireWithin(index * width, maxBytes);
  }

  private static long requireWithin(long offset, long maxBytes) {
    if (offset < 0 || offset / Byte.SIZE >= maxBytes) {
      throw new CommandException(RespErrors.BIT_OFFSET_OUT_OF_RANGE);
    }
    return offset;
  }
}

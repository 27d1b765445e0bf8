package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import java.nio.charset.StandardCharsets;

/**
 * A command as the client sent it: its name at 0, then its arguments. The arrays are never changed.
 *
 * <p>The typed getters raise the {@link CommandException} that Redis would answer.
 */
public final class Args {
  private final byte[][] words;

  public Args(byte[]... words) {
    this.words = words;
  }

  /** Number of words, the command's name included. */
  public int size() {
    return words.length;
  }

  public byte[] bytes(int index) {
    return words[index];
  }

  /** All words; not to be changed. */
  public byte[][] words() {
    return words;
  }

  /** The word as text, each byte one character. */
  public String text(int index) {
    return new String(words[index], StandardCharsets.ISO_8859_1);
  }

  /** True if the word is this keyword, in any case. {@code keyword} is in upper case. */
  public boolean is(int index, String keyword) {
    return equalsIgnoreCase(words[index], keyword);
  }

  /** True if {@code word} is this keyword, in any case. {@code upper} is in upper case. */
  public static boolean equalsIgnoreCase(byte[] word, String upper) {
    if (word.length != upper.length()) {
      return false;
    }
    for (int i = 0; i < word.length; i++) {
      int c = word[i];
      if (c >= 'a' && c <= 'z') {
        c -= 'a' - 'A';
      }
      if (c != upper.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** A 64-bit number in Redis' strict form. */
  public long int64(int index) {
    return int64(index, RespErrors.NOT_INTEGER);
  }

  /** A 64-bit number in Redis' strict form, else the given error. */
  public long int64(int index, String error) {
    return Numbers.parseLong(words[index], error);
  }

  /** A number from {@code min} to {@code max}, else the given error. */
  public long int64(int index, long min, long max, String error) {
    long value = Numbers.parseLong(words[index], error);
    if (value < min || value > max) {
      throw new CommandException(error);
    }
    return value;
  }

  /** A double as Redis reads it: no NaN, infinities by name. */
  public double float64(int index) {
    return float64(index, RespErrors.NOT_FLOAT);
  }

  /** A double as Redis reads it, else the given error. */
  public double float64(int index, String error) {
    return Numbers.parseDouble(words[index], error);
  }
}

package io.raftkv.resp.command;

/**
 * Redis' patterns: {@code *} any bytes, {@code ?} one byte, {@code [a-c]} and {@code [^a-c]} one
 * byte of a class, {@code \} takes the next byte as it is. Immutable.
 *
 * <p>A star once passed is never tried again, for what is matched between two stars has a fixed
 * length: the time is at most the product of both lengths, whatever the pattern.
 */
public final class Glob {
  private static final int MISMATCH = -1;

  private final byte[] pattern;
  private final boolean all;

  /** Keeps the array, which must not change. */
  public Glob(byte[] pattern) {
    this.pattern = pattern;
    this.all = pattern.length == 1 && pattern[0] == '*';
  }

  /** True if the whole text fits the pattern. */
  public boolean matches(byte[] text) {
    if (all) {
      return true;
    }
    if (text.length == 0) {
      return pattern.length == 0; // in Redis, too, "**" does not match the empty text
    }
    int at = 0;
    int inText = 0;
    int behindStar = MISMATCH;
    int starTook = 0;
    while (inText < text.length) {
      if (at < pattern.length && pattern[at] == '*') {
        behindStar = ++at;
        starTook = inText;
        continue;
      }
      int next = at < pattern.length ? matchOne(at, text[inText]) : MISMATCH;
      if (next != MISMATCH) {
        at = next;
        inText++;
      } else if (behindStar != MISMATCH) {
        at = behindStar;
        inText = ++starTook;
      } else {
        return false;
      }
    }
    while (at < pattern.length && pattern[at] == '*') {
      at++;
    }
    return at == pattern.length;
  }

  /** Matches one byte with the part of the pattern at {@code at}; returns where the next begins. */
  private int matchOne(int at, byte b) {
    return switch (pattern[at]) {
      case '?' -> at + 1;
      case '[' -> matchClass(at + 1, b);
      case '\\' -> {
        int literal = at + 1 < pattern.length ? at + 1 : at;
        yield pattern[literal] == b ? literal + 1 : MISMATCH;
      }
      default -> pattern[at] == b ? at + 1 : MISMATCH;
    };
  }

  /** As {@link #matchOne}, from behind the opening bracket; a class may lack the closing one. */
  private int matchClass(int start, byte b) {
    int at = start;
    boolean not = at < pattern.length && pattern[at] == '^';
    if (not) {
      at++;
    }
    boolean found = false;
    while (at < pattern.length && pattern[at] != ']') {
      if (pattern[at] == '\\' && at + 1 < pattern.length) {
        found |= pattern[at + 1] == b;
        at += 2;
      } else if (at + 2 < pattern.length && pattern[at + 1] == '-') {
        // Bytes compare as signed numbers, as C's char does where Redis usually runs.
        byte low = (byte) Math.min(pattern[at], pattern[at + 2]);
        byte high = (byte) Math.max(pattern[at], pattern[at + 2]);
        found |= low <= b && b <= high;
        at += 3;
      } else {
        found |= pattern[at] == b;
        at++;
      }
    }
    int next = Math.min(at + 1, pattern.length);
    return found == not ? MISMATCH : next;
  }
}

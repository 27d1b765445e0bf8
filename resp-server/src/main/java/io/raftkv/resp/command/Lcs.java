package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * The longest common subsequence of two strings, and the way through the table that Redis takes
 * where there are several.
 *
 * <p>Takes time in proportion to the product of both lengths, which is therefore bounded, and one
 * bit of memory for each step.
 */
final class Lcs {
  /** Largest product of both lengths: below a second of work, 32 MiB. */
  static final long MAX_CELLS = 1L << 28;

  /** Largest length of each: bounds the two rows of the table that are kept. */
  static final int MAX_BYTES = 1 << 22;

  private final byte[] a;
  private final byte[] b;
  private final int length;
  private final BitSet goUp; // by cell: the table is larger above than to the left

  /** Refuses strings of such lengths, before they are read. */
  static void requireLengths(int a, int b) {
    if (a > MAX_BYTES || b > MAX_BYTES || (long) a * b > MAX_CELLS) {
      throw new CommandException(RespErrors.LCS_TOO_LARGE);
    }
  }

  /**
   * @throws CommandException if the strings are too long
   */
  Lcs(byte[] a, byte[] b) {
    requireLengths(a.length, b.length);
    this.a = a;
    this.b = b;
    this.goUp = new BitSet(a.length * b.length);
    int[] above = new int[b.length + 1];
    int[] row = new int[b.length + 1];
    for (int i = 1; i <= a.length; i++) {
      for (int j = 1; j <= b.length; j++) {
        if (a[i - 1] == b[j - 1]) {
          row[j] = above[j - 1] + 1;
        } else if (above[j] > row[j - 1]) {
          row[j] = above[j];
          goUp.set(cell(i, j));
        } else {
          row[j] = row[j - 1];
        }
      }
      int[] swapped = above;
      above = row;
      row = swapped;
    }
    this.length = above[b.length];
  }

  private int cell(int i, int j) {
    return (i - 1) * b.length + j - 1;
  }

  int length() {
    return length;
  }

  /** A run of equal bytes in both strings; the ends are included. */
  record Match(int startA, int endA, int startB, int endB) {
    int length() {
      return endA - startA + 1;
    }

    Reply reply(boolean withLength) {
      List<Reply> items = new ArrayList<>();
      items.add(Reply.array(Reply.integer(startA), Reply.integer(endA)));
      items.add(Reply.array(Reply.integer(startB), Reply.integer(endB)));
      if (withLength) {
        items.add(Reply.integer(length()));
      }
      return Reply.array(items);
    }
  }

  /** The runs, from the end of the strings to their start. */
  List<Match> matches() {
    List<Match> matches = new ArrayList<>();
    int endA = -1;
    int endB = -1;
    int i = a.length;
    int j = b.length;
    while (i > 0 && j > 0) {
      if (a[i - 1] == b[j - 1]) {
        if (endA < 0) {
          endA = i - 1;
          endB = j - 1;
        }
        i--;
        j--;
      } else {
        if (endA >= 0) {
          matches.add(new Match(i, endA, j, endB));
          endA = -1;
        }
        if (goUp.get(cell(i, j))) {
          i--;
        } else {
          j--;
        }
      }
    }
    if (endA >= 0) {
      matches.add(new Match(i, endA, j, endB));
    }
    return matches;
  }

  /** The subsequence itself. */
  byte[] text() {
    byte[] text = new byte[length];
    int at = length;
    for (Match match : matches()) {
      at -= match.length();
      System.arraycopy(a, match.startA(), text, at, match.length());
    }
    return text;
  }
}

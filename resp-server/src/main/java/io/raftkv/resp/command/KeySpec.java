package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;

/**
 * Where the keys of a command are. Positions count the command's name as 0.
 *
 * <p>{@code first}, {@code last} and {@code step} are what COMMAND INFO shows; a last of -1 is the
 * last word. Commands with a movable number of keys override {@link #positions}.
 */
public final class KeySpec {
  /** No keys. */
  public static final KeySpec NONE = new KeySpec(0, 0, 0, null);

  /** One key, the first argument. */
  public static final KeySpec FIRST = range(1, 1, 1);

  /** Two keys, the first two arguments. */
  public static final KeySpec FIRST_TWO = range(1, 2, 1);

  /** Every argument is a key. */
  public static final KeySpec ALL = range(1, -1, 1);

  /** Keys and values in turn. */
  public static final KeySpec PAIRS = range(1, -1, 2);

  /** Finds the positions of keys that no range describes. */
  @FunctionalInterface
  public interface Finder {
    /**
     * The positions, ascending; raises a {@link CommandException} if the arguments make no sense.
     */
    int[] positions(Args args);
  }

  private final int first;
  private final int last;
  private final int step;
  private final Finder finder;
  private final String keyword;
  private final int keywordFrom;
  private final int countAt;

  private KeySpec(int first, int last, int step, Finder finder) {
    this(first, last, step, finder, null, 0, 0);
  }

  private KeySpec(
      int first, int last, int step, Finder finder, String keyword, int keywordFrom, int countAt) {
    this.first = first;
    this.last = last;
    this.step = step;
    this.finder = finder;
    this.keyword = keyword;
    this.keywordFrom = keywordFrom;
    this.countAt = countAt;
  }

  public static KeySpec range(int first, int last, int step) {
    return new KeySpec(first, last, step, null);
  }

  /** Keys counted by the argument at {@code countAt} and following it, as in SINTERCARD. */
  public static KeySpec counted(int countAt) {
    return new KeySpec(0, 0, 0, args -> countedFrom(args, countAt, 0), null, 0, countAt);
  }

  /** As {@link #counted}, plus one key at position 1, as in ZUNIONSTORE. */
  public static KeySpec firstAndCounted(int countAt) {
    return new KeySpec(1, 1, 1, args -> countedFrom(args, countAt, 1), null, 0, countAt);
  }

  /**
   * Keys that follow a keyword, with as many other words behind them, as in XREAD.
   *
   * @param keyword in upper case
   * @param startFrom the first word that may be the keyword
   */
  public static KeySpec firstHalfBehind(String keyword, int startFrom) {
    return new KeySpec(
        0, 0, 0, args -> halfBehind(args, keyword, startFrom), keyword, startFrom, 0);
  }

  private static int[] halfBehind(Args args, String keyword, int startFrom) {
    int at = startFrom;
    while (at < args.size() && !args.is(at, keyword)) {
      at++;
    }
    int words = args.size() - at - 1;
    if (words <= 0 || words % 2 != 0) {
      return new int[0]; // the handler has the exact text
    }
    int[] positions = new int[words / 2];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = at + 1 + i;
    }
    return positions;
  }

  /** Keys that need the whole command to be found; {@code first} … are for COMMAND INFO. */
  public static KeySpec movable(int first, int last, int step, Finder finder) {
    return new KeySpec(first, last, step, finder);
  }

  private static int[] countedFrom(Args args, int countAt, int extraKey) {
    long count;
    try {
      count = args.int64(countAt);
    } catch (CommandException mistake) {
      count = 0; // as any bad count: commands differ in what they answer
    }
    if (count <= 0 || count > args.size() - countAt - 1L) {
      // The handler has the exact text; without valid keys any shard may give it.
      return extraKey == 0 ? new int[0] : new int[] {extraKey};
    }
    int[] positions = new int[(int) count + extraKey];
    if (extraKey != 0) {
      positions[0] = extraKey;
    }
    for (int i = 0; i < count; i++) {
      positions[i + extraKey] = countAt + 1 + i;
    }
    return positions;
  }

  /** Positions of the keys of this call. */
  public int[] positions(Args args) {
    if (finder != null) {
      return finder.positions(args);
    }
    if (first == 0) {
      return new int[0];
    }
    int end = last < 0 ? args.size() + last : Math.min(last, args.size() - 1);
    int count = end < first ? 0 : (end - first) / step + 1;
    int[] positions = new int[count];
    for (int i = 0; i < count; i++) {
      positions[i] = first + i * step;
    }
    return positions;
  }

  public int first() {
    return first;
  }

  public int last() {
    return last;
  }

  public int step() {
    return step;
  }

  /** The word behind which the keys are, in upper case; null if there is none. */
  public String keyword() {
    return keyword;
  }

  /** The first word that may be {@link #keyword}. */
  public int keywordFrom() {
    return keywordFrom;
  }

  /** The argument that counts the keys behind it; 0 if there is none. */
  public int countAt() {
    return countAt;
  }

  /** True if only {@link #positions} knows all keys. */
  public boolean isMovable() {
    return finder != null;
  }
}

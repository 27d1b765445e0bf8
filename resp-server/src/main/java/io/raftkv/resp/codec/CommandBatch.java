package io.raftkv.resp.codec;

/**
 * Commands of one connection in the order they arrived: what one read brought, cut where it would
 * grow beyond {@link #MAX_COMMANDS} or {@link #MAX_BYTES}. Never empty. Immutable; the words belong
 * to whoever receives the batch.
 */
public final class CommandBatch {
  /** Most commands of one batch. */
  public static final int MAX_COMMANDS = 1024;

  /** Most bytes of words in one batch, unless a single command is longer: it then comes alone. */
  public static final int MAX_BYTES = 1 << 20;

  /** What a word costs beside its bytes, so that empty words are not free. */
  static final int WORD_COST = 16;

  private final byte[][][] commands;
  private final long[] bytes;
  private final long totalBytes;

  /** Null if there is none, as nearly always. */
  private final Oversize[] oversizes;

  CommandBatch(byte[][][] commands, long[] bytes, long totalBytes, Oversize[] oversizes) {
    this.commands = commands;
    this.bytes = bytes;
    this.totalBytes = totalBytes;
    this.oversizes = oversizes;
  }

  /** Number of commands. */
  public int size() {
    return commands.length;
  }

  /**
   * The words of a command, its name first; at least one. Of an {@link #oversize} command only the
   * name, or an empty word if that was too long itself.
   */
  public byte[][] words(int index) {
    return commands[index];
  }

  /** Why this command cannot be run; null if it can. It still has its place among the others. */
  public Oversize oversize(int index) {
    return oversizes == null ? null : oversizes[index];
  }

  /** The lengths of the {@link #words} of a command, summed. */
  public long bytes(int index) {
    return bytes[index];
  }

  /** What a command counts for where memory is bounded: its bytes, and something for each word. */
  public long cost(int index) {
    return bytes[index] + (long) WORD_COST * commands[index].length;
  }

  /** The lengths of all words, summed. */
  public long totalBytes() {
    return totalBytes;
  }
}

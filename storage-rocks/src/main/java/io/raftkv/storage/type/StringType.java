package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.row.MetaRow;

/**
 * A string under one key. It lives in the metadata record, where it is read and written at once, or
 * in rows, where a part costs what the part is long. One that is written whole goes to rows if it
 * is longer than {@link InlineLimits#WHOLE_STRING_BYTES}; one that is written in parts if it is
 * longer than {@link InlineLimits#STRING_BYTES}, until it is written whole again.
 *
 * <p>Writing whole is done when the method returns; what {@link #write} and {@link #lengthen}
 * change is stored by {@link #save}.
 *
 * <p>Not thread-safe; lives for one command. Arrays handed in or out belong to the string: nobody
 * changes them, but for those of {@link #read}.
 */
public final class StringType {
  /** Most bytes of a string. */
  public static final int MAX_BYTES = 512 << 20;

  private static final byte[] EMPTY = {};

  private final KeyHandle key;

  /** Null if there is no such key, or if it was not looked at yet. */
  private StringBody body;

  private boolean opened;
  private boolean changed;

  /** Takes what bytes a string has, see {@link #forEachPiece}. */
  @FunctionalInterface
  public interface PieceVisitor {
    /**
     * Takes a piece.
     *
     * @param at where in the string it begins
     * @param piece the bytes; nobody changes them
     * @return whether to go on
     */
    boolean visit(int at, byte[] piece);
  }

  /** The string of a key that may hold anything; reading another type raises, overwriting not. */
  public StringType(KeyHandle key) {
    this.key = key;
  }

  private StringBody body() {
    if (!opened) {
      body = open(key.metaIf(KeyType.STRING));
      opened = true;
    }
    return body;
  }

  private StringBody open(MetaRow meta) {
    if (meta == null) {
      return null;
    }
    return switch (meta.encoding()) {
      case MetaRow.INLINE -> new InlineString(meta.payload());
      case MetaRow.ROWS -> RowString.open(key, meta);
      default -> throw new CorruptStoreException("string with encoding " + meta.encoding());
    };
  }

  /**
   * Whether there is such a key.
   *
   * @throws io.raftkv.storage.WrongTypeException if it holds another type, as all that read do
   */
  public boolean exists() {
    return body() != null;
  }

  /** How many bytes it has, 0 if there is no such key. O(1) in rows. */
  public int length() {
    return exists() ? body.length() : 0;
  }

  /** The value, or null if there is no such key. */
  public byte[] get() {
    return exists() ? body.whole() : null;
  }

  /** The value, or an empty array if there is no such key. */
  public byte[] getOrEmpty() {
    return exists() ? body.whole() : EMPTY;
  }

  /**
   * The bytes from {@code start} to {@code end}, both included; negative ones count from the end.
   */
  public byte[] range(long start, long end) {
    int length = length();
    // Checked before the clamping: -1 to -5 is empty even where both would be clamped to 0.
    if (start < 0 && end < 0 && start > end) {
      return EMPTY;
    }
    long from = Math.max(0, start < 0 ? start + length : start);
    long to = Math.min(length - 1, Math.max(0, end < 0 ? end + length : end));
    return from > to ? EMPTY : read((int) from, (int) (to - from + 1));
  }

  /**
   * So many bytes from a place on; zeros where the string has none.
   *
   * @return an array of the caller
   */
  public byte[] read(int from, int count) {
    byte[] bytes = new byte[count];
    if (exists()) {
      body.read(from, bytes);
    }
    return bytes;
  }

  /**
   * Shows the bytes from one place (inclusive) to another (exclusive) in pieces, in order, without
   * the whole string in memory. The first and the last piece may reach beyond these places; bytes
   * of the string that are in no piece are zeros.
   *
   * @param visitor must not change the string
   */
  public void forEachPiece(int from, int to, PieceVisitor visitor) {
    if (exists()) {
      body.forEachPiece(from, to, visitor);
    }
  }

  /** Makes the key this string, whatever it was, without expiry. */
  public void set(byte[] value) {
    set(value, MetaRow.NO_EXPIRY);
  }

  /** Makes the key this string, whatever it was, dying at {@code expireAtMillis}. */
  public void set(byte[] value, long expireAtMillis) {
    body =
        value.length > InlineLimits.WHOLE_STRING_BYTES
            ? RowString.moveOut(key, value)
            : new InlineString(value);
    key.replace(KeyType.STRING, body.encoding(), body.payload(), expireAtMillis);
    opened = true;
    changed = false;
  }

  /** Makes a string, or the key that does not exist, this value; an expiry stays. */
  public void update(byte[] value) {
    MetaRow meta = key.metaIf(KeyType.STRING);
    set(value, meta == null ? MetaRow.NO_EXPIRY : meta.expireAtMillis());
  }

  /**
   * Writes over the bytes from {@code at} on; a gap before them is filled with zeros. The caller
   * has checked that the end is within {@link #MAX_BYTES}.
   */
  public void write(int at, byte[] bytes) {
    if (bytes.length > 0 || !exists()) {
      bodyUpTo(at + bytes.length).write(at, bytes);
      changed = true;
    }
  }

  /** Makes the string this long, with zeros, if it is shorter. */
  public void lengthen(int length) {
    if (length > length()) {
      bodyUpTo(length).lengthen(length);
      changed = true;
    }
  }

  /** The place to make a change in that ends at {@code end}. */
  private StringBody bodyUpTo(int end) {
    if (!exists()) {
      body = new InlineString(EMPTY);
    }
    if (body instanceof InlineString small
        && Math.max(end, small.length()) > InlineLimits.STRING_BYTES) {
      body = RowString.moveOut(key, small.whole());
    }
    return body;
  }

  /** Stores what has changed, if anything; an expiry stays. */
  public void save() {
    if (changed) {
      key.update(KeyType.STRING, body.encoding(), body.payload());
      changed = false;
    }
  }
}

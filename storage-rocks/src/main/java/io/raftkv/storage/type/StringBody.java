package io.raftkv.storage.type;

import io.raftkv.storage.type.StringType.PieceVisitor;

/**
 * Where the bytes of a string are: in its key's record, or in rows. Changes of the record are
 * pending until {@link StringType#save}. Not thread-safe.
 */
abstract sealed class StringBody permits InlineString, RowString {
  abstract int length();

  /** All bytes; nobody changes them. */
  abstract byte[] whole();

  /** See {@link StringType#forEachPiece}. */
  abstract void forEachPiece(int from, int to, PieceVisitor visitor);

  /** Writes over what is there, and behind it; a gap before it is zeros. */
  abstract void write(int at, byte[] bytes);

  /** Makes the string this long, with zeros, if it is shorter. */
  abstract void lengthen(int length);

  /** Where the metadata record says that the value is. */
  abstract int encoding();

  /** What the metadata record holds. */
  abstract byte[] payload();

  /** Fills an array with the bytes from {@code from} on; behind the end there are zeros. */
  final void read(int from, byte[] into) {
    int to = from + into.length;
    forEachPiece(
        from,
        to,
        (at, piece) -> {
          int first = Math.max(from, at);
          int end = Math.min(to, at + piece.length);
          if (first < end) {
            System.arraycopy(piece, first - at, into, first - from, end - first);
          }
          return true;
        });
  }
}

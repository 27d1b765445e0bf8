package io.raftkv.storage.type;

import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.type.StringType.PieceVisitor;
import java.util.Arrays;

/** A string in the metadata record of its key. */
final class InlineString extends StringBody {
  private byte[] bytes;

  /** Whether the array is this object's own: only then it may be changed. */
  private boolean owned;

  /**
   * @param bytes not changed by this object
   */
  InlineString(byte[] bytes) {
    this.bytes = bytes;
  }

  @Override
  int length() {
    return bytes.length;
  }

  @Override
  byte[] whole() {
    owned = false;
    return bytes;
  }

  @Override
  void forEachPiece(int from, int to, PieceVisitor visitor) {
    if (from < Math.min(to, bytes.length)) {
      visitor.visit(0, bytes);
    }
  }

  @Override
  void write(int at, byte[] more) {
    own(Math.max(bytes.length, at + more.length));
    System.arraycopy(more, 0, bytes, at, more.length);
  }

  @Override
  void lengthen(int length) {
    if (length > bytes.length) {
      own(length);
    }
  }

  private void own(int length) {
    if (!owned || length > bytes.length) {
      bytes = Arrays.copyOf(bytes, length);
      owned = true;
    }
  }

  @Override
  int encoding() {
    return MetaRow.INLINE;
  }

  @Override
  byte[] payload() {
    return whole();
  }
}

package io.raftkv.storage.type;

/**
 * The elements of a list that is not empty, in one of its two encodings. Indexes count from the
 * head and must exist; {@link ListType} sees to that, and writes {@link #payload} to the metadata
 * record after changes.
 */
abstract sealed class ListBody permits InlineList, RowList {
  /** Walks over elements; starts before the first one. */
  interface Walk extends AutoCloseable {
    /** Moves on; false when there are no more. */
    boolean next();

    byte[] element();

    @Override
    void close();
  }

  abstract long size();

  abstract byte[] get(long index);

  abstract void set(long index, byte[] element);

  abstract void push(ListType.End end, byte[] element);

  /** Removes {@code count} elements from one end, fewer than there are. */
  abstract void drop(ListType.End end, long count);

  /** Makes room at {@code index}, from 1 to {@code size - 1}, and puts the element there. */
  abstract void insert(long index, byte[] element);

  /**
   * Removes the elements equal to {@code element} among those from {@code first} to {@code last};
   * there are {@code count} of them, fewer than the list has.
   */
  abstract void removeEqual(byte[] element, long first, long last, long count);

  /** From {@code index} to the tail, or, backwards, to the head. The list must not change. */
  abstract Walk walk(long index, boolean backwards);

  /** Encoding for the metadata record. */
  abstract int encoding();

  /** Payload for the metadata record. */
  abstract byte[] payload();
}

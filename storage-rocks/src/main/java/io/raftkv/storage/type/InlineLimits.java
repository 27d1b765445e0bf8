package io.raftkv.storage.type;

/**
 * Up to what size a value lives inside its metadata record. A collection that outgrows any of its
 * limits moves to element rows, and stays there until it is deleted.
 *
 * <p>{@link #ENTRIES} and {@link #ELEMENT_BYTES} are also what Redis packs of a sorted set, by
 * which it forgets the sign of -0: see {@link ZSetType}.
 */
public final class InlineLimits {
  /** Most elements (fields, members) of an inline collection. */
  public static final int ENTRIES = 128;

  /** Most bytes of a single element, field or value of an inline collection. */
  public static final int ELEMENT_BYTES = 64;

  /** Most bytes of the payload of an inline collection. */
  public static final int TOTAL_BYTES = 4096;

  /**
   * Most bytes of a string that stays inline when a part of it is written. Longer records have no
   * place in the cache of rows either.
   */
  public static final int STRING_BYTES = 16 << 10;

  /**
   * Most bytes of a string that is inline when it is written whole: it is read at once then, and a
   * look at a part of it costs no more than this. From some such length on rows cost no more.
   */
  public static final int WHOLE_STRING_BYTES = 1 << 20;

  private InlineLimits() {}
}

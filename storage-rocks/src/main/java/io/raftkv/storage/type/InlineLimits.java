package io.raftkv.storage.type;

/**
 * Up to what size a collection lives inside its metadata record. One that outgrows any of these
 * moves to element rows, and stays there until it is deleted.
 */
public final class InlineLimits {
  /** Most elements (fields, members) of an inline collection. */
  public static final int ENTRIES = 128;

  /** Most bytes of a single element, field or value of an inline collection. */
  public static final int ELEMENT_BYTES = 64;

  /** Most bytes of the payload of an inline collection. */
  public static final int TOTAL_BYTES = 4096;

  private InlineLimits() {}
}

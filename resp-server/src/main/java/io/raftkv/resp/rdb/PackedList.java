package io.raftkv.resp.rdb;

/** Elements that Redis packed into one string, read from front to back. */
interface PackedList {
  /** False at the end; the structure was sound as a whole then. */
  boolean hasNext();

  /** The next element; numbers become text. There must be one. */
  byte[] next();
}

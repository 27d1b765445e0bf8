package io.raftkv.resp.rdb;

/**
 * How a stream is laid out, in numbers that reader and writer share.
 *
 * <p>Entries come in nodes, each a listpack under the id of its first entry. It begins with a
 * master entry, whose fields need not be repeated by entries that have the same:
 *
 * <pre>
 *   master   count  deleted  fields  field*  0
 *   entry    flags  millis - first  sequence - first  value*                 elements before
 *   entry    flags  millis - first  sequence - first  fields {field value}*  elements before
 * </pre>
 */
final class StreamFormat {
  /** Length of an id, as the key of a node and in lists of pending entries. */
  static final int ID_BYTES = 2 * Long.BYTES;

  /** The entry was deleted and is not there any more. */
  static final long DELETED = 1;

  /** The entry has the fields of the master entry. */
  static final long SAME_FIELDS = 2;

  /** Flags, and the two parts of the id. */
  static final int ELEMENTS_OF_ANY_ENTRY = 3;

  private StreamFormat() {}
}

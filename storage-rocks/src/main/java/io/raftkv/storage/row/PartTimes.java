package io.raftkv.storage.row;

/**
 * When parts of a key die before the key does: the fields of a hash that have a deadline. Times are
 * in milliseconds since the epoch.
 *
 * @param firstMillis when the first of the parts dies
 * @param lastMillis when the last of them dies, and the key with it; {@link MetaRow#NO_EXPIRY} if a
 *     part stays
 */
public record PartTimes(long firstMillis, long lastMillis) {
  /** No part has a deadline. */
  public static final PartTimes NONE = new PartTimes(MetaRow.NO_EXPIRY, MetaRow.NO_EXPIRY);

  /** True if no part has a deadline. */
  public boolean isNone() {
    return firstMillis == MetaRow.NO_EXPIRY;
  }
}

package io.raftkv.storage;

/**
 * How far a store has come: the log entry it applied last, and the shard time of that entry.
 *
 * @param term term of the entry, 0 if none
 * @param index log index of the entry, -1 if none
 * @param timeMillis shard time, milliseconds since the epoch, 0 if none
 */
public record StorePosition(long term, long index, long timeMillis) {
  /** Of a store that applied nothing. */
  public static final StorePosition NONE = new StorePosition(0, -1, 0);
}

package io.raftkv.storage;

/**
 * A read that must not touch the disk needs it. Nothing is wrong; run the command again on {@link
 * ShardStore#read}, where blocking is allowed.
 */
public final class NotInMemoryException extends RuntimeException {
  NotInMemoryException() {
    super("row is not in memory", null, false, false);
  }
}

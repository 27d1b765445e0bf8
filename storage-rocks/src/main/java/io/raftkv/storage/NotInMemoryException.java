package io.raftkv.storage;

/**
 * A read that must not touch the disk needs it, or time. Nothing is wrong; run the command again on
 * {@link ShardStore#read}, where blocking is allowed.
 */
public final class NotInMemoryException extends RuntimeException {
  NotInMemoryException() {
    super("not to be answered from memory", null, false, false);
  }
}

package io.raftkv.storage;

/**
 * A read met a commit half-way: it has seen rows of one moment and the next one would be of a later
 * moment. Nothing is wrong; run the command again on {@link ShardStore#readSnapshot}.
 */
public final class StaleViewException extends RuntimeException {
  StaleViewException() {
    super("a commit came between two reads of one view", null, false, false);
  }
}

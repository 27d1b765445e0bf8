package io.raftkv.shard;

import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import java.nio.ByteBuffer;

/**
 * What the proposals in the log mean. The module above plugs it in; here they are bytes.
 *
 * <p>{@link #apply} is a pure function of its arguments: no clock, no chance, no state of its own.
 * All calls but those of grows, encode and decode come from the shard's apply thread.
 */
public interface Applier {
  /**
   * Applies one batch of proposals to the store, in order. Called again for the same entry if the
   * disk had no room to commit it; what was derived counts only when {@link #committed} is called.
   *
   * @param payload the concatenated proposals; valid during the call
   * @return one result per proposal
   * @throws RuntimeException only for a fault that must stop this replica; a user's mistake is a
   *     result
   */
  Object[] apply(ApplyContext context, ByteBuffer payload, StoreBatch batch);

  /**
   * True if a batch has a proposal that is made to store something, so that it must not be logged
   * while room is short. Unlike {@link #apply} on any thread.
   */
  boolean grows(ByteBuffer payload);

  /** The store is open, anew or for the first time: what was derived from its content is void. */
  default void opened(ShardStore store) {}

  /** What the last {@link #apply} did is committed and visible. On the apply thread. */
  default void committed() {}

  /** About how much memory results hold, in bytes. */
  long bytes(Object[] results);

  /** Results as bytes, for a node that has no replica of its own. */
  byte[] encode(Object[] results);

  /** Inverse of {@link #encode}. */
  Object[] decode(byte[] results);
}

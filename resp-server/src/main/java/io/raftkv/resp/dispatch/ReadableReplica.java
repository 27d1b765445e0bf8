package io.raftkv.resp.dispatch;

import io.raftkv.raft.Replica;
import io.raftkv.storage.ShardStore;
import java.util.function.Function;

/** What reads need of this node's replica of a shard. Thread-safe. */
interface ReadableReplica {
  /**
   * False before the replica has started or is a member of its group, and after it has stopped,
   * failed, or learnt that it was removed.
   */
  boolean isAlive();

  /** Last index that is applied and visible to readers. */
  long appliedIndex();

  /** Milliseconds since the replica last heard from its leader; 0 if it leads. */
  long leaderSilenceMillis();

  /**
   * Runs the action once everything up to {@code index} is applied; on any thread.
   *
   * @return ends the wait: nothing is held for it from then on, though the action may just run
   */
  Runnable whenApplied(long index, Runnable action);

  /** So many commands are to be answered from it. */
  default void countReads(int commands) {}

  /** Runs with the store open; null at once while there is none or it is being replaced. */
  <T> T withStore(Function<ShardStore, T> use);

  /** The replica as reads see it; null for null. */
  static ReadableReplica of(Replica replica) {
    return replica == null ? null : new OfGroup(replica);
  }

  /** A replica of a Raft group. */
  record OfGroup(Replica replica) implements ReadableReplica {
    @Override
    public boolean isAlive() {
      return replica.isMember();
    }

    @Override
    public long appliedIndex() {
      return replica.appliedIndex();
    }

    @Override
    public long leaderSilenceMillis() {
      return replica.leaderSilenceMillis();
    }

    @Override
    public Runnable whenApplied(long index, Runnable action) {
      return replica.whenApplied(index, action);
    }

    @Override
    public void countReads(int commands) {
      replica.countReads(commands);
    }

    @Override
    public <T> T withStore(Function<ShardStore, T> use) {
      return replica.withStore(use);
    }
  }
}

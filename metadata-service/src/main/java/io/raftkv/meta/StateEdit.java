package io.raftkv.meta;

import java.util.Objects;

/**
 * A change of a record that a job makes together with its own step, in one log entry: so a step is
 * either taken, with all that it means to the state, or not.
 */
public sealed interface StateEdit {
  /** An edit of a shard's record. */
  sealed interface OfShard extends StateEdit {
    /** The shard concerned. */
    String shardId();

    /**
     * The version of the shard's record that the edit was made from; 0 if there was none. The edit
     * counts only if that is the record's version still: it may have been made from old knowledge.
     */
    long seenVersion();
  }

  /**
   * Whether the node of the job is to become empty. It counts whatever was wanted before.
   *
   * @param draining false if it may have replicas again
   */
  record DrainNode(boolean draining) implements StateEdit {}

  /** The node of the job is no part of the cluster any more. */
  record RemoveNode() implements StateEdit {}

  /**
   * The routing gets a new version as it is: shards that the job has told to answer only what is
   * routed by the next one go on, though the job has not ended. For a job that holds the routing.
   */
  record RenewRouting() implements StateEdit {}

  /**
   * A shard is to be like this; it is made if {@code seenVersion} is 0.
   *
   * @param spec slots, replicas and leader it is to have
   * @param state what is being done to it
   */
  record PutShard(ShardSpec spec, ShardState state, long seenVersion) implements OfShard {
    public PutShard {
      Objects.requireNonNull(spec, "spec");
      Objects.requireNonNull(state, "state");
    }

    @Override
    public String shardId() {
      return spec.id();
    }
  }

  /**
   * A shard is to be no more; what slots it has belong to nobody.
   *
   * @param shardId its id, which no shard ever gets again
   */
  record DropShard(String shardId, long seenVersion) implements OfShard {
    public DropShard {
      Ids.shardNumber(shardId);
    }
  }
}

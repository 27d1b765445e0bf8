package io.raftkv.meta;

import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * A shard as the cluster knows it.
 *
 * @param spec its slots and copies
 * @param lacking how many voters fewer it has than it should have: they could not be had when it
 *     was made
 * @param state what is being done to it
 * @param version 1 when it is created, one more with every change of it
 * @param createdAtMillis when it was created
 * @param updatedAtMillis when this record last changed
 */
public record ShardInfo(
    ShardSpec spec,
    int lacking,
    ShardState state,
    long version,
    long createdAtMillis,
    long updatedAtMillis) {
  /** Ids of shards in the order of their numbers: s2 before s10. */
  public static final Comparator<String> BY_NUMBER = Ids.NATURAL;

  public ShardInfo {
    Objects.requireNonNull(spec, "spec");
    Objects.requireNonNull(state, "state");
    if (lacking < 0) {
      throw new IllegalArgumentException("shard " + spec.id() + " lacks " + lacking);
    }
  }

  /** A shard that has all its replicas. */
  public ShardInfo(
      ShardSpec spec, ShardState state, long version, long createdAtMillis, long updatedAtMillis) {
    this(spec, 0, state, version, createdAtMillis, updatedAtMillis);
  }

  /** The same shard after a change. */
  ShardInfo changed(ShardSpec nextSpec, int nextLacking, ShardState nextState, long nowMillis) {
    return new ShardInfo(nextSpec, nextLacking, nextState, version + 1, createdAtMillis, nowMillis);
  }

  public String id() {
    return spec.id();
  }

  public UUID groupId() {
    return spec.groupId();
  }

  /** Ascending; neighbouring ranges are joined. */
  public List<SlotRange> slots() {
    return spec.slots();
  }

  public List<Replica> replicas() {
    return spec.replicas();
  }

  /** Empty if any voter will do. */
  public String preferredLeader() {
    return spec.preferredLeader();
  }

  public int slotCount() {
    return spec.slotCount();
  }

  /** Nodes whose copies vote. */
  public List<String> voters() {
    return replicas().stream().filter(Replica::isVoter).map(Replica::nodeId).toList();
  }

  /** Nodes whose copies only follow. */
  public List<String> listeners() {
    return replicas().stream().filter(r -> !r.isVoter()).map(Replica::nodeId).toList();
  }

  public Optional<Replica> replicaOn(String nodeId) {
    return spec.replicaOn(nodeId);
  }
}

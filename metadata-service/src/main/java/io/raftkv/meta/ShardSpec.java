package io.raftkv.meta;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * What a shard is to be: its slots and where its copies live.
 *
 * @param id {@code s} and a number
 * @param groupId its Raft group
 * @param slots what it owns, ascending; may be empty
 * @param replicas its copies, at most one per node, at least one voter
 * @param preferredLeader the voter that leads when all is well; empty for "any"
 */
public record ShardSpec(
    String id,
    UUID groupId,
    List<SlotRange> slots,
    List<Replica> replicas,
    String preferredLeader) {
  public ShardSpec {
    Ids.shardNumber(id);
    Objects.requireNonNull(groupId, "groupId");
    slots = SlotRange.normalize(slots);
    replicas = List.copyOf(replicas);
    Set<String> seen = new HashSet<>();
    for (Replica replica : replicas) {
      if (!seen.add(replica.nodeId())) {
        throw new IllegalArgumentException(
            "shard " + id + " has two replicas on node " + replica.nodeId());
      }
    }
    if (replicas.stream().noneMatch(Replica::isVoter)) {
      throw new IllegalArgumentException("shard " + id + " has no voter");
    }
    if (!preferredLeader.isEmpty() && !replicas.contains(Replica.voter(preferredLeader))) {
      throw new IllegalArgumentException(
          "preferred leader " + preferredLeader + " of shard " + id + " is none of its voters");
    }
  }

  /** The copy on a node, if there is one. */
  public Optional<Replica> replicaOn(String nodeId) {
    return replicas.stream().filter(replica -> replica.nodeId().equals(nodeId)).findFirst();
  }

  /** How many slots it owns. */
  public int slotCount() {
    return slots.stream().mapToInt(SlotRange::size).sum();
  }
}

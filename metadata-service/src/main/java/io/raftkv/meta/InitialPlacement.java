package io.raftkv.meta;

import io.raftkv.storage.Slot;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The first shards of a cluster: equal slot ranges, replicas and leaderships dealt out evenly.
 *
 * <p>Pure; the order of the node ids given does not matter, so all founding nodes propose the same.
 * Numbers of slots per shard, replicas per node and preferred leaderships per node differ by one at
 * most.
 */
public final class InitialPlacement {
  private static final long FIRST_INCARNATION = 1;

  private InitialPlacement() {}

  /**
   * Plans {@code shards} shards, {@code s1} and on, of {@code replicationFactor} voters each.
   *
   * @throws IllegalArgumentException if that cannot be done with these nodes
   */
  public static List<ShardSpec> plan(
      String clusterId, Collection<String> nodeIds, int shards, int replicationFactor) {
    List<String> nodes = nodeIds.stream().map(Ids::requireNodeId).sorted(Ids.NATURAL).toList();
    check(nodes, shards, replicationFactor);
    List<Integer> strides = strides(nodes.size());
    List<ShardSpec> plan = new ArrayList<>(shards);
    for (int i = 0; i < shards; i++) {
      String id = "s" + (i + 1);
      SlotRange slots = new SlotRange(firstSlot(i, shards), firstSlot(i + 1, shards) - 1);
      List<Replica> replicas = replicas(nodes, strides, i, replicationFactor);
      plan.add(
          new ShardSpec(
              id,
              DerivedIds.groupId(clusterId, id, FIRST_INCARNATION),
              List.of(slots),
              replicas,
              replicas.get(0).nodeId()));
    }
    return plan;
  }

  private static void check(List<String> nodes, int shards, int replicationFactor) {
    if (nodes.isEmpty()) {
      throw new IllegalArgumentException("no nodes to place shards on");
    }
    if (new HashSet<>(nodes).size() != nodes.size()) {
      throw new IllegalArgumentException("a node is named twice: " + nodes);
    }
    if (shards < 1 || shards > Slot.COUNT) {
      throw new IllegalArgumentException(
          "number of shards must be 1 to " + Slot.COUNT + ", not " + shards);
    }
    if (replicationFactor < 1) {
      throw new IllegalArgumentException(
          "replication factor must be at least 1, not " + replicationFactor);
    }
    if (replicationFactor > nodes.size()) {
      throw new IllegalArgumentException(
          "replication factor "
              + replicationFactor
              + " needs as many nodes, there are "
              + nodes.size());
    }
  }

  private static int firstSlot(int shard, int shards) {
    return (int) ((long) shard * Slot.COUNT / shards);
  }

  /**
   * The nodes of one shard, its leader first.
   *
   * <p>Replicas are dealt like cards, in rounds of as many shards as there are nodes. A round is
   * {@code g = gcd(nodes, rf)} passes; a pass deals every node the same number of replicas and,
   * since blocks start at multiples of g, the leader at place {@code pass} of each block makes
   * every node lead once per round. Each round walks the nodes with another stride, so that a node
   * shares its shards with many others and its load spreads when it fails.
   */
  private static List<Replica> replicas(
      List<String> nodes, List<Integer> strides, int shard, int replicationFactor) {
    int n = nodes.size();
    int g = gcd(n, replicationFactor);
    int blocksPerPass = n / g;
    int stride = strides.get(shard / n % strides.size());
    int inRound = shard % n;
    int pass = inRound / blocksPerPass;
    long start = (long) (inRound % blocksPerPass) * replicationFactor;
    List<Replica> replicas = new ArrayList<>(replicationFactor);
    for (int k = 0; k < replicationFactor; k++) {
      long place = (start + (pass + k) % replicationFactor) % n;
      replicas.add(Replica.voter(nodes.get((int) (place * stride % n))));
    }
    return replicas;
  }

  /** Numbers below n that share no factor with it: walking by one of them visits every node. */
  private static List<Integer> strides(int n) {
    return IntStream.rangeClosed(1, Math.max(1, n - 1))
        .filter(candidate -> gcd(n, candidate) == 1)
        .boxed()
        .toList();
  }

  private static int gcd(int a, int b) {
    return b == 0 ? a : gcd(b, a % b);
  }
}

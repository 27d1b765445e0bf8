package io.raftkv.it.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.awaitility.core.ConditionTimeoutException;

/** Compares replicas by {@code RAFTKV.SHARD CHECKSUM}: applied index and SHA-256 of all rows. */
final class Digests {
  /** What one replica holds after the entry with this index. */
  private record Digest(Object index, Object sha256) {}

  private Digests() {}

  static void awaitEqual(TestCluster cluster, List<TestNode> nodes, Duration deadline) {
    Map<String, String> seen = new LinkedHashMap<>();
    try {
      cluster.await(
          "equal checksums on all replicas",
          deadline,
          () -> {
            seen.clear();
            boolean equal = true;
            for (String shard : cluster.shards(nodes.get(0)).shardIds()) {
              equal &= replicasAgree(nodes, shard, seen);
            }
            return equal;
          });
    } catch (ConditionTimeoutException e) {
      throw new AssertionError("replicas do not come together: " + seen, e);
    }
  }

  private static boolean replicasAgree(
      List<TestNode> nodes, String shard, Map<String, String> seen) {
    List<Digest> digests = new ArrayList<>();
    for (TestNode node : nodes) {
      Object reply = node.call("RAFTKV.SHARD", "CHECKSUM", shard);
      seen.put(shard + "@" + node.id(), String.valueOf(reply));
      if (reply instanceof List<?> pair && pair.size() >= 2) {
        digests.add(new Digest(pair.get(0), pair.get(1)));
      }
    }
    for (Digest a : digests) {
      for (Digest b : digests) {
        if (Objects.equals(a.index(), b.index()) && !Objects.equals(a.sha256(), b.sha256())) {
          throw new AssertionError("replicas of shard " + shard + " differ: " + seen);
        }
      }
    }
    int expected = Math.min(3, nodes.size());
    return digests.size() >= expected && digests.stream().distinct().count() == 1;
  }
}

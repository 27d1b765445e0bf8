package io.raftkv.it;

import io.raftkv.it.cluster.Admin;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;

/** Which shards there are and where, when no job is under way: what a job changes, or leaves. */
final class ClusterShape {
  /** A shard as it is recorded; its nodes in order. */
  record Shard(String id, String slots, List<String> nodes) {
    int slotCount() {
      return slots.equals("none")
          ? 0
          : Arrays.stream(slots.split(" ", -1)).mapToInt(Shard::slotsIn).sum();
    }

    private static int slotsIn(String range) {
      String[] ends = range.split("-", -1);
      return Integer.parseInt(ends[ends.length - 1]) - Integer.parseInt(ends[0]) + 1;
    }
  }

  private final TestCluster cluster;
  private final Admin admin;
  private final Duration patience;

  ClusterShape(TestCluster cluster, Admin admin, Duration patience) {
    this.cluster = cluster;
    this.admin = admin;
    this.patience = patience;
  }

  /**
   * The shards by their ids, once all nodes that live agree on them, every job has ended, no
   * replica is left over on a disk, and all shards answer.
   */
  NavigableMap<String, Shard> settled() {
    awaitNothing(this::whatIsBetween);
    return shards(living().get(0));
  }

  /** Waits until nothing that was cut off for a shard is left on a disk either. */
  void awaitNoCuts() {
    awaitNothing(
        () ->
            living().stream()
                .filter(node -> !names(node, "cuts").isEmpty())
                .map(node -> node.id() + " has cuts for " + names(node, "cuts"))
                .findFirst()
                .orElse(""));
  }

  /** Waits until there is nothing wrong any more. */
  private void awaitNothing(Supplier<String> wrong) {
    String[] last = {""};
    try {
      cluster.await(
          "all is in order",
          patience,
          () -> {
            last[0] = "somebody does not answer";
            try {
              last[0] = wrong.get();
            } catch (RuntimeException silent) {
              last[0] = silent.toString();
            }
            return last[0].isEmpty();
          });
    } catch (ConditionTimeoutException late) {
      throw new AssertionError("after " + patience + ": " + last[0], late);
    }
  }

  private List<TestNode> living() {
    return cluster.nodes().stream().filter(TestNode::isAlive).toList();
  }

  private NavigableMap<String, Shard> shards(TestNode asked) {
    NavigableMap<String, Shard> shards = new TreeMap<>();
    for (Map<String, Object> shard : Admin.maps(admin.ask(asked, "RAFTKV.SHARD", "LIST"))) {
      String id = (String) shard.get("id");
      String[] nodes = ((String) shard.get("replicas")).split(" ", -1);
      shards.put(
          id, new Shard(id, (String) shard.get("slots"), Arrays.stream(nodes).sorted().toList()));
    }
    return shards;
  }

  private String whatIsBetween() {
    Map<String, Shard> known = shards(living().get(0));
    for (TestNode node : living()) {
      if (!shards(node).equals(known)) {
        return node.id() + " sees other shards than " + living().get(0).id();
      }
      for (Map<String, Object> job : Admin.maps(admin.ask(node, "RAFTKV.JOB", "LIST"))) {
        if (!List.of("done", "failed", "cancelled").contains((String) job.get("state"))) {
          return "to " + node.id() + " a job has not ended: " + job;
        }
      }
      for (Map<String, Object> shard : Admin.maps(admin.ask(node, "RAFTKV.SHARD", "LIST"))) {
        if (!"active".equals(shard.get("state"))) {
          return "to " + node.id() + " a shard is " + shard;
        }
      }
      Object keys = admin.ask(node, "DBSIZE"); // which goes to all shards
      if (!(keys instanceof Long)) {
        return "a shard does not answer: " + keys;
      }
    }
    return whatIsLeft(known);
  }

  /** Each node has files of the shards that it is to have, and of the metadata. */
  private String whatIsLeft(Map<String, Shard> shards) {
    Map<String, String> groups = new TreeMap<>();
    for (String id : shards.keySet()) {
      groups.put(id, (String) admin.status("RAFTKV.SHARD", "STATUS", id).get("group"));
    }
    Set<String> others = new HashSet<>();
    for (TestNode node : living()) {
      Set<String> wanted =
          shards.values().stream()
              .filter(shard -> shard.nodes().contains(node.id()))
              .map(shard -> groups.get(shard.id()))
              .collect(Collectors.toCollection(TreeSet::new));
      Set<String> found = names(node, "groups");
      if (!found.containsAll(wanted) || found.size() != wanted.size() + 1) {
        return node.id() + " has the groups " + found + ", not " + wanted + " and the metadata";
      }
      found.stream().filter(group -> !wanted.contains(group)).forEach(others::add);
      if (!names(node, "stores").equals(found)) {
        return node.id() + " has the stores " + names(node, "stores") + " of the groups " + found;
      }
      if (!names(node, "removing").isEmpty()) {
        return node.id() + " has not removed " + names(node, "removing");
      }
    }
    return others.size() == 1 ? "" : "not one group of the metadata: " + others;
  }

  private static Set<String> names(TestNode node, String directory) {
    Path path = node.dataDirectory().resolve("raft").resolve(directory);
    if (!Files.exists(path)) {
      return Set.of();
    }
    try (Stream<Path> entries = Files.list(path)) {
      return entries
          .map(entry -> entry.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    } catch (IOException changing) {
      throw new UncheckedIOException(changing);
    }
  }
}

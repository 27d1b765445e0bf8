package io.raftkv.meta.job;

import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/**
 * A model of a shard's Raft group, as far as it can be trusted: what is committed stays, by one log
 * that all replicas apply, each in its own time. Leaders change; one that was replaced goes on to
 * believe that it leads, and shows what it had then.
 */
final class ModelGroup {
  final UUID id;

  /** The store after each entry; the first is what the group began with. */
  private final List<SlotStore> states = new ArrayList<>();

  /** What each of these answers for; most entries leave it as it is. */
  private final List<List<SlotRange>> owned = new ArrayList<>();

  /** Nodes that count towards a majority. */
  private SortedSet<String> voters = new TreeSet<>();

  private Members members = new Members(voters, voters);

  /** How many entries each replica has applied: of all nodes that have files. */
  private final Map<String, Integer> applied = new TreeMap<>();

  private final Set<String> open = new TreeSet<>();
  private final Map<String, Long> terms = new TreeMap<>();
  private final Set<String> believers = new TreeSet<>();

  /** When each replica came to know of its fence, in ticks. */
  private final Map<String, Integer> fencedSince = new TreeMap<>();

  private String leader = "";
  private long term;

  /** Called with the node and the index of an entry that sets a fence, when it applies that. */
  private final BiConsumer<String, Integer> onFence;

  ModelGroup(UUID id, SlotStore first, BiConsumer<String, Integer> onFence) {
    this.id = id;
    this.onFence = onFence;
    states.add(first);
    owned.add(SlotStore.ranges(first.owned()));
  }

  boolean isBegun() {
    return !voters.isEmpty();
  }

  void begin(Collection<String> nodes) {
    voters = new TreeSet<>(nodes);
    members = new Members(voters, new TreeSet<>());
  }

  SlotStore committed() {
    return states.get(states.size() - 1);
  }

  SlotStore at(int index) {
    return states.get(index);
  }

  boolean hasFiles(String node) {
    return applied.containsKey(node);
  }

  /** True if no node has files of it any more. */
  boolean isGone() {
    return isBegun() && applied.isEmpty();
  }

  void putFiles(String node) {
    applied.putIfAbsent(node, 0);
  }

  void removeFiles(String node) {
    stop(node);
    applied.remove(node);
    leader = leader.equals(node) ? "" : leader;
  }

  /** Runs a replica that has files; a fence that it finds in its store counts from now on. */
  void start(String node, int tick) {
    if (open.add(node)) {
      noteFence(node, tick);
    }
  }

  /** Its process ends; what it applied since its last flush it applies again. */
  void stop(String node) {
    if (open.remove(node)) {
      believers.remove(node);
      fencedSince.remove(node);
    }
  }

  void replay(String node, int entries) {
    applied.computeIfPresent(node, (key, index) -> Math.max(0, index - entries));
  }

  /** True if an order would be committed. */
  boolean works(Set<String> down) {
    return !leader.isEmpty() && isUp(leader, down) && hasMajority(down);
  }

  private boolean isUp(String node, Set<String> down) {
    return open.contains(node) && !down.contains(node);
  }

  private boolean hasMajority(Set<String> down) {
    return 2 * voters.stream().filter(node -> isUp(node, down)).count() > voters.size();
  }

  /** Commits an order, whoever brought it. */
  void commit(UnaryOperator<SlotStore> order, Set<String> down, int tick) {
    if (works(down)) {
      SlotStore before = committed();
      SlotStore after = order.apply(before);
      states.add(after);
      owned.add(
          after.epoch() == before.epoch()
              ? owned.get(owned.size() - 1)
              : SlotStore.ranges(after.owned()));
      apply(leader, tick);
    }
  }

  /** Some entries more on a replica. */
  void follow(String node, int entries, Set<String> down, int tick) {
    for (int i = 0; i < entries && isUp(node, down) && applied.get(node) < states.size() - 1; i++) {
      applyNext(node, tick);
    }
  }

  /** All entries at once, by somebody else's snapshot: without a look at any of them. */
  void install(String node, Set<String> down, int tick) {
    if (isUp(node, down) && applied.get(node) < states.size() - 1) {
      applied.put(node, states.size() - 1);
      noteFence(node, tick);
    }
  }

  private void apply(String node, int tick) {
    while (applied.get(node) < states.size() - 1) {
      applyNext(node, tick);
    }
  }

  private void applyNext(String node, int tick) {
    int index = applied.get(node) + 1;
    applied.put(node, index);
    boolean sets = states.get(index).target().isPresent();
    if (sets && !states.get(index).target().equals(states.get(index - 1).target())) {
      onFence.accept(node, index);
    }
    noteFence(node, tick);
  }

  private void noteFence(String node, int tick) {
    if (states.get(applied.get(node)).target().isPresent()) {
      fencedSince.putIfAbsent(node, tick);
    } else {
      fencedSince.remove(node);
    }
  }

  /** Another leader, if this one is gone or by chance; not everybody hears of it at once. */
  void elect(Set<String> down, Random random, boolean faulty, boolean deposed, int tick) {
    boolean stays = !leader.isEmpty() && isUp(leader, down);
    if (stays && !deposed) {
      if (!faulty) {
        believers.retainAll(Set.of(leader));
        voters.forEach(node -> terms.put(node, term));
      }
      return;
    }
    leader = "";
    List<String> candidates = voters.stream().filter(node -> isUp(node, down)).toList();
    if (hasMajority(down)) {
      leader = candidates.get(random.nextInt(candidates.size()));
      term++;
      for (String node : candidates) {
        if (node.equals(leader) || !faulty || random.nextInt(3) != 0) {
          terms.put(node, term);
          believers.remove(node);
        }
      }
      believers.add(leader);
      apply(leader, tick);
    }
  }

  ReplicaFacts facts(String node, int tick, int tickMillis) {
    if (!open.contains(node)) {
      Members none = new Members(new TreeSet<>(), new TreeSet<>());
      return new ReplicaFacts(false, false, 0, none, false, 0, SlotFacts.UNKNOWN);
    }
    SlotStore store = states.get(applied.get(node));
    int since = fencedSince.getOrDefault(node, tick);
    return new ReplicaFacts(
        true,
        believers.contains(node),
        terms.getOrDefault(node, 0L),
        members,
        false,
        5,
        new SlotFacts(
            store.epoch(),
            store.target(),
            (long) (tick - since) * tickMillis,
            owned.get(applied.get(node))));
  }
}

package io.raftkv.meta.balance;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.MoveTargets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/**
 * Which node has what, and what would be better elsewhere. A model that moves may be tried out on;
 * equal inputs give equal moves.
 *
 * <p>Every replica weighs its bytes and {@link #REPLICA_BYTES} more, every leadership its
 * operations and {@link #LEADER_OPERATIONS} more. So few and small shards are spread by their
 * number, and large or busy ones by what they cost. A move from one node to another is worth making
 * if the first one is still heavier than the second one was, by a <em>threshold</em>, when the
 * moved weight is taken from it. Such a move makes the sum of the squares of all nodes' weights
 * smaller, by no less than twice the threshold times the moved weight: so as long as the weights
 * stay as they are moves come to an end, and no distribution comes twice.
 */
final class Placement {
  /** What a replica costs, in memory and on the disk, though it is empty. */
  static final double REPLICA_BYTES = 256 << 20;

  /** What a leadership costs, in operations per second, though nobody asks it. */
  static final double LEADER_OPERATIONS = 1_000;

  /** A difference below this part of what a node has on average is left alone. */
  static final double REPLICA_PART = 0.05;

  /** The same of leaderships: what shards are asked for changes from minute to minute. */
  static final double LEADER_PART = 0.1;

  private static final double MEBIBYTE = 1 << 20;

  /** What a node has. */
  static final class Holder {
    private final String id;
    private final String refusal;
    private long freeBytes;
    private int replicas;
    private double bytes;
    private int leaders;
    private double operations;

    private Holder(String id, String refusal, long freeBytes) {
      this.id = id;
      this.refusal = refusal;
      this.freeBytes = freeBytes;
    }

    String id() {
      return id;
    }

    int replicas() {
      return replicas;
    }

    double bytes() {
      return bytes;
    }

    /** Shards that prefer it as their leader. */
    int leaders() {
      return leaders;
    }

    /** Commands per second of those shards. */
    double operations() {
      return operations;
    }

    double weight() {
      return bytes + replicas * REPLICA_BYTES;
    }

    double leaderWeight() {
      return operations + leaders * LEADER_OPERATIONS;
    }

    private void count(Item item) {
      replicas++;
      bytes += item.bytes;
    }

    private void add(Item item, int sign) {
      replicas += sign;
      bytes += sign * (double) item.bytes;
      freeBytes -= freeBytes == Long.MAX_VALUE ? 0 : sign * item.diskBytes;
    }

    private void lead(Item item, int sign) {
      leaders += sign;
      operations += sign * item.operations;
    }
  }

  /** A shard. */
  private static final class Item {
    private final String id;
    private final long bytes;
    private final long diskBytes;
    private final double operations;
    private final List<String> nodes = new ArrayList<>();
    private final List<String> voters = new ArrayList<>();
    private String leader;

    private Item(ShardInfo shard, long bytes, long diskBytes, double operations) {
      this.id = shard.id();
      this.bytes = bytes;
      this.diskBytes = diskBytes;
      this.operations = operations;
      for (Replica replica : shard.replicas()) {
        nodes.add(replica.nodeId());
        if (replica.isVoter()) {
          voters.add(replica.nodeId());
        }
      }
      this.leader = shard.preferredLeader();
    }

    private double weight() {
      return bytes + REPLICA_BYTES;
    }

    private double leaderWeight() {
      return operations + LEADER_OPERATIONS;
    }
  }

  /** Nodes that what there is is spread over, in natural order. */
  private final Map<String, Holder> holders = new LinkedHashMap<>();

  /** All members, in natural order. */
  private final Map<String, Holder> members = new LinkedHashMap<>();

  private final Map<String, Item> items = new LinkedHashMap<>();

  private Placement() {}

  /** What there is; to be spread over the nodes that are neither lost nor to become empty. */
  static Placement of(ClusterState state, ClusterFacts facts) {
    Placement placement = new Placement();
    MoveTargets targets = new MoveTargets(state, facts);
    for (NodeInfo node : state.members()) {
      Holder holder = new Holder(node.id(), targets.refusal(node), targets.freeBytes(node.id()));
      placement.members.put(node.id(), holder);
      if (!node.draining() && node.state() != NodeState.OFFLINE) {
        placement.holders.put(node.id(), holder);
      }
    }
    Map<UUID, Long> bytes = new HashMap<>();
    Map<UUID, Long> diskBytes = new HashMap<>();
    Map<UUID, Double> operations = new HashMap<>();
    for (ClusterFacts.NodeFacts node : facts.nodes().values()) {
      node.replicas()
          .forEach(
              (group, replica) -> {
                bytes.merge(group, replica.ownedBytes(), Math::max);
                diskBytes.merge(group, replica.bytes(), Math::max);
                operations.merge(
                    group, ledOperations(replica, node.load().replicas().get(group)), Double::sum);
              });
    }
    for (ShardInfo shard : state.shards().values()) {
      Item item =
          new Item(
              shard,
              bytes.getOrDefault(shard.groupId(), 0L),
              diskBytes.getOrDefault(shard.groupId(), 0L),
              operations.getOrDefault(shard.groupId(), 0.0));
      placement.items.put(shard.id(), item);
      for (String node : item.nodes) {
        placement.holder(node).ifPresent(holder -> holder.count(item));
      }
      placement.holder(item.leader).ifPresent(holder -> holder.lead(item, 1));
    }
    return placement;
  }

  /** What goes elsewhere with the leadership: reads that followers answer stay with them. */
  private static double ledOperations(
      ClusterFacts.ReplicaFacts replica, ClusterFacts.ReplicaLoad load) {
    if (load == null) {
      return 0;
    }
    return load.writesPerSecond() + (replica.leads() ? load.readsPerSecond() : 0);
  }

  /** All members of the cluster, in natural order. */
  List<Holder> members() {
    return List.copyOf(members.values());
  }

  private Optional<Holder> holder(String node) {
    return Optional.ofNullable(members.get(node));
  }

  /** By how much the heaviest node is above the lightest, in bytes. */
  double imbalance() {
    return spread(Holder::weight);
  }

  /** The same of leaderships, in operations per second. */
  double leaderImbalance() {
    return spread(Holder::leaderWeight);
  }

  private double spread(ToDoubleFunction<Holder> weight) {
    double most = holders.values().stream().mapToDouble(weight).max().orElse(0);
    return most - holders.values().stream().mapToDouble(weight).min().orElse(0);
  }

  /** What a move of a replica must be worth, in bytes. */
  double threshold() {
    return Math.max(REPLICA_BYTES / 2, REPLICA_PART * mean(Holder::weight));
  }

  /** What a move of a leadership must be worth, in operations per second. */
  double leaderThreshold() {
    return Math.max(LEADER_OPERATIONS / 2, LEADER_PART * mean(Holder::leaderWeight));
  }

  private double mean(ToDoubleFunction<Holder> weight) {
    return holders.values().stream().mapToDouble(weight).average().orElse(0);
  }

  /** The move that is worth most, of a replica if there is one; empty when all is balanced. */
  Optional<Move> next(Predicate<Way> mayMove) {
    return replicaMove(mayMove).or(() -> leaderMove(mayMove));
  }

  /** All moves that are worth making, each for itself. */
  Set<Way> worthwhile() {
    Set<Way> ways = new HashSet<>();
    Predicate<Way> noteOnly =
        way -> {
          ways.add(way);
          return false;
        };
    replicaMove(noteOnly);
    leaderMove(noteOnly);
    return ways;
  }

  /** Of equal moves the first one, to the lightest node. */
  private Optional<Move> replicaMove(Predicate<Way> mayMove) {
    List<Holder> lightest = new ArrayList<>(holders.values());
    lightest.sort(Comparator.comparingDouble(Holder::weight));
    double threshold = threshold();
    Item best = null;
    Holder from = null;
    Holder to = null;
    double gain = 0;
    for (Item item : items.values()) {
      for (String node : item.nodes) {
        Holder source = holders.get(node);
        if (source == null) {
          continue;
        }
        for (Holder target : lightest) {
          double worth = source.weight() - target.weight() - item.weight();
          if (worth < threshold) {
            break; // the others are heavier
          }
          double itsGain = worth * item.weight();
          if (node.equals(item.leader)) {
            itsGain *= 0.999; // of equals rather one that need not hand over first
          }
          if (canTake(target, item)
              && mayMove.test(new Way(false, item.id, source.id, target.id))
              && itsGain > gain) {
            best = item;
            from = source;
            to = target;
            gain = itsGain;
          }
        }
      }
    }
    return best == null
        ? Optional.empty()
        : Optional.of(new Move(false, best.id, from.id, to.id, compare(from, to)));
  }

  private static boolean canTake(Holder target, Item item) {
    return target.refusal.isEmpty()
        && !item.nodes.contains(target.id)
        && target.freeBytes >= MoveTargets.roomFor(item.diskBytes);
  }

  private static String compare(Holder from, Holder to) {
    return String.format(
        Locale.ROOT,
        "%s has %d replicas with %.0f MB, %s %d with %.0f MB",
        from.id,
        from.replicas,
        from.bytes / MEBIBYTE,
        to.id,
        to.replicas,
        to.bytes / MEBIBYTE);
  }

  private Optional<Move> leaderMove(Predicate<Way> mayMove) {
    double threshold = leaderThreshold();
    Item best = null;
    Holder to = null;
    double gain = 0;
    for (Item item : items.values()) {
      Holder source = holders.get(item.leader);
      if (source == null && !item.leader.isEmpty()) {
        continue; // its node is to become empty, or lost: that is others' business
      }
      for (Holder target : heirs(item)) {
        if (source == null) {
          if (mayMove.test(new Way(true, item.id, "", target.id))) {
            return Optional.of(new Move(true, item.id, "", target.id, "it prefers no leader"));
          }
          continue;
        }
        double worth = source.leaderWeight() - target.leaderWeight() - item.leaderWeight();
        if (worth >= threshold
            && mayMove.test(new Way(true, item.id, source.id, target.id))
            && worth * item.leaderWeight() > gain) {
          best = item;
          to = target;
          gain = worth * item.leaderWeight();
        }
      }
    }
    if (best == null) {
      return Optional.empty();
    }
    Holder from = holders.get(best.leader);
    String reason =
        String.format(
            Locale.ROOT,
            "%s leads %d shards with %.0f ops/s, %s %d with %.0f ops/s",
            from.id,
            from.leaders,
            from.operations,
            to.id,
            to.leaders,
            to.operations);
    return Optional.of(new Move(true, best.id, from.id, to.id, reason));
  }

  /**
   * Voters other than the preferred leader, those with the lightest leaderships first. Not on nodes
   * that take no replicas: with a full disk a leader refuses writes.
   */
  private List<Holder> heirs(Item item) {
    return item.voters.stream()
        .filter(node -> !node.equals(item.leader))
        .map(holders::get)
        .filter(holder -> holder != null && holder.refusal.isEmpty())
        .sorted(Comparator.comparingDouble(Holder::leaderWeight))
        .toList();
  }

  /** Takes a move as made. */
  void apply(Move move) {
    Item item = items.get(move.shardId());
    if (!move.leader()) {
      holder(move.from()).ifPresent(holder -> holder.add(item, -1));
      holder(move.to()).ifPresent(holder -> holder.add(item, 1));
      item.nodes.remove(move.from());
      item.nodes.add(move.to());
      if (item.voters.remove(move.from())) {
        item.voters.add(move.to());
      }
      if (!item.leader.equals(move.from())) {
        return;
      }
    }
    holder(item.leader).ifPresent(holder -> holder.lead(item, -1));
    item.leader = move.to();
    holder(item.leader).ifPresent(holder -> holder.lead(item, 1));
  }
}

package io.raftkv.meta.job;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.MetaCommand.StartJob;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.StateEdit;
import io.raftkv.meta.StateEdit.PutShard;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The beginnings of jobs, as an operator asks for them. What the state forbids as this node knows
 * it is refused with a reason; the command that comes out is judged once more, by {@link
 * io.raftkv.meta.MetaApplier}, against the state as it is then.
 */
public final class JobPlans {
  private static final int MAX_MERGED = 8;

  /** As many new shards as a split makes at most. */
  public static final int MAX_SPLIT = 16;

  private static final long FIRST_INCARNATION = 1;

  private JobPlans() {}

  /**
   * A replica of a shard goes from one node to another; or one comes, or one goes.
   *
   * @param from node to leave, if any
   * @param to node to come to, if any
   */
  public static StartJob migrate(
      ClusterState state, String shardId, Optional<String> from, Optional<String> to)
      throws JobRefusedException {
    ShardInfo shard = active(state, shardId);
    if (from.isEmpty() && to.isEmpty()) {
      throw new JobRefusedException("neither a node to leave nor one to come to is named");
    }
    List<Replica> replicas = new ArrayList<>(shard.replicas());
    if (from.isPresent()) {
      Replica leaving =
          shard
              .replicaOn(from.get())
              .orElseThrow(
                  () ->
                      new JobRefusedException(
                          "shard " + shardId + " has no replica on node " + from.get()));
      if (to.isEmpty() && leaving.isVoter() && shard.voters().size() == 1) {
        throw new JobRefusedException("it is the only voter of shard " + shardId);
      }
    }
    if (to.isPresent()) {
      online(state, to.get());
      if (shard.replicaOn(to.get()).isPresent()) {
        throw new JobRefusedException(
            "shard " + shardId + " has a replica on node " + to.get() + " already");
      }
      replicas.add(Replica.listener(to.get()));
    }
    TreeMap<String, String> arguments = new TreeMap<>();
    from.ifPresent(node -> arguments.put(MigrateSteps.FROM, node));
    to.ifPresent(node -> arguments.put(MigrateSteps.TO, node));
    List<String> names = MigrateSteps.names(to.isPresent(), from.isPresent());
    ShardSpec spec = shard.spec();
    return start(
        JobKind.MIGRATE,
        shardId,
        arguments,
        names,
        MigrateSteps.pointOfNoReturn(names),
        new PutShard(
            new ShardSpec(shardId, spec.groupId(), spec.slots(), replicas, spec.preferredLeader()),
            ShardState.MIGRATING,
            shard.version()));
  }

  /**
   * A new shard.
   *
   * @param nodes where its replicas shall be; none to have them chosen
   * @param replicas how many of them to choose, unless another shard has more: a node that has
   *     joined is not told how many the cluster began with
   * @param slots that nobody owns, for it to own; none if it is to get its slots later
   */
  public static StartJob create(
      ClusterState state,
      String shardId,
      List<String> nodes,
      int replicas,
      Collection<SlotRange> slots)
      throws JobRefusedException {
    if (state.shard(shardId).isPresent()) {
      throw new JobRefusedException("shard " + shardId + " exists");
    }
    for (String node : nodes) {
      online(state, node);
    }
    for (SlotRange range : slots) {
      for (int slot = range.first(); slot <= range.last(); slot++) {
        String owner = state.routing().shardOf(slot);
        if (owner != null) {
          throw new JobRefusedException(
              "slot " + slot + " belongs to shard " + owner + ", with what is in it: split that");
        }
      }
    }
    int wanted =
        state.shards().values().stream()
            .filter(shard -> shard.state() == ShardState.ACTIVE) // one that moves has one too many
            .mapToInt(shard -> shard.voters().size())
            .reduce(replicas, Math::max);
    List<String> hosts = nodes.isEmpty() ? leastLoaded(state, wanted) : nodes;
    ShardSpec spec;
    try {
      spec =
          new ShardSpec(
              shardId,
              DerivedIds.groupId(state.clusterId(), shardId, FIRST_INCARNATION),
              List.of(),
              hosts.stream().map(Replica::voter).toList(),
              hosts.get(0));
      SlotRange.normalize(slots);
    } catch (IllegalArgumentException wrong) {
      throw new JobRefusedException(wrong.getMessage());
    }
    TreeMap<String, String> arguments = new TreeMap<>();
    arguments.put(CreateSteps.SLOTS, SlotRange.format(slots));
    return start(
        JobKind.CREATE,
        shardId,
        arguments,
        CreateSteps.NAMES,
        CreateSteps.NAMES.size(),
        new PutShard(spec, ShardState.CREATING, 0));
  }

  /**
   * The end of a shard.
   *
   * @param force although it owns slots: what is in them is lost
   */
  public static StartJob delete(ClusterState state, String shardId, boolean force)
      throws JobRefusedException {
    ShardInfo shard = active(state, shardId);
    if (!force && shard.slotCount() > 0) {
      throw new JobRefusedException(
          "shard " + shardId + " owns " + shard.slotCount() + " slots, whose data would be lost");
    }
    ShardSpec spec = shard.spec();
    return start(
        JobKind.DELETE,
        shardId,
        new TreeMap<>(
            Map.of(
                DeleteSteps.GROUP,
                spec.groupId().toString(),
                CreateSteps.SLOTS,
                SlotRange.format(spec.slots()))),
        DeleteSteps.NAMES,
        0,
        new PutShard(
            new ShardSpec(
                shardId, spec.groupId(), List.of(), spec.replicas(), spec.preferredLeader()),
            ShardState.DELETING,
            shard.version()));
  }

  /**
   * Several shards from one.
   *
   * @param newIds of the shards that get the upper slots, in the order of these; if there are none,
   *     the next free ones
   * @param at the first slot of each of them, ascending; if there are none, all parts have as many
   *     slots, but for one
   * @param force although the cluster has one shard only, and so lets commands use any keys
   *     together
   */
  public static StartJob split(
      ClusterState state, String shardId, List<String> newIds, List<Integer> at, boolean force)
      throws JobRefusedException {
    ShardInfo shard = active(state, shardId);
    if (!force && state.isSingleShard()) {
      throw new JobRefusedException(
          "shard "
              + shardId
              + " is the only one: with a second one, commands that use keys of several slots"
              + " together are refused, as is SWAPDB (FORCE splits it nevertheless)");
    }
    int count = newIds.isEmpty() ? Math.max(1, at.size()) : newIds.size();
    if (count > MAX_SPLIT) {
      throw new JobRefusedException(
          MAX_SPLIT + " new shards at most are made at a time: clients of all of them wait");
    }
    if (!at.isEmpty() && at.size() != count) {
      throw new JobRefusedException(
          "%d new shards begin at as many slots, not at %d".formatted(count, at.size()));
    }
    List<String> ids = newIds.isEmpty() ? state.nextShardIds(count) : newIds;
    for (String id : ids) {
      if (state.shard(id).isPresent()) {
        throw new JobRefusedException("shard " + id + " exists");
      }
    }
    List<List<SlotRange>> slots = upperParts(shard, count, at);
    requireMajority(state, shard);
    try {
      // Numbers are given to a job's new shards in ascending order.
      TreeMap<String, List<SlotRange>> parts = new TreeMap<>(ShardInfo.BY_NUMBER);
      for (String id : ids) {
        if (parts.put(id, slots.get(parts.size())) != null) {
          throw new JobRefusedException("shard " + id + " is named twice");
        }
      }
      List<String> all = new ArrayList<>(List.of(shardId));
      all.addAll(parts.keySet());
      TreeMap<String, String> arguments = new TreeMap<>();
      arguments.put(
          SplitSteps.SLOTS,
          parts.values().stream()
              .map(SlotRange::format)
              .collect(Collectors.joining(SplitSteps.PARTS)));
      arguments.put(
          SplitSteps.GROUP,
          all.stream()
              .skip(1)
              .map(id -> DerivedIds.groupId(state.clusterId(), id, FIRST_INCARNATION).toString())
              .collect(Collectors.joining(" ")));
      return new StartJob(
          new JobInfo.Plan(
              JobKind.SPLIT, all, arguments, SplitSteps.NAMES, SplitSteps.POINT_OF_NO_RETURN),
          List.of(new PutShard(shard.spec(), ShardState.SPLITTING, shard.version())));
    } catch (IllegalArgumentException wrong) {
      throw new JobRefusedException(wrong.getMessage());
    }
  }

  /**
   * One shard from several.
   *
   * @param shardIds at least two, with replicas on the same nodes
   * @param newId of the shard that gets all their slots; the next free one if empty
   */
  public static StartJob merge(ClusterState state, List<String> shardIds, Optional<String> newId)
      throws JobRefusedException {
    if (shardIds.size() < 2 || Set.copyOf(shardIds).size() < shardIds.size()) {
      throw new JobRefusedException("to merge takes two different shards, or more");
    }
    if (shardIds.size() > MAX_MERGED) {
      throw new JobRefusedException(
          MAX_MERGED + " shards at most are merged at a time: clients of all of them wait");
    }
    List<ShardInfo> shards = new ArrayList<>();
    for (String id : shardIds) {
      ShardInfo shard = active(state, id);
      if (shard.slotCount() == 0) {
        throw new JobRefusedException("shard " + id + " has no slots: RAFTKV.SHARD DELETE ends it");
      }
      shards.add(shard);
    }
    String childId = newId.orElse(state.nextShardIds(1).get(0));
    if (state.shard(childId).isPresent()) {
      throw new JobRefusedException(
          "shard " + childId + " exists: what shards are merged into is a new one");
    }
    requireSameNodes(shards);
    requireMajority(state, shards.get(0));
    TreeMap<String, String> arguments = new TreeMap<>();
    arguments.put(
        SplitSteps.GROUP,
        DerivedIds.groupId(state.clusterId(), childId, FIRST_INCARNATION).toString());
    List<String> all = new ArrayList<>(shardIds);
    all.add(childId);
    try {
      return new StartJob(
          new JobInfo.Plan(
              JobKind.MERGE, all, arguments, MergeSteps.NAMES, MergeSteps.POINT_OF_NO_RETURN),
          shards.stream()
              .<StateEdit>map(
                  shard -> new PutShard(shard.spec(), ShardState.MERGING, shard.version()))
              .toList());
    } catch (IllegalArgumentException wrong) {
      throw new JobRefusedException(wrong.getMessage());
    }
  }

  /** Nothing is sent between nodes: so each of them must have all that it is to merge. */
  private static void requireSameNodes(List<ShardInfo> shards) throws JobRefusedException {
    Members wanted = Members.of(shards.get(0).spec());
    List<String> moves = new ArrayList<>();
    for (ShardInfo shard : shards) {
      Members members = Members.of(shard.spec());
      if (!members.listeners().isEmpty()) {
        throw new JobRefusedException("shard " + shard.id() + " has a replica that has no vote");
      }
      List<String> from = new ArrayList<>(members.voters());
      from.removeAll(wanted.voters());
      List<String> to = new ArrayList<>(wanted.voters());
      to.removeAll(members.voters());
      for (int i = 0; i < Math.max(from.size(), to.size()); i++) {
        moves.add(
            "RAFTKV.SHARD MIGRATE "
                + shard.id()
                + (i < from.size() ? " FROM " + from.get(i) : "")
                + (i < to.size() ? " TO " + to.get(i) : ""));
      }
    }
    if (!moves.isEmpty()) {
      throw new JobRefusedException(
          "the replicas are not on the same nodes; to move them: " + String.join(", ", moves));
    }
  }

  private static void requireMajority(ClusterState state, ShardInfo shard)
      throws JobRefusedException {
    long online =
        shard.voters().stream()
            .flatMap(node -> state.node(node).stream())
            .map(NodeInfo::state)
            .filter(node -> node == NodeState.ONLINE || node == NodeState.DRAINING)
            .count();
    if (2 * online <= shard.voters().size()) {
      throw new JobRefusedException(
          "of %d replicas of shard %s only %d are on nodes that are online"
              .formatted(shard.voters().size(), shard.id(), online));
    }
  }

  /** The slots from each of some on up to the next one; something is left below the first one. */
  private static List<List<SlotRange>> upperParts(ShardInfo shard, int count, List<Integer> wanted)
      throws JobRefusedException {
    int[] slots =
        shard.slots().stream()
            .flatMapToInt(range -> IntStream.rangeClosed(range.first(), range.last()))
            .toArray();
    if (slots.length <= count) {
      throw new JobRefusedException(
          "shard %s has %s: that cannot be split%s"
              .formatted(
                  shard.id(),
                  slots.length == 0
                      ? "no slots"
                      : slots.length == 1 ? "one slot only" : slots.length + " slots only",
                  count == 1 ? "" : " into " + (count + 1) + " shards"));
    }
    List<List<SlotRange>> parts = new ArrayList<>();
    List<SlotRange> rest = shard.slots();
    int before = slots[0];
    for (int i = 1; i <= count; i++) {
      int at =
          wanted.isEmpty()
              ? slots[(int) ((long) slots.length * i / (count + 1))]
              : wanted.get(i - 1);
      if (at == slots[0] || Arrays.binarySearch(slots, at) < 0) {
        throw new JobRefusedException(
            "slot %d is not inside of shard %s, which has %s"
                .formatted(at, shard.id(), SlotRange.format(shard.slots())));
      }
      if (at <= before) {
        throw new JobRefusedException("slot %d does not come after %d".formatted(at, before));
      }
      List<SlotRange> upper = SlotRange.subtract(rest, List.of(new SlotRange(slots[0], at - 1)));
      if (i > 1) {
        parts.add(SlotRange.subtract(rest, upper));
      }
      rest = upper;
      before = at;
    }
    parts.add(rest);
    return parts;
  }

  /** Another leader for a shard, now and as its preferred one. */
  public static StartJob transfer(ClusterState state, String shardId, String to)
      throws JobRefusedException {
    ShardInfo shard = active(state, shardId);
    if (!shard.replicas().contains(Replica.voter(to))) {
      throw new JobRefusedException("shard " + shardId + " has no voter on node " + to);
    }
    online(state, to);
    return start(
        JobKind.TRANSFER,
        shardId,
        new TreeMap<>(Map.of(TransferSteps.TO, to, TransferSteps.BEFORE, shard.preferredLeader())),
        TransferSteps.NAMES,
        TransferSteps.NAMES.size(),
        TransferSteps.prefer(shard, to));
  }

  /** A node without replicas, for as long as it is not resumed. */
  public static StartJob drain(ClusterState state, String nodeId) throws JobRefusedException {
    member(state, nodeId);
    return new StartJob(
        new JobInfo.Plan(
            JobKind.DRAIN,
            List.of(),
            new TreeMap<>(Map.of(JobInfo.NODE, nodeId)),
            DrainSteps.NAMES,
            DrainSteps.NAMES.size()),
        List.of(new StateEdit.DrainNode(true)));
  }

  /**
   * A node without replicas leaves the cluster.
   *
   * @param force although it does not answer, so that it cannot be told
   */
  public static StartJob remove(ClusterState state, String nodeId, boolean force)
      throws JobRefusedException {
    NodeInfo node = member(state, nodeId);
    if (!force && state.shardsOn(nodeId).isEmpty()) {
      answers(node);
    }
    return new StartJob(
        new JobInfo.Plan(
            JobKind.REMOVE,
            List.of(),
            new TreeMap<>(
                Map.of(
                    JobInfo.NODE, nodeId, RemoveSteps.BEFORE, Boolean.toString(node.draining()))),
            RemoveSteps.NAMES,
            RemoveSteps.NAMES.size()),
        List.of(new StateEdit.DrainNode(true)));
  }

  /**
   * A node gives its replicas, and its vote in the metadata group, to another one, and leaves the
   * cluster.
   *
   * @param force although it does not answer, so that it cannot be told
   */
  public static StartJob replace(ClusterState state, String nodeId, String by, boolean force)
      throws JobRefusedException {
    NodeInfo node = member(state, nodeId);
    if (nodeId.equals(by)) {
      throw new JobRefusedException("node " + nodeId + " cannot replace itself");
    }
    online(state, by);
    if (!force) {
      answers(node);
    }
    return new StartJob(
        new JobInfo.Plan(
            JobKind.REPLACE,
            List.of(),
            new TreeMap<>(
                Map.of(
                    JobInfo.NODE,
                    nodeId,
                    JobInfo.TO,
                    by,
                    RemoveSteps.BEFORE,
                    Boolean.toString(node.draining()))),
            ReplaceSteps.NAMES,
            ReplaceSteps.NAMES.size()),
        List.of(new StateEdit.DrainNode(true)));
  }

  /** One that does not cannot be told that it was removed. */
  private static void answers(NodeInfo node) throws JobRefusedException {
    if (node.state() != NodeState.ONLINE && node.state() != NodeState.DRAINING) {
      throw new JobRefusedException(
          "node %s is %s: FORCE removes it nevertheless; if it comes back, it is told and ends itself"
              .formatted(node.id(), node.state().text()));
    }
  }

  private static StartJob start(
      JobKind kind,
      String shardId,
      NavigableMap<String, String> arguments,
      List<String> steps,
      int pointOfNoReturn,
      StateEdit edit) {
    return new StartJob(
        new JobInfo.Plan(kind, List.of(shardId), arguments, steps, pointOfNoReturn), List.of(edit));
  }

  private static ShardInfo active(ClusterState state, String shardId) throws JobRefusedException {
    ShardInfo shard =
        state.shard(shardId).orElseThrow(() -> new JobRefusedException("no shard " + shardId));
    if (shard.state() != ShardState.ACTIVE) {
      throw new JobRefusedException(
          "shard " + shardId + " is " + shard.state().name().toLowerCase(Locale.ROOT));
    }
    return shard;
  }

  private static NodeInfo member(ClusterState state, String nodeId) throws JobRefusedException {
    NodeInfo node =
        state.node(nodeId).orElseThrow(() -> new JobRefusedException("no node " + nodeId));
    if (node.state() == NodeState.REMOVED) {
      throw new JobRefusedException("node " + nodeId + " was removed");
    }
    return node;
  }

  private static void online(ClusterState state, String nodeId) throws JobRefusedException {
    NodeInfo node = member(state, nodeId);
    if (node.state() != NodeState.ONLINE) {
      throw new JobRefusedException("node " + nodeId + " is " + node.state().text());
    }
  }

  /** Nodes with the fewest replicas, as many as asked for or there are. */
  private static List<String> leastLoaded(ClusterState state, int replicas)
      throws JobRefusedException {
    List<String> nodes =
        state.members().stream()
            .filter(node -> node.state() == NodeState.ONLINE)
            .map(NodeInfo::id)
            .sorted(Comparator.comparingInt(id -> state.shardsOn(id).size()))
            .limit(replicas)
            .toList();
    if (nodes.isEmpty()) {
      throw new JobRefusedException("no node is online");
    }
    return nodes;
  }
}

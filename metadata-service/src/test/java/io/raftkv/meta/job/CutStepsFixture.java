package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import io.raftkv.meta.job.ClusterFacts.NodeLoad;
import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/** The first job of a cluster, which begins a group with cuts, and what nodes say meanwhile. */
abstract class CutStepsFixture {
  static final List<SlotRange> ALL = List.of(new SlotRange(0, 16_383));

  final UUID child;

  /** All groups that the job begins; fences and cuts are named after the first one. */
  List<UUID> children;

  ClusterState state;

  /** Those that have replicas of what is cut. */
  final List<String> nodes;

  /** By group what all its replicas say; those of the child do not run before they say anything. */
  final Map<UUID, SlotFacts> slots = new HashMap<>();

  final Map<UUID, Long> bytes = new HashMap<>();
  final Map<UUID, String> leaders = new HashMap<>();
  final Map<String, Set<UUID>> cuts = new TreeMap<>();
  final Set<String> busy = new HashSet<>();
  final Set<String> failed = new HashSet<>();
  final Set<String> seeded = new HashSet<>();

  /** Groups that nodes have a replica of which have not made all. */
  final Map<String, Set<UUID>> inPart = new HashMap<>();

  /** Those that missed the last question, and those that have missed many. */
  final Set<String> unheard = new HashSet<>();

  final Set<String> silent = new HashSet<>();
  final Set<String> unaware = new HashSet<>();
  final Map<String, Long> free = new HashMap<>();
  String full = "";

  /**
   * @param first a shard that is cut
   */
  CutStepsFixture(ClusterState state, String first, UUID... children) {
    this.state = state;
    this.child = children[0];
    this.children = List.of(children);
    this.nodes = shard(first).voters();
  }

  /** It has made its replica. */
  final void seed(String node) {
    cuts.remove(node);
    busy.remove(node);
    seeded.add(node);
  }

  static SlotFacts open(long epoch, List<SlotRange> owned) {
    return new SlotFacts(epoch, Optional.empty(), 0, owned);
  }

  final SlotFacts fenced(long epoch, long millis, List<SlotRange> owned) {
    return new SlotFacts(epoch, Optional.of(child), millis, owned);
  }

  /** From then on only what the next routing sends there is done. */
  final JobAction unfence(UUID group, long epoch) {
    return new JobAction.Unfence(leaders.get(group), group, epoch, state.routing().version() + 1);
  }

  final JobAction seeds(List<UUID> groups, String... of) {
    return together(
        List.of(of).stream()
            .map(node -> new JobAction.Seed(node, children, groups))
            .toArray(JobAction[]::new));
  }

  static JobAction together(JobAction... parts) {
    return new JobAction.Together(List.of(parts));
  }

  static JobAction await(String reason) {
    return new JobAction.Await(reason, 0, 0);
  }

  final JobInfo job() {
    return state.jobs().get("j1");
  }

  final ShardInfo shard(String id) {
    return state.shards().get(id);
  }

  final JobAction next() {
    return JobRunner.next(state, job(), facts());
  }

  final void advance() {
    JobAction action = next();
    assertThat(action).isInstanceOf(JobAction.Advance.class);
    apply(((JobAction.Advance) action).command());
  }

  /** What the next step has people know; it advances. */
  final String nextNote() {
    JobAction action = next();
    assertThat(action).isInstanceOf(JobAction.Advance.class);
    return ((JobAction.Advance) action).command().next().note();
  }

  final void apply(MetaCommand command) {
    MetaChange change = MetaApplier.apply(state, command, Samples.TIME);
    assertThat(change.isChange()).as("%s", change.reply()).isTrue();
    state = change.state();
  }

  final ClusterFacts facts() {
    Map<String, NodeFacts> said = new TreeMap<>();
    for (String node : nodes) {
      if (!unheard.contains(node) && !silent.contains(node)) {
        said.put(node, said(node));
      }
    }
    return new ClusterFacts(said, silent);
  }

  private NodeFacts said(String node) {
    Map<UUID, ReplicaFacts> replicas = new HashMap<>();
    slots.keySet().stream()
        .filter(group -> !children.contains(group))
        .forEach(group -> replicas.put(group, replica(node, group)));
    if (seeded.contains(node)) {
      children.forEach(group -> replicas.put(group, replica(node, group)));
    }
    inPart.getOrDefault(node, Set.of()).forEach(group -> replicas.put(group, replica(node, group)));
    return new NodeFacts(
        state.version() - (unaware.contains(node) ? 1 : 0),
        0,
        true,
        node.equals(full) ? "its disk is nearly full" : "",
        replicas,
        cuts.containsKey(node) ? Map.of(child, cuts.get(node)) : Map.of(),
        busy.contains(node) ? Set.of(child) : Set.of(),
        failed.contains(node) ? Map.of(child, "its disk is broken") : Map.of(),
        new NodeLoad(free.getOrDefault(node, Long.MAX_VALUE), Map.of()));
  }

  private ReplicaFacts replica(String node, UUID group) {
    boolean open = slots.containsKey(group);
    Members members = new Members(new TreeSet<>(open ? nodes : List.of()), new TreeSet<>());
    return new ReplicaFacts(
        open,
        open && node.equals(leaders.get(group)),
        open ? 3 : 0,
        members,
        false,
        9,
        bytes.getOrDefault(group, 0L),
        slots.getOrDefault(group, SlotFacts.UNKNOWN));
  }
}

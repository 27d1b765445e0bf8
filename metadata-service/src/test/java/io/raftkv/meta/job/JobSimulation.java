package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.Balancing;
import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import io.raftkv.meta.MetaCommand.CancelJob;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.balance.BalanceSettings;
import io.raftkv.meta.balance.BalanceWatch;
import io.raftkv.meta.balance.Balancer;
import io.raftkv.meta.balance.Observed;
import io.raftkv.meta.control.MetadataPlan;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Jobs on a model of a cluster: nodes stop and answer late, leaders change, requests are lost, come
 * twice or long after, and leaders of the metadata group that were replaced go on for a while, by
 * what they knew.
 */
final class JobSimulation {
  private static final int NODES = 5;
  private static final int FAULTY_TICKS = 100;
  private static final int QUIET_TICKS = 60;
  private static final int QUIET_TICKS_OF_A_DRAIN = 250;
  private static final int QUIET_TICKS_OF_BALANCE = 500;
  private static final int MAX_DEPOSED = 5;
  private static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final BalanceSettings BALANCE =
      new BalanceSettings(
          Duration.ofSeconds(2),
          Duration.ofSeconds(20),
          BalanceSettings.NO_SPLIT,
          BalanceSettings.NO_MERGE);

  private final Random random;
  private final long seed;
  private ClusterState state = Samples.online(Samples.cluster(NODES, 4, 3));

  /** A node's own copy of the state, and its files. */
  private final Map<String, ClusterState> known = new TreeMap<>();

  private final Map<String, Set<UUID>> files = new TreeMap<>();
  private final Set<String> down = new TreeSet<>();

  /** Members and leaders of groups as they really are. */
  private final Map<UUID, Members> groups = new HashMap<>();

  private final Map<UUID, String> leaders = new HashMap<>();

  /** Members that have caught up: without them a group would lose what it has. */
  private final Map<UUID, Set<String>> full = new HashMap<>();

  /** New voters that are being sent what they lack, by what will make them voters then. */
  private final Map<UUID, JobAction.ChangeMembers> staging = new HashMap<>();

  /** The metadata group's; who leads it is not modelled. */
  private Members metadata =
      new Members(
          new TreeSet<>(state.metadataVoters()),
          state.nodes().keySet().stream()
              .filter(node -> !state.metadataVoters().contains(node))
              .collect(Collectors.toCollection(TreeSet::new)));

  /** What was asked a tick ago, and where the jobs were then. */
  private ClusterFacts facts = new ClusterFacts(Map.of());

  private Map<String, Place> places = Map.of();

  private final Deque<JobAction> late = new ArrayDeque<>();

  /** What leaders of the metadata group saw that were replaced then. */
  private final Deque<Sight> deposed = new ArrayDeque<>();

  /** A node that is never up while this is set. */
  private String silent = "";

  /** Another one. */
  private String second = "";

  private boolean faulty = true;

  /** What leaders see who balance; null while nobody does. */
  private BalanceWatch watch;

  private long nanos;

  private record Sight(
      ClusterState state, ClusterFacts facts, Map<String, Place> places, Observed observed) {}

  JobSimulation(long seed) {
    this.seed = seed;
    this.random = new Random(seed);
    for (NodeInfo node : state.members()) {
      known.put(node.id(), state);
      files.put(node.id(), new TreeSet<>());
    }
  }

  /** Runs one job through faults, then without; how it ended. */
  JobState run() {
    for (int i = 0; i < 20; i++) {
      nodesReconcile();
      elect();
    }
    ClusterState before = state;
    JobInfo begun = begin();
    for (int i = 0; i < FAULTY_TICKS; i++) {
      tick();
    }
    faulty = false;
    down.clear();
    for (int i = 0; i < QUIET_TICKS; i++) {
      tick();
    }
    JobInfo job = state.job(begun.id()).orElseThrow();
    assertThat(job.state().isFinal()).as("seed %s: %s", seed, job).isTrue();
    assertAllIsAsRecorded();
    if (job.state() != JobState.DONE) {
      for (ShardInfo shard : before.shards().values()) {
        assertThat(state.shard(shard.id()).map(ShardInfo::spec))
            .as("seed %s: as before", seed)
            .contains(shard.spec());
      }
      assertThat(state.shards()).hasSameSizeAs(before.shards());
    }
    return job.state();
  }

  /**
   * Empties a node, and maybe resumes it, beside another job, and maybe with a node that is lost
   * for long; how it ended.
   */
  JobState drain() {
    for (int i = 0; i < 20; i++) {
      nodesReconcile();
      elect();
    }
    String drained = "n" + (1 + random.nextInt(NODES));
    if (random.nextBoolean()) {
      begin();
    }
    String job = apply(drainOf(drained)).text();
    if (state.jobs().size() == 1) {
      begin();
    }
    if (random.nextBoolean()) {
      silent = "n" + (1 + random.nextInt(NODES));
    }
    int patience = random.nextInt(3) == 0 ? FAULTY_TICKS : Integer.MAX_VALUE;
    for (int i = 0; i < 2 * FAULTY_TICKS; i++) {
      tick();
      if (i == patience) {
        apply(new MetaCommand.ResumeNode(drained));
      }
    }
    faulty = false;
    down.clear();
    if (!silent.isEmpty()) {
      judge(silent, NodeState.OFFLINE);
    }
    for (int i = 0; i < QUIET_TICKS_OF_A_DRAIN; i++) {
      tick();
    }
    JobInfo end = state.job(job).orElseThrow();
    assertThat(end.state().isFinal()).as("seed %s: %s", seed, state.jobs()).isTrue();
    if (!silent.isEmpty()) {
      judge(silent, NodeState.ONLINE); // it comes back with all that it had
      silent = "";
      down.clear();
    }
    for (int i = 0; i < QUIET_TICKS; i++) {
      tick();
    }
    assertAllIsAsRecorded();
    assertThat(state.node(drained).orElseThrow().draining())
        .as("seed %s: %s", seed, end)
        .isEqualTo(end.state() == JobState.DONE && patience == Integer.MAX_VALUE);
    if (state.node(drained).orElseThrow().draining()) {
      assertThat(metadata.voters()).as("seed %s: voters", seed).doesNotContain(drained);
      assertThat(files.get(drained)).as("seed %s: files of %s", seed, drained).isEmpty();
    }
    return end.state();
  }

  /**
   * Has the cluster repair and balance itself while a node is lost for long, others are for a
   * while, and leaders are replaced; then that node comes back with all that it had. How many jobs
   * that took.
   */
  int balance() {
    apply(new MetaCommand.SetBalancing(Balancing.ON));
    watch = new BalanceWatch(BALANCE, nanos);
    for (int i = 0; i < 20; i++) {
      nodesReconcile();
      elect();
    }
    silent = "n" + (1 + random.nextInt(NODES));
    judge(silent, NodeState.OFFLINE);
    for (int i = 0; i < 3 * FAULTY_TICKS; i++) {
      if (random.nextInt(10) == 0) {
        String node = "n" + (1 + random.nextInt(NODES));
        if (!node.equals(silent) && !node.equals(second)) {
          judge(node, random.nextInt(3) == 0 ? NodeState.UNHEALTHY : NodeState.ONLINE);
        }
      }
      if (random.nextInt(100) == 0) {
        loseSecond();
      }
      if (random.nextInt(60) == 0) {
        watch = new BalanceWatch(BALANCE, nanos); // another one leads
      }
      tick();
    }
    faulty = false;
    second = "";
    down.clear();
    state.nodes().keySet().stream()
        .filter(node -> !node.equals(silent))
        .forEach(node -> judge(node, NodeState.ONLINE));
    for (int i = 0; i < QUIET_TICKS_OF_BALANCE; i++) {
      tick();
    }
    assertThat(state.shardsOn(silent)).as("seed %s: %s", seed, state.jobs()).isEmpty();
    judge(silent, NodeState.ONLINE);
    silent = "";
    down.clear();
    for (int i = 0; i < QUIET_TICKS_OF_BALANCE; i++) {
      tick();
    }
    assertAllIsAsRecorded();
    String newest = state.newestJob();
    for (int i = 0; i < QUIET_TICKS; i++) {
      tick();
    }
    assertThat(state.newestJob()).as("seed %s: %s", seed, state.jobs()).isEqualTo(newest);
    for (NodeInfo node : state.nodes().values()) {
      // Twelve replicas and four leaderships of five nodes.
      assertThat(state.shardsOn(node.id())).as("seed %s: on %s", seed, node).hasSizeBetween(2, 3);
      assertThat(state.shardsPreferring(node.id()))
          .as("seed %s: led by %s", seed, node)
          .hasSizeLessThanOrEqualTo(1);
    }
    for (ShardInfo shard : state.shards().values()) {
      assertThat(shard.voters()).as("seed %s: %s", seed, shard).hasSize(3);
      assertThat(shard.lacking()).isZero();
    }
    assertThat(state.jobs().values()).allMatch(JobInfo::isAutomatic);
    return state.jobs().size();
  }

  /** Another node is lost, too, or back; it may be one that is just getting a replica. */
  private void loseSecond() {
    if (!second.isEmpty()) {
      judge(second, NodeState.ONLINE);
      second = "";
      return;
    }
    String node = "n" + (1 + random.nextInt(NODES));
    if (!node.equals(silent)) {
      judge(node, NodeState.OFFLINE);
      second = node;
    }
  }

  private MetaCommand drainOf(String node) {
    try {
      return JobPlans.drain(state, node);
    } catch (JobRefusedException refused) {
      throw new AssertionError("seed " + seed, refused);
    }
  }

  private void judge(String node, NodeState next) {
    apply(new MetaCommand.SetNodeState(node, Optional.empty(), next, ""));
  }

  private void assertAllIsAsRecorded() {
    for (JobInfo job : state.jobs().values()) {
      assertThat(job.state().isFinal()).as("seed %s: %s", seed, job).isTrue();
    }
    for (ShardInfo shard : state.shards().values()) {
      assertThat(shard.state()).as("seed %s %s", seed, shard).isEqualTo(ShardState.ACTIVE);
      assertThat(groups.get(shard.groupId()))
          .as("seed %s: members of %s", seed, shard)
          .isEqualTo(Members.of(shard.spec()));
    }
    for (String node : files.keySet()) {
      Set<UUID> wanted = new TreeSet<>();
      state.shardsOn(node).forEach(shard -> wanted.add(shard.groupId()));
      assertThat(files.get(node)).as("seed %s: files of %s", seed, node).isEqualTo(wanted);
    }
  }

  private JobInfo begin() {
    try {
      MetaCommand start =
          switch (random.nextInt(6)) {
            case 0 -> JobPlans.create(state, "s5", List.of(), 3, List.<SlotRange>of());
            case 1 -> JobPlans.delete(state, "s2", true);
            case 2 -> JobPlans.transfer(state, "s1", heir("s1"));
            case 3 -> JobPlans.migrate(state, "s1", Optional.of(member("s1")), Optional.empty());
            case 4 -> JobPlans.migrate(state, "s1", Optional.empty(), Optional.of(other("s1")));
            default ->
                JobPlans.migrate(state, "s1", Optional.of(member("s1")), Optional.of(other("s1")));
          };
      MetaReply reply = apply(start);
      return state.job(reply.text()).orElseThrow();
    } catch (JobRefusedException refused) {
      throw new AssertionError("seed " + seed, refused);
    }
  }

  private String member(String shard) {
    List<String> voters = state.shards().get(shard).voters();
    return voters.get(random.nextInt(voters.size()));
  }

  private String heir(String shard) {
    return state.shards().get(shard).voters().stream()
        .skip(1)
        .filter(node -> !state.node(node).orElseThrow().draining())
        .findFirst()
        .orElseThrow();
  }

  private String other(String shard) {
    List<String> others = new ArrayList<>(state.nodes().keySet());
    others.removeAll(state.shards().get(shard).voters());
    others.removeIf(node -> state.node(node).orElseThrow().draining());
    return others.get(random.nextInt(others.size()));
  }

  private void tick() {
    if (faulty) {
      down.clear();
      if (random.nextInt(4) == 0) {
        down.add("n" + (1 + random.nextInt(NODES)));
      }
      if (random.nextInt(12) == 0) {
        apply(new CancelJob("j1"));
      }
    }
    if (!silent.isEmpty()) {
      down.add(silent);
    }
    if (!second.isEmpty()) {
      down.add(second);
    }
    nodesReconcile();
    elect();
    endStaging();
    changeMetadataMembers();
    nanos += TICK_NANOS;
    Observed observed = watch == null ? null : watch.look(state, facts, nanos);
    Sight sight = new Sight(state, facts, places, observed);
    lead(sight);
    if (faulty && random.nextInt(3) == 0) {
      deposed.addLast(sight); // its successor sees no more than it did
    }
    if (!deposed.isEmpty() && random.nextInt(4) == 0) {
      lead(deposed.stream().skip(random.nextInt(deposed.size())).findFirst().orElseThrow());
    }
    if (deposed.size() > (faulty ? MAX_DEPOSED : 0)) {
      deposed.removeFirst();
    }
    // A second one only while the first cannot go on, for want of a majority.
    assertThat(
            state.jobs().values().stream()
                .filter(job -> job.isAutomatic() && !job.state().isFinal()))
        .as("seed %s: jobs that nobody asked for", seed)
        .hasSizeLessThanOrEqualTo(2);
    facts = facts();
    places = new HashMap<>();
    state.jobs().values().forEach(job -> places.put(job.id(), Place.of(job)));
    for (ShardInfo shard : state.shards().values()) {
      Members members = groups.get(shard.groupId());
      if (members != null) {
        assertThat(full.get(shard.groupId()))
            .as("seed %s: voters of %s that have the data", seed, shard)
            .containsAll(members.voters());
      }
    }
    while (!late.isEmpty() && (!faulty || random.nextInt(10) == 0)) {
      carryOut(late.removeFirst());
    }
  }

  private void lead(Sight sight) {
    for (JobInfo job : List.copyOf(sight.state().jobs().values())) {
      if (!job.state().isFinal() && Place.of(job).equals(sight.places().get(job.id()))) {
        send(JobRunner.next(sight.state(), job, sight.facts()));
      }
    }
    JobRunner.repairs(sight.state(), sight.facts()).forEach(this::send);
    if (sight.observed() != null) {
      Balancer.next(sight.state(), sight.facts(), BALANCE, sight.observed())
          .action()
          .ifPresent(action -> send(new JobAction.Propose(action)));
    }
  }

  /** Lost, late, twice, or as it should. */
  private void send(JobAction action) {
    if (!faulty) {
      carryOut(action);
      return;
    }
    int fate = random.nextInt(8);
    if (fate == 0) {
      return;
    }
    if (fate <= 2) {
      late.addLast(action);
    }
    if (fate != 1) {
      carryOut(action);
    }
  }

  private void carryOut(JobAction action) {
    if (action instanceof JobAction.Advance advance) {
      apply(advance.command());
    } else if (action instanceof JobAction.Propose part) {
      apply(part.command());
    } else if (action instanceof JobAction.ChangeMembers change) {
      boolean leads = change.leader().equals(leaders.get(change.group()));
      boolean changing = staging.containsKey(change.group());
      if (leads && !changing && change.expected().equals(groups.get(change.group()))) {
        if (!change.next().voters().contains(change.leader())) {
          Stream.concat(Stream.of(change.heir()), change.next().voters().stream())
              .filter(node -> change.next().voters().contains(node))
              .filter(node -> !down.contains(node))
              .findFirst()
              .ifPresent(heir -> leaders.put(change.group(), heir)); // who is asked next
          return;
        }
        if (change.expected().voters().containsAll(change.next().voters())) {
          groups.put(change.group(), change.next());
        } else {
          staging.putIfAbsent(change.group(), change);
        }
      }
    } else if (action instanceof JobAction.StartJoining joining) {
      if (!down.contains(joining.node())) {
        files.get(joining.node()).add(joining.group());
      }
    } else if (action instanceof JobAction.HandOver hand) {
      Members members = groups.get(hand.group());
      if (members != null
          && hand.leader().equals(leaders.get(hand.group()))
          && members.voters().contains(hand.to())) {
        leaders.put(hand.group(), hand.to());
      }
    }
  }

  /** Sooner or later a new voter has all, and is one, unless it or the leader has gone. */
  private void endStaging() {
    staging
        .values()
        .removeIf(
            change -> {
              Members now = groups.get(change.group());
              if (!change.leader().equals(leaders.get(change.group()))
                  || !change.expected().equals(now)) {
                return true;
              }
              if (random.nextInt(3) != 0) {
                return false;
              }
              boolean all =
                  change.next().voters().stream()
                          .allMatch(node -> files.get(node).contains(change.group()))
                      && (silent.isEmpty()
                          || change.expected().contains(silent)
                          || !change.next().contains(silent));
              if (all) {
                full.get(change.group()).addAll(change.next().voters());
                groups.put(change.group(), change.next());
              }
              return true;
            });
  }

  private MetaReply apply(MetaCommand command) {
    MetaChange change = MetaApplier.apply(state, command, Samples.TIME);
    state = change.state();
    return change.reply();
  }

  private void nodesReconcile() {
    for (String node : state.nodes().keySet()) {
      if (down.contains(node) || (faulty && random.nextInt(3) == 0)) {
        continue;
      }
      known.put(node, state);
      for (ShardInfo shard : state.shardsOn(node)) {
        boolean votes = shard.voters().contains(node);
        if (votes && shard.state() != ShardState.DELETING && files.get(node).add(shard.groupId())) {
          groups.putIfAbsent(shard.groupId(), Members.of(shard.spec()));
          full.computeIfAbsent(
              shard.groupId(), group -> new TreeSet<>(Members.of(shard.spec()).voters()));
        }
      }
      files.get(node).removeIf(group -> mayGo(node, group) && forget(node, group));
    }
  }

  /** As in the node: the record does not name it, nor has the leader it among the members. */
  private boolean mayGo(String node, UUID group) {
    Optional<ShardInfo> shard = state.shardOfGroup(group);
    if (shard.isEmpty()) {
      return true;
    }
    boolean led = leaders.containsKey(group) && !down.contains(leaders.get(group));
    return shard.get().replicaOn(node).isEmpty()
        && led
        && !staging.containsKey(group)
        && !groups.get(group).contains(node);
  }

  private boolean forget(String node, UUID group) {
    full.get(group).remove(node);
    leaders.remove(group, node);
    return true;
  }

  private void elect() {
    groups.forEach(
        (group, members) -> {
          String leader = leaders.get(group);
          boolean stays =
              leader != null
                  && !down.contains(leader)
                  && members.voters().contains(leader)
                  && files.get(leader).contains(group);
          if (!stays || (faulty && random.nextInt(20) == 0)) {
            leaders.remove(group);
            List<String> candidates =
                members.voters().stream()
                    .filter(node -> !down.contains(node) && full.get(group).contains(node))
                    .toList();
            if (!candidates.isEmpty()) {
              leaders.put(group, candidates.get(random.nextInt(candidates.size())));
            }
          }
        });
  }

  private void changeMetadataMembers() {
    if (metadataLeader().isEmpty() || random.nextInt(3) == 0) {
      return;
    }
    MetadataPlan.next(state, metadata, node -> !down.contains(node), (node, kind) -> true)
        .ifPresent(
            step -> {
              if (step instanceof MetadataPlan.Change change) {
                metadata = change.next();
              } else {
                apply(((MetadataPlan.Note) step).command());
              }
            });
  }

  /** While a majority is there. */
  private Optional<String> metadataLeader() {
    List<String> there = metadata.voters().stream().filter(node -> !down.contains(node)).toList();
    return 2 * there.size() > metadata.voters().size()
        ? Optional.of(there.get(0))
        : Optional.empty();
  }

  private ClusterFacts facts() {
    Map<String, ClusterFacts.NodeFacts> nodes = new TreeMap<>();
    for (String node : known.keySet()) {
      if (down.contains(node)) {
        continue;
      }
      Map<UUID, ClusterFacts.ReplicaFacts> replicas = new HashMap<>();
      for (UUID group : files.get(node)) {
        boolean leads = node.equals(leaders.get(group));
        replicas.put(
            group,
            new ClusterFacts.ReplicaFacts(
                true,
                leads,
                1,
                groups.get(group),
                staging.containsKey(group),
                5,
                ClusterFacts.SlotFacts.UNKNOWN));
      }
      if (metadataLeader().isPresent() && metadata.contains(node)) {
        boolean leads = metadataLeader().filter(node::equals).isPresent();
        replicas.put(
            DerivedIds.METADATA_GROUP,
            new ClusterFacts.ReplicaFacts(
                true, leads, 1, metadata, false, 5, ClusterFacts.SlotFacts.UNKNOWN));
      }
      nodes.put(
          node,
          new ClusterFacts.NodeFacts(known.get(node).version(), 0, true, "", replicas, Map.of()));
    }
    return new ClusterFacts(nodes);
  }
}

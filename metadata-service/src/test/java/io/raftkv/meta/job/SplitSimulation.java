package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Splits, into two to four shards, and merges, one after another, on a model of a cluster, while
 * clients write and read. Nodes stop, lose cuts, get snapshots and learn late; leaders of shards
 * change, and old ones still show what they had; leaders of the metadata group that were replaced
 * go on with what they knew, for as long as it takes; requests are lost, or come twice and long
 * after their job has ended.
 */
final class SplitSimulation {
  private static final int NODES = 4;

  /** Where shards are merged all are on the same nodes, for so they have to be. */
  private static final int MERGE_NODES = 3;

  private static final int MERGE_SHARDS = 6;

  private static final int MOST_CHILDREN = 3;
  private static final int DRIVERS = 4;
  private static final int TICK_MILLIS = 100;
  private static final int MISSED_LOOKS = 3;
  private static final int FAULTY_TICKS = 120;
  private static final int QUIET_TICKS = 100;

  private final long seed;
  private final Random random;
  private final SplitBrain brain;

  /** Faults are so many times rarer than they could be: splits must get through, too. */
  private final int calm;

  private boolean faulty = true;
  private int tick;

  private ClusterState state;
  private final Map<String, ClusterState> known = new TreeMap<>();
  private final Set<String> down = new TreeSet<>();

  /** Nodes that have learnt something since they started. */
  private final Set<String> caughtUp = new TreeSet<>();

  private final Map<UUID, ModelGroup> groups = new TreeMap<>();

  /** Cuts of each node: by target and group that was cut, at which entry. */
  private final Map<String, Map<UUID, Map<UUID, Cut>>> cuts = new TreeMap<>();

  /** Slots that any routing table has ever sent to a group: some node may still do so. */
  private final Map<UUID, BitSet> routed = new TreeMap<>();

  /** What nodes say in this tick, maybe before the last thing that is done to them in it. */
  private final Map<String, NodeFacts> said = new TreeMap<>();

  private final List<Driver> drivers = new ArrayList<>();
  private final List<JobAction> late = new ArrayList<>();
  private final List<Runnable> removals = new ArrayList<>();

  private final SplitClients clients;

  /** What was split, or merged, as it was before, in the order of the jobs. */
  private final List<List<ShardInfo>> parents = new ArrayList<>();

  /** Whether shards are merged, too. */
  private final boolean merges;

  /** Replicas that nodes are making, which takes a while; they forget it when they stop. */
  private final Map<String, Map<UUID, Seeding>> seedings = new TreeMap<>();

  /** Groups of which nodes could not make a replica, until they stop. */
  private final Map<String, Map<UUID, String>> unseeded = new TreeMap<>();

  private record Cut(ModelGroup of, int index) {}

  private record Seeding(JobAction.Seed order, int readyTick) {}

  /** A leader of the metadata group, or one that was. */
  private final class Driver {
    private ClusterState sees = state;
    private Map<String, Place> places;
    private final Set<String> silent = new TreeSet<>();
    private final Map<String, NodeFacts> heard = new TreeMap<>();
    private final Map<String, Integer> missed = new TreeMap<>();

    private void step(boolean learns) {
      if (learns) {
        sees = state;
      }
      if (places == null) {
        places = sees.jobs().values().stream().collect(Collectors.toMap(JobInfo::id, Place::of));
        heard.clear();
        silent.addAll(known.keySet());
      }
      for (String node : List.copyOf(silent)) {
        if (!down.contains(node) && (!faulty || random.nextBoolean())) {
          silent.remove(node);
          heard.put(node, said.computeIfAbsent(node, SplitSimulation.this::facts));
        }
      }
      if (faulty && random.nextInt(3) == 0) {
        return; // waits for more answers
      }
      known.keySet().forEach(node -> missed.merge(node, 1, Integer::sum));
      missed.keySet().removeAll(heard.keySet());
      Set<String> lost = new TreeSet<>(missed.keySet());
      lost.removeIf(node -> missed.get(node) < MISSED_LOOKS);
      ClusterFacts facts = new ClusterFacts(heard, lost);
      for (JobInfo job : sees.jobs().values()) {
        if (!job.state().isFinal() && Place.of(job).equals(places.get(job.id()))) {
          send(brain.next(sees, job, facts));
        }
      }
      brain.repairs(sees, facts).forEach(SplitSimulation.this::send);
      places = null;
    }
  }

  SplitSimulation(long seed, SplitBrain brain) {
    this(seed, brain, false);
  }

  /**
   * @param merges whether shards that were split are merged again, in any order
   */
  SplitSimulation(long seed, SplitBrain brain, boolean merges) {
    this.seed = seed;
    this.merges = merges;
    this.random = new Random(seed);
    this.brain = brain;
    this.calm = 1 + random.nextInt(8);
    this.state =
        Samples.online(
            merges ? Samples.cluster(MERGE_NODES, MERGE_SHARDS, 3) : Samples.cluster(NODES, 2, 3));
    for (String node : state.nodes().keySet()) {
      known.put(node, state);
      cuts.put(node, new TreeMap<>());
      seedings.put(node, new TreeMap<>());
      unseeded.put(node, new TreeMap<>());
    }
    for (ShardInfo shard : state.shards().values()) {
      ModelGroup group = group(shard.groupId(), SlotStore.ALL);
      group.begin(shard.voters());
      shard.voters().forEach(group::putFiles);
    }
    clients = new SplitClients(seed, random, groups);
    for (int i = 0; i < DRIVERS; i++) {
      drivers.add(new Driver());
    }
  }

  /** Runs splits through faults, then without; how they ended. */
  List<JobState> run() {
    for (int i = 0; i < FAULTY_TICKS; i++) {
      tick();
      if (random.nextInt(4) == 0 && parents.size() < (merges ? 8 : 4)) {
        begin();
      }
    }
    faulty = false;
    down.clear();
    for (int i = 0; i < QUIET_TICKS; i++) {
      tick();
    }
    checkEnd();
    return state.jobs().values().stream().map(JobInfo::state).toList();
  }

  /** All jobs that there were. */
  Collection<JobInfo> jobs() {
    return state.jobs().values();
  }

  SplitClients clients() {
    return clients;
  }

  private void begin() {
    List<ShardInfo> family =
        state.shards().values().stream()
            .filter(shard -> !shard.id().equals("s2") && shard.slotCount() > 1)
            .filter(shard -> shard.state() == ShardState.ACTIVE)
            .toList();
    if (family.isEmpty()) {
      return;
    }
    if (merges && family.size() > 1 && random.nextInt(3) > 0) {
      beginMerge(new ArrayList<>(family));
      return;
    }
    ShardInfo parent = family.get(random.nextInt(family.size()));
    int[] slots = SlotStore.bits(parent.slots()).stream().toArray();
    List<Integer> at =
        random
            .ints(1, slots.length)
            .distinct()
            .limit(Math.min(slots.length - 1, 1 + random.nextInt(MOST_CHILDREN)))
            .sorted()
            .mapToObj(i -> slots[i])
            .toList();
    try {
      begin(List.of(parent), JobPlans.split(state, parent.id(), List.of(), at, false));
    } catch (JobRefusedException refused) {
      throw new AssertionError("seed " + seed, refused);
    }
  }

  /** Of shards whose replicas may have parted, for one was not there when it was split. */
  private void beginMerge(List<ShardInfo> family) {
    Collections.shuffle(family, random);
    List<ShardInfo> sources = family.subList(0, 2 + random.nextInt(Math.min(2, family.size() - 1)));
    try {
      begin(
          sources,
          JobPlans.merge(state, sources.stream().map(ShardInfo::id).toList(), Optional.empty()));
    } catch (JobRefusedException elsewhere) {
      assertThat(sources.stream().map(shard -> Set.copyOf(shard.voters())).distinct())
          .as("seed %s: %s", seed, elsewhere.getMessage())
          .hasSizeGreaterThan(1);
    }
  }

  private void begin(List<ShardInfo> shards, MetaCommand.StartJob job) {
    if (apply(job).outcome() == MetaReply.Outcome.CHANGED) {
      parents.add(List.copyOf(shards));
    }
  }

  private void tick() {
    tick++;
    said.clear();
    if (faulty) {
      stopAndStartNodes();
    }
    nodesLearn();
    for (ModelGroup group : List.copyOf(groups.values())) {
      group.elect(down, random, faulty, fault(20), tick);
      for (String node : known.keySet()) {
        if (fault(12)) {
          group.install(node, down, tick);
        } else {
          group.follow(node, faulty ? random.nextInt(6) : Integer.MAX_VALUE, down, tick);
        }
      }
    }
    clients.ask(List.copyOf(known.values()), down, tick);
    for (int i = 0; i < DRIVERS; i++) {
      // the first one is in office most of the time, the others may be behind by far
      drivers.get(i).step(!faulty || random.nextInt(i == 0 ? 2 : 30) == 0);
    }
    if (faulty && random.nextInt(50) == 0 && !state.jobs().isEmpty()) {
      apply(new MetaCommand.CancelJob(state.jobs().lastKey()));
    }
    while (!late.isEmpty() && (!faulty || random.nextInt(4) == 0)) {
      carryOut(late.remove(random.nextInt(late.size())));
    }
    while (!removals.isEmpty() && (!faulty || random.nextBoolean())) {
      removals.remove(0).run();
    }
    for (String node : known.keySet()) {
      endSeedings(node);
    }
    check();
  }

  private boolean fault(int oneIn) {
    return faulty && random.nextInt(oneIn * calm) == 0;
  }

  private void stopAndStartNodes() {
    down.removeIf(node -> random.nextInt(3) == 0);
    if (fault(8)) {
      String node = "n" + (1 + random.nextInt(known.size()));
      down.add(node);
      caughtUp.remove(node);
      cutOffSeedings(node);
      for (ModelGroup group : groups.values()) {
        group.stop(node);
        group.replay(node, random.nextInt(3));
      }
      if (random.nextBoolean()) {
        cuts.get(node).clear();
      }
    }
  }

  private void nodesLearn() {
    for (String node : state.nodes().keySet()) {
      if (down.contains(node)) {
        continue;
      }
      if (!faulty || random.nextInt(3) != 0) {
        known.put(node, state);
        caughtUp.add(node);
      }
      for (ShardInfo shard : known.get(node).shardsOn(node)) {
        ModelGroup group = groups.get(shard.groupId());
        boolean isRecorded = state.shardOfGroup(shard.groupId()).isPresent();
        if (isRecorded) {
          assertThat(group != null && group.hasFiles(node))
              .as("seed %s: %s has files of %s", seed, node, shard)
              .isTrue();
        }
        if (group != null && group.hasFiles(node)) {
          group.start(node, tick);
        }
      }
      clean(node);
    }
  }

  /** By a state that is confirmed after the files were seen; what follows may be done later. */
  private void clean(String node) {
    Set<UUID> beginnings = JobRunner.beginnings(state);
    Set<UUID> forNobody = new TreeSet<>(cuts.get(node).keySet());
    forNobody.removeAll(beginnings);
    removals.add(() -> cuts.get(node).keySet().removeAll(forNobody));
    for (ModelGroup group : groups.values()) {
      Optional<ShardInfo> shard = state.shardOfGroup(group.id);
      boolean wanted =
          shard.isPresent()
              ? shard.get().replicaOn(node).isPresent()
              : beginnings.contains(group.id);
      if (group.hasFiles(node) && !wanted) {
        removals.add(() -> group.removeFiles(node));
      }
    }
  }

  /** Lost, or maybe twice, now or much later. */
  private void send(JobAction action) {
    if (action instanceof JobAction.Await) {
      return;
    }
    if (action instanceof JobAction.Together together) {
      together.parts().forEach(this::send);
    } else if (!faulty) {
      carryOut(action);
    } else {
      for (int copies = random.nextInt(4); copies > 0; copies--) {
        if (random.nextBoolean()) {
          carryOut(action);
        } else {
          late.add(action);
        }
      }
    }
  }

  private void carryOut(JobAction action) {
    if (action instanceof JobAction.Advance advance) {
      apply(advance.command());
    } else if (action instanceof JobAction.Fence fence) {
      groups
          .get(fence.group())
          .commit(store -> store.fence(fence.epoch(), fence.target(), fence.slots()), down, tick);
    } else if (action instanceof JobAction.Unfence unfence) {
      groups
          .get(unfence.group())
          .commit(store -> store.unfence(unfence.epoch(), unfence.routingVersion()), down, tick);
    } else if (action instanceof JobAction.Keep keep) {
      groups
          .get(keep.group())
          .commit(
              store -> store.keep(keep.epoch(), keep.routingVersion(), keep.slots()), down, tick);
    } else if (action instanceof JobAction.Seed seeding) {
      seed(seeding);
    } else if (action instanceof JobAction.Lead lead) {
      groups.get(lead.group()).elect(down, random, faulty, false, tick);
    } else {
      throw new AssertionError("seed " + seed + ": " + action);
    }
    check();
  }

  private void seed(JobAction.Seed order) {
    String node = order.node();
    boolean lacksFiles = order.targets().stream().anyMatch(target -> !hasFiles(node, target));
    boolean hasFailed = unseeded.get(node).containsKey(order.targets().get(0));
    if (!down.contains(node) && lacksFiles && !hasFailed && mayBeSeeded(order)) {
      int ticks = faulty ? random.nextInt(6) : 0;
      seedings.get(node).putIfAbsent(order.targets().get(0), new Seeding(order, tick + ticks));
    }
  }

  private boolean hasFiles(String node, UUID group) {
    return groups.containsKey(group) && groups.get(group).hasFiles(node);
  }

  private boolean mayBeSeeded(JobAction.Seed order) {
    return JobRunner.mayBeSeeded(known.get(order.node()), order.targets())
        && cuts.get(order.node())
            .getOrDefault(order.targets().get(0), Map.of())
            .keySet()
            .containsAll(order.sources());
  }

  /** The first of the new groups comes last: its replica takes the cuts with it. */
  private void endSeedings(String node) {
    for (Seeding seeding : List.copyOf(seedings.get(node).values())) {
      if (tick < seeding.readyTick()) {
        continue;
      }
      List<UUID> targets = seeding.order().targets();
      seedings.get(node).remove(targets.get(0));
      if (fault(30)) {
        unseeded.get(node).put(targets.get(0), "failed");
      } else if (mayBeSeeded(seeding.order())) {
        targets.subList(1, targets.size()).forEach(target -> make(seeding.order(), target));
        make(seeding.order(), targets.get(0));
        cuts.get(node).remove(targets.get(0));
      }
    }
  }

  /** What a node was making when it stopped is there in part. */
  private void cutOffSeedings(String node) {
    for (Seeding seeding : seedings.get(node).values()) {
      List<UUID> targets = seeding.order().targets();
      if (targets.size() > 1 && mayBeSeeded(seeding.order())) {
        targets
            .subList(1, 1 + random.nextInt(targets.size()))
            .forEach(target -> make(seeding.order(), target));
      }
    }
    seedings.get(node).clear();
    unseeded.get(node).clear();
  }

  private void make(JobAction.Seed order, UUID target) {
    Map<UUID, Cut> mine = cuts.get(order.node()).get(order.targets().get(0));
    SlotStore store =
        SlotStore.merged(
            order.sources().stream().map(mine::get).map(cut -> cut.of().at(cut.index())).toList());
    ModelGroup child = group(target, store);
    assertThat(child.at(0)).as("seed %s: all members begin alike", seed).isEqualTo(store);
    child.putFiles(order.node());
  }

  private ModelGroup group(UUID id, SlotStore first) {
    return groups.computeIfAbsent(
        id, key -> new ModelGroup(id, first, (node, index) -> cut(id, node, index)));
  }

  private void cut(UUID group, String node, int index) {
    ModelGroup of = groups.get(group);
    UUID target = of.at(index).target().orElseThrow();
    if (!fault(6)) {
      cuts.get(node).computeIfAbsent(target, any -> new TreeMap<>()).put(group, new Cut(of, index));
      if (caughtUp.contains(node) && (!faulty || random.nextInt(3) == 0)) { // else it is asked
        Set<UUID> made = Set.copyOf(cuts.get(node).get(target).keySet());
        JobRunner.seed(known.get(node), node, target, made).ifPresent(this::seed);
      }
    }
  }

  private MetaReply apply(MetaCommand command) {
    MetaChange change = MetaApplier.apply(state, command, Samples.TIME);
    state = change.state();
    for (ShardInfo shard : state.shards().values()) {
      if (change.routing().isPresent() || routed.isEmpty()) {
        routed
            .computeIfAbsent(shard.groupId(), key -> new BitSet())
            .or(SlotStore.bits(shard.slots()));
      }
      ModelGroup group = groups.get(shard.groupId());
      if (!group.isBegun()) {
        assertThat(2 * shard.voters().size()).as("seed %s: %s", seed, shard).isGreaterThan(3);
        group.begin(shard.voters());
      }
    }
    return change.reply();
  }

  private NodeFacts facts(String node) {
    return new NodeFacts(
        known.get(node).version(),
        0,
        true,
        "",
        groups.values().stream()
            .filter(group -> group.hasFiles(node))
            .collect(
                Collectors.toMap(group -> group.id, group -> group.facts(node, tick, TICK_MILLIS))),
        cuts.get(node).entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, of -> Set.copyOf(of.getValue().keySet()))),
        seedings.get(node).keySet(),
        Map.copyOf(unseeded.get(node)),
        ClusterFacts.NodeLoad.UNKNOWN);
  }

  /** What must hold at every moment. */
  private void check() {
    BitSet answered = new BitSet();
    for (ModelGroup group : groups.values()) {
      if (!routed.containsKey(group.id)) {
        continue;
      }
      BitSet answers = group.committed().owned();
      answers.and(routed.get(group.id));
      assertThat(answers.intersects(answered))
          .as("seed %s tick %s: two shards answer for a slot: %s", seed, tick, state.jobs())
          .isFalse();
      answered.or(answers);
    }
    clients.check(state, tick);
  }

  private void checkEnd() {
    List<JobInfo> jobs = List.copyOf(state.jobs().values());
    for (int i = 0; i < jobs.size(); i++) {
      JobInfo job = jobs.get(i);
      assertThat(job.state().isFinal()).as("seed %s: %s", seed, job).isTrue();
      List<UUID> children = SplitSteps.childrenOf(job);
      List<String> ids = job.shardIds();
      if (job.state() != JobState.DONE) {
        assertThat(state.shards().keySet())
            .as("seed %s: %s", seed, job)
            .doesNotContainAnyElementsOf(ids.subList(ids.size() - children.size(), ids.size()));
        children.forEach(child -> assertThat(hasFiles(child)).as("seed %s: files", seed).isFalse());
      } else if (job.kind() == JobKind.MERGE) {
        checkMerged(job, parents.get(i));
      } else if (!merges) {
        checkSplit(job, parents.get(i).get(0));
      }
      cuts.values().forEach(left -> assertThat(left).as("seed %s", seed).isEmpty());
    }
    checkShards();
  }

  private boolean hasFiles(UUID group) {
    return groups.containsKey(group)
        && known.keySet().stream().anyMatch(groups.get(group)::hasFiles);
  }

  private void checkMerged(JobInfo job, List<ShardInfo> before) {
    for (ShardInfo source : before) {
      assertThat(state.shards()).as("seed %s: %s", seed, job).doesNotContainKey(source.id());
      assertThat(hasFiles(source.groupId())).as("seed %s: files of %s", seed, source).isFalse();
    }
  }

  private void checkSplit(JobInfo job, ShardInfo before) {
    BitSet has = SlotStore.bits(state.shard(before.id()).orElseThrow().slots());
    for (List<SlotRange> part : SplitSteps.partsOf(job)) {
      assertThat(has.intersects(SlotStore.bits(part)))
          .as("seed %s: %s let go", seed, before.id())
          .isFalse();
    }
    for (String id : job.shardIds()) {
      ShardInfo part = state.shards().get(id);
      if (!id.equals(before.id())) {
        assertThat(before.voters()).as("seed %s: %s", seed, job).containsAll(part.voters());
        assertThat(2 * part.voters().size()).as("seed %s: %s", seed, job).isGreaterThan(3);
      }
      assertThat(SlotStore.ranges(groups.get(part.groupId()).committed().owned()))
          .as("seed %s: what %s answers for", seed, id)
          .isEqualTo(part.slots());
    }
  }

  private void checkShards() {
    for (ShardInfo shard : state.shards().values()) {
      SlotStore store = groups.get(shard.groupId()).committed();
      assertThat(shard.state()).as("seed %s: %s", seed, shard).isEqualTo(ShardState.ACTIVE);
      assertThat(store.target()).as("seed %s: fence of %s", seed, shard).isEmpty();
      BitSet missing = SlotStore.bits(shard.slots());
      missing.andNot(store.owned());
      assertThat(missing.isEmpty()).as("seed %s: %s has its slots", seed, shard).isTrue();
    }
    assertThat(state.routing().isComplete()).as("seed %s: all slots have owners", seed).isTrue();
  }
}

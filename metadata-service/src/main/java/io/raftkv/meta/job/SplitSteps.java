package io.raftkv.meta.job;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.StateEdit;
import io.raftkv.meta.StateEdit.DropShard;
import io.raftkv.meta.StateEdit.PutShard;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Several shards from one: slots of the parent, the job's first shard, go to children that begin
 * with a copy of what each replica of the parent has. The parent's log says from which entry on it
 * answers nothing, and when it has let go of them; each child's log, when it has let go of all
 * else. Then the routing changes, once. All answer only what was routed by that change, or a later
 * one: so nobody else may change the routing meanwhile ({@link JobInfo#holdsRouting}), and when the
 * split is undone the routing gets a new version, too.
 *
 * <p>There is one fence, around all slots that go, and one cut of each replica's store. Both are
 * named after the first child; the others begin with the same, and so with that fence, too. What
 * each child is to keep of it says the order that it gets.
 *
 * <p>Each order to a group names the epoch of its slots that it is for. All of them follow from the
 * one that the first step notes, once: so an order of this job, by whom and however late it comes,
 * does nothing to a fence of another job.
 */
final class SplitSteps implements Steps {
  /** The children's Raft groups in the order of the job's shards, separated by spaces. */
  static final String GROUP = "group";

  /**
   * What goes to each child, in the same order: ranges, separated by spaces, and those of different
   * children by {@link #PARTS}.
   */
  static final String SLOTS = "slots";

  /** Does not occur where there is one child. */
  static final String PARTS = ", ";

  /** Of the parent's slots, before the fence; noted by the first step. */
  static final String EPOCH = "epoch";

  static final String NOTE = "note";
  static final String CUT = "cut";
  static final String OPEN = "open";
  static final String RELEASE = "release";

  static final List<String> NAMES = List.of(NOTE, CUT, OPEN, RELEASE);

  /** When the parent has let go of the slots there is no way back. */
  static final int POINT_OF_NO_RETURN = NAMES.indexOf(RELEASE);

  /** How long replicas that have no cut are waited for, if a majority has one. */
  static final long CUT_MILLIS = 1_000;

  /**
   * How long slots may stay behind the fence before the job is undone: clients that want them wait,
   * by default 5 s.
   */
  static final long PATIENCE_MILLIS = 4_000;

  @Override
  public JobAction take(Scene scene) {
    String step = scene.job().step();
    Optional<ClusterFacts.Leader> leader = scene.leader();
    if (leader.isEmpty() && !step.equals(OPEN)) {
      return scene.awaitLeader();
    }
    return switch (step) {
      case NOTE -> note(scene, leader.get().replica().slots());
      case CUT -> cut(scene, leader.get());
      case OPEN -> open(scene, leader);
      case RELEASE -> release(scene, leader.get());
      default -> throw new IllegalStateException("job " + scene.job().id() + " has step " + step);
    };
  }

  /** The first group that the job makes: its fences and cuts are named after it. */
  static UUID childOf(JobInfo job) {
    return childrenOf(job).get(0);
  }

  /** All groups that the job makes. */
  static List<UUID> childrenOf(JobInfo job) {
    return Stream.of(job.argument(GROUP).split(" ", -1)).map(UUID::fromString).toList();
  }

  /** What goes to each child of a split, in the order of its shards. */
  static List<List<SlotRange>> partsOf(JobInfo job) {
    return Stream.of(job.argument(SLOTS).split(PARTS, -1)).map(SlotRange::parseAll).toList();
  }

  /** All that goes. */
  private static List<SlotRange> moving(Scene scene) {
    return SlotRange.normalize(partsOf(scene.job()).stream().flatMap(List::stream).toList());
  }

  private static List<String> childIds(Scene scene) {
    return scene.job().shardIds().subList(1, scene.job().shardIds().size());
  }

  private static List<ShardInfo> children(Scene scene) {
    return childIds(scene).stream().map(scene::shard).toList();
  }

  private static long epoch(Scene scene) {
    return Long.parseLong(scene.job().argument(EPOCH));
  }

  /** Epoch of the parent's slots behind the fence, and of each child's when it begins. */
  private static long fencedEpoch(Scene scene) {
    return epoch(scene) + 1;
  }

  private static JobAction note(Scene scene, ClusterFacts.SlotFacts parent) {
    Optional<JobInfo> other = scene.routingHolder();
    if (other.isPresent()) {
      return scene.await("job " + other.get().id() + " has not ended, which changes the routing");
    }
    if (parent.fenceTarget().isPresent()) {
      return scene.await("shard " + scene.shard().id() + " still has the fence of another job");
    }
    if (parent.equals(ClusterFacts.SlotFacts.UNKNOWN)) {
      return scene.await("the store of shard " + scene.shard().id() + " is not open");
    }
    if (!SlotRange.subtract(moving(scene), parent.owned()).isEmpty()) {
      return scene.failed("the store of shard " + scene.shard().id() + " has not all these slots");
    }
    return scene.found(EPOCH, Long.toString(parent.epoch()));
  }

  /**
   * The fence, the cuts that replicas make when they apply it, and replicas of the children made of
   * them. Who is not there then is in no child: nothing else has what was before the fence.
   */
  private static JobAction cut(Scene scene, ClusterFacts.Leader leader) {
    UUID child = childOf(scene.job());
    ClusterFacts.SlotFacts parent = leader.replica().slots();
    if (!parent.isFencedFor(child)) {
      return parent.epoch() > epoch(scene)
          ? scene.failed("the slots of shard " + scene.shard().id() + " have changed meanwhile")
          : new JobAction.Fence(
              leader.nodeId(), leader.group(), epoch(scene), child, moving(scene));
    }
    List<UUID> groups = groups(scene);
    List<UUID> children = childrenOf(scene.job());
    Beginning beginning = Beginning.of(scene, children, scene.shard().voters(), groups);
    if (beginning.mayBegin(parent.fenceMillis(), CUT_MILLIS, 2 * CUT_MILLIS)) {
      return scene.taken(begin(scene, beginning.seeded()));
    }
    if (beginning.failure().isPresent()) {
      return scene.failed(beginning.failure().get());
    }
    if (parent.fenceMillis() >= PATIENCE_MILLIS) {
      return scene.failed("too few replicas were there when the slots were cut off");
    }
    if (!beginning.unasked().isEmpty()) {
      return beginning.seeds(children, groups);
    }
    return scene.await(
        beginning
            .obstacle("the slots are cut off")
            .orElse("too few nodes answer that have a replica of shard " + scene.shard().id()));
  }

  /** The groups that are cut. */
  static List<UUID> groups(Scene scene) {
    return List.of(scene.shard().groupId());
  }

  /** The children's records, which have their nodes start their replicas. */
  private static StateEdit[] begin(Scene scene, List<String> nodes) {
    String preferred = scene.shard().preferredLeader();
    List<UUID> groups = childrenOf(scene.job());
    List<StateEdit> edits = new ArrayList<>();
    for (String id : childIds(scene)) {
      edits.add(
          new PutShard(
              new ShardSpec(
                  id,
                  groups.get(edits.size()),
                  List.of(),
                  nodes.stream().map(Replica::voter).toList(),
                  nodes.contains(preferred) ? preferred : ""),
              ShardState.CREATING,
              0));
    }
    return edits.toArray(StateEdit[]::new);
  }

  /** Each child gets a leader and lets go of all but its slots; none waits for another one. */
  private static JobAction open(Scene scene, Optional<ClusterFacts.Leader> parent) {
    List<ShardInfo> children = children(scene);
    List<List<SlotRange>> parts = partsOf(scene.job());
    List<JobAction> left = new ArrayList<>();
    Optional<ShardInfo> late = Optional.empty();
    for (int i = 0; i < children.size(); i++) {
      ShardInfo child = children.get(i);
      Optional<ClusterFacts.Leader> leader = scene.facts().leader(child.groupId());
      if (leader.isEmpty()) {
        left.add(elect(scene, child));
      } else if (!leader.get().replica().slots().owned().equals(parts.get(i))) {
        left.add(keep(scene, leader.get(), parts.get(i)));
      } else {
        continue;
      }
      late = late.or(() -> Optional.of(child));
    }
    if (late.isEmpty()) {
      return scene.taken();
    }
    if (parent.isPresent() && parent.get().replica().slots().fenceMillis() >= PATIENCE_MILLIS) {
      return scene.failed("shard " + late.get().id() + " did not begin in time");
    }
    List<JobAction> orders =
        left.stream().filter(action -> !(action instanceof JobAction.Await)).toList();
    return orders.size() > 1
        ? new JobAction.Together(orders)
        : orders.stream().findFirst().orElse(left.get(0));
  }

  /** Nobody waits for a leader that never was. */
  static JobAction elect(Scene scene, ShardInfo child) {
    List<String> ready =
        child.voters().stream()
            .filter(
                node ->
                    scene
                        .facts()
                        .replica(node, child.groupId())
                        .filter(replica -> replica.open() && !replica.members().voters().isEmpty())
                        .isPresent())
            .toList();
    if (2 * ready.size() <= child.voters().size()) {
      return scene.await("too few nodes have started their replica of shard " + child.id());
    }
    String preferred = child.preferredLeader();
    return new JobAction.Lead(
        ready.contains(preferred) ? preferred : ready.get(0), child.groupId());
  }

  /** The parent lets go of the slots, and the routing changes. */
  private static JobAction release(Scene scene, ClusterFacts.Leader leader) {
    ShardInfo shard = scene.shard();
    List<SlotRange> kept = SlotRange.subtract(shard.slots(), moving(scene));
    ClusterFacts.SlotFacts parent = leader.replica().slots();
    if (parent.isFencedFor(childOf(scene.job()))) {
      return keep(scene, leader, kept);
    }
    if (parent.epoch() <= fencedEpoch(scene)) {
      return scene.await("the leader of shard " + shard.id() + " is behind");
    }
    List<ShardInfo> children = children(scene);
    List<StateEdit> edits = new ArrayList<>();
    edits.add(put(shard, kept, ShardState.ACTIVE));
    for (List<SlotRange> part : partsOf(scene.job())) {
      edits.add(put(children.get(edits.size() - 1), part, ShardState.ACTIVE));
    }
    return scene.takenWith(absent(shard, children), edits.toArray(StateEdit[]::new));
  }

  private static JobAction keep(Scene scene, ClusterFacts.Leader leader, List<SlotRange> slots) {
    return new JobAction.Keep(
        leader.nodeId(), leader.group(), fencedEpoch(scene), nextRouting(scene), slots);
  }

  /** The version of the routing when this job has ended: nobody else changes it until then. */
  private static long nextRouting(Scene scene) {
    return scene.state().routing().version() + 1;
  }

  /**
   * Says which replicas new shards lack.
   *
   * @param children which began together, on the same nodes
   */
  static String absent(ShardInfo parent, List<ShardInfo> children) {
    List<String> absent = new ArrayList<>(parent.voters());
    absent.removeAll(children.get(0).voters());
    boolean one = children.size() == 1;
    return absent.isEmpty()
        ? ""
        : "%s %s %s no replica on %s, which had none ready then"
            .formatted(
                one ? "shard" : "shards",
                children.stream().map(ShardInfo::id).collect(Collectors.joining(", ")),
                one ? "has" : "have",
                String.join(", ", absent));
  }

  static StateEdit put(ShardInfo shard, List<SlotRange> slots, ShardState state) {
    ShardSpec spec = shard.spec();
    return new PutShard(
        new ShardSpec(spec.id(), spec.groupId(), slots, spec.replicas(), spec.preferredLeader()),
        state,
        shard.version());
  }

  /**
   * The children were routed nothing, so their end loses nothing. The parent's fence goes; and if
   * there is none yet, its epoch is made to pass, for the order may be on its way.
   */
  @Override
  public JobAction undo(Scene scene) {
    ShardInfo shard = scene.shard();
    StateEdit asBefore = put(shard, shard.slots(), ShardState.ACTIVE);
    if (scene.argument(EPOCH).isEmpty()) {
      return scene.undone(asBefore); // nothing was ordered yet
    }
    StateEdit[] drops =
        childIds(scene).stream()
            .flatMap(id -> scene.state().shard(id).stream())
            .map(child -> new DropShard(child.id(), child.version()))
            .toArray(StateEdit[]::new);
    if (drops.length > 0) {
      return scene.undoneInPart(drops);
    }
    Optional<ClusterFacts.Leader> leader = scene.leader();
    if (leader.isEmpty()) {
      return scene.awaitLeader();
    }
    ClusterFacts.SlotFacts parent = leader.get().replica().slots();
    boolean fenced = parent.isFencedFor(childOf(scene.job()));
    if (!fenced && parent.epoch() > epoch(scene)) {
      return scene.undone(asBefore);
    }
    return new JobAction.Unfence(
        leader.get().nodeId(),
        leader.get().group(),
        fenced ? fencedEpoch(scene) : epoch(scene),
        nextRouting(scene));
  }
}

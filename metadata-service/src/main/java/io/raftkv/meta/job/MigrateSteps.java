package io.raftkv.meta.job;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.StateEdit;
import io.raftkv.meta.StateEdit.PutShard;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Other replicas for a shard. One is added, {@link #TO}, or one removed, {@link #FROM}, or both:
 * first the new one, so that there are never fewer copies than before.
 */
final class MigrateSteps implements Steps {
  static final String FROM = JobInfo.FROM;
  static final String TO = JobInfo.TO;

  static final String START = "start";
  static final String JOIN = "join";
  static final String LEAVE = "leave";
  static final String CLEAN = "clean";

  static List<String> names(boolean adds, boolean removes) {
    List<String> names = new ArrayList<>();
    if (adds) {
      names.addAll(List.of(START, JOIN));
    }
    if (removes) {
      names.addAll(List.of(LEAVE, CLEAN));
    }
    return names;
  }

  /** Before the old replica leaves, all can be undone. */
  static int pointOfNoReturn(List<String> names) {
    int leave = names.indexOf(LEAVE);
    return leave < 0 ? names.size() : leave;
  }

  @Override
  public JobAction take(Scene scene) {
    JobInfo job = scene.job();
    if (job.step().equals(CLEAN)) {
      return clean(scene);
    }
    Optional<ClusterFacts.Leader> leader = scene.leader();
    if (leader.isEmpty()) {
      return scene.awaitLeader();
    }
    return switch (job.step()) {
      case START -> start(scene, leader.get());
      case JOIN -> join(scene, leader.get());
      case LEAVE -> leave(scene, leader.get());
      default -> throw new IllegalStateException("job " + job.id() + " has step " + job.step());
    };
  }

  private static JobAction start(Scene scene, ClusterFacts.Leader leader) {
    return startJoining(scene, leader).orElseGet(scene::taken);
  }

  /** What starts the replica where it is not; empty if it runs. */
  private static Optional<JobAction> startJoining(Scene scene, ClusterFacts.Leader leader) {
    String to = scene.job().argument(TO);
    if (!scene.facts().hears(to)) {
      return Optional.of(scene.await("node " + to + " does not answer"));
    }
    boolean runs =
        scene
            .facts()
            .replica(to, leader.group())
            .filter(ClusterFacts.ReplicaFacts::open)
            .isPresent();
    return runs
        ? Optional.empty()
        : Optional.of(new JobAction.StartJoining(to, leader.group(), leader.replica().term()));
  }

  private JobAction join(Scene scene, ClusterFacts.Leader leader) {
    String to = scene.job().argument(TO);
    Members members = leader.replica().members();
    if (leader.replica().changing()) {
      return progress(scene);
    }
    if (!members.voters().contains(to)) {
      return startJoining(scene, leader).orElseGet(() -> leader.change(members.withVoter(to), ""));
    }
    boolean last = scene.argument(FROM).isEmpty();
    return scene.taken(
        put(
            scene,
            last ? ShardState.ACTIVE : ShardState.MIGRATING,
            replicas -> voter(replicas, to)));
  }

  @Override
  public JobAction.Await progress(Scene scene) {
    if (!scene.job().step().equals(JOIN)) {
      return Steps.super.progress(scene);
    }
    String to = scene.job().argument(TO);
    long total = scene.leader().map(leader -> leader.replica().bytes()).orElse(0L);
    long done =
        scene
            .facts()
            .replica(to, scene.shard().groupId())
            .map(ClusterFacts.ReplicaFacts::bytes)
            .orElse(0L);
    return new JobAction.Await("node " + to + " catches up", Math.min(done, total), total);
  }

  private static JobAction leave(Scene scene, ClusterFacts.Leader leader) {
    String from = scene.job().argument(FROM);
    Members members = leader.replica().members();
    if (leader.replica().changing()) {
      return scene.await("the members of shard " + scene.shard().id() + " are being changed");
    }
    if (members.contains(from)) {
      return without(scene, leader, from);
    }
    return scene.taken(put(scene, ShardState.ACTIVE, replicas -> without(replicas, from)));
  }

  /**
   * A request that is older than this job may have made the old replica a member again: its node
   * keeps it then, and nobody else puts that right while this job holds the shard.
   */
  private static JobAction clean(Scene scene) {
    String from = scene.job().argument(FROM);
    if (scene.isGoneFrom(from, scene.shard().groupId())) {
      return scene.taken();
    }
    return scene
        .leader()
        .filter(leader -> !leader.replica().changing())
        .filter(leader -> leader.replica().members().contains(from))
        .map(leader -> without(scene, leader, from))
        .orElseGet(() -> scene.await("node " + from + " still has files of the replica"));
  }

  @Override
  public JobAction undo(Scene scene) {
    Optional<String> to = scene.argument(TO);
    if (to.isEmpty()) {
      return scene.undone(put(scene, ShardState.ACTIVE, replicas -> replicas));
    }
    Optional<ClusterFacts.Leader> leader = scene.leader();
    if (leader.isEmpty()) {
      return scene.awaitLeader();
    }
    if (leader.get().replica().changing()) {
      return scene.await("the members of shard " + scene.shard().id() + " are being changed");
    }
    Members members = leader.get().replica().members();
    if (members.contains(to.get())) {
      return without(scene, leader.get(), to.get());
    }
    return scene.undone(put(scene, ShardState.ACTIVE, replicas -> without(replicas, to.get())));
  }

  /** If it leads it hands over first: to the one that is to lead without it. */
  private static JobAction without(Scene scene, ClusterFacts.Leader leader, String node) {
    Members rest = leader.replica().members().without(node);
    return leader.change(rest, preferred(scene, voter -> rest.voters().contains(voter)));
  }

  /** Who is to lead among these voters: as before, else the new one; empty if that is left open. */
  private static String preferred(Scene scene, Predicate<String> isVoter) {
    String now = scene.shard().spec().preferredLeader();
    return now.isEmpty() || isVoter.test(now) ? now : scene.argument(TO).filter(isVoter).orElse("");
  }

  private static StateEdit put(Scene scene, ShardState state, UnaryOperator<List<Replica>> change) {
    ShardInfo shard = scene.shard();
    ShardSpec spec = shard.spec();
    List<Replica> replicas = change.apply(spec.replicas());
    String preferred = preferred(scene, node -> replicas.contains(Replica.voter(node)));
    return new PutShard(
        new ShardSpec(spec.id(), spec.groupId(), spec.slots(), replicas, preferred),
        state,
        shard.version());
  }

  private static List<Replica> voter(List<Replica> replicas, String nodeId) {
    List<Replica> changed = new ArrayList<>(without(replicas, nodeId));
    changed.add(Replica.voter(nodeId));
    return changed;
  }

  private static List<Replica> without(List<Replica> replicas, String nodeId) {
    return replicas.stream().filter(replica -> !replica.nodeId().equals(nodeId)).toList();
  }
}

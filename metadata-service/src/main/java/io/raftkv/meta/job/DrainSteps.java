package io.raftkv.meta.job;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaCommand.CancelJob;
import io.raftkv.meta.MetaCommand.StartJob;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.StateEdit.DrainNode;
import io.raftkv.meta.control.MetadataPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * A node gives all its replicas to others. Each goes by a job of its own, one after the other. The
 * node gets nothing new from the beginning of this job on, and also after its end.
 */
final class DrainSteps implements Steps {
  static final List<String> NAMES = List.of("move");

  private static final int MAX_REASONS = 5;

  @Override
  public JobAction take(Scene scene) {
    Optional<JobInfo> move = move(scene);
    if (move.isPresent()) {
      return follow(scene, move.get());
    }
    String node = scene.job().argument(JobInfo.NODE);
    List<ShardInfo> left = left(scene.state(), node);
    if (left.isEmpty()) {
      return giveVote(scene, node);
    }
    List<String> reasons = new ArrayList<>();
    for (ShardInfo shard : left) {
      Optional<String> why = obstacle(scene, shard);
      Optional<String> to = why.isEmpty() ? target(scene, shard) : Optional.empty();
      if (to.isPresent()) {
        try {
          return new JobAction.Propose(begin(scene, shard, node, to.get()));
        } catch (JobRefusedException refused) {
          why = Optional.of(refused.getMessage());
        }
      }
      reasons.add(why.orElseGet(() -> targets(scene).noTarget(shard)));
    }
    String more = reasons.size() > MAX_REASONS ? "; and more" : "";
    return scene.await(String.join("; ", reasons.stream().limit(MAX_REASONS).toList()) + more);
  }

  /**
   * The leader of the metadata group gives the vote that the node has there to another one ({@link
   * MetadataPlan}). If nobody can take it the node keeps it.
   */
  private static JobAction giveVote(Scene scene, String node) {
    if (!scene.state().metadataVoters().contains(node)) {
      return scene.taken();
    }
    Optional<ClusterFacts.Leader> leader = scene.facts().leader(DerivedIds.METADATA_GROUP);
    if (leader.isEmpty()) {
      return scene.await("no leader is known of the metadata group");
    }
    if (leader.get().replica().changing()) { // who gets a vote begins its replica anew
      return scene.await("the members of the metadata group are being changed");
    }
    SortedSet<String> voters = leader.get().replica().members().voters();
    if (!voters.contains(node)) {
      return scene.taken();
    }
    Predicate<String> runs = id -> scene.facts().runs(id, DerivedIds.METADATA_GROUP);
    String why = MetadataPlan.obstacle(scene.state(), node, voters, runs);
    return MetadataPlan.staysVoter(scene.state(), node, voters, runs)
        ? scene.takenWith(why)
        : scene.await(why);
  }

  /** What is on a node and has to go elsewhere: a shard that is being deleted goes by itself. */
  private static List<ShardInfo> left(ClusterState state, String node) {
    return state.shardsOn(node).stream()
        .filter(shard -> shard.state() != ShardState.DELETING)
        .toList();
  }

  /** The job that moves a replica at the moment. */
  static Optional<JobInfo> move(Scene scene) {
    return scene.state().jobs().values().stream()
        .filter(job -> job.worksFor(scene.job().id()))
        .findFirst();
  }

  /** A target that is lost, or full by now, will not take the replica: another one may. */
  private static JobAction follow(Scene scene, JobInfo move) {
    if (move.canBeCancelled() && !targets(scene).lostTarget(move).isEmpty()) {
      return new JobAction.Propose(new CancelJob(move.id()));
    }
    return scene.await(
        "job %s moves shard %s to node %s%s"
            .formatted(
                move.id(),
                move.shardIds().get(0),
                move.argument(MigrateSteps.TO),
                move.note().isEmpty() ? "" : ": " + move.note()));
  }

  /** Why a shard cannot be worked on at the moment. */
  private static Optional<String> obstacle(Scene scene, ShardInfo shard) {
    Optional<JobInfo> holder = scene.state().jobOfShard(shard.id());
    if (holder.isPresent()) {
      return Optional.of(
          "shard %s is busy with job %s%s"
              .formatted(
                  shard.id(),
                  holder.get().id(),
                  holder.get().note().isEmpty() ? "" : " (" + holder.get().note() + ")"));
    }
    return scene.facts().leader(shard.groupId()).isPresent()
        ? Optional.empty()
        : Optional.of("no leader is known of shard " + shard.id());
  }

  private static StartJob begin(Scene scene, ShardInfo shard, String from, String to)
      throws JobRefusedException {
    StartJob move = JobPlans.migrate(scene.state(), shard.id(), Optional.of(from), Optional.of(to));
    TreeMap<String, String> parent = new TreeMap<>(Map.of(JobInfo.PARENT, scene.job().id()));
    return new StartJob(move.plan().withArguments(parent), move.edits());
  }

  /** If the job names a node for it, that one, unless the shard has a replica there. */
  private static Optional<String> target(Scene scene, ShardInfo shard) {
    Optional<String> named =
        scene.argument(MigrateSteps.TO).filter(node -> shard.replicaOn(node).isEmpty());
    return targets(scene).target(shard, id -> named.isEmpty() || named.get().equals(id));
  }

  private static MoveTargets targets(Scene scene) {
    return new MoveTargets(scene.state(), scene.facts());
  }

  /**
   * What has gone stays where it is; whether the node still is to become empty does not matter. A
   * move that can only go on, or is being undone, ends by itself: it may have to wait for a shard
   * that has no leader.
   */
  @Override
  public JobAction undo(Scene scene) {
    return move(scene)
        .filter(JobInfo::canBeCancelled)
        .<JobAction>map(move -> new JobAction.Propose(new CancelJob(move.id())))
        .orElseGet(() -> scene.undone(new DrainNode(false)));
  }
}

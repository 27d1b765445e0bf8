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
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * One shard from several: a new one, the job's last shard, that begins with what the replicas of
 * the others, the sources, have. The log of each source says from which entry on it answers
 * nothing; what each replica has then is cut, and the node that has cuts of all sources makes one
 * store of them. When the new shard, the child, has leave to answer, the routing changes, to all
 * its slots at once. The sources stay complete until then, behind their fences; and after that
 * until those who sent them something before the fence have heard what came of it.
 *
 * <p>Fences, epochs and the version of the routing are used as by {@link SplitSteps}.
 */
final class MergeSteps implements Steps {
  /** Of the sources' slots, before the fence; in the order of the sources, separated by spaces. */
  static final String EPOCHS = "epochs";

  /** The source with the largest store. What the others have is copied. */
  static final String BASE = "base";

  /** Sources that are being given back, by the next version of the routing, when it is undone. */
  static final String GIVEN_BACK = "given-back";

  static final String NOTE = "note";
  static final String CUT = "cut";
  static final String OPEN = "open";
  static final String CLOSE = "close";

  static final List<String> NAMES = List.of(NOTE, CUT, OPEN, CLOSE);

  /** The routing has changed then. */
  static final int POINT_OF_NO_RETURN = NAMES.indexOf(CLOSE);

  /** How long replicas that lack a cut are waited for, if a majority has all. */
  static final long CUT_MILLIS = SplitSteps.CUT_MILLIS;

  /** How long those are waited for that have all cuts, and make one store of them. */
  static final long COPY_MILLIS = 3_000;

  /** How long slots may stay behind the fence before the job is undone. */
  static final long PATIENCE_MILLIS = SplitSteps.PATIENCE_MILLIS;

  /**
   * What may have to be copied while clients wait, about: as much as takes less than {@link
   * #PATIENCE_MILLIS} on a machine that does not do much else.
   */
  static final long MAX_COPY_BYTES = 128L << 20;

  /**
   * How long a source stays that has a leader, when nobody sends it anything new: by then it has
   * answered again what was asked before the fence, by whoever did not hear the first answer.
   */
  static final long ANSWER_MILLIS = 2_000;

  /** How long it stays if it has none: nobody waits longer for an answer. */
  static final long LEADERLESS_MILLIS = 15_000;

  @Override
  public JobAction take(Scene scene) {
    return switch (scene.job().step()) {
      case NOTE -> note(scene);
      case CUT -> cut(scene);
      case OPEN -> open(scene);
      case CLOSE -> close(scene);
      default ->
          throw new IllegalStateException(
              "job " + scene.job().id() + " has step " + scene.job().step());
    };
  }

  /** A shard whose slots the child gets. */
  private record Source(
      ShardInfo shard, long epoch, Optional<ClusterFacts.Leader> leader, long bytes) {
    ClusterFacts.SlotFacts slots() {
      return leader.orElseThrow().replica().slots();
    }

    boolean isFencedFor(UUID child) {
      return slots().isFencedFor(child);
    }
  }

  /** In the order of the job. The epochs are unknown, and 0, before they are noted. */
  private static List<Source> sources(Scene scene) {
    List<String> ids = scene.job().shardIds();
    long[] epochs =
        scene
            .argument(EPOCHS)
            .map(text -> Arrays.stream(text.split(" ")).mapToLong(Long::parseLong).toArray())
            .orElse(new long[ids.size() - 1]);
    List<Source> sources = new ArrayList<>();
    for (int i = 0; i < ids.size() - 1; i++) {
      ShardInfo shard = scene.shard(ids.get(i));
      UUID group = shard.groupId();
      sources.add(
          new Source(
              shard, epochs[i], scene.facts().leader(group), scene.facts().ownedBytes(group)));
    }
    return sources;
  }

  private static String childId(Scene scene) {
    return scene.job().shardIds().get(scene.job().shardIds().size() - 1);
  }

  private static UUID child(Scene scene) {
    return SplitSteps.childOf(scene.job());
  }

  private static Optional<Source> leaderless(List<Source> sources) {
    return sources.stream().filter(source -> source.leader().isEmpty()).findFirst();
  }

  private static JobAction awaitLeader(Scene scene, Source source) {
    return scene.await("no leader is known of shard " + source.shard().id());
  }

  /** All slots that are to be the child's. */
  private static List<SlotRange> union(List<Source> sources) {
    return SlotRange.normalize(
        sources.stream().flatMap(source -> source.shard().slots().stream()).toList());
  }

  /** For how long clients have been waiting, as far as is known. */
  private static long waited(Scene scene, List<Source> sources) {
    return sources.stream()
        .filter(source -> source.leader().isPresent() && source.isFencedFor(child(scene)))
        .mapToLong(source -> source.slots().fenceMillis())
        .max()
        .orElse(0);
  }

  private static JobAction note(Scene scene) {
    Optional<JobInfo> other = scene.routingHolder();
    if (other.isPresent()) {
      return scene.await("job " + other.get().id() + " has not ended, which changes the routing");
    }
    List<Source> sources = sources(scene);
    Optional<Source> leaderless = leaderless(sources);
    if (leaderless.isPresent()) {
      return awaitLeader(scene, leaderless.get());
    }
    for (Source source : sources) {
      String id = source.shard().id();
      if (source.slots().fenceTarget().isPresent()) {
        return scene.await("shard " + id + " still has the fence of another job");
      }
      if (source.slots().equals(ClusterFacts.SlotFacts.UNKNOWN)) {
        return scene.await("the store of shard " + id + " is not open");
      }
      if (!SlotRange.subtract(source.shard().slots(), source.slots().owned()).isEmpty()) {
        return scene.failed("the store of shard " + id + " has not all its slots");
      }
    }
    Source base = sources.stream().max(Comparator.comparingLong(Source::bytes)).orElseThrow();
    long copied = sources.stream().mapToLong(Source::bytes).sum() - base.bytes();
    if (copied > MAX_COPY_BYTES) {
      return scene.failed(
          "about %d MB would have to be copied, for which clients would have to wait; %d may be"
              .formatted(copied >> 20, MAX_COPY_BYTES >> 20));
    }
    for (String node : base.shard().voters()) {
      String noRoom = noRoom(scene.facts().nodes().get(node), copied);
      if (!noRoom.isEmpty()) {
        return scene.failed("node " + node + " cannot make a replica: " + noRoom);
      }
    }
    return scene.found(
        Map.of(
            EPOCHS,
            sources.stream()
                .map(source -> Long.toString(source.slots().epoch()))
                .collect(Collectors.joining(" ")),
            BASE,
            base.shard().id()));
  }

  /** The copy, and as much again for what it is put together from, and for compactions of it. */
  private static String noRoom(ClusterFacts.NodeFacts said, long copied) {
    if (said == null) {
      return "";
    }
    long free = said.load().freeBytes();
    long wanted = 2 * copied;
    return said.noRoom().isEmpty() && free < wanted
        ? "it has room for %d MB more, and should have it for %d"
            .formatted(free >> 20, (wanted >> 20) + 1)
        : said.noRoom();
  }

  /**
   * The fences, the cuts that replicas make when they apply them, and replicas of the child made of
   * those. Who is not there then is not in the child: nothing else has what was before the fence.
   */
  private static JobAction cut(Scene scene) {
    UUID child = child(scene);
    List<Source> sources = sources(scene);
    long waited = waited(scene, sources);
    boolean begun =
        sources.stream()
            .anyMatch(source -> source.leader().isPresent() && source.isFencedFor(child));
    List<JobAction> fences = new ArrayList<>();
    for (Source source : sources) {
      if (source.leader().isEmpty() || source.isFencedFor(child)) {
        continue;
      }
      if (source.slots().epoch() > source.epoch()) {
        return scene.failed(
            "the slots of shard " + source.shard().id() + " have changed meanwhile");
      }
      fences.add(
          new JobAction.Fence(
              source.leader().get().nodeId(),
              source.leader().get().group(),
              source.epoch(),
              child,
              source.shard().slots(),
              begun));
    }
    Optional<Source> leaderless = leaderless(sources);
    if (leaderless.isPresent() || !fences.isEmpty()) {
      if (waited >= PATIENCE_MILLIS) {
        return scene.failed("not all shards could be stopped in time");
      }
      return leaderless
          .map(source -> awaitLeader(scene, source))
          .orElseGet(() -> new JobAction.Together(fences));
    }
    List<UUID> groups = groups(scene);
    List<String> voters = sources.get(0).shard().voters();
    Beginning beginning = Beginning.of(scene, List.of(child), voters, groups);
    if (beginning.mayBegin(waited, CUT_MILLIS, COPY_MILLIS)) {
      return scene.taken(begin(scene, sources, beginning.seeded()));
    }
    if (beginning.failure().isPresent()) {
      return scene.failed(beginning.failure().get());
    }
    if (waited >= PATIENCE_MILLIS) {
      return scene.failed(
          beginning.hasAllCuts()
              ? "the stores could not be merged in time"
              : "too few replicas were there when the shards were stopped");
    }
    if (!beginning.unasked().isEmpty()) {
      return beginning.seeds(List.of(child), groups);
    }
    return scene.await(
        beginning
            .obstacle("the shards stop")
            .orElse("too few nodes answer that have replicas of the shards"));
  }

  /** The groups of the sources, the base first, the others in the order of the job. */
  static List<UUID> groups(Scene scene) {
    String base = scene.job().argument(BASE);
    return sources(scene).stream()
        .map(Source::shard)
        .sorted(Comparator.comparing(shard -> !shard.id().equals(base)))
        .map(ShardInfo::groupId)
        .toList();
  }

  /** The child's record, which has its nodes start their replicas. */
  private static StateEdit begin(Scene scene, List<Source> sources, List<String> nodes) {
    String preferred =
        sources.stream()
            .map(Source::shard)
            .filter(shard -> shard.id().equals(scene.job().argument(BASE)))
            .map(ShardInfo::preferredLeader)
            .filter(nodes::contains)
            .findFirst()
            .orElse("");
    return new PutShard(
        new ShardSpec(
            childId(scene),
            child(scene),
            List.of(),
            nodes.stream().map(Replica::voter).toList(),
            preferred),
        ShardState.CREATING,
        0);
  }

  /** The child gets a leader and leave to answer, and with that the slots. */
  private static JobAction open(Scene scene) {
    ShardInfo child = scene.shard(childId(scene));
    List<Source> sources = sources(scene);
    List<SlotRange> slots = union(sources);
    Optional<ClusterFacts.Leader> leader = scene.facts().leader(child.groupId());
    if (leader.isPresent() && leader.get().replica().slots().owned().equals(slots)) {
      List<StateEdit> edits = new ArrayList<>();
      edits.add(put(child, slots, ShardState.ACTIVE));
      sources.forEach(source -> edits.add(put(source.shard(), List.of(), ShardState.DELETING)));
      return scene.taken(edits.toArray(StateEdit[]::new));
    }
    if (waited(scene, sources) >= PATIENCE_MILLIS) {
      return scene.failed("shard " + child.id() + " did not begin in time");
    }
    if (leader.isEmpty()) {
      return SplitSteps.elect(scene, child);
    }
    long epoch = sources.stream().mapToLong(Source::epoch).max().orElseThrow() + 1;
    return new JobAction.Keep(
        leader.get().nodeId(), leader.get().group(), epoch, nextRouting(scene), slots);
  }

  /** The version of the routing that this job makes: nobody else changes it until then. */
  private static long nextRouting(Scene scene) {
    return scene.state().routing().version() + 1;
  }

  /** Nobody sends the sources anything any more, nor waits for an answer: they go. */
  private static JobAction close(Scene scene) {
    Optional<String> unaware = DeleteSteps.mayStillSend(scene);
    if (unaware.isPresent()) {
      return scene.await("node " + unaware.get() + " may still send clients to the old shards");
    }
    List<Source> sources = sources(scene);
    for (Source source : sources) {
      OptionalLong stopped =
          source.leader().isPresent()
              ? OptionalLong.of(source.slots().fenceMillis())
              : source.shard().voters().stream()
                  .flatMap(node -> scene.facts().replica(node, source.shard().groupId()).stream())
                  .filter(ClusterFacts.ReplicaFacts::open)
                  .mapToLong(replica -> replica.slots().fenceMillis())
                  .max();
      long patience = source.leader().isPresent() ? ANSWER_MILLIS : LEADERLESS_MILLIS;
      if (stopped.isPresent() && stopped.getAsLong() < patience) {
        return scene.await(
            "shard " + source.shard().id() + " stays until all that it did is answered");
      }
    }
    return scene.takenWith(
        absent(scene, sources),
        sources.stream()
            .map(source -> new DropShard(source.shard().id(), source.shard().version()))
            .toArray(StateEdit[]::new));
  }

  /** Says which replicas the child lacks. */
  private static String absent(Scene scene, List<Source> sources) {
    return SplitSteps.absent(sources.get(0).shard(), List.of(scene.shard(childId(scene))));
  }

  private static StateEdit put(ShardInfo shard, List<SlotRange> slots, ShardState state) {
    return SplitSteps.put(shard, slots, state);
  }

  /**
   * The child was routed nothing, so its end loses nothing. The fences go; and where there is none
   * yet the epoch is made to pass, for the order may be on its way.
   *
   * <p>A source without a leader must not keep the others from answering. So those that have one
   * are given back first, by a new version of the routing, and the rest by the one after that. An
   * order names the version by which its source goes on, and comes late or twice: so it is noted
   * before that which sources get one, and there is no new version before all of those have obeyed.
   * Each of these notes is an edit of all sources' records: so of two that follow from the same
   * facts only one counts.
   */
  @Override
  public JobAction undo(Scene scene) {
    List<Source> sources = sources(scene);
    StateEdit[] asBefore =
        sources.stream().map(source -> put(source, ShardState.ACTIVE)).toArray(StateEdit[]::new);
    if (scene.argument(EPOCHS).isEmpty()) {
      return scene.undone(asBefore); // nothing was ordered yet
    }
    Optional<ShardInfo> child = scene.state().shard(childId(scene));
    if (child.isPresent()) {
      return scene.undoneInPart(new DropShard(child.get().id(), child.get().version()));
    }
    List<Source> left =
        sources.stream().filter(source -> source.shard().state() == ShardState.MERGING).toList();
    List<String> noted = List.of(scene.argument(GIVEN_BACK).orElse("").split(" "));
    List<Source> next =
        left.stream().filter(source -> noted.contains(source.shard().id())).toList();
    if (next.isEmpty()) {
      return noteNext(scene, sources, left);
    }
    List<JobAction> orders = unfences(scene, next);
    if (!orders.isEmpty()) {
      return new JobAction.Together(orders);
    }
    Optional<Source> leaderless = leaderless(next);
    if (leaderless.isPresent()) {
      return awaitLeader(scene, leaderless.get());
    }
    if (next.size() == left.size()) {
      return scene.undone(asBefore);
    }
    List<StateEdit> edits = new ArrayList<>();
    edits.add(new StateEdit.RenewRouting());
    for (Source source : sources) {
      boolean waits = left.contains(source) && !next.contains(source);
      edits.add(put(source, waits ? ShardState.MERGING : ShardState.ACTIVE));
    }
    return scene.undoneInPart(Map.of(GIVEN_BACK, ""), edits.toArray(StateEdit[]::new));
  }

  /**
   * Who has only missed a look may lead one of them: it is waited for, or its clients would wait
   * until all others are given back.
   */
  private static JobAction noteNext(Scene scene, List<Source> sources, List<Source> left) {
    Optional<String> unheard =
        left.stream()
            .filter(source -> source.leader().isEmpty())
            .flatMap(source -> source.shard().voters().stream())
            .filter(scene::mayAnswer)
            .findFirst();
    if (unheard.isPresent()) {
      return scene.await("node " + unheard.get() + " does not answer");
    }
    String led =
        left.stream()
            .filter(source -> source.leader().isPresent())
            .map(source -> source.shard().id())
            .collect(Collectors.joining(" "));
    return led.isEmpty()
        ? awaitLeader(scene, left.get(0))
        : scene.undoneInPart(
            Map.of(GIVEN_BACK, led),
            sources.stream()
                .map(source -> put(source, source.shard().state()))
                .toArray(StateEdit[]::new));
  }

  private static List<JobAction> unfences(Scene scene, List<Source> sources) {
    List<JobAction> orders = new ArrayList<>();
    for (Source source : sources) {
      if (source.leader().isEmpty()) {
        continue;
      }
      boolean fenced = source.isFencedFor(child(scene));
      if (fenced || source.slots().epoch() <= source.epoch()) {
        orders.add(
            new JobAction.Unfence(
                source.leader().get().nodeId(),
                source.leader().get().group(),
                source.epoch() + (fenced ? 1 : 0),
                nextRouting(scene)));
      }
    }
    return orders;
  }

  private static StateEdit put(Source source, ShardState state) {
    return put(source.shard(), source.shard().slots(), state);
  }
}

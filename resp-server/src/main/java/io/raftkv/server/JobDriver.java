package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.JobAction;
import io.raftkv.meta.job.JobRunner;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drives the jobs while this node leads the metadata group: asks all nodes how things are, does
 * what follows for each job, and asks again. What it does is safe if another leader does it, too,
 * see {@link JobRunner}. For one thread.
 */
final class JobDriver {
  private static final Logger LOG = LoggerFactory.getLogger(JobDriver.class);
  private static final long ACTION_TIMEOUT_MILLIS = 30_000;

  /** Clients wait behind a fence meanwhile, and to ask once more costs nothing. */
  private static final long ORDER_TIMEOUT_MILLIS = 1_000;

  /** It is answered at once: what it has begun is seen by the next look at the node. */
  private static final long SEED_TIMEOUT_MILLIS = 200;

  private static final long URGENT_FACTS_MILLIS = 200;

  /** Longer than slots are ever on their way before that is given up. */
  private static final long MAX_URGENT_MILLIS = 10_000;

  private static final long FLUSH_MILLIS = 10_000;

  private static final long REFUSED_PAUSE_MILLIS = 1_000;

  /** How often progress within a step is put into the log. */
  private static final long TELL_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How often shards that no job works on are looked at. */
  private static final long REPAIR_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** How soon it is looked again what a job waits for while clients wait for the job. */
  private static final long HURRY_MILLIS = 10;

  private final Node node;
  private final Runnable soon;
  private final FactsInquiry inquiry;

  /**
   * What is being done for a job or, by its group, for a shard without one; ends with why it was
   * not done, or nothing.
   */
  private final Map<Object, CompletableFuture<String>> underWay = new HashMap<>();

  /** Changes of jobs on their way into the log. */
  private final Map<String, CompletableFuture<?>> proposing = new HashMap<>();

  /** Jobs for which nothing was under way when the facts were asked for, and where they were. */
  private final Map<String, AdvanceJob.Place> idle = new HashMap<>();

  private final Map<String, Long> toldNanos = new HashMap<>();

  private final Refusals refusals = new Refusals();

  /** What is under way for jobs. */
  private final Map<String, Refusals.Asked> askedFor = new HashMap<>();

  /** Something was done since the facts were asked for, and may not be among them. */
  private final AtomicBoolean news = new AtomicBoolean();

  private CompletableFuture<ClusterFacts> asked;
  private long lastRepairNanos = System.nanoTime();

  /**
   * @param soon has {@link #step} called as soon as may be; from any thread
   */
  JobDriver(Node node, Runnable soon) {
    this.node = node;
    this.soon = soon;
    this.inquiry = new FactsInquiry(node);
  }

  /** A node has done something that a job may wait for; from any thread. */
  void heardNews() {
    news.set(true);
    soon.run();
  }

  /** Takes all jobs further as far as is known; to be called often while this node leads. */
  void step(ClusterState state) {
    boolean repair = System.nanoTime() - lastRepairNanos >= REPAIR_NANOS;
    if (asked == null) {
      ask(state, repair);
    } else if (asked.isDone()) {
      ClusterFacts facts = asked.join();
      asked = null;
      running(state).forEach(job -> step(state, job, facts));
      if (running(state).stream().anyMatch(this::isLeftOut)) {
        soon.run();
      }
      if (repair) {
        lastRepairNanos = System.nanoTime();
        JobRunner.repairs(state, facts).forEach(this::repair);
      }
    }
  }

  /**
   * Something went on for it when the facts were asked for, and has ended since: who heard of that
   * could not ask while others were asked.
   */
  private boolean isLeftOut(JobInfo job) {
    return isUrgent(job)
        && !AdvanceJob.Place.of(job).equals(idle.get(job.id()))
        && !goesOn(underWay.get(job.id()))
        && !goesOn(proposing.get(job.id()));
  }

  private static boolean goesOn(CompletableFuture<?> work) {
    return work != null && !work.isDone();
  }

  private static List<JobInfo> running(ClusterState state) {
    return state.jobs().values().stream().filter(job -> !job.state().isFinal()).toList();
  }

  /** Notes for which jobs nothing is under way: only for those are the facts new enough. */
  private void ask(ClusterState state, boolean repair) {
    underWay
        .entrySet()
        .removeIf(
            one -> {
              boolean done = one.getValue().isDone();
              if (done && one.getKey() instanceof String job) {
                refusals.note(job, askedFor.remove(job), one.getValue().join(), System.nanoTime());
              }
              return done;
            });
    refusals.retain(running(state).stream().map(JobInfo::id).toList());
    proposing.values().removeIf(CompletableFuture::isDone);
    idle.clear();
    for (JobInfo job : running(state)) {
      if (!underWay.containsKey(job.id()) && !proposing.containsKey(job.id())) {
        idle.put(job.id(), AdvanceJob.Place.of(job));
      }
    }
    if (repair || !running(state).isEmpty()) {
      news.set(false);
      List<JobInfo> urgent = running(state).stream().filter(JobDriver::isUrgent).toList();
      boolean alone = !repair && urgent.size() == running(state).size();
      asked = urgent.isEmpty() ? askAll(state) : askVoters(state, urgent, alone);
      asked.thenRun(soon);
    }
  }

  private CompletableFuture<ClusterFacts> askAll(ClusterState state) {
    return inquiry.ask(state.members().stream().map(NodeInfo::id).toList());
  }

  /**
   * Only those it is about, and not for long: one that is silent must not keep clients waiting.
   *
   * @param alone whether these jobs are all that is to be judged by the answers: then nothing else
   *     is asked for. A group that others have to know of must not be missing
   */
  private CompletableFuture<ClusterFacts> askVoters(
      ClusterState state, List<JobInfo> urgent, boolean alone) {
    List<ShardInfo> shards =
        urgent.stream()
            .flatMap(job -> job.shardIds().stream())
            .flatMap(shard -> state.shard(shard).stream())
            .toList();
    List<String> voters =
        shards.stream().flatMap(shard -> shard.voters().stream()).distinct().toList();
    if (!alone) {
      return inquiry.ask(voters, URGENT_FACTS_MILLIS);
    }
    Set<UUID> groups = new HashSet<>(JobRunner.beginnings(state)); // not all have a record yet
    shards.forEach(shard -> groups.add(shard.groupId()));
    return inquiry.ask(voters, groups, URGENT_FACTS_MILLIS);
  }

  /** Clients wait for it, unless that has become too long anyway. */
  private static boolean isUrgent(JobInfo job) {
    return job.holdsRouting()
        && System.currentTimeMillis() - job.updatedAtMillis() < MAX_URGENT_MILLIS;
  }

  private void step(ClusterState state, JobInfo job, ClusterFacts facts) {
    try {
      if (AdvanceJob.Place.of(job).equals(idle.get(job.id()))) {
        take(state, job, facts);
      } else if (!proposing.containsKey(job.id()) && refusals.of(job).isEmpty()) {
        tell(job, JobRunner.progress(state, job, facts));
      }
    } catch (RuntimeException bug) {
      LOG.error("job={} cannot be taken further", job.id(), bug); // the others go on
    }
  }

  private void repair(JobAction repair) {
    UUID group;
    if (repair instanceof JobAction.ChangeMembers change) {
      group = change.group();
    } else if (repair instanceof JobAction.Unfence unfence) {
      group = unfence.group();
    } else {
      throw new IllegalStateException("no way to repair by " + repair);
    }
    underWay.computeIfAbsent(
        group,
        key -> {
          LOG.warn("shard={} is not as recorded: {}", node.groupName(group), repair);
          return whatever(request(repair));
        });
  }

  /** This node does not lead any more: what it heard is of no use. */
  void stop() {
    asked = null;
    idle.clear();
    underWay.clear();
    proposing.clear();
    toldNanos.clear();
    refusals.clear();
    askedFor.clear();
  }

  private void take(ClusterState state, JobInfo job, ClusterFacts facts) {
    JobAction action = JobRunner.next(state, job, facts);
    long now = System.nanoTime();
    Optional<String> hopeless = refusals.hopeless(job, action, now);
    if (action instanceof JobAction.Await await) {
      refusals.forget(job.id());
      tell(job, await);
      lookSoon(job);
    } else if (action instanceof JobAction.Advance advance) {
      propose(job, advance.command());
    } else if (action instanceof JobAction.Propose part) {
      propose(job, part.command());
    } else if (hopeless.isPresent()) {
      String why = hopeless.get();
      LOG.warn("job={} is given up, which asks for {} in vain: {}", job.id(), action, why);
      propose(job, JobRunner.giveUp(state, job, facts, why));
    } else if (refusals.pauses(job, action, now)) {
      lookSoon(job);
    } else {
      LOG.info("job={} asks for {}", job.id(), action);
      if (!isUrgent(job)) { // no clients wait that could be kept waiting by this
        refusals
            .of(job)
            .ifPresent(
                why -> tell(job, new JobAction.Await(why, job.bytesDone(), job.bytesTotal())));
      }
      CompletableFuture<String> asked = whatever(request(action));
      underWay.put(job.id(), asked);
      askedFor.put(job.id(), Refusals.Asked.of(job, action));
      asked.thenRun(soon);
    }
  }

  private void lookSoon(JobInfo job) {
    if (!isUrgent(job)) {
      return; // the next step is soon enough
    }
    if (news.get()) {
      soon.run();
    } else {
      node.timer().schedule(soon, HURRY_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /** A request that fails in a way that nobody foresaw is one that was not done. */
  private static CompletableFuture<String> whatever(CompletableFuture<String> request) {
    return request.exceptionally(String::valueOf);
  }

  /**
   * Asks a node for something; it is over when the answer is there, or will not come.
   *
   * @return why it was not done; empty if it was
   */
  private CompletableFuture<String> request(JobAction action) {
    if (action instanceof JobAction.StartJoining joining) {
      return request(joining.node(), ControlRequests.startJoining(joining));
    } else if (action instanceof JobAction.ChangeMembers change) {
      return request(change.leader(), ControlRequests.changeMembers(change));
    } else if (action instanceof JobAction.HandOver handOver) {
      return request(handOver.leader(), ControlRequests.handOver(handOver));
    } else if (action instanceof JobAction.Fence fence) {
      return fence(List.of(fence));
    } else if (action instanceof JobAction.Seed seed) {
      return request(seed.node(), ControlRequests.seed(seed), SEED_TIMEOUT_MILLIS);
    } else if (action instanceof JobAction.Keep keep) {
      return request(keep.leader(), ControlRequests.keep(keep), ORDER_TIMEOUT_MILLIS);
    } else if (action instanceof JobAction.Unfence unfence) {
      return request(unfence.leader(), ControlRequests.unfence(unfence), ORDER_TIMEOUT_MILLIS);
    } else if (action instanceof JobAction.Lead lead) {
      return request(lead.node(), ControlRequests.lead(lead), ORDER_TIMEOUT_MILLIS);
    } else if (action instanceof JobAction.Together together) {
      List<JobAction.Fence> fences =
          together.parts().stream()
              .filter(JobAction.Fence.class::isInstance)
              .map(JobAction.Fence.class::cast)
              .toList();
      return fences.size() == together.parts().size()
          ? fence(fences)
          : together(together.parts().stream().map(this::request).toList());
    }
    throw new IllegalStateException("no way to do " + action);
  }

  /** Over when all are; what one of them was not done for is told. */
  private static CompletableFuture<String> together(List<CompletableFuture<String>> requests) {
    return CompletableFuture.allOf(requests.toArray(CompletableFuture[]::new))
        .thenApply(
            all ->
                requests.stream()
                    .map(CompletableFuture::join)
                    .filter(why -> !why.isEmpty())
                    .findFirst()
                    .orElse(""));
  }

  /** All stores are flushed before the first one stands still. */
  private CompletableFuture<String> fence(List<JobAction.Fence> fences) {
    return CompletableFuture.allOf(
            fences.stream()
                .filter(fence -> !fence.atOnce())
                .map(fence -> flushed(fence.group()))
                .toArray(CompletableFuture[]::new))
        .thenCompose(
            all ->
                together(
                    fences.stream()
                        .map(
                            fence ->
                                request(
                                    fence.leader(),
                                    ControlRequests.fence(fence),
                                    ORDER_TIMEOUT_MILLIS))
                        .toList()));
  }

  /**
   * Has the stores of a shard flushed: little is left to do then for the checkpoints of them that
   * are taken while clients wait. Over in time, also if it fails.
   */
  private CompletableFuture<Void> flushed(UUID group) {
    byte[] flush = ControlRequests.flush(group);
    List<String> voters =
        node.metadata().state().shardOfGroup(group).map(ShardInfo::voters).orElse(List.of());
    return CompletableFuture.allOf(
        voters.stream()
            .map(
                voter ->
                    FactsInquiry.call(node, voter, flush)
                        .orTimeout(FLUSH_MILLIS, TimeUnit.MILLISECONDS)
                        .exceptionally(
                            failed -> {
                              LOG.debug("node={} has not flushed", voter, failed);
                              return null;
                            }))
            .toArray(CompletableFuture[]::new));
  }

  /** Puts into the log what a job waits for, now and then, and only if it is new. */
  private void tell(JobInfo job, JobAction.Await await) {
    boolean same =
        job.note().equals(await.reason())
            && job.bytesDone() == await.bytesDone()
            && job.bytesTotal() == await.bytesTotal();
    long now = System.nanoTime();
    Long told = toldNanos.get(job.id());
    if (told == null && job.holdsRouting()) {
      toldNanos.put(job.id(), now); // nothing that clients wait for is to wait for this
      return;
    }
    if (same || (told != null && now - told < TELL_NANOS)) {
      return;
    }
    toldNanos.put(job.id(), now);
    AdvanceJob.Place place = AdvanceJob.Place.of(job);
    propose(
        job,
        new AdvanceJob(
            job.id(),
            place,
            new AdvanceJob.Progress(place, await.bytesDone(), await.bytesTotal(), await.reason()),
            new TreeMap<>(),
            List.of()));
  }

  private void propose(JobInfo job, MetaCommand command) {
    CompletableFuture<MetaReply> asked =
        node.metadata().propose(node.shards().client(MetadataGroup.GROUP), command);
    CompletableFuture<Object> over = new CompletableFuture<>();
    proposing.put(job.id(), over);
    over.thenRun(soon);
    asked.whenComplete(
        (reply, lost) -> {
          if (lost == null && reply.outcome() != MetaReply.Outcome.REFUSED) {
            over.complete(null);
            return;
          }
          LOG.warn(
              "job={} did not advance, it is looked at again: {}",
              job.id(),
              lost == null ? reply.text() : lost.getMessage());
          // Not ten times per second: what was refused is in the log nevertheless.
          over.completeOnTimeout(null, REFUSED_PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        });
  }

  private CompletableFuture<String> request(String nodeId, byte[] request) {
    return request(nodeId, request, ACTION_TIMEOUT_MILLIS);
  }

  private CompletableFuture<String> request(String nodeId, byte[] request, long timeoutMillis) {
    CompletableFuture<String> over = new CompletableFuture<>();
    FactsInquiry.call(node, nodeId, request)
        .orTimeout(timeoutMillis, TimeUnit.MILLISECONDS)
        .whenComplete(
            (answer, lost) -> {
              String why =
                  lost == null ? ControlRequests.decodeOutcome(answer) : String.valueOf(lost);
              if (!why.isEmpty()) {
                LOG.info("node={} did not do it, it is looked at again: {}", nodeId, why);
              }
              over.complete(why.isEmpty() ? "" : "node " + nodeId + ": " + why);
            });
    return over;
  }
}

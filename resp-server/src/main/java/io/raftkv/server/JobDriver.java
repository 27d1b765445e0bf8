package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.JobAction;
import io.raftkv.meta.job.JobRunner;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
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

  private static final long REFUSED_PAUSE_MILLIS = 1_000;

  /** How often progress within a step is put into the log. */
  private static final long TELL_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How often shards that no job works on are looked at. */
  private static final long REPAIR_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Node node;
  private final FactsInquiry inquiry;

  /** What is being done for a job or, by its group, for a shard without one. */
  private final Map<Object, CompletableFuture<?>> underWay = new HashMap<>();

  /** Changes of jobs on their way into the log. */
  private final Map<String, CompletableFuture<?>> proposing = new HashMap<>();

  /** Jobs for which nothing was under way when the facts were asked for, and where they were. */
  private final Map<String, AdvanceJob.Place> idle = new HashMap<>();

  private final Map<String, Long> toldNanos = new HashMap<>();
  private CompletableFuture<ClusterFacts> asked;
  private long lastRepairNanos = System.nanoTime();

  JobDriver(Node node) {
    this.node = node;
    this.inquiry = new FactsInquiry(node);
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
      if (repair) {
        lastRepairNanos = System.nanoTime();
        JobRunner.repairs(state, facts).forEach(this::repair);
      }
    }
  }

  private static List<JobInfo> running(ClusterState state) {
    return state.jobs().values().stream().filter(job -> !job.state().isFinal()).toList();
  }

  /** Notes for which jobs nothing is under way: only for those are the facts new enough. */
  private void ask(ClusterState state, boolean repair) {
    underWay.values().removeIf(CompletableFuture::isDone);
    proposing.values().removeIf(CompletableFuture::isDone);
    idle.clear();
    for (JobInfo job : running(state)) {
      if (!underWay.containsKey(job.id()) && !proposing.containsKey(job.id())) {
        idle.put(job.id(), AdvanceJob.Place.of(job));
      }
    }
    if (repair || !running(state).isEmpty()) {
      asked = inquiry.ask(state.members().stream().map(NodeInfo::id).toList());
    }
  }

  private void step(ClusterState state, JobInfo job, ClusterFacts facts) {
    try {
      if (AdvanceJob.Place.of(job).equals(idle.get(job.id()))) {
        take(job, JobRunner.next(state, job, facts));
      } else if (!proposing.containsKey(job.id())) {
        tell(job, JobRunner.progress(state, job, facts));
      }
    } catch (RuntimeException bug) {
      LOG.error("job={} cannot be taken further", job.id(), bug); // the others go on
    }
  }

  private void repair(JobAction.ChangeMembers change) {
    underWay.computeIfAbsent(
        change.group(),
        group -> {
          LOG.warn(
              "members of shard={} are not as recorded: {}",
              node.groupName(change.group()),
              change);
          return request(change.leader(), ControlRequests.changeMembers(change));
        });
  }

  /** This node does not lead any more: what it heard is of no use. */
  void stop() {
    asked = null;
    idle.clear();
    underWay.clear();
    proposing.clear();
    toldNanos.clear();
  }

  private void take(JobInfo job, JobAction action) {
    if (action instanceof JobAction.Await await) {
      tell(job, await);
    } else if (action instanceof JobAction.Advance advance) {
      propose(job, advance.command());
    } else if (action instanceof JobAction.StartJoining joining) {
      LOG.info("job={} starts a replica: {}", job.id(), joining);
      underWay.put(job.id(), request(joining.node(), ControlRequests.startJoining(joining)));
    } else if (action instanceof JobAction.ChangeMembers change) {
      LOG.info("job={} changes members: {}", job.id(), change);
      underWay.put(job.id(), request(change.leader(), ControlRequests.changeMembers(change)));
    } else if (action instanceof JobAction.HandOver handOver) {
      LOG.info("job={} hands over: {}", job.id(), handOver);
      underWay.put(job.id(), request(handOver.leader(), ControlRequests.handOver(handOver)));
    } else {
      throw new IllegalStateException("no way to do " + action);
    }
  }

  /** Puts into the log what a job waits for, now and then, and only if it is new. */
  private void tell(JobInfo job, JobAction.Await await) {
    boolean same =
        job.note().equals(await.reason())
            && job.bytesDone() == await.bytesDone()
            && job.bytesTotal() == await.bytesTotal();
    long now = System.nanoTime();
    Long told = toldNanos.get(job.id());
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

  private void propose(JobInfo job, AdvanceJob command) {
    CompletableFuture<MetaReply> asked =
        node.metadata().propose(node.shards().client(MetadataGroup.GROUP), command);
    CompletableFuture<Object> over = new CompletableFuture<>();
    proposing.put(job.id(), over);
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

  private CompletableFuture<?> request(String nodeId, byte[] request) {
    CompletableFuture<Object> over = new CompletableFuture<>();
    FactsInquiry.call(node, nodeId, request)
        .orTimeout(ACTION_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .whenComplete(
            (answer, lost) -> {
              String why =
                  lost == null ? ControlRequests.decodeOutcome(answer) : String.valueOf(lost);
              if (why.isEmpty()) {
                over.complete(null);
              } else {
                LOG.info("node={} did not do it, it is looked at again: {}", nodeId, why);
                over.completeOnTimeout(null, REFUSED_PAUSE_MILLIS, TimeUnit.MILLISECONDS);
              }
            });
    return over;
  }
}

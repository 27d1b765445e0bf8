package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.JobAction;
import io.raftkv.meta.job.JobRunner;
import io.raftkv.shard.PeerTransport;
import java.util.ArrayList;
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
  private static final long FACTS_TIMEOUT_MILLIS = 1_000;
  private static final long ACTION_TIMEOUT_MILLIS = 30_000;

  /** How often progress within a step is put into the log. */
  private static final long TELL_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How often shards that no job works on are looked at. */
  private static final long REPAIR_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Node node;

  /** What is being done for a job or, by its group, for a shard without one. */
  private final Map<Object, CompletableFuture<?>> underWay = new HashMap<>();

  /** Changes of jobs on their way into the log. */
  private final Map<String, CompletableFuture<?>> proposing = new HashMap<>();

  private final Map<String, Long> toldNanos = new HashMap<>();
  private CompletableFuture<ClusterFacts> asked;
  private long lastRepairNanos = System.nanoTime();

  JobDriver(Node node) {
    this.node = node;
  }

  /** Takes all jobs further as far as is known; to be called often while this node leads. */
  void step(ClusterState state) {
    List<JobInfo> jobs = state.jobs().values().stream().filter(j -> !j.state().isFinal()).toList();
    boolean repair = System.nanoTime() - lastRepairNanos >= REPAIR_NANOS;
    if (asked == null) {
      asked = jobs.isEmpty() && !repair ? null : ask(state);
      return;
    }
    if (!asked.isDone()) {
      return;
    }
    ClusterFacts facts = asked.join();
    asked = null;
    underWay.values().removeIf(CompletableFuture::isDone);
    proposing.values().removeIf(CompletableFuture::isDone);
    for (JobInfo job : jobs) {
      if (proposing.containsKey(job.id())) {
        continue;
      }
      if (!underWay.containsKey(job.id())) {
        take(job, JobRunner.next(state, job, facts));
      } else {
        tell(job, JobRunner.progress(state, job, facts));
      }
    }
    if (repair) {
      lastRepairNanos = System.nanoTime();
      for (JobAction.ChangeMembers change : JobRunner.repairs(state, facts)) {
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
    }
  }

  /** This node does not lead any more: what it heard is of no use. */
  void stop() {
    asked = null;
    underWay.clear();
    proposing.clear();
    toldNanos.clear();
  }

  private CompletableFuture<ClusterFacts> ask(ClusterState state) {
    Map<String, ClusterFacts.NodeFacts> heard = new TreeMap<>();
    List<CompletableFuture<?>> answers = new ArrayList<>();
    for (NodeInfo member : state.members()) {
      answers.add(
          call(member.id(), ControlRequests.nodeFacts())
              .orTimeout(FACTS_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
              .handle(
                  (bytes, silent) -> {
                    if (silent == null) {
                      synchronized (heard) {
                        heard.put(member.id(), NodeFactsCodec.decode(bytes));
                      }
                    }
                    return null;
                  }));
    }
    return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
        .thenApply(
            all -> {
              synchronized (heard) {
                return new ClusterFacts(heard);
              }
            });
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
    proposing.put(
        job.id(),
        node.metadata()
            .propose(node.shards().client(MetadataGroup.GROUP), command)
            .handle(
                (reply, lost) -> {
                  if (lost != null || reply.outcome() == MetaReply.Outcome.REFUSED) {
                    LOG.warn(
                        "job={} did not advance, it is looked at again: {}",
                        job.id(),
                        lost == null ? reply.text() : lost.getMessage());
                  }
                  return null;
                }));
  }

  private CompletableFuture<?> request(String nodeId, byte[] request) {
    return call(nodeId, request)
        .orTimeout(ACTION_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .handle(
            (answer, lost) -> {
              String why =
                  lost == null ? ControlRequests.decodeOutcome(answer) : String.valueOf(lost);
              if (!why.isEmpty()) {
                LOG.info("node={} did not do it, it is looked at again: {}", nodeId, why);
              }
              return null;
            });
  }

  private CompletableFuture<byte[]> call(String nodeId, byte[] request) {
    return nodeId.equals(node.config().node().id())
        ? node.requests().answer(PeerTransport.Kind.CONTROL, request).toCompletableFuture()
        : node.links().call(nodeId, PeerTransport.Kind.CONTROL, request);
  }
}

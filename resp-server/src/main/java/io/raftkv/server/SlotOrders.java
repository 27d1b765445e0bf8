package io.raftkv.server;

import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.JobAction;
import io.raftkv.meta.job.JobRunner;
import io.raftkv.raft.LeaderView;
import io.raftkv.raft.Replica;
import io.raftkv.resp.command.SlotCommands;
import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.SlotSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does what jobs ask of this node when slots go from one shard to another. Thread-safe. */
final class SlotOrders {
  private static final Logger LOG = LoggerFactory.getLogger(SlotOrders.class);

  /** An election among nodes that are all there is over by then. */
  private static final long ELECTION_MILLIS = 300;

  private static final long LOOK_MILLIS = 5;

  private final Node node;

  private static final int MAX_FAILURE_LENGTH = 1_000;

  /**
   * Why replicas could not be made, by group, as long as their jobs go on. They are not tried
   * again: clients would wait for as long once more.
   */
  private final Map<UUID, String> seedFailures = new ConcurrentHashMap<>();

  SlotOrders(Node node) {
    this.node = node;
  }

  /** Not on a disk that is nearly full: what ends the fence might not be written any more. */
  CompletionStage<byte[]> fence(JobAction.Fence fence) {
    if (!node.hasDiskSpace()) {
      return CompletableFuture.completedFuture(ControlRequests.outcome("its disk is nearly full"));
    }
    return order(
        fence.group(), SlotCommands.fence(fence.epoch(), fence.target(), set(fence.slots())));
  }

  CompletionStage<byte[]> flush(UUID group) {
    return asked(
        node.orders(),
        () -> {
          Replica replica = node.replica(group);
          Long index = replica == null ? null : replica.withStore(ShardStore::flush);
          return index == null ? "it has no store of this group" : "";
        });
  }

  CompletionStage<byte[]> keep(JobAction.Keep keep) {
    return order(
        keep.group(), SlotCommands.keep(keep.epoch(), keep.routingVersion(), set(keep.slots())));
  }

  CompletionStage<byte[]> unfence(JobAction.Unfence unfence) {
    return order(unfence.group(), SlotCommands.unfence(unfence.epoch(), unfence.routingVersion()));
  }

  private CompletionStage<byte[]> order(UUID group, byte[][] words) {
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    node.traffic()
        .changeSlots(
            group,
            words,
            Runnable::run,
            reply ->
                answer.complete(
                    ControlRequests.outcome(
                        reply instanceof Reply.Failure failure ? failure.line() : "")));
    return answer;
  }

  /**
   * Answers at once, for it may take long: that it is done or under way, or why it is not, or could
   * not be done. What this node says of itself tells when it is done, and that it cannot be.
   */
  CompletionStage<byte[]> seed(JobAction.Seed seed) {
    UUID target = seed.targets().get(0);
    String failure = seedFailures.get(target);
    if (failure != null) {
      return CompletableFuture.completedFuture(ControlRequests.outcome(failure));
    }
    if (!isWanted(seed.targets())) {
      return CompletableFuture.completedFuture(
          ControlRequests.outcome("no job is about to begin this group, as far as it knows"));
    }
    long lacking = seed.targets().stream().filter(group -> !node.raft().hasFiles(group)).count();
    String noRoom = node.noRoomInMemory((int) lacking);
    if (!noRoom.isEmpty()) {
      seedFailures.put(target, noRoom);
      return CompletableFuture.completedFuture(ControlRequests.outcome(noRoom));
    }
    long begun = System.nanoTime();
    node.raft()
        .seed(seed.targets(), seed.sources(), () -> isWanted(seed.targets()))
        .whenComplete((done, failed) -> noteSeed(seed.targets(), begun, failed));
    return CompletableFuture.completedFuture(ControlRequests.outcome(""));
  }

  /**
   * Makes replicas of the cuts for a group as soon as this node has all of them: whoever drives the
   * job would ask for that as soon as it saw them, and does if this node does not know of the job
   * yet. Never blocks.
   *
   * <p>A start cuts again what it replays. By metadata of long ago it would then make a replica
   * that was there already and is lost, without what that has acknowledged since: so not before
   * this node has caught up.
   */
  void cutMade(UUID group) {
    try {
      node.orders().execute(() -> seedUnasked(group));
    } catch (RejectedExecutionException stopping) {
      LOG.debug("no replica made for group={}: the node stops", group, stopping);
    }
  }

  private void seedUnasked(UUID group) {
    if (!node.controller().hasCaughtUp()) {
      return;
    }
    Set<UUID> cuts = node.raft().cuts().getOrDefault(group, Set.of());
    JobRunner.seed(node.metadata().state(), node.config().node().id(), group, cuts)
        .ifPresent(this::seed);
  }

  private boolean isWanted(List<UUID> targets) {
    return JobRunner.mayBeSeeded(node.metadata().state(), targets);
  }

  private void noteSeed(List<UUID> targets, long begunNanos, Throwable failed) {
    UUID target = targets.get(0);
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunNanos);
    if (failed == null) {
      LOG.info(
          "replicas={} made of what was cut off for group={} ms={}",
          targets.size(),
          target,
          millis);
      node.controller().tellNews();
    } else if (isWanted(targets)) {
      LOG.error("no replica made of what was cut off for group={}", target, failed);
      String why = failed.toString();
      seedFailures.put(target, why.substring(0, Math.min(why.length(), MAX_FAILURE_LENGTH)));
    } else {
      LOG.info("no replica made for group={}, nobody wants it any more: {}", target, failed);
    }
  }

  /** Why replicas could not be made for jobs that go on, by their first group. */
  Map<UUID, String> seedFailures() {
    seedFailures.keySet().retainAll(JobRunner.beginnings(node.metadata().state()));
    return Map.copyOf(seedFailures);
  }

  /** Answers when there is a leader, or the election may have failed. */
  CompletionStage<byte[]> lead(JobAction.Lead lead) {
    return asked(
        node.orders(),
        () -> {
          Replica replica = node.replica(lead.group());
          if (replica == null) {
            return "it has no replica of this group";
          }
          if (replica.leader() == null && !replica.standAsFirst()) {
            return "it cannot stand for election";
          }
          long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ELECTION_MILLIS);
          while (!isLed(replica) && System.nanoTime() - deadline < 0) {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
          }
          return "";
        });
  }

  private boolean isLed(Replica replica) {
    String leader = replica.leader();
    LeaderView view = replica.view();
    return leader != null
        && (!leader.equals(node.config().node().id()) || (view != null && view.ready()));
  }

  /** What is done on another thread, and says why it was not. */
  private interface Task {
    String run() throws InterruptedException;
  }

  private static CompletionStage<byte[]> asked(Executor executor, Task task) {
    Supplier<byte[]> done =
        () -> {
          try {
            return ControlRequests.outcome(task.run());
          } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            return ControlRequests.outcome("the node stops");
          }
        };
    return CompletableFuture.supplyAsync(done, executor);
  }

  private static SlotSet set(List<SlotRange> slots) {
    return SlotSet.parse(SlotRange.format(slots));
  }
}

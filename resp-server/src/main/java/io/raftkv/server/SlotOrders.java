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
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
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

  /** Replicas that are being made, by group. */
  private final Map<UUID, CompletableFuture<byte[]>> seeding = new ConcurrentHashMap<>();

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

  /** May take long if there are several sources: who asks again meanwhile gets the same answer. */
  CompletionStage<byte[]> seed(JobAction.Seed seed) {
    CompletableFuture<byte[]> mine = new CompletableFuture<>();
    CompletableFuture<byte[]> underWay = seeding.putIfAbsent(seed.target(), mine);
    if (underWay != null) {
      return underWay;
    }
    asked(node.orders(), () -> seedNow(seed))
        .whenComplete(
            (answer, lost) -> {
              seeding.remove(seed.target());
              mine.complete(lost == null ? answer : ControlRequests.outcome(lost.toString()));
            });
    return mine;
  }

  private String seedNow(JobAction.Seed seed) {
    UUID target = seed.target();
    long begun = System.nanoTime();
    try {
      node.raft()
          .seed(
              target, seed.sources(), () -> !JobRunner.isGivenUp(node.metadata().state(), target));
      LOG.info(
          "replica made of what was cut off for group={} ms={}",
          target,
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun));
      return "";
    } catch (IOException failed) {
      if (JobRunner.isGivenUp(node.metadata().state(), target)) {
        LOG.info("no replica made for group={}, nobody wants it any more: {}", target, failed);
      } else {
        LOG.error("no replica made of what was cut off for group={}", target, failed);
      }
      return failed.toString();
    }
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

package io.raftkv.resp.dispatch;

import io.netty.util.concurrent.EventExecutor;
import io.raftkv.metrics.Outcome;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.reply.Reply;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * One connection's operations on their way to the shards, in a {@link Lane} for each. They are
 * collected first and go out together. Event-loop confined.
 */
final class ShardLanes {
  private final SessionServices services;
  private final EventExecutor loop;
  private final Supplier<ReadConsistency> consistency;
  private final Runnable onResumed;
  private final Map<UUID, Lane> lanes = new HashMap<>();
  private final List<Lane> touched = new ArrayList<>();
  private final OwnWrites writes = new OwnWrites();
  private int stalledLanes;

  /**
   * @param consistency what the connection wants of reads now
   * @param onResumed run when a lane that was stalled has gone on
   */
  ShardLanes(
      SessionServices services,
      EventExecutor loop,
      Supplier<ReadConsistency> consistency,
      Runnable onResumed) {
    this.services = services;
    this.loop = loop;
    this.consistency = consistency;
    this.onResumed = onResumed;
  }

  /** Collects an operation for the next {@link #submit}. */
  void add(Routing.Shard shard, DataOp op) {
    Lane lane = lanes.computeIfAbsent(shard.group(), group -> newLane(shard));
    if (op.isWrite()) {
      long number = writes.begin();
      op.onReply(reply -> writes.end(number, mayNotBeDone(reply)));
    }
    if (lane.add(op, consistency.get())) {
      touched.add(lane);
    }
  }

  private Lane newLane(Routing.Shard shard) {
    Lane[] lane = new Lane[1];
    lane[0] = new Lane(shard, () -> goOn(lane[0]));
    return lane[0];
  }

  /** True while operations wait for those before them: no more must be added until they go on. */
  boolean areStalled() {
    return stalledLanes > 0;
  }

  /** Sends what was collected, each lane's operations as far as they need not wait. */
  void submit() {
    for (Lane lane : touched) {
      if (!submitAll(lane)) {
        lane.stalled(true);
        stalledLanes++;
      }
    }
    touched.clear();
  }

  /** False if a part has to wait. */
  private boolean submitAll(Lane lane) {
    while (!lane.isEmpty() && !lane.mustWait()) {
      submit(lane);
    }
    return lane.isEmpty();
  }

  private void submit(Lane lane) {
    Lane.Run run = lane.takeRun();
    if (run.throughLog()) {
      services.write(lane.shard(), run.ops());
    } else {
      services
          .reads()
          .read(
              lane.shard(),
              run.ops(),
              run.consistency(),
              loop,
              lane.reads()
                  .next(
                      () -> {
                        run.ops().forEach(op -> lane.readAnswered());
                        goOn(lane);
                      }));
    }
  }

  /** Unlike a user's mistake, which has been done for what it is. */
  private static boolean mayNotBeDone(Reply reply) {
    Outcome outcome = ReplyOutcome.of(reply);
    return outcome == Outcome.UNCERTAIN || outcome == Outcome.REFUSED;
  }

  /** Something that was under way is answered: what waited for it goes out. */
  private void goOn(Lane lane) {
    // Asked twice, for what goes out may be answered at once and come here again.
    if (lane.isStalled() && submitAll(lane) && lane.isStalled()) {
      lane.stalled(false);
      stalledLanes--;
      onResumed.run();
    }
  }

  /**
   * When all writes that were added so far have been answered: true if all since the last call were
   * done, false also after so long; 0 sets no time.
   */
  CompletionStage<Boolean> writesAnswered(long timeoutMillis) {
    CompletableFuture<Boolean> answered = writes.answered().toCompletableFuture();
    if (timeoutMillis == 0 || answered.isDone()) {
      return answered;
    }
    CompletableFuture<Boolean> inTime = new CompletableFuture<>();
    ScheduledFuture<?> late =
        loop.schedule(
            () -> {
              writes.forget(answered);
              inTime.complete(false);
            },
            timeoutMillis,
            TimeUnit.MILLISECONDS);
    answered.thenAccept(
        done -> {
          late.cancel(false);
          inTime.complete(done);
        });
    return inTime;
  }
}

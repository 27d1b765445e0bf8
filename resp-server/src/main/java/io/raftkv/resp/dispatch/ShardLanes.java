package io.raftkv.resp.dispatch;

import io.netty.util.concurrent.EventExecutor;
import io.raftkv.metrics.Outcome;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection's operations on their way to the shards, in a {@link Lane} for each. They are
 * collected first and go out together. Event-loop confined.
 *
 * <p>All that is under way was routed by one version of the routing. What a shard has not done
 * since it gives slots away is held until nothing is under way any more, and then sent by newer
 * routing, in its order. Meanwhile, and as long as something is under way that was routed by an
 * older version, nothing is added: so no operation overtakes an earlier one on its key.
 */
final class ShardLanes {
  private static final Logger LOG = LoggerFactory.getLogger(ShardLanes.class);

  /** One operation from when it is sent to its reply, which others may make in its place. */
  private final class Sent implements DataOp.Listener, MovedOps.Held, Dispatcher.Target, ReplySink {
    private final long place = ++added;
    private final Routing.Shard shard;
    private final DataOp op;
    private final ReadConsistency wanted;

    /** Its number among the connection's writes; 0 if it is none. */
    private final long write;

    /** When it, or the first one that it was sent in place of, was moved; 0 if none was. */
    private long movedNanos;

    private Sent(Routing.Shard shard, DataOp op, ReadConsistency wanted, long movedNanos) {
      this.shard = shard;
      this.op = op;
      this.wanted = wanted;
      this.movedNanos = movedNanos;
      // What is sent in place of one that was moved counts as that one.
      this.write = op.isWrite() && movedNanos == 0 ? writes.begin() : 0;
    }

    @Override
    public void answered(Reply reply) {
      end(reply);
      over();
    }

    @Override
    public void moved() {
      if (movedNanos == 0) {
        movedNanos = System.nanoTime();
      }
      moved.hold(this);
      over();
    }

    private void end(Reply reply) {
      if (write > 0) {
        writes.end(write, mayNotBeDone(reply));
      }
    }

    // ---- while it is held ----

    @Override
    public long place() {
      return place;
    }

    @Override
    public long heldBytes() {
      return op.heldBytes();
    }

    private void sendAgain(Routing before) {
      boolean late = System.nanoTime() - movedNanos > services.requestTimeout().toNanos();
      if (late || before.version() == routing.version()) {
        reply(Reply.error(RespErrors.tryAgain("shard " + shard.id() + " gives its slots away")));
        return;
      }
      try {
        services.dispatcher().reroute(op, shard, before, routing, this, this);
      } catch (CommandException mistake) {
        reply(Reply.error(mistake.line()));
      } catch (RuntimeException | Error bug) {
        LOG.error("{} cannot be routed again", op.spec().name(), bug);
        reply(Reply.error(RespErrors.INTERNAL));
      }
    }

    // ---- where what is sent in its place goes ----

    @Override
    public void add(Routing.Shard owner, DataOp next) {
      send(new Sent(owner, next, wanted, movedNanos));
    }

    @Override
    public Executor executor() {
      return op.executor();
    }

    @Override
    public int database() {
      return op.database();
    }

    // ---- and what comes of it ----

    @Override
    public void reply(Reply reply) {
      end(reply);
      op.deliver(reply);
    }

    @Override
    public boolean takesStreams() {
      return op.takesStreams();
    }

    @Override
    public void stream(ReplyStream reply) {
      op.deliver(reply);
    }
  }

  private final SessionServices services;
  private final EventExecutor loop;
  private final Supplier<ReadConsistency> consistency;
  private final Runnable onResumed;
  private final Map<UUID, Lane> lanes = new HashMap<>();
  private final List<Lane> touched = new ArrayList<>();
  private final OwnWrites writes = new OwnWrites();
  private final MovedOps<Sent> moved;

  /** By which all that is under way was routed. */
  private Routing routing;

  private long added;

  /** Operations that were added and are neither answered nor held. */
  private int underWay;

  private int stalledLanes;

  /**
   * @param consistency what the connection wants of reads now
   * @param onResumed run when what was stalled has gone on
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
    this.routing = services.routing().now();
    this.moved =
        new MovedOps<>(
            services.routing(),
            services.movedBytes(),
            loop,
            services.requestTimeout(),
            this::sendMoved);
  }

  /** By which operations have to be routed that are to be added now. */
  Routing routing() {
    return routing;
  }

  /** Collects an operation for the next {@link #submit}. */
  void add(Routing.Shard shard, DataOp op) {
    send(new Sent(shard, op, consistency.get(), 0));
  }

  private void send(Sent sent) {
    sent.op.listener(sent);
    underWay++;
    Lane lane = lanes.computeIfAbsent(sent.shard.group(), group -> newLane(sent.shard));
    if (lane.add(sent.op, sent.wanted)) {
      touched.add(lane);
    }
  }

  /** One operation less is under way. */
  private void over() {
    if (--underWay == 0) {
      moved.nothingIsUnderWay(routing.version());
    }
  }

  private boolean isRoutingNewer() {
    return services.routing().now().version() != routing.version();
  }

  private void sendMoved(List<Sent> again) {
    Routing before = routing;
    routing = services.routing().now();
    again.forEach(sent -> sent.sendAgain(before));
    submit();
    onResumed.run();
  }

  private Lane newLane(Routing.Shard shard) {
    Lane[] lane = new Lane[1];
    lane[0] = new Lane(shard, () -> goOn(lane[0]));
    return lane[0];
  }

  /** True while operations wait for those before them: no more must be added until they go on. */
  boolean areStalled() {
    return stalledLanes > 0 || !moved.isEmpty() || !followRouting();
  }

  /** False while something is under way that was routed by an older version. */
  private boolean followRouting() {
    if (isRoutingNewer()) {
      if (underWay > 0) {
        return false;
      }
      routing = services.routing().now();
    }
    return true;
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

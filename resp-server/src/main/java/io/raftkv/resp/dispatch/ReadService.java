package io.raftkv.resp.dispatch;

import io.netty.util.concurrent.EventExecutor;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandEngine;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.ReadBarrier;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.NotInMemoryException;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StaleViewException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers reads from this node's replicas, as fresh as asked for. What the rows in memory can
 * answer is answered on the connection's event loop; the rest by the read pool, since RocksDB may
 * block.
 */
final class ReadService implements ShardReads {
  private static final Logger LOG = LoggerFactory.getLogger(ReadService.class);

  /** Finds an index that covers all acknowledged writes: {@link ReadBarrier#confirm}. */
  @FunctionalInterface
  interface Confirmation {
    void confirm(UUID shard, long deadlineNanos, ReadBarrier.Waiter waiter);
  }

  private static final long RETRY_MILLIS = 10;
  private static final long TICK_AGAIN_MILLIS = 50;

  private final Function<UUID, ReadableReplica> replicas;
  private final Confirmation barrier;
  private final ShardTicker ticker;
  private final Executor readPool;
  private final ShardReads remote;
  private final LongSupplier clock;
  private final long timeoutNanos;

  /**
   * @param clock by which a key is found to be due, milliseconds since the epoch
   * @param timeoutNanos from {@link #read} to the deadline
   */
  ReadService(
      Function<UUID, ReadableReplica> replicas,
      Confirmation barrier,
      ShardTicker ticker,
      Executor readPool,
      ShardReads remote,
      LongSupplier clock,
      long timeoutNanos) {
    this.replicas = replicas;
    this.barrier = barrier;
    this.ticker = ticker;
    this.readPool = readPool;
    this.remote = remote;
    this.clock = clock;
    this.timeoutNanos = timeoutNanos;
  }

  @Override
  public void read(
      Routing.Shard shard,
      List<DataOp> ops,
      ReadConsistency consistency,
      EventExecutor loop,
      ReadTurn turn) {
    ReadableReplica replica = replicas.apply(shard.group());
    if (replica == null || !replica.isAlive()) {
      remote.read(shard, ops, consistency, loop, turn);
      return;
    }
    Run run = new Run(shard, replica, ops, consistency, loop, turn);
    switch (consistency.level()) {
      case LINEARIZABLE -> barrier.confirm(shard.group(), run.deadlineNanos, run);
      case EVENTUAL -> run.onLoop(run::executeInTurn);
      case BOUNDED -> {
        long silence = replica.leaderSilenceMillis();
        if (silence > consistency.bound().toMillis()) {
          String refusal =
              RespErrors.tryAgain(
                  "this replica of shard "
                      + shard.id()
                      + " has not heard from its leader within the bound of "
                      + consistency.bound().toMillis()
                      + " ms");
          run.onLoop(() -> run.failAll(refusal));
        } else {
          run.onLoop(run::executeInTurn);
        }
      }
    }
  }

  /** The reads of one connection that share one confirmation. */
  private final class Run implements ReadBarrier.Waiter {
    private final Routing.Shard shard;
    private final ReadableReplica replica;
    private final List<DataOp> ops;
    private final EventExecutor loop;
    private final ReadTurn turn;
    private final long deadlineNanos = System.nanoTime() + timeoutNanos;
    private final Reply[] replies;
    private int next;

    /** Whether a key that is due by the clock first needs shard time to move on. */
    private boolean judgesDue;

    private boolean faultLogged;
    private ScheduledFuture<?> timeout;
    private Runnable endWait = () -> {};
    private boolean finished;

    private Run(
        Routing.Shard shard,
        ReadableReplica replica,
        List<DataOp> ops,
        ReadConsistency consistency,
        EventExecutor loop,
        ReadTurn turn) {
      this.shard = shard;
      this.replica = replica;
      this.ops = ops;
      this.loop = loop;
      this.turn = turn;
      this.replies = new Reply[ops.size()];
      // A weaker promise must not depend on a leader: the sweep of due keys bounds its age.
      this.judgesDue = consistency.level() == ReadConsistency.Level.LINEARIZABLE;
    }

    @Override
    public void confirmed(long commitIndex) {
      if (replica.appliedIndex() >= commitIndex) {
        onLoop(this::executeInTurn);
        return;
      }
      onLoop(this::waitUntilDeadline);
      Runnable end = replica.whenApplied(commitIndex, () -> loopExecute(this::executeInTurn));
      onLoop(() -> endOfWait(end));
    }

    /** A replica that does not get on must not hold the reads that have failed meanwhile. */
    private void endOfWait(Runnable end) {
      if (finished) {
        end.run();
      } else {
        endWait = end;
      }
    }

    @Override
    public void failed() {
      onLoop(() -> failAll(RespErrors.clusterDown(shard.id())));
    }

    private void onLoop(Runnable action) {
      if (loop.inEventLoop()) {
        action.run();
      } else {
        loopExecute(action);
      }
    }

    /** Called from threads that go on to serve others: a loop that has stopped must not fail it. */
    private void loopExecute(Runnable action) {
      try {
        loop.execute(action);
      } catch (RejectedExecutionException stopping) {
        LOG.debug("reads of shard={} dropped: their event loop has stopped", shard.id(), stopping);
      }
    }

    /** On the loop, while there is nothing to do but to wait for others. */
    private void waitUntilDeadline() {
      if (timeout == null) {
        timeout =
            loop.schedule(
                () -> failAll(RespErrors.clusterDown(shard.id())),
                deadlineNanos - System.nanoTime(),
                TimeUnit.NANOSECONDS);
      }
    }

    private void stopWaiting() {
      if (timeout != null) {
        timeout.cancel(false);
        timeout = null;
      }
    }

    /** On the loop: fresh enough, but the runs before this one look first. */
    private void executeInTurn() {
      if (!finished) {
        if (!turn.isFirst()) {
          waitUntilDeadline();
        }
        turn.whenFirst(this::execute);
      }
    }

    /** On the loop: answers from memory as far as that goes. */
    private void execute() {
      if (finished) {
        return;
      }
      stopWaiting(); // from here on another thread may be at work on the replies
      try {
        Boolean complete = replica.withStore(this::answerFromMemory);
        if (complete == null) {
          retry();
        } else if (complete) {
          answered();
        } else {
          readPool.execute(this::executeOnDisk);
        }
      } catch (RejectedExecutionException full) {
        failAll(RespErrors.tryAgain("this node is overloaded with reads"));
      } catch (RuntimeException | Error fault) {
        fault(fault);
      }
    }

    private boolean answerFromMemory(ShardStore store) {
      try (ReadView view = store.readInMemory()) {
        answer(view);
        return true;
      } catch (NotInMemoryException needsDisk) {
        return false;
      }
    }

    /** What is not the doing of a single command, as a damaged file: others go on. */
    private void fault(Throwable fault) {
      LOG.error("reads of shard={} failed", shard.id(), fault);
      onLoop(() -> failAll(RespErrors.INTERNAL));
    }

    /** A snapshot is being installed: the store is away for a moment. */
    private void retry() {
      if (deadlineNanos - System.nanoTime() <= 0) {
        failAll(RespErrors.clusterDown(shard.id()));
      } else {
        loop.schedule(this::execute, RETRY_MILLIS, TimeUnit.MILLISECONDS);
      }
    }

    private void executeOnDisk() {
      try {
        Boolean open =
            replica.withStore(
                store -> {
                  answerOnDisk(store);
                  return true;
                });
        loopExecute(open == null ? this::retry : this::answered);
      } catch (RuntimeException | Error fault) {
        fault(fault);
      }
    }

    private void answerOnDisk(ShardStore store) {
      try (ReadView view = store.read()) {
        answer(view);
      } catch (StaleViewException moved) {
        try (ReadView snapshot = store.readSnapshot()) {
          answer(snapshot);
        }
      }
    }

    /** Answers from {@code next} on; leaves {@code next} at the one that could not be answered. */
    private void answer(ReadView view) {
      long now = clock.getAsLong();
      for (; next < replies.length; next++) {
        DataOp op = ops.get(next);
        Keyspace keys =
            Keyspace.forRead(
                view,
                op.database(),
                view.timeMillis(),
                now,
                ThreadLocalRandom.current().nextLong());
        Reply reply = answer(op, keys);
        // A null: shard time has to move on before this has an answer.
        replies[next] = keys.sawDue() && judgesDue ? null : reply;
      }
    }

    /** A handler's bug is the error of its command; that the view does not do is not a bug. */
    private Reply answer(DataOp op, Keyspace keys) {
      try {
        return Objects.requireNonNull(CommandEngine.read(op.spec(), new Args(op.words()), keys));
      } catch (NotInMemoryException | StaleViewException otherView) {
        throw otherView;
      } catch (RuntimeException | Error bug) {
        if (!faultLogged) {
          faultLogged = true;
          LOG.error("read {} of shard={} failed", op.spec().name(), shard.id(), bug);
        }
        return Reply.error(RespErrors.INTERNAL);
      }
    }

    /** On the loop: all is answered, but for the reads that met a key that is due. */
    private void answered() {
      if (finished) {
        return;
      }
      if (Arrays.stream(replies).noneMatch(Objects::isNull)) {
        finish();
        return;
      }
      waitUntilDeadline();
      tick();
    }

    private void tick() {
      if (!finished) {
        ticker.tick(shard.group(), loop, outcome -> onLoop(() -> ticked(outcome)));
      }
    }

    private void ticked(ShardTicker.Outcome outcome) {
      if (finished) {
        return;
      }
      switch (outcome) {
        case MOVED -> {
          answerByShardTime();
          // The tick is applied somewhere; here it must be before the reads go on.
          barrier.confirm(shard.group(), deadlineNanos, this);
        }
        case STANDS_STILL -> {
          // For all replicas the key lives on: its death waits until something can be written.
          answerByShardTime();
          execute();
        }
        case FAILED -> loop.schedule(this::tick, TICK_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
      }
    }

    private void answerByShardTime() {
      judgesDue = false;
      next = 0;
    }

    private void failAll(String error) {
      if (!finished) {
        Reply failure = Reply.error(error);
        for (int i = 0; i < replies.length; i++) {
          if (replies[i] == null || next <= i) {
            replies[i] = failure;
          }
        }
        finish();
      }
    }

    private void finish() {
      finished = true;
      stopWaiting();
      endWait.run();
      for (int i = 0; i < replies.length; i++) {
        ops.get(i).reply(replies[i]);
      }
      turn.done();
    }
  }
}

package io.raftkv.resp.dispatch;

import io.netty.util.concurrent.EventExecutor;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.ReadBarrier;
import io.raftkv.storage.DamagedFileException;
import io.raftkv.storage.NotInMemoryException;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.RetainedView;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StaleViewException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
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

  /** How often those who wait look whether the replica still is one of its shard. */
  private static final long LOOK_MILLIS = 50;

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
    replica.countReads(ops.size()); // those behind a large reply count once more
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

  /**
   * The reads of one connection that share one confirmation. The run ends with the last one, or
   * with a reply that is too large to be held. What is behind that becomes a run of its own when it
   * is sent, so that a connection has one such reply per shard, and never sees an older state after
   * a newer one.
   */
  private final class Run implements ReadBarrier.Waiter {
    private final Routing.Shard shard;
    private final ReadableReplica replica;
    private final ReadConsistency consistency;
    private final EventExecutor loop;
    private final ReadTurn turn;
    private final ReadReplies replies;
    private long deadlineNanos = System.nanoTime() + timeoutNanos;

    /** Whether the replica had all that was acknowledged when these were to be read. */
    private boolean isUpToDate;

    /** The reply with which this run ends, from the time when it can be read until it is given. */
    private ReplyStream stream;

    /** Whether the deadline has passed while a reply before these reads was being sent. */
    private boolean late;

    private ScheduledFuture<?> timeout;
    private ScheduledFuture<?> looks;
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
      this.consistency = consistency;
      this.loop = loop;
      this.turn = turn;
      this.isUpToDate = consistency.level() == ReadConsistency.Level.LINEARIZABLE;
      // A weaker promise must not depend on a leader: the sweep of due keys bounds its age.
      boolean judgesDue = isUpToDate;
      this.replies = new ReadReplies(shard, ops, clock, judgesDue);
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
      onLoop(
          () -> {
            if (!goneElsewhere()) {
              failAll(RespErrors.clusterDown(shard.id()));
            }
          });
    }

    /**
     * On the loop, while nothing is being read: a replica that has left its shard meanwhile will
     * learn no more, and others can answer.
     */
    private boolean goneElsewhere() {
      if (finished || replica.isAlive() || isOverdue()) {
        return false;
      }
      readElsewhere();
      return true;
    }

    /**
     * On the loop. A replica of which a read has met a damaged file is about to be stopped, and
     * says itself which file that is: it counts as if it were not here any more.
     */
    private void readElsewhere() {
      if (!finished) {
        replies.readAgain();
        end();
        remote.read(shard, replies.rest(), consistency, loop, turn);
      }
    }

    private boolean isOverdue() {
      return deadlineNanos - System.nanoTime() <= 0;
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
            loop.schedule(this::timedOut, deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
        looks =
            loop.scheduleWithFixedDelay(
                this::goneElsewhere, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
      }
    }

    /** Nothing is wrong with the shard while it is the client that takes its time. */
    private void timedOut() {
      if (!turn.isHeldUpByClient()) {
        failAll(RespErrors.clusterDown(shard.id()));
        return;
      }
      late = true;
      stopWaiting();
      deadlineNanos = System.nanoTime() + timeoutNanos;
      waitUntilDeadline();
    }

    private void stopWaiting() {
      if (timeout != null) {
        timeout.cancel(false);
        looks.cancel(false);
        timeout = null;
        looks = null;
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
      if (late) {
        readRest();
        return;
      }
      stopWaiting(); // from here on another thread may be at work on the replies
      try {
        // What is known to be large waits for a view of its own, and need not be read for that.
        Boolean complete =
            replies.nextIsLarge() ? Boolean.FALSE : replica.withStore(this::answerFromMemory);
        if (complete == null) {
          retry();
        } else if (complete && !replies.nextIsLarge()) {
          answered();
        } else {
          readPool.execute(this::executeOnDisk);
        }
      } catch (RejectedExecutionException full) {
        failAll(RespErrors.tryAgain("this node is overloaded with reads"));
      } catch (DamagedFileException damage) {
        damaged(damage);
      } catch (RuntimeException | Error fault) {
        fault(fault);
      }
    }

    private boolean answerFromMemory(ShardStore store) {
      try (ReadView view = store.readInMemory()) {
        replies.read(view);
        return true;
      } catch (NotInMemoryException needsDisk) {
        return false;
      }
    }

    /** What is not the doing of a single command: others go on. */
    private void fault(Throwable fault) {
      LOG.error("reads of shard={} failed", shard.id(), fault);
      onLoop(() -> failAll(RespErrors.INTERNAL));
    }

    private void damaged(DamagedFileException damage) {
      LOG.debug("reads of shard={} go elsewhere", shard.id(), damage);
      onLoop(this::readElsewhere);
    }

    /** A snapshot is being installed: the store is away for a moment; or the replica is removed. */
    private void retry() {
      if (isOverdue()) {
        failAll(RespErrors.clusterDown(shard.id()));
      } else if (!goneElsewhere()) {
        loop.schedule(this::execute, RETRY_MILLIS, TimeUnit.MILLISECONDS);
      }
    }

    private void executeOnDisk() {
      try {
        Boolean open =
            replica.withStore(
                store -> {
                  if (!replies.nextIsLarge()) {
                    answerOnDisk(store);
                  }
                  if (replies.nextIsLarge() && !replies.awaitTick()) {
                    openLarge(store);
                  }
                  return true;
                });
        loopExecute(open == null ? this::retry : this::answered);
      } catch (DamagedFileException damage) {
        damaged(damage);
      } catch (RuntimeException | Error fault) {
        fault(fault);
      }
    }

    private void answerOnDisk(ShardStore store) {
      try (ReadView view = store.read()) {
        replies.read(view);
      } catch (StaleViewException moved) {
        try (ReadView snapshot = store.readSnapshot()) {
          replies.read(snapshot);
        }
      }
    }

    /** Opens the stream of the large reply; leaves it as it is if there are too many of those. */
    private void openLarge(ShardStore store) {
      if (replies.held() != null) {
        stream = new ReplyStream(replies.held(), null, readPool, loop);
        return;
      }
      RetainedView view = store.tryRetain();
      if (view == null) {
        return;
      }
      Reply.Streamed large = null;
      try {
        large = view.use(replies::readLarge);
      } finally {
        if (large == null) {
          view.close();
        }
      }
      stream = large == null ? null : new ReplyStream(large, view, readPool, loop);
    }

    /** On the loop: all is answered up to a large reply, but for reads that met a due key. */
    private void answered() {
      if (finished) {
        if (stream != null) {
          stream.close();
        }
        return;
      }
      if (replies.anyMoved() && !isUpToDate) {
        isUpToDate = true;
        readUpToDate();
      } else if (replies.awaitTick()) {
        waitUntilDeadline();
        tick();
      } else if (replies.nextIsLarge() && stream == null) {
        waitForView();
      } else {
        replies.give();
        if (stream == null) {
          readRest();
        } else {
          sendLarge();
        }
      }
    }

    /**
     * A replica may lag, and still refuse what is done elsewhere: then a later operation of the
     * connection could come before this one.
     */
    private void readUpToDate() {
      if (stream != null) {
        stream.close();
        stream = null;
      }
      replies.readAgain();
      waitUntilDeadline();
      barrier.confirm(shard.group(), deadlineNanos, this);
    }

    private void sendLarge() {
      ReplyStream large = stream;
      stream = null;
      turn.waitsForClient(true);
      large.onClosed(
          () -> {
            turn.waitsForClient(false);
            readRest();
          });
      replies.takeLarge().stream(large);
    }

    private void waitForView() {
      if (isOverdue()) {
        failAll(RespErrors.tryAgain("this node is sending too many large replies"));
      } else {
        loop.schedule(this::execute, RETRY_MILLIS, TimeUnit.MILLISECONDS);
      }
    }

    /**
     * What is behind a large reply is read as if it had come just now: sending it may have taken
     * long, so that freshness, expiry and the deadline have to be judged anew.
     */
    private void readRest() {
      List<DataOp> rest = replies.rest();
      if (rest.isEmpty()) {
        finish();
      } else {
        end();
        read(shard, rest, consistency, loop, turn);
      }
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
          replies.readAgain();
          // The tick is applied somewhere; here it must be before the reads go on.
          barrier.confirm(shard.group(), deadlineNanos, this);
        }
        case STANDS_STILL -> {
          // For all replicas the key lives on: its death waits until something can be written.
          replies.readAgain();
          execute();
        }
        case FAILED -> loop.schedule(this::tick, TICK_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
      }
    }

    private void failAll(String error) {
      if (!finished) {
        replies.giveAll(Reply.error(error));
        finish();
      }
    }

    private void finish() {
      end();
      turn.done();
    }

    private void end() {
      finished = true;
      stopWaiting();
      endWait.run();
    }
  }
}

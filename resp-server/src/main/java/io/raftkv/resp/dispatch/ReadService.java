package io.raftkv.resp.dispatch;

import io.netty.util.concurrent.EventExecutor;
import io.raftkv.resp.codec.ReplyPortions;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandEngine;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.command.WholeReplies;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.ReadBarrier;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.NotInMemoryException;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.RetainedView;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StaleViewException;
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

  /** Most memory for the replies of one connection's reads that could also be sent as a stream. */
  private static final long SMALL_REPLIES_BYTES = 2L << 20;

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

  /**
   * The reads of one connection that share one confirmation. The run ends with the last one, or
   * with a reply that is too large to be held. What is behind that becomes a run of its own when it
   * is sent, so that a connection has one such reply per shard, and never sees an older state after
   * a newer one.
   */
  private final class Run implements ReadBarrier.Waiter {
    private final Routing.Shard shard;
    private final ReadableReplica replica;
    private final List<DataOp> ops;
    private final ReadConsistency consistency;
    private final EventExecutor loop;
    private final ReadTurn turn;
    private final Reply[] replies;
    private final long deadlineNanos = System.nanoTime() + timeoutNanos;

    /** The first that has no reply here. */
    private int next;

    /** What is left for replies that are held, though they could be streams. */
    private long smallBytesLeft = SMALL_REPLIES_BYTES;

    /** The others, which cannot. */
    private WholeReplies wholeReplies = new WholeReplies();

    /** Whether the reply of {@code next} is too large to be held. */
    private boolean nextIsLarge;

    /** That reply, once it can be read. */
    private ReplyStream stream;

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
      this.consistency = consistency;
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
        } else if (complete && !nextIsLarge) {
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
                  if (!nextIsLarge) {
                    answerOnDisk(store);
                  }
                  if (nextIsLarge && !awaitsTick()) {
                    openLarge(store);
                  }
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

    /**
     * Answers from {@code next} on; leaves {@code next} at the one that could not be answered, or
     * whose reply is too large.
     */
    private void answer(ReadView view) {
      nextIsLarge = false;
      long now = clock.getAsLong();
      for (; next < replies.length; next++) {
        DataOp op = ops.get(next);
        Keyspace keys = keyspace(op, view, now);
        Reply reply = answer(op, keys);
        if (reply instanceof Reply.Streamed) {
          nextIsLarge = true;
          return;
        }
        replies[next] = settled(reply, keys);
      }
    }

    private Keyspace keyspace(DataOp op, ReadView view, long now) {
      return Keyspace.forRead(
          view, op.database(), view.timeMillis(), now, ThreadLocalRandom.current().nextLong());
    }

    /** The reply, or null: shard time has to move on before this has an answer. */
    private Reply settled(Reply reply, Keyspace keys) {
      return keys.sawDue() && judgesDue ? null : reply;
    }

    /** A handler's bug is the error of its command; that the view does not do is not a bug. */
    private Reply answer(DataOp op, Keyspace keys) {
      try {
        Reply reply =
            Objects.requireNonNull(CommandEngine.read(op.spec(), new Args(op.words()), keys));
        if (!(reply instanceof Reply.Streamed streamed) || !op.takesStreams()) {
          return wholeReplies.whole(reply);
        }
        Reply.Collected small = streamed.collect(Math.min(ReplyPortions.BYTES, smallBytesLeft));
        if (small == null) {
          return reply;
        }
        smallBytesLeft -= small.bytes();
        return small.reply();
      } catch (NotInMemoryException | StaleViewException otherView) {
        throw otherView;
      } catch (RuntimeException | Error bug) {
        return internalError(op, bug);
      }
    }

    private Reply internalError(DataOp op, Throwable bug) {
      if (!faultLogged) {
        faultLogged = true;
        LOG.error("read {} of shard={} failed", op.spec().name(), shard.id(), bug);
      }
      return Reply.error(RespErrors.INTERNAL);
    }

    /**
     * Reads {@code next} from a view that stays as long as its reply is being sent; leaves it as it
     * is if there are too many of those.
     */
    private void openLarge(ShardStore store) {
      DataOp op = ops.get(next);
      RetainedView retained = store.tryRetain();
      if (retained == null) {
        return;
      }
      try {
        Reply reply =
            retained.use(
                view -> {
                  Keyspace keys = keyspace(op, view, clock.getAsLong());
                  return settled(CommandEngine.read(op.spec(), new Args(op.words()), keys), keys);
                });
        if (reply instanceof Reply.Streamed large) {
          stream = new ReplyStream(large, retained, readPool, loop);
        } else {
          giveInstead(reply); // it was changed just now
        }
      } catch (RuntimeException | Error bug) {
        giveInstead(internalError(op, bug));
      } finally {
        if (stream == null) {
          retained.close();
        }
      }
    }

    private void giveInstead(Reply reply) {
      replies[next] = reply;
      next++;
      nextIsLarge = false;
    }

    /** On the loop: all is answered up to a large reply, but for reads that met a due key. */
    private void answered() {
      if (finished) {
        closeStream();
        return;
      }
      if (awaitsTick()) {
        waitUntilDeadline();
        tick();
        return;
      }
      if (nextIsLarge && stream == null) {
        waitForView();
        return;
      }
      for (int i = 0; i < next; i++) {
        ops.get(i).reply(replies[i]);
      }
      if (stream == null) {
        readRest();
      } else {
        ReplyStream large = stream;
        DataOp op = ops.get(next);
        stream = null;
        next++;
        large.onClosed(this::readRest);
        op.stream(large);
      }
    }

    private void waitForView() {
      if (deadlineNanos - System.nanoTime() <= 0) {
        failAll(RespErrors.tryAgain("this node is sending too many large replies"));
      } else {
        loop.schedule(this::execute, RETRY_MILLIS, TimeUnit.MILLISECONDS);
      }
    }

    private boolean awaitsTick() {
      for (int i = 0; i < next; i++) {
        if (replies[i] == null) {
          return true;
        }
      }
      return false;
    }

    /**
     * What is behind a large reply is read as if it had come just now: sending it may have taken
     * long, so that freshness, expiry and the deadline have to be judged anew.
     */
    private void readRest() {
      if (next == replies.length) {
        finish();
      } else {
        finished = true;
        read(shard, ops.subList(next, ops.size()), consistency, loop, turn);
      }
    }

    private void closeStream() {
      if (stream != null) {
        stream.close();
        stream = null;
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
      smallBytesLeft = SMALL_REPLIES_BYTES;
      wholeReplies = new WholeReplies();
    }

    private void failAll(String error) {
      if (!finished) {
        Reply failure = Reply.error(error);
        for (int i = 0; i < replies.length; i++) {
          Reply reply = i < next ? replies[i] : null;
          ops.get(i).reply(reply == null ? failure : reply);
        }
        finish();
      }
    }

    private void finish() {
      finished = true;
      stopWaiting();
      endWait.run();
      turn.done();
    }
  }
}

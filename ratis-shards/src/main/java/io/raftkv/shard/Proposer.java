package io.raftkv.shard;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts batches into the log of one shard, on its leader. Whatever comes while entries are in
 * flight, or shortly after one is done ({@link Gathering}), goes together into the next one: the
 * cost of an entry is per entry, not per command.
 *
 * <p>Thread-safe. Appends happen in the order of {@link #propose}, one thread at a time: on the
 * executor, or on the apply thread that made room.
 */
public final class Proposer {
  private static final Logger LOG = LoggerFactory.getLogger(Proposer.class);

  /** The log of one shard, as its leader writes it. */
  @FunctionalInterface
  public interface Log {
    /** See {@link io.raftkv.raft.Replica#append}. */
    void append(byte[] entry, Consumer<BatchOutcome> done);
  }

  /** Told if a batch did not get into the log, or may have been lost from it. */
  @FunctionalInterface
  public interface Failed {
    void failed(BatchOutcome outcome);
  }

  private record BatchName(long proposer, long sequence) {}

  private record Waiting(ProposedBatch batch, Failed failed) {}

  private final Log log;
  private final Executor executor;
  private final Supplier<EntryCodec.Header> stamp;
  private final int maxInFlight;
  private final int maxEntryBytes;
  private final LongSupplier nanoTime;
  private final Alarm alarm;
  private final ArrayDeque<Waiting> queue = new ArrayDeque<>();
  private final Gathering gathering; // these four: guarded by the queue
  private long queuedBytes;
  private int inFlight;
  private boolean alarmSet;
  private final AtomicReference<BatchName> tooLarge = new AtomicReference<>(); // told last
  private final AtomicInteger work = new AtomicInteger();
  private final LongAdder entries = new LongAdder();
  private final LongAdder entryBytes = new LongAdder();

  /**
   * @param executor where appends happen when no apply thread is at hand; may block
   * @param stamp makes the header of an entry: the leader's clock and a seed
   * @param maxInFlight entries under way at once
   * @param maxEntryBytes largest entry; a batch that is too large for one by itself is refused,
   *     since such an entry would make Ratis' leader step down
   */
  public Proposer(
      Log log,
      Executor executor,
      Supplier<EntryCodec.Header> stamp,
      int maxInFlight,
      int maxEntryBytes) {
    this(
        log,
        executor,
        stamp,
        maxInFlight,
        maxEntryBytes,
        System::nanoTime,
        (nanos, action) ->
            CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS, Runnable::run)
                .execute(action));
  }

  Proposer(
      Log log,
      Executor executor,
      Supplier<EntryCodec.Header> stamp,
      int maxInFlight,
      int maxEntryBytes,
      LongSupplier nanoTime,
      Alarm alarm) {
    this.log = log;
    this.executor = executor;
    this.stamp = stamp;
    this.maxInFlight = maxInFlight;
    this.maxEntryBytes = maxEntryBytes;
    this.gathering = new Gathering(maxEntryBytes - EntryCodec.HEADER_BYTES);
    this.nanoTime = nanoTime;
    this.alarm = alarm;
  }

  /** Queues a batch. That it was applied, its listener at the {@link ShardApplier} hears. */
  public void propose(ProposedBatch batch, Failed failed) {
    if (EntryCodec.HEADER_BYTES + sizeOf(batch) > maxEntryBytes) {
      tellTooLarge(batch);
      failed.failed(BatchOutcome.REFUSED);
      return;
    }
    Waiting waiting = new Waiting(batch, failed);
    boolean due;
    synchronized (queue) {
      queue.add(waiting);
      queuedBytes += sizeOf(batch);
      due = entryIsDue();
    }
    if (due && !pumpOnExecutor()) {
      refuse(waiting);
    }
  }

  /** Its sender has larger limits than this node, and comes with it again until its deadline. */
  private void tellTooLarge(ProposedBatch batch) {
    BatchName name = new BatchName(batch.proposer(), batch.sequence());
    if (!name.equals(tooLarge.getAndSet(name))) {
      LOG.error(
          "batch of {} bytes exceeds the largest entry, {} bytes",
          batch.payload().length,
          maxEntryBytes);
    }
  }

  /** Nothing of it is logged, unless another thread has taken it from the queue already. */
  private void refuse(Waiting waiting) {
    boolean removed;
    synchronized (queue) {
      removed = queue.remove(waiting);
      queuedBytes -= removed ? sizeOf(waiting.batch) : 0;
    }
    if (removed) {
      waiting.failed.failed(BatchOutcome.REFUSED);
    }
  }

  /** If one is not, for what may still come, there will be another look in time. */
  private boolean entryIsDue() {
    if (inFlight >= maxInFlight || queue.isEmpty()) {
      return false;
    }
    long remaining = gathering.remainingNanos(queuedBytes, nanoTime.getAsLong());
    if (remaining > 0 && !alarmSet) {
      alarm.after(remaining, this::alarmed);
      alarmSet = true;
    }
    return remaining <= 0;
  }

  /** In most cases the entry has left by now, and no thread need be woken for it. */
  private void alarmed() {
    boolean due;
    synchronized (queue) {
      alarmSet = false;
      due = entryIsDue();
    }
    if (due) {
      pumpOnExecutor();
    }
  }

  /** Returns false, with nothing done, while this node stops. */
  private boolean pumpOnExecutor() {
    try {
      executor.execute(this::pump);
      return true;
    } catch (RejectedExecutionException stopping) {
      return false;
    }
  }

  private static long sizeOf(ProposedBatch batch) {
    return (long) EntryCodec.BATCH_BYTES + batch.payload().length;
  }

  /** Entries appended so far. */
  public long entries() {
    return entries.sum();
  }

  /** Bytes of the entries appended so far. */
  public long entryBytes() {
    return entryBytes.sum();
  }

  private void pump() {
    if (work.getAndIncrement() != 0) {
      return; // the thread that pumps will look again
    }
    int seen = 1;
    try {
      do {
        for (List<Waiting> batches = take(); !batches.isEmpty(); batches = take()) {
          append(batches);
        }
        seen = work.addAndGet(-seen);
      } while (seen != 0);
    } catch (RuntimeException | Error fault) {
      work.set(0); // else nobody would ever pump again
      throw fault;
    }
  }

  private List<Waiting> take() {
    synchronized (queue) {
      if (!entryIsDue()) {
        return List.of();
      }
      inFlight++;
      List<Waiting> taken = new ArrayList<>();
      long bytes = EntryCodec.HEADER_BYTES;
      while (!queue.isEmpty()) {
        bytes += sizeOf(queue.peek().batch);
        if (bytes > maxEntryBytes && !taken.isEmpty()) {
          break;
        }
        queuedBytes -= sizeOf(queue.peek().batch);
        taken.add(queue.poll());
      }
      return taken;
    }
  }

  private void append(List<Waiting> waiting) {
    AtomicBoolean told = new AtomicBoolean();
    long begunNanos = nanoTime.getAsLong();
    Consumer<BatchOutcome> done =
        outcome -> {
          if (told.compareAndSet(false, true)) {
            appended(waiting, begunNanos, outcome);
          }
        };
    try {
      List<ProposedBatch> batches = waiting.stream().map(Waiting::batch).toList();
      byte[] entry = EntryCodec.encode(stamp.get(), batches);
      entries.increment();
      entryBytes.add(entry.length);
      log.append(entry, done);
    } catch (RuntimeException | Error fault) {
      // Room that is never given back would stop the shard; whether it is logged nobody knows.
      LOG.error("append failed", fault);
      done.accept(BatchOutcome.UNKNOWN);
    }
  }

  private void appended(List<Waiting> waiting, long begunNanos, BatchOutcome outcome) {
    long bytes = waiting.stream().mapToLong(one -> sizeOf(one.batch)).sum();
    synchronized (queue) {
      inFlight--;
      if (outcome == BatchOutcome.APPLIED) {
        long now = nanoTime.getAsLong();
        gathering.done(bytes, queuedBytes, now - begunNanos, now);
      }
    }
    if (outcome != BatchOutcome.APPLIED) {
      for (Waiting one : waiting) {
        try {
          one.failed.failed(outcome);
        } catch (RuntimeException fault) {
          LOG.error("proposer={} could not be told of {}", one.batch.proposer(), outcome, fault);
        }
      }
    }
    pump();
  }
}

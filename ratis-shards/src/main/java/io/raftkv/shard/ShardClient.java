package io.raftkv.shard;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * This node's way to write to one shard, wherever its leader is.
 *
 * <p>Proposals of one turn of an event loop leave together, and with those that came while as many
 * batches as allowed were in flight. Batches carry ascending sequence numbers of this proposer and
 * are sent again, under the same number, until their fate is known: stores apply each exactly once
 * and in order. A batch is completed by whichever tells first, this node's own replica or the
 * answer of the leader's node.
 *
 * <p>When a batch is still unanswered at its deadline it is given up as uncertain and the proposer
 * takes a new name, so that it is never sent again and nothing waits behind it.
 *
 * <p>Thread-safe; never blocks.
 */
public final class ShardClient<P extends Proposal> {
  /**
   * Stores forget a proposer that was silent for a day of shard time, and then refuse what follows
   * its last sequence; so a client that had nothing to write for this long takes a new name.
   */
  private static final long RENAME_AFTER_NANOS = TimeUnit.HOURS.toNanos(1);

  /** For so long what grows is refused here when the leader has said that its room is short. */
  static final long NO_GROWTH_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Sends one batch to the leader, here or elsewhere. */
  interface Sender {
    /** Name of the leader's node, or null if unknown. */
    String leader();

    /**
     * Sends; {@code answer} is called at most once. {@link BatchOutcome#UNKNOWN} also stands for a
     * broken link.
     */
    void send(String leader, ProposedBatch batch, Answer answer);

    /** From now on {@code listener} hears what this node's replica does with our batches. */
    void listen(long proposer, ApplyListener listener);

    void forget(long proposer, ApplyListener listener);
  }

  /** What the leader's node says of a batch. */
  @FunctionalInterface
  interface Answer {
    void answered(BatchOutcome outcome, Object[] results, String detail);
  }

  /**
   * @param maxInFlight batches under way at once
   * @param maxBatchBytes a batch is closed before it gets larger, unless a single proposal is
   * @param maxBatchProposals most proposals of a batch
   * @param timeoutNanos from {@link #submit} to the deadline
   * @param retryNanos pause before a refused batch is sent again
   */
  public record Limits(
      int maxInFlight,
      int maxBatchBytes,
      int maxBatchProposals,
      long timeoutNanos,
      long retryNanos) {}

  /** Hears of each batch that is made, once however often it is sent. On any thread. */
  @FunctionalInterface
  public interface BatchListener {
    void made(int proposals, int bytes);
  }

  private record Queued<P>(P proposal, long deadlineNanos) {}

  /** A leader's word that its room is short, believed for a while. */
  private record NoGrowth(String leader, String reason, long untilNanos) {}

  private static final class Batch<P> {
    private final ProposedBatch bytes;
    private final List<P> proposals;
    private final long heldBytes;
    private final long deadlineNanos;
    private boolean sent;
    private String sentTo;
    private boolean maybeInLog;
    private int attempt;
    private long notBeforeNanos;
    private BatchOutcome lastRefusal = BatchOutcome.NOT_LEADER;

    private Batch(ProposedBatch bytes, List<P> proposals, long heldBytes, long deadlineNanos) {
      this.bytes = bytes;
      this.proposals = proposals;
      this.heldBytes = heldBytes;
      this.deadlineNanos = deadlineNanos;
    }
  }

  private final String shard;
  private final Sender sender;
  private final ProposalOutcomes<P> outcomes;
  private final Limits limits;
  private final BatchListener batchListener;
  private final LongSupplier nanoTime;
  private final ArrayDeque<Queued<P>> queue = new ArrayDeque<>();
  private final ArrayDeque<Batch<P>> window = new ArrayDeque<>();
  private final AtomicInteger work = new AtomicInteger();
  private final TurnTask pumping;
  private final LongAdder batches = new LongAdder();
  private final LongAdder proposals = new LongAdder();
  private final LongAdder resends = new LongAdder();
  private volatile long heldBytes; // written under the monitor
  private long proposer;
  private long lastSequence;
  private long lastBatchNanos;

  /** How often something but a new batch has changed what the queue begins with. */
  private long headChanges;

  private volatile NoGrowth noGrowth; // written under the monitor
  private final Map<Long, ApplyListener> listeners = new HashMap<>();

  ShardClient(
      String shard,
      Sender sender,
      ProposalOutcomes<P> outcomes,
      Limits limits,
      BatchListener batchListener,
      Executor endOfTurn) {
    this(shard, sender, outcomes, limits, batchListener, endOfTurn, System::nanoTime);
  }

  ShardClient(
      String shard,
      Sender sender,
      ProposalOutcomes<P> outcomes,
      Limits limits,
      BatchListener batchListener,
      Executor endOfTurn,
      LongSupplier nanoTime) {
    this.batchListener = batchListener;
    this.pumping = new TurnTask(endOfTurn, this::pump);
    this.shard = shard;
    this.sender = sender;
    this.outcomes = outcomes;
    this.limits = limits;
    this.nanoTime = nanoTime;
    this.lastBatchNanos = nanoTime.getAsLong();
    rename();
  }

  /**
   * Queues proposals; they are applied in this order, after all that were submitted before. From an
   * event loop they leave at the end of its turn.
   */
  public void submit(List<P> more) {
    long deadline = nanoTime.getAsLong() + limits.timeoutNanos();
    synchronized (this) {
      for (P proposal : more) {
        queue.add(new Queued<>(proposal, deadline));
        heldBytes += proposal.heldBytes();
      }
    }
    pumping.request();
  }

  /** What the proposals that wait or are under way take of the heap. */
  public long heldBytes() {
    return heldBytes;
  }

  /** To be called every few milliseconds: deadlines, retries, batches sent to a former leader. */
  public void tick() {
    synchronized (this) {
      if (window.isEmpty() && queue.isEmpty()) {
        return;
      }
    }
    expire(nanoTime.getAsLong());
    leaveFormerLeader();
    pump();
  }

  /** A paused or cut-off node never answers: what was sent to it goes to the leader of now. */
  private void leaveFormerLeader() {
    String leader = sender.leader();
    if (leader == null) {
      return;
    }
    synchronized (this) {
      for (Batch<P> batch : window) {
        if (batch.sent && !leader.equals(batch.sentTo)) {
          batch.maybeInLog = true;
          batch.sent = false;
        }
      }
    }
  }

  /** Batches made so far. */
  public long batches() {
    return batches.sum();
  }

  /** Proposals in the batches made so far. */
  public long proposals() {
    return proposals.sum();
  }

  /** Batches sent again so far. */
  public long resends() {
    return resends.sum();
  }

  private void pump() {
    if (work.getAndIncrement() != 0) {
      return; // the thread that pumps will look again
    }
    int seen = 1;
    try {
      do {
        fillWindow();
        sendWindow();
        seen = work.addAndGet(-seen);
      } while (seen != 0);
    } catch (RuntimeException | Error fault) {
      work.set(0); // else nobody would ever pump again
      throw fault;
    }
  }

  private void fillWindow() {
    refuseGrowth();
    while (true) {
      List<P> next = new ArrayList<>();
      long bytes = 0;
      long held = 0;
      long deadline;
      long unchanged;
      synchronized (this) {
        if (window.size() >= limits.maxInFlight() || queue.isEmpty()) {
          return;
        }
        unchanged = headChanges;
        deadline = queue.peek().deadlineNanos;
        for (Queued<P> queued : queue) {
          int size = queued.proposal.encodedBytes();
          if (next.size() == limits.maxBatchProposals()
              || (!next.isEmpty() && bytes + size > limits.maxBatchBytes())) {
            break;
          }
          next.add(queued.proposal);
          bytes += size;
          held += queued.proposal.heldBytes();
        }
      }
      ByteBuffer payload = ByteBuffer.allocate(Math.toIntExact(bytes));
      for (P proposal : next) {
        proposal.encode(payload);
      }
      synchronized (this) {
        if (headChanges != unchanged) {
          continue; // older ones have come back meanwhile, or some of these have failed
        }
        for (int i = 0; i < next.size(); i++) {
          queue.remove();
        }
        long now = nanoTime.getAsLong();
        if (window.isEmpty() && now - lastBatchNanos > RENAME_AFTER_NANOS) {
          rename();
        }
        lastBatchNanos = now;
        window.add(
            new Batch<>(
                new ProposedBatch(proposer, ++lastSequence, payload.array()),
                next,
                held,
                deadline));
      }
      batches.increment();
      proposals.add(next.size());
      batchListener.made(next.size(), payload.capacity());
    }
  }

  /**
   * Fails what waits and grows, as long as the leader's word counts. So its refusals, each of which
   * takes a new name, do not come with every batch.
   */
  private void refuseGrowth() {
    NoGrowth known = noGrowth;
    if (known == null) {
      return;
    }
    List<P> refused = new ArrayList<>();
    String leader = sender.leader();
    synchronized (this) {
      if (known.untilNanos - nanoTime.getAsLong() <= 0 || !known.leader.equals(leader)) {
        noGrowth = null;
        return;
      }
      headChanges++;
      queue.removeIf(
          queued -> {
            boolean grows = queued.proposal.grows();
            if (grows) {
              refused.add(queued.proposal);
              heldBytes -= queued.proposal.heldBytes();
            }
            return grows;
          });
    }
    if (!refused.isEmpty()) {
      outcomes.failed(refused, ProposalFailure.READ_ONLY, known.reason);
    }
  }

  private void sendWindow() {
    while (true) {
      Batch<P> next = null;
      String leader = sender.leader();
      int attempt;
      synchronized (this) {
        for (Batch<P> batch : window) {
          if (!batch.sent) {
            next = batch;
            break;
          }
        }
        if (next == null || leader == null || next.notBeforeNanos - nanoTime.getAsLong() > 0) {
          return;
        }
        if (next.bytes.proposer() != window.peek().bytes.proposer()) {
          return; // stores keep the order within a name only: what is older must be done first
        }
        if (next.attempt > 0) {
          resends.increment();
        }
        next.sent = true;
        next.sentTo = leader;
        attempt = ++next.attempt;
      }
      Batch<P> batch = next;
      sender.send(
          leader,
          batch.bytes,
          (outcome, results, detail) -> answered(batch, attempt, outcome, results, detail));
    }
  }

  private void answered(
      Batch<P> batch, int attempt, BatchOutcome outcome, Object[] results, String detail) {
    switch (outcome) {
      case APPLIED -> complete(batch.bytes.proposer(), batch.bytes.sequence(), results);
      case REPEATED -> repeated(batch);
      case READ_ONLY, NO_GROWTH ->
          notTaken(batch, attempt, detail, outcome == BatchOutcome.NO_GROWTH);
      case OUT_OF_ORDER, NOT_LEADER, REFUSED, UNKNOWN -> {
        synchronized (this) {
          if (batch.attempt != attempt || !window.contains(batch)) {
            return;
          }
          // Of several entries with this batch it may be an earlier one that was out of order.
          batch.maybeInLog |=
              outcome == BatchOutcome.UNKNOWN
                  || (outcome == BatchOutcome.OUT_OF_ORDER && attempt > 1);
          batch.lastRefusal = outcome;
          resendFrom(batch);
        }
        pump();
      }
    }
  }

  /** A batch must not overtake the one before it, so all from this one on are sent again. */
  private void resendFrom(Batch<P> first) {
    boolean found = false;
    long notBefore = nanoTime.getAsLong() + limits.retryNanos();
    for (Batch<P> batch : window) {
      found |= batch == first;
      if (found) {
        if (batch != first && batch.sent) {
          batch.maybeInLog = true; // its answer to this attempt will not be heard
        }
        batch.sent = false;
        batch.notBeforeNanos = notBefore;
      }
    }
  }

  /** This node's replica met one of our batches in the log. */
  private void appliedHere(long ofProposer, long sequence, BatchOutcome outcome, Object[] results) {
    if (outcome == BatchOutcome.APPLIED) {
      complete(ofProposer, sequence, results);
      return;
    }
    Batch<P> met = null;
    int attempt = 0;
    synchronized (this) {
      for (Batch<P> batch : window) {
        if (batch.bytes.sequence() == sequence && batch.bytes.proposer() == ofProposer) {
          met = batch;
          attempt = batch.attempt;
        }
      }
    }
    if (met != null) {
      answered(met, attempt, outcome, results, "");
    }
  }

  private void complete(long ofProposer, long sequence, Object[] results) {
    Batch<P> done = remove(ofProposer, sequence);
    if (done != null) {
      outcomes.succeeded(done.proposals, results);
      pump();
    }
  }

  /** Applied before, and nobody who answers knows the results: only that is uncertain. */
  private void repeated(Batch<P> batch) {
    Batch<P> done = remove(batch.bytes.proposer(), batch.bytes.sequence());
    if (done != null) {
      outcomes.failed(
          done.proposals, ProposalFailure.UNCERTAIN, "it was applied, but its reply was lost");
      pump();
    }
  }

  /**
   * Nothing of the batch was logged; what follows it can never be applied without it.
   *
   * @param resubmit what does not grow is queued again, under a new name
   */
  private void notTaken(Batch<P> refused, int attempt, String detail, boolean resubmit) {
    Deque<P> failed = new ArrayDeque<>();
    synchronized (this) {
      if (refused.attempt != attempt || !window.contains(refused)) {
        return;
      }
      if (refused.maybeInLog) {
        resendFrom(refused); // an earlier attempt may be in a log: go on asking
        return;
      }
      headChanges++;
      boolean again = resubmit && refused.proposals.stream().anyMatch(Proposal::grows);
      Batch<P> last;
      do {
        last = window.removeLast();
        for (int i = last.proposals.size() - 1; i >= 0; i--) {
          P proposal = last.proposals.get(i);
          if (again && !proposal.grows()) {
            queue.addFirst(new Queued<>(proposal, last.deadlineNanos));
          } else {
            failed.addFirst(proposal);
            heldBytes -= proposal.heldBytes();
          }
        }
      } while (last != refused);
      rename();
      if (again) {
        noGrowth = new NoGrowth(refused.sentTo, detail, nanoTime.getAsLong() + NO_GROWTH_NANOS);
      }
    }
    outcomes.failed(List.copyOf(failed), ProposalFailure.READ_ONLY, detail);
    pump();
  }

  private synchronized Batch<P> remove(long ofProposer, long sequence) {
    for (Iterator<Batch<P>> it = window.iterator(); it.hasNext(); ) {
      Batch<P> batch = it.next();
      if (batch.bytes.sequence() == sequence && batch.bytes.proposer() == ofProposer) {
        it.remove();
        heldBytes -= batch.heldBytes;
        forgetOldNames();
        return batch;
      }
    }
    return null;
  }

  private void expire(long now) {
    List<Batch<P>> abandoned = new ArrayList<>();
    List<P> neverSent = new ArrayList<>();
    synchronized (this) {
      if (!window.isEmpty() && window.peek().deadlineNanos - now <= 0) {
        // Later batches can only be applied after this one, so they share its fate.
        for (Batch<P> batch : window) {
          abandoned.add(batch);
          heldBytes -= batch.heldBytes;
        }
        window.clear();
        rename();
      }
      while (!queue.isEmpty() && queue.peek().deadlineNanos - now <= 0) {
        P proposal = queue.poll().proposal;
        headChanges++;
        heldBytes -= proposal.heldBytes();
        neverSent.add(proposal);
      }
    }
    for (Batch<P> batch : abandoned) {
      if (batch.maybeInLog || batch.sent) {
        outcomes.failed(
            batch.proposals,
            ProposalFailure.UNCERTAIN,
            "no answer from the leader of shard " + shard + " before the deadline");
      } else if (batch.lastRefusal == BatchOutcome.REFUSED) {
        outcomes.failed(
            batch.proposals, ProposalFailure.OVERLOADED, "shard " + shard + " is overloaded");
      } else {
        outcomes.failed(batch.proposals, ProposalFailure.NO_LEADER, shard);
      }
    }
    if (!neverSent.isEmpty()) {
      outcomes.failed(neverSent, ProposalFailure.NO_LEADER, shard);
    }
  }

  /** Batches from now on belong to a new stream; those under way keep their old name. */
  private void rename() {
    long name = ThreadLocalRandom.current().nextLong();
    proposer = name;
    lastSequence = 0;
    ApplyListener listener =
        (sequence, outcome, results) -> appliedHere(name, sequence, outcome, results);
    listeners.put(name, listener);
    sender.listen(name, listener);
    forgetOldNames();
  }

  private void forgetOldNames() {
    if (listeners.size() > 1) {
      listeners
          .entrySet()
          .removeIf(
              known -> {
                boolean unused =
                    known.getKey() != proposer
                        && window.stream().noneMatch(b -> b.bytes.proposer() == known.getKey());
                if (unused) {
                  sender.forget(known.getKey(), known.getValue());
                }
                return unused;
              });
    }
  }
}

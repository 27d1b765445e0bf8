package io.raftkv.resp.dispatch;

import io.raftkv.resp.command.ReadConsistency;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * One connection's traffic with one shard, which must keep its order. Reads wait for a
 * confirmation, writes for the log; so a small read that follows an unanswered write travels with
 * it, a large one waits until that is answered, and a write waits for the reads before it.
 *
 * <p>Large ones do not travel with writes since every replica would make their replies, and hold
 * them until all of the entry is applied. Event-loop confined.
 */
final class Lane {
  /**
   * Operations that go out together: through the log, or as reads.
   *
   * @param consistency of the reads; of no meaning in the log
   */
  record Run(boolean throughLog, ReadConsistency consistency, List<DataOp> ops) {}

  private final Routing.Shard shard;
  private final Runnable onAnswered;
  private final ArrayDeque<Run> runs = new ArrayDeque<>();
  private final ReadTurn.Order reads = new ReadTurn.Order();
  private int pendingInLog;
  private int pendingReads;
  private boolean stalled;

  /**
   * @param answered run for every operation that came back from the log
   */
  Lane(Routing.Shard shard, Runnable answered) {
    this.shard = shard;
    this.onAnswered =
        () -> {
          pendingInLog--;
          answered.run();
        };
  }

  Routing.Shard shard() {
    return shard;
  }

  /** Adds to the operations that wait to go out; true if it is the first. */
  boolean add(DataOp op, ReadConsistency consistency) {
    boolean first = runs.isEmpty();
    Run last = runs.peekLast();
    boolean behindWrites = last == null ? pendingInLog > 0 : last.throughLog;
    boolean throughLog = op.isWrite() || (behindWrites && op.spec().travelsWithWrites());
    if (last == null
        || last.throughLog != throughLog
        || !(throughLog || last.consistency.equals(consistency))) {
      last = new Run(throughLog, consistency, new ArrayList<>());
      runs.add(last);
    }
    last.ops.add(op);
    return first;
  }

  /** True if nothing waits to go out. */
  boolean isEmpty() {
    return runs.isEmpty();
  }

  /** True if the next operations have to wait for those that are under way. */
  boolean mustWait() {
    Run next = runs.peek();
    return next != null && (next.throughLog ? pendingReads : pendingInLog) > 0;
  }

  /** The next operations, which count as under way from now on. */
  Run takeRun() {
    Run next = runs.poll();
    if (next.throughLog) {
      pendingInLog += next.ops.size();
      next.ops.forEach(op -> op.onAnswered(onAnswered));
    } else {
      pendingReads += next.ops.size();
    }
    return next;
  }

  /** Whether its connection takes no commands until what waits here has gone out. */
  boolean isStalled() {
    return stalled;
  }

  void stalled(boolean value) {
    stalled = value;
  }

  /** The runs that read and do not go through the log. */
  ReadTurn.Order reads() {
    return reads;
  }

  void readAnswered() {
    pendingReads--;
  }
}

package io.raftkv.resp.dispatch;

import java.util.ArrayList;
import java.util.List;

/**
 * One connection's traffic with one shard, which must keep its order. Reads wait for a
 * confirmation, writes for the log; so a read that follows an unanswered write travels with it, and
 * a write waits for the reads before it. Event-loop confined.
 */
final class Lane {
  private final Routing.Shard shard;
  private final Runnable onAnswered;
  private List<DataOp> run = new ArrayList<>();
  private boolean runHasWrite;
  private int pendingWrites;
  private int pendingReads;
  private final ReadTurn.Order reads = new ReadTurn.Order();

  Lane(Routing.Shard shard) {
    this.shard = shard;
    this.onAnswered = () -> pendingWrites--;
  }

  Routing.Shard shard() {
    return shard;
  }

  /** Adds to the operations that go out together; true if it is the first. */
  boolean add(DataOp op) {
    run.add(op);
    runHasWrite |= op.isWrite();
    return run.size() == 1;
  }

  /** True if the collected run has to go through the log. */
  boolean goesThroughLog() {
    return runHasWrite || pendingWrites > 0;
  }

  /** True if the collected run has to wait for reads that are under way. */
  boolean mustWait() {
    return pendingReads > 0 && goesThroughLog();
  }

  boolean isEmpty() {
    return run.isEmpty();
  }

  /** The collected run, which counts as under way from now on. */
  List<DataOp> takeRun() {
    if (goesThroughLog()) {
      pendingWrites += run.size();
    } else {
      pendingReads += run.size();
    }
    List<DataOp> taken = run;
    run = new ArrayList<>();
    runHasWrite = false;
    return taken;
  }

  /** What an operation that goes through the log runs when it is answered. */
  Runnable onAnswered() {
    return onAnswered;
  }

  /** The runs that read and do not go through the log. */
  ReadTurn.Order reads() {
    return reads;
  }

  void readAnswered() {
    pendingReads--;
  }
}

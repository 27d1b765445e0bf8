package io.raftkv.resp.dispatch;

import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Those of one connection's operations that came back undone, since the slots that they are about
 * go from their shard to another one. They wait here for newer routing: a shard that has refused
 * one does nothing any more that was routed by the same version. Event-loop confined.
 */
final class MovedOps<T extends MovedOps.Held> {
  private static final Logger LOG = LoggerFactory.getLogger(MovedOps.class);

  /** One that waits. */
  interface Held {
    /** In the order of the connection's operations. */
    long place();

    /** Of memory. */
    long heldBytes();
  }

  private final RoutingFeed routing;
  private final LongAdder nodeBytes;
  private final EventExecutor loop;
  private final Duration patience;
  private final Consumer<List<T>> sendAgain;
  private final List<T> held = new ArrayList<>();

  /** Goes up when one more is held: what was to happen to those before waits for that one, too. */
  private int round;

  /**
   * @param nodeBytes what all connections of the node hold here
   * @param patience after which they go out without newer routing, to be refused
   * @param sendAgain takes all that are held, in their order
   */
  MovedOps(
      RoutingFeed routing,
      LongAdder nodeBytes,
      EventExecutor loop,
      Duration patience,
      Consumer<List<T>> sendAgain) {
    this.routing = routing;
    this.nodeBytes = nodeBytes;
    this.loop = loop;
    this.patience = patience;
    this.sendAgain = sendAgain;
  }

  void hold(T op) {
    round++;
    held.add(op);
    nodeBytes.add(op.heldBytes());
  }

  boolean isEmpty() {
    return held.isEmpty();
  }

  /**
   * Nothing of the connection is under way any more: what is held goes out as soon as there is
   * newer routing.
   *
   * @param sentBy the version by which it was sent
   */
  void nothingIsUnderWay(long sentBy) {
    if (held.isEmpty()) {
      return;
    }
    int now = round;
    loop.schedule(() -> release(now), patience.toNanos(), TimeUnit.NANOSECONDS);
    routing.next().thenRun(() -> onLoop(() -> release(now)));
    if (routing.now().version() != sentBy) {
      onLoop(() -> release(now)); // not from within the answer to an operation
    }
  }

  private void onLoop(Runnable action) {
    try {
      loop.execute(action);
    } catch (RejectedExecutionException stopping) {
      LOG.debug("operations dropped: their event loop has stopped", stopping);
    }
  }

  private void release(int of) {
    if (held.isEmpty() || of != round) {
      return;
    }
    List<T> all = new ArrayList<>(held);
    held.clear();
    all.sort(Comparator.comparingLong(Held::place));
    all.forEach(op -> nodeBytes.add(-op.heldBytes()));
    sendAgain.accept(all);
  }
}

package io.raftkv.meta.control;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.ShardInfo;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The newest cluster state this node has applied. The apply of the metadata group pushes each state
 * in; the request path reads it without a lock.
 *
 * <p>Thread-safe. Never goes back to an older version. Listeners hear of every version pushed, in
 * order, on the pushing thread.
 */
public final class RoutingCache {
  /** Hears of new states. Runs on the apply thread: must be quick and must not block. */
  @FunctionalInterface
  public interface Listener {
    void onChange(ClusterState before, ClusterState after);
  }

  private static final Logger LOG = LoggerFactory.getLogger(RoutingCache.class);
  private static final int MAX_WAITERS = 100_000;

  private record Waiter(
      Predicate<ClusterState> condition, CompletableFuture<ClusterState> result) {}

  private final List<Listener> listeners = new CopyOnWriteArrayList<>();

  /** Serializes pushes, so that listeners hear of versions in order. */
  private final Object pushLock = new Object();

  /** Guards {@link #waiters} and, against them, the change of {@link #state}. */
  private final Object waitLock = new Object();

  private final Queue<Waiter> waiters = new ArrayDeque<>();
  private volatile ClusterState state = ClusterState.EMPTY;

  /** The newest state; use one for all decisions that must fit together. */
  public ClusterState state() {
    return state;
  }

  /** The shard that owns a slot, or null if none does. */
  public ShardInfo shardOfSlot(int slot) {
    return state.shardOfSlot(slot);
  }

  /**
   * Takes in a newer state, tells the listeners, then completes those who waited for it, all on the
   * calling thread. A state that is not newer is ignored: a restart or a snapshot may bring one
   * again.
   *
   * @return whether the state was newer
   */
  public boolean push(ClusterState next) {
    List<Waiter> served = new ArrayList<>();
    synchronized (pushLock) {
      ClusterState before = state;
      if (next.version() <= before.version()) {
        return false;
      }
      synchronized (waitLock) {
        state = next;
        for (Iterator<Waiter> it = waiters.iterator(); it.hasNext(); ) {
          Waiter waiter = it.next();
          if (waiter.result().isDone()) {
            it.remove();
          } else if (waiter.condition().test(next)) {
            it.remove();
            served.add(waiter);
          }
        }
      }
      for (Listener listener : listeners) {
        notify(listener, before, next);
      }
    }
    served.forEach(waiter -> waiter.result().complete(next));
    return true;
  }

  /** Adds a listener for states pushed from now on. */
  public void addListener(Listener listener) {
    listeners.add(listener);
  }

  public void removeListener(Listener listener) {
    listeners.remove(listener);
  }

  /** See {@link #await}: completes once this node has applied at least {@code version}. */
  public CompletionStage<ClusterState> awaitVersion(long version) {
    return await(known -> known.version() >= version);
  }

  /** See {@link #await}: completes once this node has at least this routing version. */
  public CompletionStage<ClusterState> awaitRouting(long routingVersion) {
    return await(known -> known.routing().version() >= routingVersion);
  }

  /**
   * Completes with the first state, the present one included, that meets the condition: at once, or
   * on the thread that pushes it, so dependent actions hand off what takes time. Whoever stops
   * waiting completes, cancels or times out the stage's future, which then is forgotten.
   *
   * @param condition quick and without side effects: it runs under a lock
   * @return a stage that fails with {@link RejectedExecutionException} if too many wait already
   */
  public CompletionStage<ClusterState> await(Predicate<ClusterState> condition) {
    CompletableFuture<ClusterState> result = new CompletableFuture<>();
    synchronized (waitLock) {
      ClusterState known = state;
      if (condition.test(known)) {
        result.complete(known);
        return result;
      }
      if (waiters.size() >= MAX_WAITERS) {
        waiters.removeIf(waiter -> waiter.result().isDone());
      }
      if (waiters.size() >= MAX_WAITERS) {
        result.completeExceptionally(
            new RejectedExecutionException(MAX_WAITERS + " wait for a cluster state already"));
        return result;
      }
      waiters.add(new Waiter(condition, result));
    }
    return result;
  }

  /** One listener's bug must not keep the others from the news, nor stop the replica. */
  private static void notify(Listener listener, ClusterState before, ClusterState after) {
    try {
      listener.onChange(before, after);
    } catch (RuntimeException bug) {
      LOG.error("a listener failed on cluster state version={}", after.version(), bug);
    }
  }
}

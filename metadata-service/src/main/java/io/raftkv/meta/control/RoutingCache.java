package io.raftkv.meta.control;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.ShardInfo;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
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

  private final List<Listener> listeners = new CopyOnWriteArrayList<>();

  /** Serializes pushes, so that listeners hear of versions in order. */
  private final Object pushLock = new Object();

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
   * Takes in a newer state and tells the listeners, on the calling thread. A state that is not
   * newer is ignored: a restart or a snapshot may bring one again.
   *
   * @return whether the state was newer
   */
  public boolean push(ClusterState next) {
    synchronized (pushLock) {
      ClusterState before = state;
      if (next.version() <= before.version()) {
        return false;
      }
      state = next;
      for (Listener listener : listeners) {
        notify(listener, before, next);
      }
    }
    return true;
  }

  /** Adds a listener for states pushed from now on. */
  public void addListener(Listener listener) {
    listeners.add(listener);
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

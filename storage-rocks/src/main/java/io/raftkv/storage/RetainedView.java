package io.raftkv.storage;

import java.util.function.Function;

/**
 * One moment of a store for longer than a call, as for a reply that is sent piece by piece. Between
 * two uses it holds a snapshot and nothing else: no cursor, no thread.
 *
 * <p>The store takes it back when it is closed, so that nobody's slowness keeps a store from being
 * closed. Thread-safe; uses come one after another.
 */
public final class RetainedView implements AutoCloseable {
  private final ShardStore store;
  private final ReadView view;
  private boolean closed;

  RetainedView(ShardStore store, ReadView view) {
    this.store = store;
    this.view = view;
  }

  /**
   * Reads from the view, which must not be kept, nor cursors of it.
   *
   * @throws ViewTakenBackException if the store was closed, or this view was
   */
  public synchronized <T> T use(Function<ReadView, T> read) {
    if (closed) {
      throw new ViewTakenBackException();
    }
    return read.apply(view);
  }

  /** Waits for a use that is under way. */
  @Override
  public void close() {
    synchronized (this) {
      if (!closed) {
        closed = true;
        view.close();
      }
    }
    store.forget(this);
  }
}

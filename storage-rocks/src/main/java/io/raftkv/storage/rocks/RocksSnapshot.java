package io.raftkv.storage.rocks;

import org.rocksdb.ReadOptions;
import org.rocksdb.Snapshot;

/** One moment of a store, kept readable until closed. Not thread-safe. */
public final class RocksSnapshot implements AutoCloseable {
  private final RocksHandles store;
  private final Snapshot snapshot;
  private final ReadOptions options;
  private boolean closed;

  RocksSnapshot(RocksHandles store, Snapshot snapshot) {
    this.store = store;
    this.snapshot = snapshot;
    this.options = new ReadOptions().setSnapshot(snapshot);
  }

  ReadOptions options() {
    if (closed) {
      throw new IllegalStateException("snapshot is closed");
    }
    return options;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      options.close();
      store.release(snapshot);
    }
  }
}

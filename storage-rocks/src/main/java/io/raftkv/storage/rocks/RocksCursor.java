package io.raftkv.storage.rocks;

import io.raftkv.storage.SeekableCursor;
import io.raftkv.storage.StorageException;
import java.util.function.Function;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;

/** A cursor over committed rows of one family. Not thread-safe. */
public final class RocksCursor implements SeekableCursor {
  private final RocksHandles store;
  private final Function<RocksDBException, StorageException> failure;
  private final RocksIterator iterator;
  private final ReadOptions options;
  private final Slice lower;
  private final Slice upper;
  private final boolean ascending;
  private boolean started;
  private boolean closed;

  /**
   * Owns all it is given, and a use of the store's gate.
   *
   * @param failure what is thrown when a row cannot be read
   */
  RocksCursor(
      RocksHandles store,
      Function<RocksDBException, StorageException> failure,
      RocksIterator iterator,
      ReadOptions options,
      Slice lower,
      Slice upper,
      boolean ascending) {
    this.store = store;
    this.failure = failure;
    this.iterator = iterator;
    this.options = options;
    this.lower = lower;
    this.upper = upper;
    this.ascending = ascending;
  }

  @Override
  public boolean next() {
    requireOpen();
    if (!started) {
      started = true;
      if (ascending) {
        iterator.seekToFirst();
      } else {
        iterator.seekToLast();
      }
    } else if (!iterator.isValid()) {
      return false;
    } else if (ascending) {
      iterator.next();
    } else {
      iterator.prev();
    }
    return checked();
  }

  @Override
  public boolean seek(byte[] row) {
    requireOpen();
    started = true;
    if (ascending) {
      iterator.seek(row);
    } else {
      iterator.seekForPrev(row);
    }
    return checked();
  }

  @Override
  public byte[] key() {
    requireOpen();
    return iterator.key();
  }

  @Override
  public byte[] value() {
    requireOpen();
    return iterator.value();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      iterator.close();
      options.close();
      lower.close();
      if (upper != null) {
        upper.close();
      }
      store.leave();
    }
  }

  private boolean checked() {
    if (iterator.isValid()) {
      return true;
    }
    try {
      iterator.status();
      return false;
    } catch (RocksDBException e) {
      throw failure.apply(e);
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("cursor is closed");
    }
  }
}

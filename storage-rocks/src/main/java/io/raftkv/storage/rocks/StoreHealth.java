package io.raftkv.storage.rocks;

import io.raftkv.storage.CorruptStoreException;
import java.nio.file.Path;
import org.rocksdb.AbstractEventListener;
import org.rocksdb.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether RocksDB can write to disk.
 *
 * <p>Failures are learned from failed calls and from RocksDB's count of background errors; its
 * callback for them is of no use, since the Java binding fails on errors of databases without a
 * write-ahead log. The callback for the end of a failure works. The count does not say whether it
 * was the disk or a damaged file: the next write is refused with that. Thread-safe; RocksDB calls
 * this from its own threads, so nothing here may throw or wait.
 */
final class StoreHealth extends AbstractEventListener {
  private static final Logger LOG = LoggerFactory.getLogger(StoreHealth.class);

  private final Path directory;
  private String error;
  private CorruptStoreException damage;
  private boolean recovered;
  private long errorsSeen;

  StoreHealth(Path directory) {
    super(EnabledEventCallback.ON_ERROR_RECOVERY_COMPLETED);
    this.directory = directory;
  }

  /** What stops the store from writing, or null. */
  synchronized String error() {
    return error;
  }

  /** What was found damaged, or null. It stays so until the store is closed. */
  synchronized CorruptStoreException damage() {
    return damage;
  }

  /** RocksDB has counted so many errors of background work since it was opened. */
  synchronized void observe(long backgroundErrors) {
    if (backgroundErrors > errorsSeen && !recovered && error == null) {
      failed("background flush or compaction failed");
    }
    errorsSeen = backgroundErrors;
    recovered = false;
  }

  /** A read, write or flush found that files are damaged: the disk is not to blame. */
  synchronized void damaged(CorruptStoreException found) {
    if (damage == null) {
      damage = found;
      error = found.getMessage();
    }
  }

  /** A write or flush failed. */
  synchronized void failed(String message) {
    if (error == null) {
      LOG.error("store cannot write dir={} error={}", directory, message);
    }
    error = message;
    recovered = false;
  }

  /** A flush reached its end, or RocksDB said that it has recovered. */
  synchronized void recovered() {
    if (damage != null) {
      return;
    }
    if (error != null) {
      LOG.info("store writes again dir={} after={}", directory, error);
    }
    error = null;
    // Errors counted up to now are over.
    recovered = true;
  }

  @Override
  public void onErrorRecoveryCompleted(Status oldError) {
    recovered();
  }
}

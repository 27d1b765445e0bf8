package io.raftkv.storage;

/** The store cannot do its work: disk, file system or RocksDB failed. Never a user's mistake. */
public class StorageException extends RuntimeException {
  public StorageException(String message) {
    super(message);
  }

  public StorageException(String message, Throwable cause) {
    super(message, cause);
  }
}

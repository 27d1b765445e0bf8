package io.raftkv.storage;

/** The store holds bytes that RaftKV never wrote there. */
public class CorruptStoreException extends StorageException {
  public CorruptStoreException(String message) {
    super(message);
  }

  public CorruptStoreException(String message, Throwable cause) {
    super(message, cause);
  }
}

package io.raftkv.storage;

/** A file of the store does not hold any more what RocksDB wrote there. */
public final class DamagedFileException extends CorruptStoreException {
  public DamagedFileException(String message, Throwable cause) {
    super(message, cause);
  }
}

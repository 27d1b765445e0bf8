package io.raftkv.storage;

/** The store was written by a newer version of RaftKV. */
public final class UnsupportedFormatException extends StorageException {
  UnsupportedFormatException(String message) {
    super(message);
  }
}

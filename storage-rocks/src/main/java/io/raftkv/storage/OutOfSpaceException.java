package io.raftkv.storage;

/** The disk has no room: nothing is damaged or lost, and the same works once there is space. */
public final class OutOfSpaceException extends StorageException {
  public OutOfSpaceException(String message, Throwable cause) {
    super(message, cause);
  }
}

package io.raftkv.storage;

/** A {@link RetainedView} is gone because its store was closed, or replaced by a snapshot. */
public final class ViewTakenBackException extends StorageException {
  ViewTakenBackException() {
    super("the store of this view was closed");
  }
}

package io.raftkv.storage;

/**
 * A log entry would change more than it may: its changes are held in memory until it is committed.
 * What was changed since the last {@link StoreBatch#mark} has to be rolled back.
 */
public final class EntryFullException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean byItself;

  EntryFullException(long limitBytes, boolean byItself) {
    super("more than " + limitBytes + " bytes");
    this.byItself = byItself;
  }

  /** True if what came since the last mark would not even have room in an entry of its own. */
  public boolean byItself() {
    return byItself;
  }
}

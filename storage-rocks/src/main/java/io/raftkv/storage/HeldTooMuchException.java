package io.raftkv.storage;

/**
 * A read would gather more elements in memory than there is room for, see {@link Keyspace#hold}.
 */
public final class HeldTooMuchException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean byItself;

  HeldTooMuchException(long limitBytes, boolean byItself) {
    super("more than " + limitBytes + " bytes");
    this.byItself = byItself;
  }

  /** True if no other read is to blame: it is no use to try again. */
  public boolean byItself() {
    return byItself;
  }
}

package io.raftkv.storage;

/** A read would gather more elements in memory than one command may, see {@link Keyspace#hold}. */
public final class HeldTooMuchException extends RuntimeException {
  private static final long serialVersionUID = 1;

  HeldTooMuchException(long limitBytes) {
    super("more than " + limitBytes + " bytes");
  }
}

package io.raftkv.storage;

/** A command met a key that holds another type than it works on. */
public final class WrongTypeException extends RuntimeException {
  public WrongTypeException() {
    super("key holds another type", null, false, false);
  }
}

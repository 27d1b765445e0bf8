package io.raftkv.storage;

/** How much a test with random input does. */
public final class TestSize {
  private TestSize() {}

  /** How many: few usually, many in the Maven profile {@code faults}. */
  public static int of(int usual, int inFaults) {
    return Boolean.getBoolean("raftkv.faults") ? inFaults : usual;
  }
}

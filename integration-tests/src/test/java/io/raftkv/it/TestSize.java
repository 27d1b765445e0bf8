package io.raftkv.it;

/** How much a run does: little by default, more with {@code -Pfaults} or {@code -Draftkv.heavy}. */
public final class TestSize {
  private TestSize() {}

  /** True in the Maven profile {@code faults}: more rounds, longer. */
  public static boolean isFaults() {
    return Boolean.getBoolean("raftkv.faults");
  }

  /** True with {@code -Draftkv.heavy=true}: a million keys instead of a hundred thousand. */
  static boolean isHeavy() {
    return Boolean.getBoolean("raftkv.heavy");
  }

  /** How many, or for how long: little usually, much in the profile {@code faults}. */
  public static int of(int usual, int inFaults) {
    return isFaults() ? inFaults : usual;
  }
}

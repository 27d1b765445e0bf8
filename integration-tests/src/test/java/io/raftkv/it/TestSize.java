package io.raftkv.it;

/** How much a run does: little by default, more with {@code -Pfaults} or {@code -Draftkv.heavy}. */
final class TestSize {
  private TestSize() {}

  /** True in the Maven profile {@code faults}: more rounds, longer. */
  static boolean isFaults() {
    return Boolean.getBoolean("raftkv.faults");
  }

  /** True with {@code -Draftkv.heavy=true}: a million keys instead of a hundred thousand. */
  static boolean isHeavy() {
    return Boolean.getBoolean("raftkv.heavy");
  }

  /** Rounds of a fault. */
  static int rounds(int usual) {
    return isFaults() ? usual * 5 : usual;
  }
}

package io.raftkv.it.cluster;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** Skips what this machine cannot run, with a line that nobody overlooks. */
public final class Skip {
  private Skip() {}

  /** Skips the rest of a test where a program is not installed. */
  public static void unlessInstalled(String test, String program) {
    unless(Shell.has(program), test, "no " + program + " on this machine");
  }

  /** Skips the rest of a test, for this reason, unless something is there. */
  public static void unless(boolean there, String test, String reason) {
    if (!there) {
      System.out.printf("**** SKIPPED %s: %s ****%n", test, reason);
    }
    assumeTrue(there, reason);
  }
}

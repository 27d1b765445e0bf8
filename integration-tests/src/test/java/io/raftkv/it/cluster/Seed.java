package io.raftkv.it.cluster;

/** The seed of a run: {@code -Draftkv.seed}, or a new one. Always printed. */
public final class Seed {
  private static final String PROPERTY = "raftkv.seed";

  private Seed() {}

  public static long next() {
    return Long.getLong(PROPERTY, System.nanoTime() & 0xffffffffL);
  }
}

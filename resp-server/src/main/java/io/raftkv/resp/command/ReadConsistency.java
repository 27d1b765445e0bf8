package io.raftkv.resp.command;

import java.time.Duration;
import java.util.Locale;

/**
 * How fresh a read must be. {@code bound} is the longest time since the replica heard from its
 * leader, and zero unless the level is {@link Level#BOUNDED}.
 */
public record ReadConsistency(Level level, Duration bound) {
  /** The three promises, strongest first. */
  public enum Level {
    /** The read sees every write acknowledged before it began. */
    LINEARIZABLE,
    /** The local replica answers if it has heard from its leader recently enough. */
    BOUNDED,
    /** The local replica answers. */
    EVENTUAL
  }

  /** What a connection has unless it or the configuration says otherwise. */
  public static final ReadConsistency LINEARIZABLE =
      new ReadConsistency(Level.LINEARIZABLE, Duration.ZERO);

  /** Whatever the local replica has. */
  public static final ReadConsistency EVENTUAL = new ReadConsistency(Level.EVENTUAL, Duration.ZERO);

  private static final int MAX_DIGITS = 9;

  public ReadConsistency {
    if ((level == Level.BOUNDED) != (bound.toMillis() > 0)) {
      throw new IllegalArgumentException("only bounded reads have a bound, of at least 1 ms");
    }
  }

  /** Reads from a replica that heard from its leader within {@code bound}. */
  public static ReadConsistency bounded(Duration bound) {
    return new ReadConsistency(Level.BOUNDED, bound);
  }

  /**
   * Reads {@code linearizable}, {@code bounded:500} (milliseconds) or {@code eventual}.
   *
   * @throws IllegalArgumentException if the text is anything else, with a sentence for the operator
   */
  public static ReadConsistency parse(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (lower.equals("linearizable")) {
      return LINEARIZABLE;
    }
    if (lower.equals("eventual")) {
      return EVENTUAL;
    }
    if (lower.startsWith("bounded:")) {
      String bound = lower.substring("bounded:".length());
      String millis = bound.endsWith("ms") ? bound.substring(0, bound.length() - 2) : bound;
      if (!millis.isEmpty()
          && millis.length() <= MAX_DIGITS
          && millis.chars().allMatch(Character::isDigit)) {
        return bounded(Duration.ofMillis(Long.parseLong(millis)));
      }
    }
    throw new IllegalArgumentException("must be linearizable, bounded:<ms> or eventual");
  }

  @Override
  public String toString() {
    return level == Level.BOUNDED
        ? "bounded:" + bound.toMillis()
        : level.name().toLowerCase(Locale.ROOT);
  }
}

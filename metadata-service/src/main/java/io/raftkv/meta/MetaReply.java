package io.raftkv.meta;

import java.util.Objects;

/**
 * What became of a command.
 *
 * @param outcome whether it changed anything
 * @param version of the state after it
 * @param text why it changed nothing; if it did, the id of the job it began, or empty
 */
public record MetaReply(Outcome outcome, long version, String text) {
  /** What a command did to the state. */
  public enum Outcome implements Coded {
    /** The state has a new version. */
    CHANGED(0),
    /** The state was already as wanted. */
    UNCHANGED(1),
    /** The state does not allow it; proposing it again will not help until the state changes. */
    REFUSED(2);

    private final int code;

    Outcome(int code) {
      this.code = code;
    }

    @Override
    public int code() {
      return code;
    }
  }

  public MetaReply {
    Objects.requireNonNull(outcome, "outcome");
    Objects.requireNonNull(text, "text");
  }
}

package io.raftkv.meta;

/** How far a job has come. */
public enum JobState implements Coded {
  /** Waits for its turn. */
  PENDING(0),
  /** A step is being taken. */
  RUNNING(1),
  /** All steps are taken. */
  DONE(2),
  /** A step cannot be taken; the job's error says why. */
  FAILED(3),
  /** An operator stopped it before its point of no return. */
  CANCELLED(4);

  private final int code;

  JobState(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }

  /** True if the job will never change again. */
  public boolean isFinal() {
    return this == DONE || this == FAILED || this == CANCELLED;
  }
}

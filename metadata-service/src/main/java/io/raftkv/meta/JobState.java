package io.raftkv.meta;

/** How far a job has come. */
public enum JobState implements Coded {
  /** Its steps are being taken. */
  RUNNING(1),
  /** What its steps did is being undone; the job's note says why, unless it was cancelled. */
  UNDOING(5),
  /** All steps are taken. */
  DONE(2),
  /** A step could not be taken, and all is as before; the job's note says why. */
  FAILED(3),
  /** Somebody stopped it before its point of no return, and all is as before. */
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

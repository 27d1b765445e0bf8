package io.raftkv.meta.job;

/** A job that makes no sense as the cluster is; the message says why, for people. */
public final class JobRefusedException extends Exception {
  private static final long serialVersionUID = 1;

  JobRefusedException(String message) {
    super(message);
  }
}

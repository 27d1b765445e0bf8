package io.raftkv.server;

import io.raftkv.storage.StorageException;
import java.io.IOException;
import java.nio.channels.UnresolvedAddressException;

/** The node cannot start. The message is for the operator and says what to do. */
public final class StartupException extends Exception {
  private static final long serialVersionUID = 1L;

  public StartupException(String message) {
    super(message);
  }

  public StartupException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * Whether a failure is one of the world around the program, as a port that is taken or a damaged
   * file. What is to be done about it is in its message; where in the program it was met helps
   * nobody. Of all other failures that is what matters.
   */
  static boolean isTrouble(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof StorageException
          || cause instanceof UnresolvedAddressException
          || (cause instanceof IOException && cause.getCause() == null)) {
        return true;
      }
    }
    return false;
  }
}

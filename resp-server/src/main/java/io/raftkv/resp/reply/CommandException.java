package io.raftkv.resp.reply;

/**
 * The user's mistake, found while a command is parsed or run: the command changes nothing and
 * answers {@link #line}. Carries no stack trace; it is an answer, not a fault.
 */
public final class CommandException extends RuntimeException {
  public CommandException(String line) {
    super(line, null, false, false);
  }

  /** The whole error line, code included, without the leading minus sign. */
  public String line() {
    return getMessage();
  }
}

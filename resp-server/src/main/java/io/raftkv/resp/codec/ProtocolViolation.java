package io.raftkv.resp.codec;

/**
 * The client broke the framing; nothing of what it sent after that is decoded. Whoever receives
 * this answers {@link #line} and closes the connection.
 *
 * @param line the error line as Redis 7.2 has it, without the leading minus sign
 */
public record ProtocolViolation(String line) {
  static final ProtocolViolation INVALID_MULTIBULK_LENGTH = of("invalid multibulk length");
  static final ProtocolViolation UNAUTHENTICATED_MULTIBULK_LENGTH =
      of("unauthenticated multibulk length");
  static final ProtocolViolation TOO_BIG_MULTIBULK_COUNT = of("too big mbulk count string");
  static final ProtocolViolation INVALID_BULK_LENGTH = of("invalid bulk length");
  static final ProtocolViolation UNAUTHENTICATED_BULK_LENGTH = of("unauthenticated bulk length");
  static final ProtocolViolation TOO_BIG_BULK_COUNT = of("too big bulk count string");
  static final ProtocolViolation TOO_BIG_INLINE = of("too big inline request");
  static final ProtocolViolation UNBALANCED_QUOTES = of("unbalanced quotes in request");

  private static ProtocolViolation of(String what) {
    return new ProtocolViolation("ERR Protocol error: " + what);
  }

  /** Line breaks become blanks, as in every error line of Redis. */
  static ProtocolViolation expectedDollar(byte got) {
    char shown = got == '\r' || got == '\n' ? ' ' : (char) (got & 0xFF);
    return of("expected '$', got '" + shown + "'");
  }
}

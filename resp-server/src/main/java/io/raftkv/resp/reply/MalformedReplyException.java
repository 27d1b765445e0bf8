package io.raftkv.resp.reply;

/**
 * Bytes that should be replies are not, or are larger than allowed. Nothing that follows them in
 * the same stream can be trusted.
 */
public final class MalformedReplyException extends RuntimeException {
  public MalformedReplyException(String what) {
    super(what);
  }
}

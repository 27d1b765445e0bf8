package io.raftkv.resp.rdb;

/**
 * Bytes that should be a value in Redis' serialization are not. Whoever sent them is mistaken, so
 * this carries no stack trace.
 */
public final class MalformedDumpException extends RuntimeException {
  public MalformedDumpException(String what) {
    super(what, null, false, false);
  }
}

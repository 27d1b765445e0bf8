package io.raftkv.resp.rdb;

/** A value is too large to be serialized, or a serialization unpacks to too much. */
public final class OversizedDumpException extends RuntimeException {
  public OversizedDumpException(String what) {
    super(what, null, false, false);
  }
}

package io.raftkv.resp.reply;

import java.util.Locale;

/** Every error text a client can see, once. The texts are those of Redis 7.2 where it has one. */
public final class RespErrors {
  public static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  public static final String SYNTAX = "ERR syntax error";
  public static final String NOT_INTEGER = "ERR value is not an integer or out of range";
  public static final String NOT_FLOAT = "ERR value is not a valid float";
  public static final String OVERFLOW = "ERR increment or decrement would overflow";
  public static final String NO_SUCH_KEY = "ERR no such key";
  public static final String CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";
  public static final String DB_INDEX_OUT_OF_RANGE = "ERR DB index is out of range";
  public static final String INVALID_CURSOR = "ERR invalid cursor";
  public static final String INDEX_OUT_OF_RANGE = "ERR index out of range";
  public static final String OUT_OF_RANGE_POSITIVE = "ERR value is out of range, must be positive";
  public static final String STRING_TOO_LONG =
      "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
  public static final String OFFSET_OUT_OF_RANGE = "ERR offset is out of range";
  public static final String NO_AUTH = "NOAUTH Authentication required.";
  public static final String WRONG_PASS =
      "WRONGPASS invalid username-password pair or user is disabled.";
  public static final String DISK_FULL =
      "OOM command not allowed: the disk of the shard's leader is full";

  private RespErrors() {}

  public static String wrongArity(String command) {
    return "ERR wrong number of arguments for '" + command.toLowerCase(Locale.ROOT) + "' command";
  }

  public static String invalidExpire(String command) {
    return "ERR invalid expire time in '" + command.toLowerCase(Locale.ROOT) + "' command";
  }

  /** No leader, or one without a majority, until the deadline; nothing happened. */
  public static String clusterDown(String shard) {
    return "CLUSTERDOWN no leader for shard " + shard + " (majority unreachable)";
  }

  /** A write was sent and its outcome is unknown. */
  public static String uncertain(String why) {
    return "UNCERTAIN write may or may not have been applied: " + why;
  }

  /** Nothing happened; the same command may be sent again. */
  public static String tryAgain(String why) {
    return "TRYAGAIN " + why;
  }
}

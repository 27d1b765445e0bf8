package io.raftkv.storage;

/** Redis' data types. The codes are part of the storage format and never reused. */
public enum KeyType {
  STRING(0, "string"),
  LIST(1, "list"),
  SET(2, "set"),
  ZSET(3, "zset"),
  HASH(4, "hash"),
  STREAM(5, "stream");

  private static final KeyType[] BY_CODE = values();

  private final int code;
  private final String redisName;

  KeyType(int code, String redisName) {
    this.code = code;
    this.redisName = redisName;
  }

  /** The number in the metadata record, 0 to 15. */
  public int code() {
    return code;
  }

  /** The name that the TYPE command answers. */
  public String redisName() {
    return redisName;
  }

  /** Inverse of {@link #code}. */
  public static KeyType of(int code) {
    if (code < 0 || code >= BY_CODE.length) {
      throw new CorruptStoreException("metadata record claims type " + code);
    }
    return BY_CODE[code];
  }
}

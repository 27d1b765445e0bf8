package io.raftkv.resp.rdb;

/** What a payload's first byte says: Redis' type together with its encoding. */
enum RdbType {
  STRING(0),
  LIST(1),
  SET(2),
  /** Scores as text. */
  ZSET(3),
  HASH(4),
  /** Scores as eight bytes. */
  ZSET_2(5),
  HASH_ZIPMAP(9),
  LIST_ZIPLIST(10),
  SET_INTSET(11),
  ZSET_ZIPLIST(12),
  HASH_ZIPLIST(13),
  /** Ziplists. */
  LIST_QUICKLIST(14),
  STREAM_LISTPACKS(15),
  HASH_LISTPACK(16),
  ZSET_LISTPACK(17),
  /** Listpacks and single elements. */
  LIST_QUICKLIST_2(18),
  /** With the first id, the highest deleted id and the counters of Redis 7.0. */
  STREAM_LISTPACKS_2(19),
  SET_LISTPACK(20),
  /** With the times at which consumers were last active, from Redis 7.2 on. */
  STREAM_LISTPACKS_3(21),
  /** Fields that expire, from Redis 7.4 on; the numbers before were a release candidate's. */
  HASH_METADATA(24),
  HASH_LISTPACK_EX(25);

  private static final RdbType[] ALL = values();

  private final int code;

  RdbType(int code) {
    this.code = code;
  }

  /** The number in the payload. */
  int code() {
    return code;
  }

  /**
   * Inverse of {@link #code}.
   *
   * @throws MalformedDumpException for values of modules and for numbers without a meaning
   */
  static RdbType of(int code) {
    for (RdbType type : ALL) {
      if (type.code == code) {
        return type;
      }
    }
    throw new MalformedDumpException("no type has the number " + code);
  }
}

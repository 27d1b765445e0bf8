package io.raftkv.resp.command;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What commands do to their keys, in the words of Redis' key specifications. {@code RO}, {@code
 * RW}, {@code OW} and {@code RM} say what becomes of the key: it stays, changes, is written
 * whatever it was, or goes. {@code access} is for replies or keys made of its value, {@code
 * insert}, {@code update} and {@code delete} for what is done to that. Immutable.
 *
 * <p>A command that is not named here is {@code RO access} if it reads, and {@code RW access
 * update} if it writes: the careful answers.
 *
 * @param first what is done to the first key
 * @param others what is done to the others
 */
record KeyUses(List<String> first, List<String> others) {
  private static final String READ = "RO access";
  private static final String CHANGE = "RW access update";
  private static final String TAKE = "RW access delete";
  private static final String OVERWRITE = "OW update";
  private static final String INSERT = "RW insert";

  private static final KeyUses OF_READS = of(READ, READ);
  private static final KeyUses OF_WRITES = of(CHANGE, CHANGE);

  private static final Map<String, KeyUses> BY_NAME = new HashMap<>();

  static {
    put("RO", "EXISTS", "TOUCH", "TYPE", "STRLEN", "HEXISTS", "HLEN", "HSTRLEN", "LLEN");
    put("RO", "SCARD", "SISMEMBER", "XLEN", "ZCARD");
    put("RO", "OBJECT|ENCODING", "OBJECT|FREQ", "OBJECT|IDLETIME", "OBJECT|REFCOUNT");
    put("RM delete", "DEL", "UNLINK");
    put(OVERWRITE, "MSET", "PSETEX", "SETEX", "RESTORE", "RESTORE-ASKING");
    put("OW insert", "MSETNX", "SETNX");
    put("RW access update variable_flags", "SET", "BITFIELD");
    put(INSERT, "APPEND", "HSETNX", "LINSERT", "LPUSH", "LPUSHX", "RPUSH", "RPUSHX", "SADD");
    put(INSERT, "PFADD", "XGROUP|CREATE", "XGROUP|CREATECONSUMER");
    put("RW update", "SETRANGE", "EXPIRE", "EXPIREAT", "PEXPIRE", "PEXPIREAT", "PERSIST");
    put("RW update", "HMSET", "HSET", "LSET", "ZADD", "GEOADD");
    put("RW update", "XACK", "XADD", "XCLAIM", "XSETID", "XGROUP|SETID");
    put("RW delete", "HDEL", "LREM", "LTRIM", "SREM", "XDEL", "XTRIM", "XAUTOCLAIM");
    put("RW delete", "ZREM", "ZREMRANGEBYLEX", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE");
    put("RW delete", "XGROUP|DELCONSUMER", "XGROUP|DESTROY");
    put(TAKE, "GETDEL", "LMPOP", "LPOP", "RPOP", "SPOP", "ZMPOP", "ZPOPMAX", "ZPOPMIN");
    put(READ, "XREADGROUP");
    put(of(READ, OVERWRITE), "COPY", "SORT", "GEORADIUS", "GEORADIUSBYMEMBER");
    put(of(TAKE, OVERWRITE), "RENAME");
    put(of(TAKE, "OW insert"), "RENAMENX");
    put(of(TAKE, INSERT), "LMOVE", "RPOPLPUSH", "SMOVE");
    put(of(OVERWRITE, READ), "BITOP", "SDIFFSTORE", "SUNIONSTORE", "GEOSEARCHSTORE");
    put(of(OVERWRITE, READ), "ZDIFFSTORE", "ZINTERSTORE", "ZUNIONSTORE", "ZRANGESTORE");
    put(of("RW update", READ), "SINTERSTORE");
    put(of("RW access insert", READ), "PFMERGE");
  }

  private static KeyUses of(String first, String others) {
    return new KeyUses(List.of(first.split(" ")), List.of(others.split(" ")));
  }

  private static void put(String use, String... names) {
    put(of(use, use), names);
  }

  private static void put(KeyUses uses, String... names) {
    for (String name : names) {
      if (BY_NAME.put(name, uses) != null) {
        throw new IllegalStateException("two entries for " + name);
      }
    }
  }

  /** What the command does in general. */
  static KeyUses of(CommandSpec spec) {
    KeyUses careful = spec.access() == CommandSpec.Access.WRITE ? OF_WRITES : OF_READS;
    return BY_NAME.getOrDefault(spec.name(), careful);
  }

  /** What this call does, where that depends on the options; else as {@link #of(CommandSpec)}. */
  static KeyUses of(CommandSpec spec, Args call) {
    return switch (spec.name()) {
      case "SET" -> has(call, 3, "GET") ? OF_WRITES : of(OVERWRITE, OVERWRITE);
      case "BITFIELD" -> has(call, 2, "SET") || has(call, 2, "INCRBY") ? OF_WRITES : OF_READS;
      default -> of(spec);
    };
  }

  private static boolean has(Args call, int from, String option) {
    for (int i = from; i < call.size(); i++) {
      if (call.is(i, option)) {
        return true;
      }
    }
    return false;
  }

  /** True if not the same is done to all keys. */
  boolean isSplit() {
    return !first.equals(others);
  }
}

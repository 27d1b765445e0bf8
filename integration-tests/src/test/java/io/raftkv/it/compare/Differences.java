package io.raftkv.it.compare;

import io.raftkv.it.cluster.RawReply;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The one place that says where RaftKV may answer otherwise than Redis 7.0, and why. A command that
 * is not named here has to give the same bytes.
 */
final class Differences {
  private static final Map<String, Rule> RULES = new HashMap<>();

  static {
    // Redis keeps these in a hash table and answers in its order; RaftKV in the order of its rows.
    rule(Rules.ANY_ORDER, "SMEMBERS", "SINTER", "SUNION", "SDIFF", "HKEYS", "HVALS", "KEYS");
    rule(Rules.ANY_ORDER_OF_PAIRS, "HGETALL");

    // Redis 7.0 prints doubles with 17 digits, 7.2 and RaftKV with as many as are needed.
    rule(
        Rules.DOUBLES,
        "ZADD ZINCRBY ZSCORE ZMSCORE ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE".split(" "));
    rule(Rules.DOUBLES, "ZUNION", "ZINTER", "ZDIFF", "ZPOPMIN", "ZPOPMAX", "ZMPOP");

    // Without a wish for an order each server has its own.
    rule(Rules.ANY_ORDER_UNLESS_ASKED, "GEOSEARCH", "GEORADIUS", "GEORADIUS_RO");
    rule(Rules.ANY_ORDER_UNLESS_ASKED, "GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO");

    // PFCOUNT of Redis writes the estimate into the string, where there is a place for it.
    rule(new HyperLogLogBytes(), "GET");

    // Times, and the tree that Redis keeps. Redis 7.0 makes a consumer only when it gets something,
    // 7.2 and RaftKV when it asks.
    rule(new StreamFacts(), "XPENDING", "XINFO STREAM", "XINFO GROUPS", "XINFO CONSUMERS");
    rule(Rules.SAME_KIND, "XGROUP CREATECONSUMER");

    // The two servers get a command at different times.
    rule(Rules.TIME, "TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME");

    // Cursors are each server's own.
    rule(Rules.SCAN, "SCAN", "HSCAN", "SSCAN", "ZSCAN");

    // Chance.
    rule(new Rules.Chance("SMISMEMBER", reply -> reply.text().equals("1")), "SRANDMEMBER");
    rule(new Rules.Chance("HMGET", reply -> !reply.isNull()), "HRANDFIELD");
    rule(new Rules.Chance("ZMSCORE", reply -> !reply.isNull()), "ZRANDMEMBER");
    rule(new Rules.Chance("EXISTS", reply -> reply.text().equals("1")), "RANDOMKEY");
    rule(new Rules.Removal(), "SPOP");

    // How a value is kept, and what is known about its use, are each server's own.
    rule(Rules.SAME_KIND, "OBJECT ENCODING", "OBJECT REFCOUNT", "OBJECT IDLETIME", "OBJECT FREQ");
  }

  /**
   * An error that a later Redis gives, too. Redis 7.0 answers something else and, as RaftKV, does
   * nothing.
   */
  private record Newer(String command, String error) {}

  private static final List<Newer> NEWER =
      List.of(
          // ZRANK key member WITHSCORE is Redis 7.2's: a fourth word was one too many before.
          new Newer("ZRANK", "ERR syntax error"),
          new Newer("ZREVRANK", "ERR syntax error"),
          // Redis 7.2 looks at the words before it looks for the key.
          new Newer("BITCOUNT", "ERR syntax error"),
          new Newer("BITCOUNT", "ERR value is not an integer or out of range"),
          new Newer("BITPOS", "ERR syntax error"),
          new Newer("BITPOS", "ERR value is not an integer or out of range"),
          // The smallest number has no positive twin; Redis 7.0 goes on with it all the same.
          new Newer(
              "LPOS",
              "ERR value is out of range, value must between -9223372036854775807 and"
                  + " 9223372036854775807"));

  /** Redis Cluster refuses these with keys of several slots, RaftKV cuts them up. */
  private static final Set<String> CUT_UP =
      Set.of("MGET", "MSET", "DEL", "UNLINK", "EXISTS", "TOUCH");

  private Differences() {}

  private static void rule(Rule rule, String... commands) {
    for (String command : commands) {
      RULES.put(command, rule);
    }
  }

  /** How replies to this command are compared. */
  static Rule of(List<String> words) {
    String name = upper(words.get(0));
    Rule rule = RULES.get(name);
    if (rule == null && words.size() > 1) {
      rule = RULES.get(name + " " + upper(words.get(1)));
    }
    return rule == null ? Rules.EXACT : rule;
  }

  /** True if both replies are right. Errors have to be the same. */
  static boolean agree(List<String> words, RawReply redis, RawReply raftkv) {
    return redis.equals(raftkv)
        || (raftkv.kind() == '-' && NEWER.contains(new Newer(upper(words.get(0)), raftkv.text())))
        || (!redis.isError() && !raftkv.isError() && of(words).agree(words, redis, raftkv));
  }

  /** True if Redis Cluster has refused what RaftKV does, so that their data may differ now. */
  static boolean partWays(List<String> words, RawReply redis) {
    return CUT_UP.contains(upper(words.get(0)))
        && redis.isError()
        && redis.text().startsWith("CROSSSLOT");
  }

  private static String upper(String word) {
    return word.toUpperCase(Locale.ROOT);
  }
}

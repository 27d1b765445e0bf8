package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.TestSize;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random commands on keys of all types in four databases, beside a real redis-server. Known and not
 * compared: which name OBJECT ENCODING has for a collection and for a string that was appended to;
 * what a random key is, and times of access.
 */
class KeysAgainstRedisTest {
  private static final int STEPS = TestSize.of(4_000, 20_000);
  private static final int DATABASES = 4;

  /** How far our times to live may be from theirs: the two sides run one after the other. */
  private static final long TOLERANCE_MILLIS = 5_000;

  private static final String[] TYPES = {"string", "list", "set", "zset", "hash", "stream", "x"};
  private static final String[] GARBAGE = {
    "",
    "x",
    "-1",
    "0",
    "1.5",
    " 1",
    "+1",
    "01",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "99999999999",
    "16",
    "NX",
    "xx",
    "REPLACE",
    "DB",
    "COUNT"
  };

  private Random random;

  /** Every relative time to live is another one: which of two equal ones is later is chance. */
  private int lives = 1_000;

  @ParameterizedTest
  @CsvSource({"1, 2", "2, 3", "3, 2", "4, 3"})
  void randomCommandsAreAnsweredAlike(long seed, int protocol) throws Exception {
    random = new Random(seed);
    try (RedisComparison both = new RedisComparison(SortCommandsTest.specs())) {
      both.begin("seed " + seed, protocol);
      for (int step = 0; step < STEPS; step++) {
        if (random.nextInt(20) == 0) {
          both.select(random.nextInt(DATABASES));
        }
        step(both);
        if (step % 400 == 399) {
          compareAll(both);
        }
      }
      assertThat(both.commands()).isGreaterThan(STEPS * 9 / 10);
    }
  }

  private void step(RedisComparison both) throws IOException {
    switch (random.nextInt(30)) {
      case 0 -> checkScan(both, "COUNT", "1" + random.nextInt(10));
      case 1 -> checkScan(both, "MATCH", pattern(), "TYPE", pick(TYPES));
      case 2 -> both.check("OBJECT", "REFCOUNT", "n" + random.nextInt(3));
      case 3 -> both.check("DBSIZE");
      default -> {
        String[] words = mutated(command());
        both.check((ours, theirs) -> agree(words[0], ours, theirs), words);
      }
    }
  }

  private static boolean agree(String name, ReplyTree ours, ReplyTree theirs) {
    return switch (name) {
      case "PTTL", "PEXPIRETIME" -> areClose(ours, theirs, TOLERANCE_MILLIS);
      case "TTL", "EXPIRETIME" -> areClose(ours, theirs, TOLERANCE_MILLIS / 1000);
      case "KEYS" -> RedisComparison.UNORDERED.test(ours, theirs);
      default -> false;
    };
  }

  private static boolean areClose(ReplyTree ours, ReplyTree theirs, long tolerance) {
    return ours.isNumber()
        && theirs.isNumber()
        && theirs.number() > 0
        && Math.abs(ours.number() - theirs.number()) <= tolerance;
  }

  /** A whole SCAN from 0 to 0 with these options finds the same keys. */
  private static void checkScan(RedisComparison both, String... options) throws IOException {
    assertThat(scan(both::ours, options))
        .as("SCAN … %s", String.join(" ", options))
        .isEqualTo(scan(both::theirs, options));
  }

  /** One side of a comparison. */
  private interface Side {
    ReplyTree run(String... words) throws IOException;
  }

  private static Set<String> scan(Side side, String... options) throws IOException {
    Set<String> found = new TreeSet<>();
    String cursor = "0";
    do {
      List<String> words = new ArrayList<>(List.of("SCAN", cursor));
      words.addAll(List.of(options));
      ReplyTree page = side.run(words.toArray(String[]::new));
      page.items().get(1).items().forEach(key -> found.add(key.text()));
      cursor = page.items().get(0).text();
    } while (!cursor.equals("0"));
    return found;
  }

  private String[] command() {
    return switch (random.nextInt(34)) {
      case 0 -> words("SET", key(), word());
      case 1 -> words("SET", "n" + random.nextInt(3), Integer.toString(random.nextInt(12_000)));
      case 2 -> words("SET", key(), word(), "EX", life());
      case 3 -> words("RPUSH", key(), word(), word());
      case 4 -> words("SADD", key(), word(), word());
      case 5 -> words("ZADD", key(), "1", word(), "2.5", word());
      case 6 -> words("HSET", key(), word(), word());
      case 7 -> words("DEL", key(), key());
      case 8 -> words("UNLINK", key(), key(), key());
      case 9 -> words("EXISTS", key(), key(), key());
      case 10 -> words("TOUCH", key(), key());
      case 11 -> words("TYPE", key());
      case 12 -> words("EXPIRE", key(), life());
      case 13 -> words("PEXPIRE", key(), life() + "000", pick("NX", "XX"));
      case 14 -> words("EXPIREAT", key(), farTime(""), pick("GT", "LT", "NX", "XX"));
      case 15 -> words("PEXPIREAT", key(), farTime("000"), pick("GT", "LT", "XX"));
      case 16 -> words("EXPIREAT", key(), farTime(""), "XX", pick("GT", "LT", "NX"));
      case 17 -> words("PERSIST", key());
      case 18 -> words("TTL", key());
      case 19 -> words("PTTL", key());
      case 20 -> words("EXPIRETIME", key());
      case 21 -> words("PEXPIRETIME", key());
      case 22 -> words("RENAME", key(), key());
      case 23 -> words("RENAMENX", key(), key());
      case 24 -> words("COPY", key(), key());
      case 25 -> words("COPY", key(), key(), "DB", database(), pick("REPLACE", "replace"));
      case 26 -> words("MOVE", key(), database());
      case 27 -> words("KEYS", pattern());
      case 28 -> random.nextInt(3) == 0 ? words("SWAPDB", database(), database()) : words("DBSIZE");
      case 29 -> random.nextInt(12) == 0 ? words("FLUSHDB") : words("EXISTS", key());
      case 30 -> random.nextInt(40) == 0 ? words("FLUSHALL", "SYNC") : words("TYPE", key());
      case 31 -> words("EXPIREAT", key(), "1000000000");
      case 32 -> words("OBJECT", pick("FREQ", "HELP", "ENCODING", "refcount", "NONE"));
      default -> words("OBJECT", pick("FREQ", "ENCODING", "IDLETIME"), "none");
    };
  }

  /** One in six has a word too many, too few or a strange one. */
  private String[] mutated(String[] words) {
    if (random.nextInt(6) > 0
        || words.length == 1
        || words[0].startsWith("FLUSH")
        || words[0].equals("SET")) {
      return words;
    }
    List<String> changed = new ArrayList<>(Arrays.asList(words));
    switch (random.nextInt(3)) {
      case 0 -> changed.add(pick(GARBAGE));
      case 1 -> changed.remove(changed.size() - 1);
      default -> changed.set(1 + random.nextInt(words.length - 1), pick(GARBAGE));
    }
    return changed.toArray(String[]::new);
  }

  private void compareAll(RedisComparison both) throws IOException {
    for (int database = 0; database < DATABASES; database++) {
      both.select(database);
      for (ReplyTree name : both.check(RedisComparison.UNORDERED, "KEYS", "*").items()) {
        String key = name.text();
        both.check((ours, theirs) -> agree("PEXPIRETIME", ours, theirs), "PEXPIRETIME", key);
        switch (both.check("TYPE", key).head()) {
          case "+string" -> both.check("GET", key);
          case "+list" -> both.check("LRANGE", key, "0", "-1");
          case "+set" -> both.check(RedisComparison.UNORDERED, "SMEMBERS", key);
          case "+zset" -> both.check("ZRANGE", key, "0", "-1");
          case "+hash" -> both.check(RedisComparison.UNORDERED, "HGETALL", key);
          default -> throw new AssertionError("no type of " + key);
        }
      }
    }
  }

  private static String[] words(String... words) {
    return words;
  }

  private String pick(String... choices) {
    return choices[random.nextInt(choices.length)];
  }

  private String key() {
    return "k" + random.nextInt(10);
  }

  private String word() {
    return pick("a", "b", "7", "-12", "3.25", "", "long".repeat(20));
  }

  private String pattern() {
    return pick("*", "k*", "k[1-4]", "?3", "n*", "[^n]*", "\\k1", "nothing", "");
  }

  private String database() {
    return Integer.toString(random.nextInt(DATABASES));
  }

  private String life() {
    return Integer.toString(lives += 10);
  }

  /** Far beyond all relative ones, and one of a few, so that equal ones meet. */
  private String farTime(String unit) {
    return 4_000_000_000L + random.nextInt(5) + unit;
  }
}

package io.raftkv.resp.command;

import io.raftkv.storage.TestSize;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random SORTs beside a real redis-server. Not compared: the order of a set that is not sorted, and
 * that of elements whose texts of {@code BY … ALPHA} are equal, which Redis leaves open. Numbers
 * out of a double's range are not sent: once it met one, Redis refuses good numbers, too.
 */
class SortAgainstRedisTest {
  private static final int STEPS = TestSize.of(1_500, 10_000);
  private static final String[] NUMBERS = {
    "0",
    "1",
    "-1",
    "2",
    "10",
    "9",
    "3.5",
    "-0",
    "1e3",
    "",
    " 4",
    "0x1f",
    "inf",
    "-inf",
    "0.1",
    "123456789012345678901234567890",
    "4.",
    ".5",
    "00012",
    "9007199254740993"
  };
  private static final String[] WORDS = {"a", "b", "B", "ab", "a b", "\u00e9", "nan", "1x", "-"};
  private static final String[] SOURCES = {"list", "words", "set", "zset", "big", "string", "none"};

  private Random random;

  @ParameterizedTest
  @CsvSource({"1, 2", "2, 3", "3, 3"})
  void randomSortsAreAnsweredAlike(long seed, int protocol) throws Exception {
    random = new Random(seed);
    try (RedisComparison both = new RedisComparison(SortCommandsTest.specs())) {
      both.begin("seed " + seed, protocol);
      fill(both);
      for (int step = 0; step < STEPS; step++) {
        if (step % 100 == 99) {
          both.check("DEL", "list", "words", "set", "zset", "big", "stored");
          fill(both);
        }
        sort(both);
      }
    }
  }

  private void fill(RedisComparison both) throws IOException {
    both.check("SET", "string", "v");
    for (int i = 0; i < 6; i++) {
      // Most fills have nothing in them that is no number.
      both.check("RPUSH", "list", NUMBERS[random.nextInt(random.nextInt(4) > 0 ? 15 : 20)]);
      both.check("RPUSH", "words", pick(random.nextBoolean() ? WORDS : NUMBERS));
      both.check("SADD", "set", Integer.toString(random.nextInt(20)));
      both.check("ZADD", "zset", Integer.toString(i), Integer.toString(random.nextInt(20)));
    }
    for (int i = 0; i < 150; i++) {
      both.check("RPUSH", "big", Integer.toString(random.nextInt(500)));
    }
    for (int i = 0; i < 20; i++) {
      both.check("SET", "w_" + random.nextInt(20), pick(NUMBERS[random.nextInt(15)]));
      both.check("SET", "unique_" + i, "u" + (i * 7 + 3) % 20);
      both.check("HSET", "h_" + i, "f", Integer.toString(random.nextInt(9)), "g", pick(WORDS));
    }
  }

  private void sort(RedisComparison both) throws IOException {
    String source = pick(SOURCES);
    List<String> words = new ArrayList<>(List.of("SORT", source));
    boolean weighsText = random.nextInt(5) == 0;
    boolean unsorted = false;
    if (weighsText) {
      source = pick("set", "zset");
      words.set(1, source);
      words.addAll(List.of("BY", "unique_*", "ALPHA"));
    } else {
      if (random.nextInt(3) == 0) {
        String by = pick("w_*", "h_*->f", "nosort", "h_*->none", "w_*->f", "#");
        unsorted = by.equals("nosort") || by.equals("#");
        words.addAll(List.of("BY", by));
      } else if (random.nextBoolean()) {
        words.add("ALPHA");
      }
    }
    addOptions(words);
    boolean stores = random.nextInt(4) == 0;
    if (stores) {
      words.addAll(List.of("STORE", "stored"));
    } else if (random.nextBoolean()) {
      words.set(0, "SORT_RO");
    }
    String[] command = words.toArray(String[]::new);
    if (unsorted && source.equals("set") && !stores) {
      if (!words.contains("LIMIT")) {
        both.check(RedisComparison.UNORDERED, command);
      }
    } else {
      both.check(command);
    }
    if (stores) {
      both.check("LRANGE", "stored", "0", "-1");
    }
  }

  private void addOptions(List<String> words) {
    if (random.nextInt(3) == 0) {
      words.add(pick("DESC", "ASC", "desc"));
    }
    if (random.nextInt(3) == 0) {
      words.addAll(List.of("LIMIT", pick("0", "1", "-1", "5", "200"), pick("0", "1", "3", "-1")));
    }
    while (random.nextInt(3) == 0) {
      words.addAll(List.of("GET", pick("#", "w_*", "h_*->g", "plain", "unique_*", "string")));
    }
    if (random.nextInt(25) == 0) {
      words.add(pick("FOO", "BY", "GET", "LIMIT", "STORE"));
    }
  }

  private String pick(String... choices) {
    return choices[random.nextInt(choices.length)];
  }
}

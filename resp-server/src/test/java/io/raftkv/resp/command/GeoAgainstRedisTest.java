package io.raftkv.resp.command;

import io.raftkv.storage.TestSize;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random geo commands, right and wrong ones, give redis-server's bytes. */
class GeoAgainstRedisTest {
  private static final int STEPS = TestSize.of(1_500, 10_000);
  private static final String[] UNITS = {"m", "km", "ft", "mi", "M", "Km"};
  private static final String[] PARTS = {"WITHDIST", "WITHHASH", "WITHCOORD"};

  private Random random;
  private int members;

  @ParameterizedTest
  @CsvSource({"1,2,40", "2,3,40", "3,2,1000", "4,3,1000"})
  void answersAsRedis(long seed, int protocol, int pool) throws Exception {
    random = new Random(Long.getLong("raftkv.seed", seed));
    members = pool;
    try (RedisComparison both =
        new RedisComparison(
            GeoCommands.ALL, SortedSetCommands.ALL, GenericCommands.ALL, SetCommands.ALL)) {
      both.begin("seed " + seed, protocol);
      both.check("SADD", "plain", "p1");
      for (int i = 0; i < members / 2; i++) {
        both.check("GEOADD", "g", longitude(), latitude(), "p" + i);
      }
      for (int step = 0; step < STEPS; step++) {
        List<String> words = command();
        both.check(words.toArray(String[]::new));
        if (isStore(words)) {
          compareStored(both);
        }
      }
      both.check("ZRANGE", "g", "0", "-1", "WITHSCORES");
    }
  }

  /**
   * Stored geohashes are equal bytes; of distances the last bits may differ, as Redis prints 17.
   */
  private static void compareStored(RedisComparison both) throws Exception {
    both.check("ZCARD", "d");
    for (ReplyTree member : both.check("ZRANGE", "d", "0", "-1").items()) {
      both.check(
          (ours, theirs) ->
              Math.abs(score(ours) - score(theirs)) <= Math.abs(score(theirs)) * 1e-12,
          "ZSCORE",
          "d",
          member.text());
    }
  }

  private static double score(ReplyTree reply) {
    return Double.parseDouble(reply.text());
  }

  private static boolean isStore(List<String> words) {
    return words.contains("d");
  }

  private List<String> command() {
    return switch (random.nextInt(20)) {
      case 0, 1, 2 -> {
        List<String> words = words("GEOADD", key());
        for (int i = random.nextInt(4) == 0 ? random.nextInt(3) : 0; i > 0; i--) {
          words.add(new String[] {"NX", "XX", "CH", "ch"}[random.nextInt(4)]);
        }
        for (int i = random.nextInt(3); i >= 0; i--) {
          words.addAll(List.of(longitude(), latitude(), member()));
        }
        yield cut(words);
      }
      case 3 -> words("GEOPOS", key(), member(), member());
      case 4 -> words("GEOHASH", key(), member(), member());
      case 5, 6 -> {
        List<String> words = words("GEODIST", key(), member(), member());
        if (random.nextBoolean()) {
          words.add(unit());
        }
        yield cut(words);
      }
      case 7 ->
          random.nextBoolean() ? words("ZSCORE", "g", member()) : words("ZREM", "g", member());
      case 8, 9 -> radius(words("GEORADIUS", key(), longitude(), latitude()), true);
      case 10 -> radius(words("GEORADIUS_RO", key(), longitude(), latitude()), false);
      case 11 -> radius(words("GEORADIUSBYMEMBER", key(), member()), true);
      case 12 -> radius(words("GEORADIUSBYMEMBER_RO", key(), member()), false);
      case 13, 14 -> search(words("GEOSEARCHSTORE", "d", key()), true);
      default -> search(words("GEOSEARCH", key()), false);
    };
  }

  private List<String> radius(List<String> words, boolean mayStore) {
    words.addAll(List.of(length(), unit()));
    options(words);
    if (random.nextInt(mayStore ? 4 : 40) == 0) {
      words.removeIf(word -> random.nextInt(10) > 0 && word.startsWith("WITH"));
      words.addAll(List.of(random.nextBoolean() ? "STORE" : "STOREDIST", "d"));
    }
    return cut(words);
  }

  private List<String> search(List<String> words, boolean stores) {
    List<List<String>> options = new ArrayList<>();
    if (random.nextInt(40) > 0) {
      options.add(
          random.nextBoolean()
              ? List.of("FROMMEMBER", member())
              : List.of("FROMLONLAT", longitude(), latitude()));
    }
    if (random.nextInt(40) > 0) {
      options.add(
          random.nextBoolean()
              ? List.of("BYRADIUS", length(), unit())
              : List.of("BYBOX", length(), length(), unit()));
    }
    if (random.nextInt(40) == 0) {
      options.add(List.of("BYRADIUS", length(), unit()));
    }
    Collections.shuffle(options, random);
    options.forEach(words::addAll);
    if (!stores) {
      options(words);
    } else {
      order(words);
      if (random.nextInt(3) == 0) {
        words.add("STOREDIST");
      }
      if (random.nextInt(20) == 0) {
        words.add("WITHDIST");
      }
    }
    return cut(words);
  }

  private void options(List<String> words) {
    order(words);
    for (String part : PARTS) {
      if (random.nextInt(3) == 0) {
        words.add(part);
      }
    }
  }

  private void order(List<String> words) {
    if (random.nextInt(3) == 0) {
      words.add(random.nextBoolean() ? "ASC" : "DESC");
    }
    if (random.nextInt(3) == 0) {
      words.addAll(List.of("COUNT", Integer.toString(random.nextInt(20) - (members < 99 ? 1 : 0))));
      if (random.nextInt(3) == 0) {
        words.add("ANY");
      }
    } else if (random.nextInt(40) == 0) {
      words.add("ANY");
    }
  }

  private List<String> cut(List<String> words) {
    int chance = random.nextInt(50);
    if (chance == 0) {
      return words.subList(0, words.size() - 1);
    }
    if (chance == 1) {
      words.add("more");
    }
    return words;
  }

  private String key() {
    return random.nextInt(30) > 0 ? "g" : random.nextBoolean() ? "none" : "plain";
  }

  private String member() {
    return "p" + random.nextInt(members);
  }

  private String unit() {
    return random.nextInt(60) == 0 ? "yd" : UNITS[random.nextInt(UNITS.length)];
  }

  /** From some meters to round the world, evenly by magnitude. */
  private String length() {
    return random.nextInt(40) == 0
        ? new String[] {"-1", "x", "0", "inf"}[random.nextInt(3)]
        : String.format(Locale.ROOT, "%.3f", Math.pow(10, random.nextDouble() * 7.5));
  }

  private String longitude() {
    return degrees(180);
  }

  private String latitude() {
    return degrees(85.05112878);
  }

  /**
   * Everywhere, near zero, at the edges, seldom beyond. No place twice: Redis leaves open in which
   * order members of equal distance come.
   */
  private String degrees(double max) {
    double value =
        switch (random.nextInt(12)) {
          case 0 -> random.nextGaussian() / 1000;
          case 1 -> max * (random.nextBoolean() ? 1 : -1) * (1 - random.nextDouble() / 1000);
          case 2 ->
              random.nextInt(30) == 0 ? max * 1.5 * (random.nextInt(3) - 1) : random.nextDouble();
          case 3, 4, 5 -> 13 + random.nextGaussian();
          default -> max * (2 * random.nextDouble() - 1);
        };
    return random.nextInt(300) == 0 ? "east" : String.format(Locale.ROOT, "%.9f", value);
  }

  private static List<String> words(String... words) {
    return new ArrayList<>(List.of(words));
  }
}

package io.raftkv.resp.command;

import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.TestSize;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random hash commands, good and bad, on RaftKV's handlers and on a redis-server: the replies are
 * the same bytes, up to an order that neither promises. Small hashes and large ones come and go.
 */
class HashesAgainstRedisTest {
  private static final int STEPS = TestSize.of(3_000, 30_000);
  private static final Set<String> UNORDERED =
      Set.of("HGETALL", "HKEYS", "HVALS", "HRANDFIELD", "HSCAN");
  private static final List<String> READS =
      List.of("HGET", "HMGET", "HLEN", "HEXISTS", "HSTRLEN", "HGETALL", "HKEYS", "HVALS");
  private static final String[] NUMBERS = {
    "1",
    "-7",
    "0",
    "00",
    "3.0",
    "1e3",
    "-0",
    "+5",
    " 1",
    "0x10",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "1.7e308",
    "1e-20",
    "inf",
    "nan",
    "",
    "x"
  };

  private SeededRandom random;
  private int fields;

  @ParameterizedTest(name = "seed {0}, RESP{1}")
  @CsvSource({"1, 2", "2, 3", "3, 2", "4, 3"})
  void repliesAreTheSame(long seed, int protocol) throws IOException {
    random = new SeededRandom(seed);
    try (RedisComparison both =
        new RedisComparison(HashCommands.ALL, StringCommands.ALL, GenericCommands.ALL)) {
      both.begin("seed " + seed, protocol);
      both.check("SET", "string", "s");
      for (int step = 0; step < STEPS; step++) {
        fields = List.of(10, 400, 6).get(step / 500 % 3);
        String[] words = command();
        both.check((ours, theirs) -> agree(words, ours, theirs), words);
      }
    }
  }

  private String[] command() {
    List<String> words = new ArrayList<>();
    switch (random.nextInt(12)) {
      case 0, 1, 2 -> {
        words.addAll(List.of(random.nextInt(8) == 0 ? "HMSET" : "hset", key()));
        for (int i = random.nextInt(fields > 10 ? 12 : 3); i >= 0; i--) {
          words.addAll(List.of(field(), value()));
        }
      }
      case 3 -> words.addAll(List.of("HSETNX", key(), field(), value()));
      case 4 -> {
        words.addAll(List.of("HDEL", key()));
        for (int i = random.nextInt(fields > 10 ? 2 : 6); i >= 0; i--) {
          words.add(field());
        }
      }
      case 5 -> words.addAll(List.of("HINCRBY", key(), field(), number()));
      case 6 -> words.addAll(List.of("HINCRBYFLOAT", key(), field(), number()));
      case 7 -> {
        words.addAll(List.of("HRANDFIELD", key(), count()));
        if (random.nextInt(2) == 0) {
          words.add("WITHVALUES");
        }
      }
      case 8 -> {
        // All of a hash at once, else the cursors differ.
        words.addAll(List.of("HSCAN", key(), cursor(), "COUNT", "100000"));
        if (random.nextInt(3) == 0) {
          words.addAll(List.of("match", "*" + random.nextInt(10) + "*"));
        }
      }
      case 9 -> {
        boolean delete = random.nextInt(60) == 0;
        words.addAll(List.of(delete ? "DEL" : random.nextInt(2) == 0 ? "TYPE" : "EXISTS", key()));
      }
      default -> {
        words.addAll(List.of(READS.get(random.nextInt(READS.size())), key()));
        if (Set.of("HGET", "HEXISTS", "HSTRLEN").contains(words.get(0))) {
          words.add(field());
        } else if (words.get(0).equals("HMGET")) {
          words.addAll(List.of(field(), field(), field()));
        }
      }
    }
    if (random.nextInt(40) == 0) { // a word too many, or too few
      if (random.nextInt(2) == 0 || words.size() == 1) {
        words.add("surplus");
      } else {
        words.remove(words.size() - 1);
      }
    }
    return words.toArray(String[]::new);
  }

  private String key() {
    return random.nextInt(40) == 0 ? "string" : "h" + random.nextInt(3);
  }

  private String field() {
    String field = "f" + random.nextInt(fields);
    return random.nextInt(400) == 0 ? field + "x".repeat(60 + random.nextInt(10)) : field;
  }

  private String value() {
    return switch (random.nextInt(8)) {
      case 0, 1, 2 -> Integer.toString(random.nextInt(1_000) - 500);
      case 3, 4 -> number();
      case 5 -> random.nextInt(50) == 0 ? "v".repeat(62 + random.nextInt(5)) : "";
      default -> "text" + random.nextInt(10);
    };
  }

  private String number() {
    return switch (random.nextInt(3)) {
      case 0 -> NUMBERS[random.nextInt(NUMBERS.length)];
      case 1 -> Integer.toString(random.nextInt(2_000) - 1_000);
      default -> (random.nextInt(200_000) - 100_000) / 1000.0 + "";
    };
  }

  /** A count for HRANDFIELD whose reply does not depend on chance, or hardly. */
  private String count() {
    String[] counts = {
      "0", "100000", "9223372036854775807", "-9223372036854775808", "x", "", "1.5"
    };
    return counts[random.nextInt(counts.length)];
  }

  /** A cursor that begins, in one of the ways to write it, or none. */
  private String cursor() {
    String[] cursors = {
      "0", "00", "-0", "+0", "", " 0", "0 ", "0x0", "x", "-", "18446744073709551616"
    };
    return cursors[random.nextInt(cursors.length)];
  }

  /**
   * What both sides may answer: commands without an order in any order, and any one field of those
   * that there are.
   */
  private static boolean agree(String[] words, ReplyTree ours, ReplyTree theirs) {
    if (words[0].equals("HRANDFIELD") && words.length == 2) {
      return isBulk(ours) && isBulk(theirs);
    }
    return UNORDERED.contains(words[0]) && RedisComparison.UNORDERED.test(ours, theirs);
  }

  private static boolean isBulk(ReplyTree reply) {
    return reply.head().startsWith("$") && !reply.head().equals("$-1");
  }
}

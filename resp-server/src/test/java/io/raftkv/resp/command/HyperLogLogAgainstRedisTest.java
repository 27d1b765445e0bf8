package io.raftkv.resp.command;

import static io.raftkv.resp.command.RedisComparison.any;
import static io.raftkv.resp.command.RedisComparison.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.TestSize;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** HyperLogLogs made here and by a real Redis: same bytes, same counts, in both directions. */
class HyperLogLogAgainstRedisTest {
  private RedisComparison both;

  @BeforeEach
  void start() throws IOException {
    both = new RedisComparison(HyperLogLogCommands.ALL, StringCommands.ALL, GenericCommands.ALL);
    both.begin("HyperLogLogs", 2);
  }

  @AfterEach
  void stop() throws IOException {
    if (both != null) {
      both.close();
    }
  }

  private static String key(SeededRandom random) {
    return any(random, "a", "b", "c", "d");
  }

  private static String[] words(List<String> words) {
    return words.toArray(String[]::new);
  }

  /**
   * PFCOUNT of one key is left out: Redis writes the estimate into the string. So the strings can
   * be compared whole.
   */
  private static String[] onHyperLogLogs(SeededRandom random) {
    List<String> words = new ArrayList<>();
    switch (random.nextInt(8)) {
      case 0, 1, 2 -> {
        words.addAll(List.of("PFADD", key(random)));
        int bound = any(random, "10", "1000", "1000000").length() == 2 ? 20 : 1_000_000;
        for (int i = random.nextInt(random.nextInt(6) == 0 ? 1500 : 12); i > 0; i--) {
          words.add("element " + random.nextInt(bound));
        }
      }
      case 3 -> words.addAll(List.of("PFCOUNT", key(random), key(random), key(random)));
      case 4 -> {
        words.addAll(List.of("PFMERGE", key(random)));
        for (int i = random.nextInt(3); i > 0; i--) {
          words.add(key(random));
        }
      }
      case 5 -> words.addAll(List.of(any(random, "DEL", "GET"), key(random)));
      default -> words.addAll(List.of("GET", key(random)));
    }
    return words(words);
  }

  @Test
  void addingAndMergingMakeTheBytesOfRedis() throws IOException {
    both.sequences(
        TestSize.of(12, 100),
        250,
        RedisComparison.NOTHING,
        random -> both.check(onHyperLogLogs(random)));
  }

  /**
   * Runs as no HyperLogLog would come to have them, so that all ways to cut and join them occur.
   */
  private static String randomRuns(SeededRandom random) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(new byte[] {'H', 'Y', 'L', 'L', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 0x80});
    int longest = random.nextInt(2) == 0 ? 40 : 2000;
    int left = 1 << 14;
    while (left > 0) {
      int kind = random.nextInt(4);
      if (kind == 0) {
        int span = Math.min(left, 1 + random.nextInt(longest));
        bytes.write(0x40 | ((span - 1) >> 8));
        bytes.write(span - 1);
        left -= span;
      } else if (kind == 1) {
        int span = Math.min(left, 1 + random.nextInt(Math.min(64, longest)));
        bytes.write(span - 1);
        left -= span;
      } else {
        int span = Math.min(left, 1 + random.nextInt(4));
        bytes.write(0x80 | (random.nextInt(3) << 2) | (span - 1));
        left -= span;
      }
    }
    return text(bytes.toByteArray());
  }

  @Test
  void runsAreCutAndJoinedAsInRedis() throws IOException {
    both.sequences(
        TestSize.of(10, 100),
        300,
        RedisComparison.NOTHING,
        random -> {
          switch (random.nextInt(8)) {
            case 0 -> both.check("SET", key(random), randomRuns(random));
            case 1, 2, 3 -> both.check("PFADD", key(random), "e" + random.nextInt(1_000_000));
            case 4 -> both.check("PFMERGE", key(random), key(random));
            default -> both.check("GET", key(random));
          }
        });
  }

  @Test
  void whatIsNoHyperLogLogIsRefusedAsInRedis() throws IOException {
    String header = "HYLL\1\0\0\0\0\0\0\0\0\0\0\u0080";
    String dense = "HYLL\0\0\0\0\0\0\0\0\0\0\0\u0080";
    List<String> values =
        List.of(
            "",
            "12",
            "HYLL",
            "hyll" + header.substring(4) + "\177\377",
            header.substring(0, 15),
            "HYLL\2" + header.substring(5) + "\177\377",
            dense,
            dense + "x".repeat(12287),
            dense + "x".repeat(12289),
            header,
            header + "\177\376",
            header + "\1");
    for (String value : values) {
      for (String command : List.of("PFCOUNT k", "PFCOUNT k none", "PFMERGE other k", "PFADD k")) {
        both.check("SET", "k", value);
        both.check(command.split(" ", -1));
      }
    }
  }

  @Test
  void aValueCountsTheSameOnTheOtherSide() throws IOException {
    for (int size : new int[] {0, 1, 10, 300, 1000, 3000, 20_000, 200_000}) {
      for (int from = 0; from == 0 || from < size; from += 1000) {
        List<String> words = new ArrayList<>(List.of("PFADD", "k" + size));
        for (int i = from; i < Math.min(size, from + 1000); i++) {
          words.add(size + ":" + i);
        }
        both.run(words(words));
      }
      both.theirs("SET", "k", both.ours("GET", "k" + size).text());
      ReplyTree count = both.theirs("PFCOUNT", "k");
      assertThat(both.ours("PFCOUNT", "k" + size)).isEqualTo(count);
      assertThat(count.number())
          .as("four standard errors of " + size)
          .isBetween((long) (size * 0.967), (long) Math.ceil(size * 1.033));

      // Now it holds the estimate, which we take; and which adding makes outdated on both sides.
      String withEstimate = both.theirs("GET", "k").text();
      assertThat(withEstimate.charAt(15)).isEqualTo('\0');
      both.run("SET", "k", withEstimate);
      assertThat(both.check("PFCOUNT", "k")).isEqualTo(count);
      both.check("PFADD", "k", "new", "newer");
      both.check("PFCOUNT", "k");
    }
  }
}

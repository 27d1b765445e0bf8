package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.SeededRandom;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Runs random commands on our handlers and on a redis-server, and compares all replies as bytes.
 * The same seed gives the same commands.
 */
final class RedisComparison {
  private final RedisPeer redis;
  private final List<CommandSpec> specs;
  private BiPredicate<String[], Reply> knownDifference = (words, ours) -> false;

  private CommandRunner runner;
  private int compared;
  private int failures;

  RedisComparison(RedisPeer redis, List<CommandSpec> specs) {
    this.redis = redis;
    this.specs = specs;
    this.runner = new CommandRunner(specs);
  }

  /** Names commands, with our replies, that differ from those of the server for a reason. */
  RedisComparison except(BiPredicate<String[], Reply> difference) {
    knownDifference = difference;
    return this;
  }

  /**
   * Runs sequences of commands, each on empty data, half of them in RESP3. Most of them have to be
   * without mistakes, or little would be compared.
   *
   * @param prepare commands at the beginning of each sequence
   */
  void run(
      int sequences, int commands, String[][] prepare, Function<SeededRandom, String[]> generator)
      throws IOException {
    for (int seed = 1; seed <= sequences; seed++) {
      int protocol = 2 + seed % 2;
      runner = new CommandRunner(specs);
      redis.call("FLUSHALL");
      redis.call("HELLO", Integer.toString(protocol));
      SeededRandom random = new SeededRandom(seed);
      for (String[] words : prepare) {
        check(seed, 0, protocol, words);
      }
      for (int step = 1; step <= commands; step++) {
        check(seed, step, protocol, generator.apply(random));
      }
    }
    assertThat(failures).as("mistakes in %d commands", compared).isLessThan(compared / 2);
  }

  private void check(int seed, int step, int protocol, String... words) throws IOException {
    runner.timeMillis(System.currentTimeMillis());
    Reply ours = runner.run(words);
    String theirs = redis.call(words);
    if (!knownDifference.test(words, ours)) {
      assertThat(RedisPeer.encoded(ours, protocol))
          .as("seed %d, step %d: %s", seed, step, quoted(words))
          .isEqualTo(theirs);
      compared++;
      failures += ours instanceof Reply.Failure ? 1 : 0;
    }
  }

  private static String quoted(String... words) {
    return Arrays.stream(words)
        .map(word -> word.length() > 200 ? word.substring(0, 200) + "..." : word)
        .map(word -> "'" + word + "'")
        .collect(Collectors.joining(" "));
  }

  /** What type of value our key has: {@code none} if it has none. */
  String typeOf(String key) {
    Reply type = runner.run("TYPE", key);
    return ((Reply.Simple) type).text();
  }

  /** Bytes, each as one character. */
  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** One of these. */
  static String any(SeededRandom random, String... words) {
    return words[random.nextInt(words.length)];
  }
}

package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.codec.Encoding;
import io.raftkv.resp.redis.RedisServer;
import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.SeededRandom;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;

/**
 * Runs the same commands on our handlers and on a redis-server, and compares reply by reply. Both
 * judge time by this machine's clock.
 */
final class RedisComparison implements AutoCloseable {
  /** The same but for an order that neither promises. */
  static final BiPredicate<ReplyTree, ReplyTree> UNORDERED =
      (ours, theirs) -> ours.unordered().equals(theirs.unordered());

  private static final int SHOWN_COMMANDS = 25;
  private static final int SHOWN_CHARACTERS = 200;

  /** Nothing, before the steps of a sequence. */
  static final Step NOTHING = random -> {};

  private final RedisServer redis = RedisServer.start();
  private final List<CommandSpec> specs = new ArrayList<>();
  private final Deque<String[]> last = new ArrayDeque<>();
  private CommandRunner runner;
  private String title = "";
  private int protocol = 2;
  private int commands;
  private int mistakes;

  /** Some commands, of which those of {@link #sequences} are drawn. */
  @FunctionalInterface
  interface Step {
    void run(SeededRandom random) throws IOException;
  }

  /** Starts a server; the test is skipped where there is none. */
  @SafeVarargs
  RedisComparison(List<CommandSpec>... families) throws IOException {
    for (List<CommandSpec> family : families) {
      specs.addAll(family);
    }
  }

  /**
   * Empties both sides; comes before the first command.
   *
   * @param name what to say of them when replies differ
   */
  void begin(String name, int protocolVersion) throws IOException {
    runner = new CommandRunner(specs);
    protocol = protocolVersion;
    title = name + ", RESP" + protocolVersion;
    commands = 0;
    mistakes = 0;
    last.clear();
    redis.call("FLUSHALL");
    redis.call("HELLO", Integer.toString(protocolVersion));
    redis.call("SELECT", "0");
  }

  /**
   * Runs sequences of drawn commands, each on empty data, half of them in RESP3. The seed of a
   * sequence is its number. Most commands have to be without mistakes, or little is compared.
   */
  void sequences(int count, int steps, Step first, Step step) throws IOException {
    int compared = 0;
    int refused = 0;
    for (int seed = 1; seed <= count; seed++) {
      begin("sequence " + seed, 2 + seed % 2);
      SeededRandom random = new SeededRandom(seed);
      first.run(random);
      for (int i = 0; i < steps; i++) {
        step.run(random);
      }
      compared += commands;
      refused += mistakes;
    }
    assertThat(refused).as("mistakes in %d commands", compared).isLessThan(compared / 2);
  }

  /** Both run the command and answer with the same bytes, which are returned. */
  ReplyTree check(String... words) throws IOException {
    return check(ReplyTree::equals, words);
  }

  /**
   * Both run the command, and their answers agree.
   *
   * @param agree is given our reply and theirs
   * @return theirs
   */
  ReplyTree check(BiPredicate<ReplyTree, ReplyTree> agree, String... words) throws IOException {
    String mine = Encoding.text(run(words), protocol);
    String other = redis.call(words);
    ReplyTree theirs = ReplyTree.of(other);
    remember(words);
    if (!mine.equals(other) && !agree.test(ReplyTree.of(mine), theirs)) {
      assertThat(mine).as(this::history).isEqualTo(other);
    }
    commands++;
    mistakes += theirs.isError() ? 1 : 0;
    return theirs;
  }

  /** Runs a command on our side alone. */
  Reply run(String... words) {
    runner.timeMillis(System.currentTimeMillis());
    return runner.run(words);
  }

  /** As {@link #run}; the reply as it would come over the wire. */
  ReplyTree ours(String... words) {
    return ReplyTree.of(Encoding.text(run(words), protocol));
  }

  /** Runs a command on the redis-server alone. */
  ReplyTree theirs(String... words) throws IOException {
    return ReplyTree.of(redis.call(words));
  }

  /** The next commands are about this database. */
  void select(int index) throws IOException {
    String[] words = {"SELECT", Integer.toString(index)};
    redis.call(words);
    runner.database(index);
    remember(words);
  }

  /** How many commands were compared since {@link #begin}. */
  int commands() {
    return commands;
  }

  /** Bytes, each as one character. */
  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** One of these. */
  static String any(SeededRandom random, String... words) {
    return words[random.nextInt(words.length)];
  }

  private void remember(String... words) {
    if (last.size() == SHOWN_COMMANDS) {
      last.removeFirst();
    }
    last.addLast(words);
  }

  /** For the message of a failure: where it is, and the commands that led to it. */
  private String history() {
    return last.stream()
        .map(words -> Arrays.stream(words).map(RedisComparison::shown))
        .map(words -> words.collect(Collectors.joining(" ")))
        .collect(Collectors.joining("\n", title + ", command " + commands + ":\n", "\n"));
  }

  private static String shown(String word) {
    return "'"
        + (word.length() > SHOWN_CHARACTERS ? word.substring(0, SHOWN_CHARACTERS) + "…" : word)
        + "'";
  }

  @Override
  public void close() throws IOException {
    redis.close();
  }
}

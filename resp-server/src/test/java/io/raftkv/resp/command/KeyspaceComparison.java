package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Sends the same commands to our handlers and to a real redis-server, and compares reply by reply.
 * Times are those of this machine's clock on both sides, so times to live may differ a little.
 */
final class KeyspaceComparison implements AutoCloseable {
  /** Commands whose replies have no order. */
  private static final Set<String> UNORDERED = Set.of("KEYS", "SMEMBERS", "HGETALL");

  private static final Set<String> TIMES = Set.of("PTTL", "PEXPIRETIME");
  private static final Set<String> SECONDS = Set.of("TTL", "EXPIRETIME");
  private static final long TOLERANCE_MILLIS = 5_000;

  private final ReferenceRedis redis;
  private final CommandRunner runner;
  private final int protocol;
  private final List<String> history = new ArrayList<>();
  private int database;

  KeyspaceComparison(List<CommandSpec> specs, int protocol)
      throws IOException, InterruptedException {
    this.redis = ReferenceRedis.start();
    this.runner = new CommandRunner(specs);
    this.protocol = protocol;
    if (protocol != 2) {
      redis.run("HELLO", Integer.toString(protocol));
    }
  }

  void select(int index) throws IOException {
    redis.run("SELECT", Integer.toString(index));
    runner.database(index);
    database = index;
    history.add("SELECT " + index);
  }

  /** Both run the command, and answer alike; returns what they answer. */
  ReplyTree check(String... words) throws IOException {
    history.add(String.join(" ", words));
    runner.timeMillis(System.currentTimeMillis());
    ReplyTree ours = ReplyTree.of(runner.run(words), protocol);
    ReplyTree theirs = ReplyTree.of(redis.run(words));
    String name = words[0].toUpperCase(java.util.Locale.ROOT);
    if (TIMES.contains(name) || SECONDS.contains(name)) {
      compareTimes(ours, theirs, SECONDS.contains(name) ? 1000 : 1);
    } else if (UNORDERED.contains(name)) {
      compare(ours.unordered(), theirs.unordered());
    } else {
      compare(ours, theirs);
    }
    return theirs;
  }

  /** Both run the command, and answer as many elements; in which order is theirs to say. */
  void checkUnordered(String... words) throws IOException {
    history.add(String.join(" ", words));
    compare(
        ReplyTree.of(runner.run(words), protocol).unordered(),
        ReplyTree.of(redis.run(words)).unordered());
  }

  /** A whole SCAN from 0 to 0 with these options finds the same keys; each is counted once. */
  void checkScan(String... options) throws IOException {
    history.add("SCAN … " + String.join(" ", options));
    assertThat(scan(true, options)).as(this::tail).isEqualTo(scan(false, options));
  }

  private Set<String> scan(boolean ours, String... options) throws IOException {
    Set<String> found = new TreeSet<>();
    String cursor = "0";
    do {
      List<String> words = new ArrayList<>(List.of("SCAN", cursor));
      words.addAll(Arrays.asList(options));
      String[] command = words.toArray(String[]::new);
      ReplyTree page =
          ours ? ReplyTree.of(runner.run(command), protocol) : ReplyTree.of(redis.run(command));
      page.items().get(1).items().forEach(key -> found.add(key.head()));
      cursor = page.items().get(0).head().substring(1);
    } while (!cursor.equals("0"));
    return found;
  }

  private void compareTimes(ReplyTree ours, ReplyTree theirs, long unitMillis) {
    if (ours.isNumber() && theirs.isNumber() && theirs.number() > 0) {
      assertThat((double) ours.number() * unitMillis)
          .as(this::tail)
          .isCloseTo(
              (double) theirs.number() * unitMillis,
              org.assertj.core.data.Offset.offset((double) TOLERANCE_MILLIS));
    } else {
      compare(ours, theirs);
    }
  }

  private void compare(ReplyTree ours, ReplyTree theirs) {
    if (!ours.equals(theirs)) {
      assertThat(ours.toString()).as(this::tail).isEqualTo(theirs.toString());
    }
  }

  private String tail() {
    int from = Math.max(0, history.size() - 25);
    return "RESP"
        + protocol
        + ", db "
        + database
        + "\n"
        + String.join("\n", history.subList(from, history.size()));
  }

  /** How many commands were compared. */
  int commands() {
    return history.size();
  }

  @Override
  public void close() throws IOException {
    redis.close();
  }
}

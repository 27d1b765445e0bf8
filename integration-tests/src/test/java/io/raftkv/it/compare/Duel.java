package io.raftkv.it.compare;

import io.raftkv.it.cluster.RawReply;
import io.raftkv.it.cluster.RespConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Sends sequences to Redis and to RaftKV, in pipelines, and compares every reply, and at the end
 * all values. Each pipeline goes to a RaftKV node at random. For one thread, in one database and
 * one protocol.
 */
final class Duel implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int LONGEST_PIPELINE = 40;

  /** Longer than what {@link Draw} calls brief. */
  private static final long WAIT_MILLIS = 100;

  private final RespConnection redis;
  private final List<RespConnection> raftkv = new ArrayList<>();
  private final Random random;
  private int tries;

  /**
   * @param protocol 2 or 3
   * @param seed draws the lengths of pipelines and the nodes
   */
  Duel(
      InetSocketAddress redis, List<InetSocketAddress> nodes, int protocol, int database, long seed)
      throws IOException {
    random = new Random(seed);
    this.redis = open(redis, protocol, database);
    for (InetSocketAddress node : nodes) {
      raftkv.add(open(node, protocol, database));
    }
  }

  static RespConnection open(InetSocketAddress address, int protocol, int database)
      throws IOException {
    RespConnection connection = new RespConnection(address, PATIENCE);
    connection.call("HELLO", Integer.toString(protocol));
    if (database != 0) {
      connection.call("SELECT", Integer.toString(database));
    }
    return connection;
  }

  /** Empties the database on both sides. */
  void clear() throws IOException {
    redis.call("FLUSHDB");
    raftkv.get(0).call("FLUSHDB");
  }

  /** Runs the sequence up to the first reply that differs; null if none does. */
  Mismatch run(Sequence sequence) throws IOException {
    List<Sequence.Step> steps = sequence.steps();
    int at = 0;
    while (at < steps.size()) {
      int end = endOfPipeline(steps, at);
      RespConnection node = raftkv.get(random.nextInt(raftkv.size()));
      List<RawReply> actual = send(node, steps.subList(at, end));
      List<RawReply> expected = send(redis, steps.subList(at, end));
      for (int i = at; i < end; i++) {
        List<String> words = steps.get(i).words();
        RawReply theirs = expected.get(i - at);
        RawReply ours = actual.get(i - at);
        if (Differences.partWays(words, theirs)) {
          return null;
        }
        String note = compare(words, theirs, ours, node);
        if (note != null) {
          return new Mismatch(sequence, i, words, theirs, ours, note);
        }
      }
      if (steps.get(end - 1).waits()) {
        sleep();
      }
      at = end;
    }
    return compareValues(sequence);
  }

  private int endOfPipeline(List<Sequence.Step> steps, int from) {
    int end = Math.min(steps.size(), from + 1 + random.nextInt(LONGEST_PIPELINE));
    for (int i = from; i < end; i++) {
      if (steps.get(i).waits() || Differences.of(steps.get(i).words()).hasFollowUp()) {
        return i + 1;
      }
    }
    return end;
  }

  private static List<RawReply> send(RespConnection to, List<Sequence.Step> steps)
      throws IOException {
    for (Sequence.Step step : steps) {
      to.send(step.words().toArray(String[]::new));
    }
    to.flush();
    List<RawReply> replies = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      replies.add(to.readRaw());
    }
    return replies;
  }

  /** One command and its reply. */
  static RawReply ask(RespConnection server, List<String> words) throws IOException {
    return send(server, List.of(new Sequence.Step(words, false))).get(0);
  }

  /** Null if the replies agree, else what is to be said about it. */
  private String compare(List<String> words, RawReply theirs, RawReply ours, RespConnection node)
      throws IOException {
    if (!Differences.agree(words, theirs, ours)) {
      return "";
    }
    Rule rule = Differences.of(words);
    boolean settled = theirs.equals(ours) || !rule.hasFollowUp();
    return settled ? null : rule.follow(words, theirs, ours, redis, node);
  }

  private Mismatch compareValues(Sequence sequence) throws IOException {
    RespConnection node = raftkv.get(random.nextInt(raftkv.size()));
    Values.Difference found = Values.first(redis, node, sequence.keys());
    return found == null
        ? null
        : new Mismatch(
            sequence, sequence.steps().size(), found.words(), found.redis(), found.raftkv(), "");
  }

  /**
   * Leaves out what the mismatch does not need, by running the rest again on other keys.
   *
   * @param clear whether the database has to be empty each time
   */
  Mismatch shrink(Mismatch found, boolean clear) throws IOException {
    Mismatch least = found;
    List<Sequence.Step> all = found.sequence().steps();
    boolean asked = found.index() == all.size(); // the command came after the steps
    List<Sequence.Step> steps = asked ? all : all.subList(0, found.index() + 1);
    for (int i = steps.size() - (asked ? 1 : 2); i >= 0; i--) {
      List<Sequence.Step> fewer = new ArrayList<>(steps);
      fewer.remove(i);
      if (clear) {
        clear();
      }
      Mismatch again = run(found.sequence().with(fewer, nextPrefix(found)));
      if (again != null && again.kind().equals(found.kind())) {
        steps = fewer;
        least = again;
      }
    }
    return least;
  }

  private String nextPrefix(Mismatch found) {
    String prefix = found.sequence().prefix();
    return prefix.substring(0, prefix.length() - 1) + "-" + ++tries + "}";
  }

  private static void sleep() {
    try {
      Thread.sleep(WAIT_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while keys expire", e);
    }
  }

  @Override
  public void close() {
    redis.close();
    raftkv.forEach(RespConnection::close);
  }
}

package io.raftkv.it.compare;

import io.raftkv.it.cluster.RawReply;
import io.raftkv.it.cluster.RespConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Sends sequences to one node until its connection breaks, and tells Redis what was answered.
 * Chance and time are left out: what Redis holds is what RaftKV has to hold.
 */
final class CrashClient implements Runnable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int LONGEST_PIPELINE = 12;
  private static final Sequence.Place PLACE = new Sequence.Place("0", true);

  private final InetSocketAddress redisAddress;
  private final InetSocketAddress nodeAddress;
  private final List<Family> families;
  private final long seed;
  private final AtomicInteger next;
  private final Random random;

  private final List<Sequence> finished = new ArrayList<>();
  private Sequence open;
  private List<Sequence.Step> unanswered = List.of();
  private Throwable failure;

  /**
   * @param next numbers the sequences of all clients
   */
  CrashClient(
      InetSocketAddress redis,
      InetSocketAddress node,
      List<Family> families,
      long seed,
      AtomicInteger next) {
    this.redisAddress = redis;
    this.nodeAddress = node;
    this.families = families;
    this.seed = seed;
    this.next = next;
    this.random = new Random(seed + node.getPort() + next.get());
  }

  @Override
  public void run() {
    try (RespConnection redis = Duel.open(redisAddress, 2, 0);
        RespConnection node = Duel.open(nodeAddress, 2, 0)) {
      while (unanswered.isEmpty()) {
        int number = next.getAndIncrement();
        open = Sequence.draw(families.get(number % families.size()), seed, number, PLACE);
        runOpen(redis, node);
      }
    } catch (IOException | RuntimeException | Error e) {
      failure = e;
    }
  }

  private void runOpen(RespConnection redis, RespConnection node) throws IOException {
    List<Sequence.Step> steps =
        open.steps().stream()
            .filter(step -> Differences.of(step.words()).isDeterministic() && !step.waits())
            .toList();
    int at = 0;
    while (at < steps.size()) {
      int end = Math.min(steps.size(), at + 1 + random.nextInt(LONGEST_PIPELINE));
      List<RawReply> answers = answered(node, steps.subList(at, end));
      for (RawReply ours : answers) {
        List<String> words = steps.get(at++).words();
        RawReply theirs = Duel.ask(redis, words);
        if (Differences.partWays(words, theirs)) {
          return;
        }
        if (!Differences.agree(words, theirs, ours)) {
          throw new AssertionError(
              RawReply.quoteAll(words) + ": redis " + theirs + ", raftkv " + ours);
        }
      }
      if (at < end) {
        unanswered = steps.subList(at, end);
        return;
      }
    }
    finished.add(open);
    open = null;
  }

  /** The replies up to the first one that did not come, or that does not know. */
  private static List<RawReply> answered(RespConnection node, List<Sequence.Step> steps) {
    List<RawReply> replies = new ArrayList<>();
    try {
      for (Sequence.Step step : steps) {
        node.send(step.words().toArray(String[]::new));
      }
      node.flush();
      while (replies.size() < steps.size()) {
        RawReply reply = node.readRaw();
        if (reply.isError() && isNoAnswer(reply.text())) {
          return replies;
        }
        replies.add(reply);
      }
    } catch (IOException killed) {
      return replies;
    }
    return replies;
  }

  private static boolean isNoAnswer(String error) {
    return error.startsWith("UNCERTAIN")
        || error.startsWith("CLUSTERDOWN")
        || error.startsWith("TRYAGAIN");
  }

  static void join(Thread thread) {
    try {
      thread.join(PATIENCE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while clients end", e);
    }
    if (thread.isAlive()) {
      throw new AssertionError(thread.getName() + " does not end");
    }
  }

  /** What was sent and not answered when the connection broke. */
  List<Sequence.Step> unanswered() {
    return unanswered;
  }

  /**
   * Fails unless all that was acknowledged is there, and of what was not answered a beginning.
   *
   * @return how many sequences were compared
   */
  int check(RespConnection redis, RespConnection survivor) throws IOException {
    if (failure != null) {
      throw new AssertionError("a client failed, seed " + seed, failure);
    }
    for (Sequence sequence : finished) {
      Values.Difference lost = Values.first(redis, survivor, sequence.keys());
      if (lost != null) {
        throw new AssertionError("acknowledged and lost, seed " + seed + ": " + lost);
      }
    }
    if (open != null) {
      checkOpen(redis, survivor);
    }
    return finished.size() + 1;
  }

  private void checkOpen(RespConnection redis, RespConnection survivor) throws IOException {
    Values.Difference first = Values.first(redis, survivor, open.keys());
    Values.Difference found = first;
    for (int i = 0; found != null && i < unanswered.size(); i++) {
      Duel.ask(redis, unanswered.get(i).words());
      found = Values.first(redis, survivor, open.keys());
    }
    if (found != null) {
      throw new AssertionError(
          "no beginning of what was unanswered gives what is there, seed "
              + seed
              + ": "
              + first
              + " then "
              + unanswered);
    }
  }
}

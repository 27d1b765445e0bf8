package io.raftkv.it.compare;

import io.raftkv.it.TestSize;
import io.raftkv.it.cluster.RespConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs the sequences of a family on a few connections at once, until there were enough of them or
 * time is up.
 *
 * <p>{@code -Draftkv.compare.sequences} and {@code -Draftkv.compare.seconds} (for all families
 * together) ask for more, {@code -Draftkv.compare.family} and {@code -Draftkv.compare.sequence} for
 * one alone.
 */
final class Contest {
  private static final int WORKERS = 4;

  /** So many sequences share a database before it is emptied. */
  private static final int SEQUENCES_PER_DATABASE = 50;

  /** Kinds of mismatches after which a run has found enough. */
  private static final int ENOUGH = 20;

  private static final int OTHER_DATABASES = 8;

  /** So many times as long as it should take, a run may take for the least number of sequences. */
  private static final int PATIENCE = 5;

  private final String test;
  private final InetSocketAddress redis;
  private final List<InetSocketAddress> nodes;
  private final boolean clustered;
  private final long seed;

  private Family family;
  private long deadline;
  private long lastDeadline;
  private int least;
  private int wanted;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger done = new AtomicInteger();
  private final AtomicLong commands = new AtomicLong();
  private final Map<String, String> mismatches = new ConcurrentSkipListMap<>();
  private final List<Throwable> failures = new ArrayList<>();

  /**
   * @param clustered several shards against a Redis Cluster: all sequences share database 0
   */
  Contest(
      String test,
      InetSocketAddress redis,
      List<InetSocketAddress> nodes,
      boolean clustered,
      long seed) {
    this.test = test;
    this.redis = redis;
    this.nodes = nodes;
    this.clustered = clustered;
    this.seed = seed;
  }

  /** Names of the commands that the node serves. */
  static Set<String> served(RespConnection node) throws IOException {
    Set<String> names = new HashSet<>();
    for (Object name : (List<?>) node.call("COMMAND", "LIST")) {
      names.add(name.toString().toUpperCase(Locale.ROOT));
    }
    return names;
  }

  /**
   * Fails with all kinds of mismatches that it finds, and if it could not run enough.
   *
   * @param sequences how many at the most; where there is time for all of them, in the long form of
   *     the tests, all
   * @param floor how many at the least otherwise: a slow server must not pass for a tested one
   * @param atMost for how long; a few times as long for the least number of sequences
   */
  void run(Family which, int sequences, int floor, Duration atMost) {
    family = which;
    Integer only = Integer.getInteger("raftkv.compare.sequence");
    next.set(only == null ? 0 : only);
    wanted = only == null ? sequences : only + 1;
    least = only == null ? Math.min(sequences, TestSize.of(floor, sequences)) : 1;
    long start = System.nanoTime();
    deadline = start + atMost.toNanos();
    lastDeadline = start + atMost.multipliedBy(PATIENCE).toNanos();
    List<Thread> threads = new ArrayList<>();
    int workers = only != null || (family.isAlone() && clustered) ? 1 : WORKERS;
    for (int i = 0; i < workers; i++) {
      int number = i;
      threads.add(new Thread(() -> guard(number), "compare-" + family.name() + "-" + i));
    }
    threads.forEach(Thread::start);
    threads.forEach(Contest::join);
    System.out.printf(
        "%s: %s: %d sequences, %d commands in %d ms, %d kinds of mismatches%n",
        test,
        family.name(),
        done.get(),
        commands.get(),
        (System.nanoTime() - start) / 1_000_000,
        mismatches.size());
    if (!failures.isEmpty()) {
      throw new AssertionError("a worker failed", failures.get(0));
    }
    if (!mismatches.isEmpty()) {
      throw new AssertionError("Redis differs:\n" + String.join("\n", mismatches.values()));
    }
    if (done.get() < least) {
      throw new AssertionError(done.get() + " sequences were run, not " + least);
    }
  }

  private void guard(int worker) {
    try {
      work(worker);
    } catch (IOException | RuntimeException | Error e) {
      synchronized (failures) {
        failures.add(e);
      }
    }
  }

  private void work(int worker) throws IOException {
    int database = clustered ? 0 : 1 + worker; // 0 is a wrong word, too
    String other = Integer.toString(OTHER_DATABASES + worker);
    Sequence.Place place = new Sequence.Place(other, clustered && !family.isAlone());
    try (Duel resp2 = new Duel(redis, nodes, 2, database, seed + worker);
        Duel resp3 = new Duel(redis, nodes, 3, database, seed - worker)) {
      if (family.isAlone()) {
        resp2.clear();
      }
      int run = 0;
      for (int i = next.getAndIncrement();
          i < wanted && hasTime() && mismatches.size() < ENOUGH;
          i = next.getAndIncrement()) {
        Sequence sequence = Sequence.draw(family, seed, i, place);
        boolean odd = i % 2 == 1;
        boolean same = compare(odd ? resp3 : resp2, sequence, odd ? "RESP3" : "RESP2");
        done.incrementAndGet();
        commands.addAndGet(sequence.steps().size());
        boolean full = !same || ++run % SEQUENCES_PER_DATABASE == 0;
        if (family.isAlone() || (full && !clustered)) {
          resp2.clear();
        }
      }
    }
  }

  private boolean hasTime() {
    return System.nanoTime() - (done.get() < least ? lastDeadline : deadline) < 0;
  }

  private boolean compare(Duel duel, Sequence sequence, String protocol) throws IOException {
    Mismatch found = duel.run(sequence);
    if (found == null) {
      return true;
    }
    if (!mismatches.containsKey(found.kind())) {
      mismatches.put(found.kind(), found.describe(seed, test, protocol));
      mismatches.put(
          found.kind(), duel.shrink(found, family.isAlone()).describe(seed, test, protocol));
    }
    return false;
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while comparing", e);
    }
  }
}

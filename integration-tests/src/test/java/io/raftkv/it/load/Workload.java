package io.raftkv.it.load;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.history.Action;
import io.raftkv.it.history.History;
import io.raftkv.it.history.LinearizabilityChecker;
import io.raftkv.it.history.Model;
import io.raftkv.it.history.Models;
import io.raftkv.it.history.Operation;
import io.raftkv.it.history.Recorder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

/**
 * Clients that work on a few keys, each over one connection to one node, and write down what they
 * were told. Client i starts at node i modulo the number of nodes and goes on to the next node only
 * if it cannot connect, so that a node which is cut off from its peers keeps its clients.
 *
 * <p>Keys are registers or counters; every value written is unique. A broken connection or a
 * timeout leaves the operation uncertain, {@code TRYAGAIN} and {@code CLUSTERDOWN} leave it undone;
 * any other error is kept in {@link #unexpectedErrors}.
 */
public final class Workload implements AutoCloseable {
  private static final Duration JOIN_DEADLINE = Duration.ofSeconds(30);
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final Builder plan;
  private final Recorder recorder = new Recorder();
  private final Map<String, Integer> unexpectedErrors = new ConcurrentHashMap<>();
  private final List<Thread> threads = new ArrayList<>();
  private final int number = NUMBER.incrementAndGet();
  private volatile boolean stopping;

  private Workload(Builder plan) {
    this.plan = plan;
    for (int i = 0; i < plan.clients; i++) {
      Client client = new Client(this, i);
      threads.add(new Thread(client, "workload-" + number + "-client-" + i));
    }
    threads.forEach(Thread::start);
  }

  /** A workload on these nodes; defaults are 8 clients, one register {@code k}, SET and GET. */
  public static Builder on(List<InetSocketAddress> nodes) {
    return new Builder(nodes);
  }

  /** What a workload does. */
  public static final class Builder {
    final List<InetSocketAddress> nodes;
    long seed = 1;
    int clients = 8;
    List<String> registers = List.of("k");
    List<String> counters = List.of();
    Action[] mix = {Action.SET, Action.GET};
    Action[] counterMix = {Action.INCR, Action.GET};
    double callsPerSecond = 100;
    Duration timeout = Duration.ofSeconds(10);
    Set<String> refusals = Set.of("TRYAGAIN", "CLUSTERDOWN");
    Path directory;

    private Builder(List<InetSocketAddress> nodes) {
      this.nodes = List.copyOf(nodes);
    }

    public Builder seed(long value) {
      seed = value;
      return this;
    }

    public Builder clients(int count) {
      clients = count;
      return this;
    }

    /** String keys the mix is run on. */
    public Builder registers(List<String> keys) {
      registers = List.copyOf(keys);
      return this;
    }

    /** Keys that see INCR and GET, or what {@link #counterMix} says. */
    public Builder counters(List<String> keys) {
      counters = List.copyOf(keys);
      return this;
    }

    /** What is done to registers; name an action twice to have it twice as often. */
    public Builder mix(Action... actions) {
      mix = actions.clone();
      return this;
    }

    /** What is done to counters, of INCR and GET. */
    public Builder counterMix(Action... actions) {
      counterMix = actions.clone();
      return this;
    }

    /** Upper bound for each client: it bounds the history, not the server. */
    public Builder callsPerSecond(double calls) {
      callsPerSecond = calls;
      return this;
    }

    /** How long a client waits for a reply before it calls the outcome uncertain. */
    public Builder timeout(Duration limit) {
      timeout = limit;
      return this;
    }

    /** The codes of all errors by which the server says that nothing happened, and may say it. */
    public Builder refusals(String... codes) {
      refusals = Set.of(codes);
      return this;
    }

    /** Where {@link Workload#close} leaves the history for the reader of a failure. */
    public Builder keepHistoryIn(Path target) {
      directory = target;
      return this;
    }

    public Workload start() {
      return new Workload(this);
    }
  }

  Builder plan() {
    return plan;
  }

  Recorder recorder() {
    return recorder;
  }

  boolean isStopping() {
    return stopping;
  }

  void unexpected(String error) {
    unexpectedErrors.merge(error, 1, Integer::sum);
  }

  /** Waits until so many more operations than now were acknowledged. */
  public void awaitMore(long operations, Duration deadline) {
    long target = recorder.completed() + operations;
    Awaitility.await(operations + " more operations")
        .atMost(deadline)
        .pollInterval(Duration.ofMillis(20))
        .pollDelay(Duration.ZERO)
        .until(() -> recorder.completed() >= target);
  }

  /** Ends the clients after the operation they are in. Calling it again does nothing. */
  public void stop() {
    stopping = true;
    try {
      for (Thread thread : threads) {
        thread.join(JOIN_DEADLINE.toMillis());
        if (thread.isAlive()) {
          throw new AssertionError(thread.getName() + " does not end");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while stopping the workload", e);
    }
  }

  /**
   * Reads every key through every node, after {@link #stop}, and adds the answers to the history:
   * an acknowledged write that is gone then contradicts it.
   */
  public void readBack() {
    readBack(plan.nodes);
  }

  /** The same through some nodes: others may be gone. */
  public void readBack(List<InetSocketAddress> nodes) {
    for (int i = 0; i < nodes.size(); i++) {
      try (RespConnection connection = new RespConnection(nodes.get(i), plan.timeout)) {
        for (String key : keys()) {
          long from = recorder.now();
          Object reply = connection.call("GET", key);
          if (reply != null && !(reply instanceof String)) {
            throw new AssertionError("GET " + key + " after the run: " + reply);
          }
          recorder.add(
              Operation.ok(
                  plan.clients + i, Action.GET, key, null, (String) reply, from, recorder.now()));
        }
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read back from " + nodes.get(i), e);
      }
    }
  }

  private List<String> keys() {
    List<String> keys = new ArrayList<>(plan.registers);
    keys.addAll(plan.counters);
    return keys;
  }

  /** What has been recorded so far. */
  public History history() {
    return recorder.history();
  }

  /** Error replies other than the ones a client must expect, with counts. */
  public Map<String, Integer> unexpectedErrors() {
    return Map.copyOf(unexpectedErrors);
  }

  /** Fails unless the history so far is linearizable and no unexpected error was seen. */
  public void assertLinearizable() {
    if (!unexpectedErrors.isEmpty()) {
      throw new AssertionError("unexpected error replies: " + unexpectedErrors);
    }
    Set<String> counters = Set.copyOf(plan.counters);
    LinearizabilityChecker.isLinearizable(key -> modelOf(counters, key)).accept(history());
  }

  private static Model<?> modelOf(Set<String> counters, String key) {
    return counters.contains(key) ? Models.counter() : Models.register();
  }

  Random randomFor(int client) {
    return new Random(plan.seed * 31 + client);
  }

  /** Stops the clients and leaves the history behind if a directory for it was named. */
  @Override
  public void close() {
    stop();
    if (plan.directory != null) {
      history().writeTo(plan.directory.resolve("history-" + number + ".txt"));
    }
  }
}

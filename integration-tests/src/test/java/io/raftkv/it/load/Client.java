package io.raftkv.it.load;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.RespError;
import io.raftkv.it.history.Action;
import io.raftkv.it.history.Operation;
import io.raftkv.it.history.Outcome;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** One client of a {@link Workload}: one operation at a time, for as long as the workload runs. */
final class Client implements Runnable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);

  /** A pause after a refusal, so that a cluster without a leader is not drowned in retries. */
  private static final long BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private static final String UNCERTAIN = "UNCERTAIN";

  private final Workload workload;
  private final Workload.Builder plan;
  private final int number;
  private final Random random;
  private int node;
  private int values;
  private RespConnection connection;

  Client(Workload workload, int number) {
    this.workload = workload;
    this.plan = workload.plan();
    this.number = number;
    this.node = number % plan.nodes.size();
    this.random = workload.randomFor(number);
  }

  @Override
  public void run() {
    long pauseNanos = (long) (TimeUnit.SECONDS.toNanos(1) / plan.callsPerSecond);
    long next = System.nanoTime();
    while (!workload.isStopping()) {
      if (isConnected()) {
        Outcome outcome = once();
        next = Math.max(next + pauseNanos, System.nanoTime());
        LockSupport.parkNanos(outcome == Outcome.OK ? next - System.nanoTime() : BACKOFF_NANOS);
      } else {
        LockSupport.parkNanos(BACKOFF_NANOS);
      }
    }
    disconnect();
  }

  private boolean isConnected() {
    if (connection != null) {
      return true;
    }
    InetSocketAddress address = plan.nodes.get(node);
    try {
      connection = new RespConnection(address, CONNECT_TIMEOUT);
      connection.timeout(plan.timeout);
      return true;
    } catch (IOException down) {
      node = (node + 1) % plan.nodes.size();
      return false;
    }
  }

  private void disconnect() {
    if (connection != null) {
      connection.close();
      connection = null;
    }
  }

  private Outcome once() {
    int choice = random.nextInt(plan.registers.size() + plan.counters.size());
    boolean counting = choice >= plan.registers.size();
    String key =
        counting ? plan.counters.get(choice - plan.registers.size()) : plan.registers.get(choice);
    Action[] mix = counting ? plan.counterMix : plan.mix;
    Action action = mix[random.nextInt(mix.length)];
    String argument = writesArgument(action) ? "c" + number + "-" + values++ : null;
    String[] words = words(action, key, argument);

    long from = workload.recorder().now();
    Object reply;
    try {
      reply = connection.call(words);
    } catch (IOException broken) {
      disconnect();
      workload.recorder().add(Operation.uncertain(number, action, key, argument, from));
      return Outcome.UNCERTAIN;
    }
    long to = workload.recorder().now();
    Operation operation = classify(action, key, argument, reply, from, to);
    workload.recorder().add(operation);
    return operation.outcome();
  }

  private Operation classify(
      Action action, String key, String argument, Object reply, long from, long to) {
    if (!(reply instanceof RespError error)) {
      String result = reply == null ? null : reply.toString();
      return Operation.ok(number, action, key, argument, result, from, to);
    }
    if (plan.refusals.contains(error.code())) {
      return new Operation(
          number, action, key, argument, null, Outcome.REFUSED, error.text(), from, to);
    }
    if (!error.code().equals(UNCERTAIN)) {
      workload.unexpected(error.text());
    }
    return Operation.uncertain(number, action, key, argument, from);
  }

  private static boolean writesArgument(Action action) {
    return switch (action) {
      case SET, GETSET, SETNX -> true;
      case GET, DEL, INCR -> false;
      case CAS -> throw new IllegalArgumentException("CAS is no command");
    };
  }

  private static String[] words(Action action, String key, String argument) {
    List<String> words =
        switch (action) {
          case GET, DEL, INCR -> List.of(action.name(), key);
          case SET, SETNX -> List.of(action.name(), key, argument);
          case GETSET -> List.of("SET", key, argument, "GET");
          case CAS -> throw new IllegalArgumentException("CAS is no command");
        };
    return words.toArray(String[]::new);
  }
}

package io.raftkv.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * One thread with one selector and its connections. Nothing is allocated per request. The results
 * may be read after the thread has ended; the count of completed requests at any time.
 */
final class LoadWorker implements Runnable {
  private static final int READ_BYTES = 256 * 1024;
  private static final long MAX_LATENCY_NANOS = TimeUnit.MINUTES.toNanos(10);
  private static final long SELECT_MILLIS = 100;

  /** The selector waits in whole milliseconds only; a schedule finer than that naps instead. */
  private static final long NAP_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  /**
   * What every connection does.
   *
   * @param zipf whether few keys take most of the load
   * @param seed of the draws of all connections
   * @param barrier a WAIT to send behind writes, or null
   * @param waitReplicas what its reply must reach
   * @param waitPerPipeline behind each pipeline, whatever is in it, instead of each write
   */
  record Plan(
      RequestMix mix,
      int pipeline,
      long keys,
      boolean zipf,
      long seed,
      RequestTemplate barrier,
      int waitReplicas,
      boolean waitPerPipeline,
      String auth) {
    private static final long SEED_STEP = 1_000_003;

    long seedOf(int connection) {
      return seed + SEED_STEP * connection;
    }
  }

  private final Plan plan;
  private final Selector selector;
  private final List<LoadConnection> connections = new ArrayList<>();
  private final ByteBuffer in = ByteBuffer.allocateDirect(READ_BYTES);
  private final Histogram latencies = new Histogram(1_000, MAX_LATENCY_NANOS, 3);
  private final Map<String, Long> errors = new TreeMap<>();
  private final AtomicLong completed = new AtomicLong();
  private final double ratePerSecond;
  private volatile long measureFromNanos = Long.MAX_VALUE;
  private volatile boolean stopping;
  private volatile Throwable fault;
  private long overdueAtEnd;

  /**
   * Connects.
   *
   * @param firstConnection the first connection's number in this run; the others follow
   * @param ratePerSecond requests per second of this worker, or 0 to send as replies come
   */
  LoadWorker(
      Plan plan, List<InetSocketAddress> addresses, int firstConnection, double ratePerSecond)
      throws IOException {
    this.plan = plan;
    this.ratePerSecond = ratePerSecond;
    this.selector = Selector.open();
    for (int i = 0; i < addresses.size(); i++) {
      connections.add(new LoadConnection(this, addresses.get(i), firstConnection + i));
    }
  }

  Plan plan() {
    return plan;
  }

  Selector selector() {
    return selector;
  }

  /** Latencies of requests that start from this instant on are kept. */
  void measureFrom(long nanos) {
    measureFromNanos = nanos;
  }

  /** Ends the thread soon; requests in flight are abandoned. */
  void stop() {
    stopping = true;
    selector.wakeup();
  }

  /** Requests completed without an error since the start. */
  long completed() {
    return completed.get();
  }

  /** What ended the thread early, or null. */
  Throwable fault() {
    return fault;
  }

  Histogram latencies() {
    return latencies;
  }

  Map<String, Long> errors() {
    return errors;
  }

  /** Scheduled requests that had not been sent at the end. */
  long overdueAtEnd() {
    return overdueAtEnd;
  }

  void succeeded(long startNanos, long nowNanos) {
    completed.lazySet(completed.getPlain() + 1);
    if (startNanos - measureFromNanos >= 0 && measureFromNanos != Long.MAX_VALUE) {
      latencies.recordValue(Math.min(MAX_LATENCY_NANOS, Math.max(1, nowNanos - startNanos)));
    }
  }

  void failed(String error) {
    errors.merge(error, 1L, Long::sum);
  }

  @Override
  public void run() {
    try {
      if (ratePerSecond > 0) {
        runOnSchedule();
      } else {
        runFlatOut();
      }
    } catch (IOException | RuntimeException | Error e) {
      fault = e;
    } finally {
      closeAll();
    }
  }

  private void runFlatOut() throws IOException {
    long start = System.nanoTime();
    for (LoadConnection connection : connections) {
      connection.sendPipeline(start);
    }
    while (!stopping && !connections.isEmpty()) {
      selector.select(
          key -> {
            LoadConnection connection = handle(key);
            if (connection != null) {
              sendNext(connection);
            }
          },
          SELECT_MILLIS);
    }
  }

  private static void sendNext(LoadConnection connection) {
    try {
      connection.sendPipeline(connection.lastReplyNanos());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void runOnSchedule() throws IOException {
    long interval = (long) (TimeUnit.SECONDS.toNanos(1) * connections.size() / ratePerSecond);
    long start = System.nanoTime();
    for (int i = 0; i < connections.size(); i++) {
      connections.get(i).schedule(start + interval * i / connections.size(), interval);
    }
    while (!stopping && !connections.isEmpty()) {
      long now = System.nanoTime();
      long next = Long.MAX_VALUE;
      for (LoadConnection connection : connections) {
        connection.sendDue(now);
        next = Math.min(next, connection.nextDueNanos());
      }
      long waitMillis =
          next == Long.MAX_VALUE
              ? 1
              : Math.min(SELECT_MILLIS, TimeUnit.NANOSECONDS.toMillis(next - System.nanoTime()));
      int seen =
          waitMillis > 0
              ? selector.select(this::handle, waitMillis)
              : selector.selectNow(this::handle);
      if (seen == 0 && waitMillis <= 0) {
        LockSupport.parkNanos(Math.min(NAP_NANOS, Math.max(0, next - System.nanoTime())));
      }
    }
    long end = System.nanoTime();
    overdueAtEnd = connections.stream().mapToLong(c -> c.overdue(end)).sum();
  }

  /** Reads what came; returns the connection, or null if it is no more. */
  private LoadConnection handle(SelectionKey key) {
    LoadConnection connection = (LoadConnection) key.attachment();
    String problem;
    try {
      if (connection.ready(in)) {
        return connection;
      }
      problem = "connection closed by the server";
    } catch (IOException e) {
      problem = "connection broken: " + e.getMessage();
    }
    failed(problem);
    connections.remove(connection);
    close(connection);
    return null;
  }

  private void closeAll() {
    connections.forEach(this::close);
    try {
      selector.close();
    } catch (IOException e) {
      failed("closing the selector: " + e.getMessage());
    }
  }

  private void close(LoadConnection connection) {
    try {
      connection.close();
    } catch (IOException e) {
      failed("closing a connection: " + e.getMessage());
    }
  }
}

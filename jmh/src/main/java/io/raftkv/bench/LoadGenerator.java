package io.raftkv.bench;

import com.beust.jcommander.JCommander;
import com.beust.jcommander.ParameterException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Loads servers that speak the Redis protocol and measures throughput and latency.
 *
 * <p>Closed loop: every connection sends a pipeline, waits for all its replies and sends the next,
 * as redis-benchmark does. Open loop ({@code --rate}): requests are due at fixed times, and latency
 * counts from then, so that a stalled server is charged for the requests that had to wait.
 */
public final class LoadGenerator {
  private static final long WARMUP_WINDOW_SECONDS = 5;
  private static final int FLAT_WINDOWS = 3;
  private static final double FLAT_SPREAD = 0.05;
  private static final String WAIT_TIMEOUT_MILLIS = "1000";

  private final LoadOptions options;
  private final List<InetSocketAddress> addresses;
  private final List<LoadWorker> measured = new ArrayList<>();
  private final List<LoadWorker> background = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();

  private LoadGenerator(LoadOptions options) {
    this.options = options;
    this.addresses = options.addresses();
  }

  /** Exit code 0 if all requests succeeded, 1 if the run failed, 2 for a wrong command line. */
  public static void main(String[] args) throws InterruptedException {
    LoadOptions options = new LoadOptions();
    JCommander parser =
        JCommander.newBuilder().programName("LoadGenerator").addObject(options).build();
    LoadGenerator generator;
    try {
      parser.parse(args);
      if (options.help) {
        parser.usage();
        return;
      }
      if (options.list) {
        System.out.println(Workloads.list());
        return;
      }
      options.check();
      generator = new LoadGenerator(options);
    } catch (ParameterException | IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    try {
      LoadReport report = generator.run();
      System.out.println(options.json ? report.toJson() : report.toText());
      System.exit(report.succeeded() ? 0 : 1);
    } catch (IOException e) {
      System.err.println("load generator: " + e.getMessage());
      System.exit(1);
    }
  }

  private LoadReport run() throws IOException, InterruptedException {
    if (options.preload) {
      preload();
    }
    connect();
    try {
      threads.forEach(Thread::start);
      long warmupNanos = warmUp();
      long from = System.nanoTime();
      long before = completed(measured);
      long backgroundBefore = completed(background);
      measured.forEach(w -> w.measureFrom(from));
      background.forEach(w -> w.measureFrom(from));
      TimeUnit.SECONDS.sleep(options.durationSeconds);
      double seconds = (System.nanoTime() - from) / 1e9;
      long requests = completed(measured) - before;
      long backgroundRequests = completed(background) - backgroundBefore;
      stopAll();
      String name = options.requests().name();
      LoadReport report =
          LoadReport.of(name, options, warmupNanos / 1e9, seconds, requests, measured);
      return background.isEmpty()
          ? report
          : report.withBackground(
              options.backgroundConnections(), backgroundRequests / seconds, background);
    } finally {
      stopAll();
    }
  }

  private void preload() throws IOException {
    try (SocketChannel channel = SocketChannel.open(addresses.get(0))) {
      Handshake.authenticate(channel, options.auth);
      KeySequence draws = new KeySequence(options.keys, false, options.seed);
      for (RequestTemplate template : options.requests().preload()) {
        Handshake.preload(channel, template, options.keys, options.connections, draws);
      }
    }
  }

  private void connect() throws IOException {
    int connected = 0;
    for (int t = 0; t < options.threads; t++) {
      List<InetSocketAddress> own = new ArrayList<>();
      for (int i = t; i < options.connections; i += options.threads) {
        own.add(addresses.get(i % addresses.size()));
      }
      double share = options.rate * own.size() / options.connections;
      add(
          measured,
          new LoadWorker(planFor(options.requests()), own, connected, share),
          "load-" + t);
      connected += own.size();
    }
    int beside = options.backgroundConnections();
    if (beside > 0) {
      List<InetSocketAddress> own = new ArrayList<>();
      for (int i = 0; i < beside; i++) {
        own.add(addresses.get(i % addresses.size()));
      }
      LoadWorker worker = new LoadWorker(planFor(options.backgroundRequests()), own, connected, 0);
      add(background, worker, "background");
    }
  }

  private void add(List<LoadWorker> group, LoadWorker worker, String name) {
    group.add(worker);
    Thread thread = new Thread(worker, name);
    thread.setDaemon(true);
    threads.add(thread);
  }

  private LoadWorker.Plan planFor(RequestMix mix) {
    RequestTemplate barrier =
        options.waitReplicas == 0 || !mix.writes()
            ? null
            : RequestTemplate.fixed(
                "WAIT", Integer.toString(options.waitReplicas), WAIT_TIMEOUT_MILLIS);
    return new LoadWorker.Plan(
        mix,
        options.pipeline,
        options.keys,
        options.isZipf(),
        options.seed,
        barrier,
        options.waitReplicas,
        barrier != null && options.waitsPerPipeline(),
        options.auth);
  }

  /** Runs until the last windows differ little, or the time is up; returns the time it took. */
  private long warmUp() throws InterruptedException {
    long start = System.nanoTime();
    long limit = TimeUnit.SECONDS.toNanos(options.warmupSeconds);
    List<Long> windows = new ArrayList<>();
    while (System.nanoTime() - start < limit && !isFlat(windows)) {
      long before = completed(measured);
      long left = limit - (System.nanoTime() - start);
      TimeUnit.NANOSECONDS.sleep(Math.min(left, TimeUnit.SECONDS.toNanos(WARMUP_WINDOW_SECONDS)));
      windows.add(completed(measured) - before);
    }
    return System.nanoTime() - start;
  }

  private static boolean isFlat(List<Long> windows) {
    if (windows.size() < FLAT_WINDOWS) {
      return false;
    }
    List<Long> last = windows.subList(windows.size() - FLAT_WINDOWS, windows.size());
    long max = last.stream().mapToLong(Long::longValue).max().orElse(0);
    long min = last.stream().mapToLong(Long::longValue).min().orElse(0);
    return max - min <= max * FLAT_SPREAD;
  }

  private static long completed(List<LoadWorker> workers) {
    return workers.stream().mapToLong(LoadWorker::completed).sum();
  }

  private void stopAll() throws InterruptedException, IOException {
    measured.forEach(LoadWorker::stop);
    background.forEach(LoadWorker::stop);
    for (Thread thread : threads) {
      thread.join();
    }
    for (LoadWorker worker : measured) {
      if (worker.fault() != null) {
        throw new IOException("a worker failed: " + worker.fault(), worker.fault());
      }
    }
  }
}

package io.raftkv.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

class LoadWorkerTest {
  private static final String PING = "*1\r\n$4\r\nPING\r\n";

  /** Answers PING after PING on one connection with what the function gives for its number. */
  private static final class Server implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    private final Thread thread;
    final AtomicInteger answered = new AtomicInteger();

    Server(IntFunction<String> answer) throws IOException {
      thread = new Thread(() -> serve(answer), "scripted server");
      thread.start();
    }

    private void serve(IntFunction<String> answer) {
      try (Socket socket = listener.accept()) {
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream();
        while (in.readNBytes(PING.length()).length == PING.length()) {
          out.write(answer.apply(answered.get()).getBytes(StandardCharsets.US_ASCII));
          answered.incrementAndGet();
        }
      } catch (IOException clientHasGone) {
        assertThat(clientHasGone).isNotNull();
      }
    }

    InetSocketAddress address() {
      return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    @Override
    public void close() throws Exception {
      listener.close();
      thread.join();
    }
  }

  private static LoadWorker worker(Server server, int pipeline, double rate) throws IOException {
    RequestMix mix = RequestMix.of(Workloads.of("ping"), 0);
    LoadWorker.Plan plan = new LoadWorker.Plan(mix, pipeline, 1, false, 1, null, 0, false, null);
    LoadWorker worker = new LoadWorker(plan, List.of(server.address()), 0, rate);
    worker.measureFrom(System.nanoTime());
    return worker;
  }

  private static void runUntil(LoadWorker worker, Server server, int answers) throws Exception {
    Thread thread = new Thread(worker, "worker");
    thread.start();
    await().atMost(Duration.ofSeconds(30)).until(() -> server.answered.get() >= answers);
    worker.stop();
    thread.join();
    assertThat(worker.fault()).isNull();
  }

  @Test
  void errorsAreCountedByTextAndNotAsCompleted() throws Exception {
    try (Server server = new Server(n -> n % 2 == 0 ? "+PONG\r\n" : "-TRYAGAIN busy\r\n")) {
      LoadWorker worker = worker(server, 16, 0);
      runUntil(worker, server, 1_000);
      assertThat(worker.errors()).containsOnlyKeys("TRYAGAIN busy");
      long failed = worker.errors().get("TRYAGAIN busy");
      assertThat(worker.completed()).isBetween(failed - 1, failed + 1);
      assertThat(worker.latencies().getTotalCount()).isEqualTo(worker.completed());
      assertThat(report(worker).succeeded()).as("a run with errors").isFalse();
    }
  }

  private static LoadReport report(LoadWorker worker) {
    long requests = worker.completed();
    return LoadReport.of("ping", new LoadOptions(), 0, 1, requests, List.of(worker));
  }

  @Test
  void aClosedConnectionEndsTheWorkerWithAnError() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      RequestMix mix = RequestMix.of(Workloads.of("ping"), 0);
      LoadWorker.Plan plan = new LoadWorker.Plan(mix, 1, 1, false, 1, null, 0, false, null);
      InetSocketAddress address = (InetSocketAddress) listener.getLocalSocketAddress();
      LoadWorker worker = new LoadWorker(plan, Collections.nCopies(1, address), 0, 0);
      listener.accept().close();
      worker.run();
      assertThat(worker.errors().keySet()).singleElement().asString().startsWith("connection ");
    }
  }

  /** A closed loop would see one slow request; on a schedule every one that had to wait counts. */
  @Test
  void aStallIsChargedToEveryRequestThatWasDueInIt() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    IntFunction<String> stallOnce =
        n -> {
          if (n == 100) {
            waitFor(never, 300);
          }
          return "+PONG\r\n";
        };
    try (Server server = new Server(stallOnce)) {
      LoadWorker worker = worker(server, 1, 1_000);
      runUntil(worker, server, 800);
      long waited = worker.latencies().getCountBetweenValues(100_000_000L, Long.MAX_VALUE / 2);
      assertThat(waited).isGreaterThan(100);
    }
  }

  private static void waitFor(CountDownLatch latch, long millis) {
    try {
      assertThat(latch.await(millis, TimeUnit.MILLISECONDS)).isFalse();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

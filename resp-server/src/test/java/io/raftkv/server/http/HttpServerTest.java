package io.raftkv.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.raftkv.metrics.Metrics;
import io.raftkv.metrics.Outcome;
import io.raftkv.resp.command.HashCommands;
import io.raftkv.server.Main;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpServerTest {
  private static final int SOCKET_TIMEOUT_MILLIS = 10_000;
  private static EventLoopGroup group;

  private final Health health = new Health();
  private final Metrics metrics = new Metrics();
  private final HttpClient client = HttpClient.newHttpClient();
  private HttpServer server;

  private static final class Health implements HealthSource {
    volatile boolean live = true;
    final CountDownLatch asked = new CountDownLatch(1);
    volatile CountDownLatch mayAnswer = new CountDownLatch(0);
    volatile Readiness readiness = new Readiness(true, "n1", List.of());

    @Override
    public boolean live() {
      return live;
    }

    @Override
    public Readiness ready() {
      asked.countDown();
      try {
        assertThat(mayAnswer.await(SOCKET_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
      } catch (InterruptedException stopping) {
        throw new IllegalStateException(stopping);
      }
      if (readiness == null) {
        throw new IllegalStateException("no answer");
      }
      return readiness;
    }
  }

  @BeforeAll
  static void startLoop() {
    group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  }

  @AfterAll
  static void stopLoop() {
    group.shutdownGracefully().syncUninterruptibly();
  }

  @BeforeEach
  void start() throws IOException {
    server = listen(0);
  }

  @AfterEach
  void stop() {
    server.close();
    metrics.close();
  }

  private HttpServer listen(int port) throws IOException {
    return new HttpServer(
        group,
        NioServerSocketChannel.class,
        List.of("127.0.0.1"),
        port,
        (host, taken, cause) -> new IOException("cannot listen on " + host + ":" + taken, cause),
        metrics.registry(),
        health);
  }

  private HttpResponse<String> send(String method, String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
    HttpRequest request =
        HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.noBody()).build();
    return client.send(request, HttpResponse.BodyHandlers.ofString());
  }

  /** What comes back for these lines, a last line break added, until the server closes. */
  private String raw(String... lines) throws IOException {
    String request = String.join("\r\n", lines) + "\r\n\r\n";
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout(SOCKET_TIMEOUT_MILLIS);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void livenessFollowsTheSource() throws Exception {
    assertThat(send("GET", "/health/live").statusCode()).isEqualTo(200);
    health.live = false;
    HttpResponse<String> dead = send("GET", "/health/live");
    assertThat(dead.statusCode()).isEqualTo(503);
    assertThat(dead.body()).isEqualTo("{\"live\":false}\n");
  }

  @Test
  void livenessDoesNotWaitForOtherAnswers() throws Exception {
    health.mayAnswer = new CountDownLatch(1);
    CompletableFuture<HttpResponse<String>> slow =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return send("GET", "/health/ready");
              } catch (Exception failed) {
                throw new CompletionException(failed);
              }
            });
    assertThat(health.asked.await(SOCKET_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
    assertThat(send("GET", "/health/live").statusCode()).isEqualTo(200);
    assertThat(slow).isNotDone();
    health.mayAnswer.countDown();
    assertThat(slow.get(SOCKET_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS).statusCode()).isEqualTo(200);
  }

  @Test
  void answersOfOneConnectionStayInOrder() throws Exception {
    assertThat(
            raw("GET /health/ready HTTP/1.1", "", "GET /health/live HTTP/1.1", "Connection: close"))
        .containsSubsequence("\"ready\":true", "\"live\":true");
  }

  @Test
  void readinessListsTheShards() throws Exception {
    health.readiness =
        new Readiness(
            false,
            "n1",
            List.of(
                new ShardHealth("s1", "leader", true, "n1", 3, 20, 20, null),
                new ShardHealth("s2", "follower", false, null, 4, 9, 7, "no \"leader\"\n")));

    HttpResponse<String> response = send("GET", "/health/ready?verbose=1");

    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    assertThat(response.body())
        .isEqualTo(
            """
            {"ready":false,"node":"n1","shards":[
              {"shard":"s1","role":"leader","ready":true,"leader":"n1","term":3,"commitIndex":20,\
            "appliedIndex":20},
              {"shard":"s2","role":"follower","ready":false,"leader":null,"term":4,"commitIndex":9,\
            "appliedIndex":7,"detail":"no \\"leader\\"\\u000a"}]}
            """);
    health.readiness = new Readiness(true, "n1", List.of());
    assertThat(send("GET", "/health/ready").statusCode()).isEqualTo(200);
  }

  @Test
  void metricsAreServedInPrometheusText() throws Exception {
    metrics.operation(HashCommands.ALL.get(0), Outcome.OK, true, 1_000);

    HttpResponse<String> response = send("GET", "/metrics");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type").orElseThrow())
        .startsWith("text/plain");
    assertThat(response.body())
        .contains("raftkv_operations_total{family=\"hash\",outcome=\"ok\"} 1.0");
  }

  @Test
  void otherPathsAndMethodsAreRefused() throws Exception {
    assertThat(send("GET", "/").statusCode()).isEqualTo(404);
    assertThat(send("GET", "/metrics/x").statusCode()).isEqualTo(404);
    HttpResponse<String> post = send("POST", "/metrics");
    assertThat(post.statusCode()).isEqualTo(405);
    assertThat(post.headers().firstValue("allow")).contains("GET, HEAD");
  }

  @Test
  void headHasNoBody() throws IOException {
    String answer = raw("HEAD /health/live HTTP/1.1", "Host: x", "Connection: close");
    assertThat(answer).startsWith("HTTP/1.1 200 OK").contains("content-length: 14");
    assertThat(answer.strip()).doesNotContain("{");
  }

  @Test
  void aSourceThatFailsGivesAnErrorAndTheConnectionLivesOn() throws Exception {
    health.readiness = null;
    assertThat(send("GET", "/health/ready").statusCode()).isEqualTo(500);
    assertThat(send("GET", "/health/live").statusCode()).isEqualTo(200);
  }

  @Test
  void pipelinedRequestsAreAnsweredInOrder() throws IOException {
    String answer =
        raw(
            "GET /health/live HTTP/1.1",
            "Host: x",
            "",
            "GET /none HTTP/1.1",
            "Host: x",
            "",
            "GET /health/ready HTTP/1.1",
            "Host: x",
            "Connection: close");
    assertThat(answer).containsSubsequence("\"live\":true", "404", "\"ready\":true");
  }

  @Test
  void requestsBeyondTheBoundsAreRefused() throws IOException {
    assertThat(raw("GET /" + "x".repeat(4_000) + " HTTP/1.1", "Host: x")).contains("HTTP/1.1 400");
    assertThat(
            raw("POST /metrics HTTP/1.1", "Host: x", "Content-Length: 9999", "Connection: close"))
        .contains("HTTP/1.1 413");
    assertThat(raw("\0\0 not http")).contains("HTTP/1.1 400");
  }

  @Test
  void aTakenPortIsAnErrorThatNamesIt() {
    int taken = server.port();
    assertThatThrownBy(() -> listen(taken))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("127.0.0.1:" + taken);
  }

  @Test
  void healthcheckSubcommandAsksTheNode() {
    String port = Integer.toString(server.port());
    assertThat(healthcheck("healthcheck", "--http-port", port)).isZero();
    assertThat(healthcheck("healthcheck", "--ready", "--http-port", port)).isZero();
    health.readiness = new Readiness(false, "n1", List.of());
    assertThat(healthcheck("healthcheck", "--http-port", port)).isZero();
    assertThat(healthcheck("healthcheck", "--ready", "--http-port", port)).isEqualTo(1);
  }

  private static int healthcheck(String... args) {
    PrintStream ignored =
        new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8);
    Main program =
        new Main(
            config -> {
              throw new AssertionError("a health check starts no server");
            },
            ignored,
            ignored);
    return program.run(args);
  }
}

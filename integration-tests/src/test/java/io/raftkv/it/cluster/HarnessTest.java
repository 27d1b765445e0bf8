package io.raftkv.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftkv.it.history.Action;
import io.raftkv.it.history.Outcome;
import io.raftkv.it.load.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The harness itself, against a redis-server: a test of faults is worth what its tools are. */
class HarnessTest {
  @TempDir Path directory;

  @BeforeEach
  void needsRedis() {
    assumeTrue(RedisServer.isInstalled(), "no redis-server on this machine");
  }

  private RedisServer start() {
    return new RedisServer(directory, List.of(), "127.0.0.1", Ports.next());
  }

  @Test
  void repliesOfEveryKindAreRead() throws IOException {
    try (RedisServer redis = start();
        RespConnection connection = redis.node().connect()) {
      assertThat(connection.call("SET", "k", "a\r\n\u0000\u00ff")).isEqualTo("OK");
      assertThat(connection.call("GET", "k")).isEqualTo("a\r\n\u0000\u00ff");
      assertThat(connection.call("GET", "none")).isNull();
      assertThat(connection.call("INCR", "n")).isEqualTo(1L);
      assertThat(connection.call("LPUSH", "k", "x"))
          .isInstanceOfSatisfying(
              RespError.class, error -> assertThat(error.code()).isEqualTo("WRONGTYPE"));
      assertThat(connection.call("MGET", "n", "none")).isEqualTo(Arrays.asList("1", null));
      assertThat(connection.call("HELLO", "3")).isInstanceOf(Map.class);
      connection.call("HSET", "h", "f", "v");
      assertThat(connection.call("HGETALL", "h")).isEqualTo(Map.of("f", "v"));
    }
  }

  @Test
  void aWorkloadOnACorrectServerIsLinearizable() {
    try (RedisServer redis = start();
        Workload load =
            Workload.on(List.of(redis.address()))
                .seed(Seed.next())
                .registers(List.of("a", "b"))
                .counters(List.of("c"))
                .mix(Action.SET, Action.GET, Action.GETSET, Action.SETNX, Action.DEL)
                .callsPerSecond(1_000)
                .start()) {
      load.awaitMore(3_000, Duration.ofSeconds(30));
      load.stop();
      load.readBack();
      load.assertLinearizable();
      assertThat(load.history().count(Outcome.UNCERTAIN)).isZero();
    }
  }

  /** Redis without a log loses everything when killed: exactly what the harness must notice. */
  @Test
  void aServerThatForgetsAcknowledgedWritesIsCaught() {
    try (RedisServer redis = start();
        Workload load =
            Workload.on(List.of(redis.address()))
                .seed(Seed.next())
                .registers(List.of("a"))
                .counters(List.of("c"))
                .start()) {
      load.awaitMore(100, Duration.ofSeconds(30));
      redis.node().restart();
      load.awaitMore(100, Duration.ofSeconds(30));
      load.stop();
      assertThatThrownBy(load::assertLinearizable)
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("NOT_LINEARIZABLE");
    }
  }

  @Test
  void operationsOnAPausedServerStayOpenUntilTheyTimeOut() {
    try (RedisServer redis = start();
        Workload load =
            Workload.on(List.of(redis.address()))
                .timeout(Duration.ofMillis(300))
                .counters(List.of("c"))
                .start()) {
      load.awaitMore(50, Duration.ofSeconds(30));
      redis.node().pause();
      await("a timeout for every client")
          .atMost(Duration.ofSeconds(30))
          .until(() -> load.history().count(Outcome.UNCERTAIN) >= 8);
      redis.node().resume();
      load.awaitMore(50, Duration.ofSeconds(30));
      load.stop();
      load.assertLinearizable();
    }
  }

  @Test
  void slotsFollowTheRulesOfRedisCluster() throws IOException {
    assertThat(ShardView.slotOf("123456789")).isEqualTo(12_739);
    assertThat(ShardView.slotOf("{user1000}.following"))
        .isEqualTo(ShardView.slotOf("{user1000}.followers"))
        .isEqualTo(ShardView.slotOf("user1000"));
    assertThat(ShardView.slotOf("foo{}{bar}")).isEqualTo(8_363);
  }
}

package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** One node with its one shard, where databases are all that they are in a standalone Redis. */
class DatabasesIT {
  private static final Duration SECONDS = Duration.ofSeconds(20);

  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(1);

  @BeforeEach
  void empty() {
    assertThat(node().call("FLUSHALL")).isEqualTo("OK");
  }

  private static TestNode node() {
    return CLUSTER.nodes().get(0);
  }

  private static String info(RespConnection connection) throws IOException {
    return String.valueOf(connection.call("INFO", "keyspace"));
  }

  @Test
  void sixteenDatabasesAreKeptApart() throws IOException {
    try (RespConnection one = node().connect();
        RespConnection other = node().connect()) {
      for (int database = 0; database < 16; database++) {
        assertThat(one.call("SELECT", "" + database)).isEqualTo("OK");
        assertThat(one.call("SET", "k", "v" + database)).isEqualTo("OK");
        assertThat(one.call("EXPIRE", "k", "1000")).isEqualTo(1L);
      }
      assertThat(String.valueOf(one.call("SELECT", "16"))).contains("DB index is out of range");
      assertThat(one.call("GET", "k")).isEqualTo("v15");
      assertThat(other.call("GET", "k")).isEqualTo("v0");
      assertThat(String.valueOf(one.call("CLIENT", "LIST"))).contains(" db=15 ").contains(" db=0 ");
      assertThat(one.call("CONFIG", "GET", "databases")).isEqualTo(List.of("databases", "16"));

      assertThat(one.call("MOVE", "k", "3")).isEqualTo(0L);
      assertThat(one.call("COPY", "k", "k", "DB", "3", "REPLACE")).isEqualTo(1L);
      assertThat(one.call("RENAME", "k", "moving")).isEqualTo("OK");
      assertThat(one.call("MOVE", "moving", "3")).isEqualTo(1L);
      assertThat(one.call("DBSIZE")).isEqualTo(0L);
      one.call("SELECT", "3");
      assertThat(one.call("MGET", "k", "moving")).isEqualTo(List.of("v15", "v15"));
      assertThat(info(one))
          .contains("db0:keys=1,expires=1,avg_ttl=")
          .contains("db3:keys=2,expires=2,avg_ttl=")
          .contains("db14:keys=1,")
          .doesNotContain("db15:")
          .containsPattern("db3:keys=2,expires=2,avg_ttl=9\\d{5}\\b");

      assertThat(one.call("FLUSHDB")).isEqualTo("OK");
      assertThat(one.call("DBSIZE")).isEqualTo(0L);
      assertThat(other.call("DBSIZE")).isEqualTo(1L);
      assertThat(one.call("RESET")).isEqualTo("RESET");
      assertThat(one.call("GET", "k")).isEqualTo("v0");
      assertThat(one.call("FLUSHALL")).isEqualTo("OK");
      assertThat(info(one)).doesNotContain("db");
    }
  }

  @Test
  void swappedDatabasesStaySwappedThroughARestart() throws IOException {
    List<Object> firstPage;
    try (RespConnection zero = node().connect();
        RespConnection one = node().connect()) {
      one.call("SELECT", "1");
      for (int i = 0; i < 50; i++) {
        zero.call("SET", "k" + i, "zero");
        one.call("SET", "k" + i, "one", "EX", "1000");
      }
      one.call("SET", "only", "one");
      assertThat(zero.call("SWAPDB", "0", "1")).isEqualTo("OK");
      assertThat(zero.call("GET", "k7")).isEqualTo("one");
      assertThat(one.call("GET", "k7")).isEqualTo("zero");
      assertThat(one.call("EXISTS", "only")).isEqualTo(0L);
      assertThat(info(zero)).contains("db0:keys=51,expires=50,").contains("db1:keys=50,expires=0,");
      firstPage = scan(zero, "0");
      node().restart();
      CLUSTER.awaitReady();
    }
    try (RespConnection zero = node().connect()) {
      assertThat(zero.call("GET", "k7")).isEqualTo("one");
      assertThat(zero.call("DBSIZE")).isEqualTo(51L);
      assertThat(scan(zero, "0")).isEqualTo(firstPage);
      assertThat(zero.call("SWAPDB", "1", "0")).isEqualTo("OK");
      assertThat(zero.call("GET", "k7")).isEqualTo("zero");
      assertThat(zero.call("DBSIZE")).isEqualTo(50L);
    }
  }

  @SuppressWarnings("unchecked")
  private static List<Object> scan(RespConnection connection, String cursor) throws IOException {
    return (List<Object>) connection.call("SCAN", cursor, "COUNT", "10");
  }

  /** Due keys go although nobody reads them, far more than one step takes, and after a crash. */
  @Test
  void whatIsDueGoesByItself() throws IOException {
    int keys = 6_000;
    try (RespConnection connection = node().connect()) {
      for (int i = 0; i < keys; i++) {
        if (i % 1000 == 0) {
          connection.send("SELECT", "" + i / 1000);
        }
        connection.send("SET", "k" + i, "v", "PX", "1500");
      }
      connection.send("SET", "stays", "v", "EX", "1000");
      connection.flush();
      for (int i = 0; i < keys + keys / 1000 + 1; i++) {
        assertThat(connection.read()).isEqualTo("OK");
      }
      node().restart();
    }
    CLUSTER.awaitReady();
    // INFO counts what is there, dead or not: it reads no key.
    CLUSTER.await(
        "due keys are swept",
        SECONDS,
        () -> {
          String info = String.valueOf(node().call("INFO", "keyspace"));
          return info.contains("db5:keys=1,expires=1,") && !info.contains("db0:");
        });
    try (RespConnection connection = node().connect()) {
      List<Object> sizes = new ArrayList<>();
      for (int database = 0; database < 7; database++) {
        connection.call("SELECT", "" + database);
        sizes.add(connection.call("DBSIZE"));
      }
      assertThat(sizes).isEqualTo(List.of(0L, 0L, 0L, 0L, 0L, 1L, 0L));
    }
  }

  @Test
  void sortReadsAnyKeysOfTheOneShard() {
    TestNode node = node();
    node.call("RPUSH", "list", "1", "2", "3");
    node.call("MSET", "w_1", "9", "w_2", "5", "w_3", "7");
    node.call("HSET", "h_2", "name", "two");
    assertThat(node.call("SORT", "list", "BY", "w_*", "GET", "#"))
        .isEqualTo(List.of("2", "3", "1"));
    assertThat(node.call("SORT", "list", "BY", "w_*", "GET", "h_*->name", "STORE", "names"))
        .isEqualTo(3L);
    assertThat(node.call("LRANGE", "names", "0", "-1")).isEqualTo(List.of("two", "", ""));
  }
}

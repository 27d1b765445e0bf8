package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.RespError;
import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.history.Action;
import io.raftkv.it.history.Outcome;
import io.raftkv.it.load.Workload;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Two nodes of three are gone. The third says so in time, shows what it has to those who ask for no
 * more, acknowledges nothing, and goes on when the others are back.
 */
class MajorityLostIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(2);

  /** For a reply that is due to be made and to arrive, on a busy machine. */
  private static final Duration SLACK = Duration.ofMillis(1_500);

  /** How long a read may take that asks nobody. */
  private static final Duration LOCAL = Duration.ofSeconds(1);

  @RegisterExtension
  final TestCluster cluster =
      TestCluster.ofNodes(3)
          .shards(3)
          .flags("--request-timeout", REQUEST_TIMEOUT.toMillis() + "ms");

  /** By key, the values of writes that may be applied yet. */
  private final Map<String, Set<String>> uncertain = new HashMap<>();

  @Test
  void aMinorityRefusesInTimeShowsWhatItHasAndGoesOnWhenTheOthersAreBack() throws IOException {
    ShardView shards = cluster.awaitLeaders();
    List<String> keys = shards.keyInEveryShard("k");
    TestNode survivor = shards.leaderOf(keys.get(0)); // so that one write at least gets into a log
    List<TestNode> lost = cluster.nodes().stream().filter(n -> !n.equals(survivor)).toList();
    for (String key : keys) {
      assertThat(lost.get(0).call("SET", key, "before")).isEqualTo("OK");
      assertThat(survivor.call("GET", key)).isEqualTo("before"); // so it has applied it
    }
    try (Workload load =
        cluster
            .workload()
            .registers(shards.keyInEveryShard("r"))
            .counters(shards.keyInEveryShard("c"))
            .mix(Action.SET, Action.GET, Action.GETSET)
            .callsPerSecond(50)
            .start()) {
      load.awaitMore(300, PATIENCE);
      lost.forEach(TestNode::kill);

      assertThatWritesAndReadsAreRefusedInTime(survivor, keys);
      long acknowledged = load.history().count(Outcome.OK);
      assertThatOldDataIsShownToThoseWhoAskForIt(survivor, keys);
      awaitThatNothingIsSentAnyMore(survivor, List.copyOf(uncertain.keySet()));
      assertThatStaleDataIsNotShownToThoseWhoSetABound(survivor, keys);
      assertThatNodesAreNotSaidToBeOnline(survivor);
      assertThat(survivor.http("/health/ready").status()).isEqualTo(503);
      assertThat(survivor.http("/health/live").status()).isEqualTo(200);
      assertThat(load.history().count(Outcome.OK)).as("by a minority").isEqualTo(acknowledged);

      lost.forEach(TestNode::start);
      cluster.awaitReady();
      load.awaitMore(300, PATIENCE);
      load.stop();
      load.readBack();
      System.out.println(load.history());
      load.assertLinearizable();
    }
    assertThatOnlyUncertainWritesCanHaveChangedAnything(keys);
    cluster.awaitEqualDigests();
  }

  /** All at once, each on a connection of its own. */
  private void assertThatWritesAndReadsAreRefusedInTime(TestNode node, List<String> keys)
      throws IOException {
    List<RespConnection> connections = new ArrayList<>();
    try {
      for (int i = 0; i < 2 * keys.size(); i++) {
        connections.add(node.connect());
      }
      long sent = System.nanoTime();
      for (int i = 0; i < keys.size(); i++) {
        connections.get(2 * i).send("SET", keys.get(i), "during");
        connections.get(2 * i).flush();
        connections.get(2 * i + 1).send("GET", keys.get(i));
        connections.get(2 * i + 1).flush();
      }
      for (int i = 0; i < keys.size(); i++) {
        String write = code(connections.get(2 * i).read());
        String read = code(connections.get(2 * i + 1).read());
        Duration after = since(sent);
        System.out.printf(
            "%s: SET %s, GET %s, %d ms%n", keys.get(i), write, read, after.toMillis());
        assertThat(write).as("SET %s", keys.get(i)).isIn("CLUSTERDOWN", "UNCERTAIN");
        assertThat(read).as("GET %s", keys.get(i)).isEqualTo("CLUSTERDOWN");
        assertThat(after).isLessThan(REQUEST_TIMEOUT.plus(SLACK));
        if (write.equals("UNCERTAIN")) {
          mayBeApplied(keys.get(i), "during");
        }
      }
    } finally {
      connections.forEach(RespConnection::close);
    }
  }

  private static void assertThatOldDataIsShownToThoseWhoAskForIt(TestNode node, List<String> keys)
      throws IOException {
    for (String[] choice :
        List.of(new String[] {"RAFTKV.CONSISTENCY", "EVENTUAL"}, new String[] {"READONLY"})) {
      try (RespConnection connection = node.connect()) {
        assertThat(connection.call(choice)).isEqualTo("OK");
        for (String key : keys) {
          long asked = System.nanoTime();
          assertThat(connection.call("GET", key))
              .as("%s, GET %s", choice[0], key)
              .isEqualTo("before");
          assertThat(since(asked)).isLessThan(LOCAL);
        }
      }
    }
  }

  /** The node that led a shard soon knows that it does not, and then no write is in doubt. */
  private void awaitThatNothingIsSentAnyMore(TestNode node, List<String> keys) {
    for (String key : keys) {
      int[] attempts = new int[1];
      cluster.await(
          "a refusal without any doubt",
          PATIENCE,
          () -> {
            String value = "later" + attempts[0]++;
            String code = code(node.call("SET", key, value));
            if (code.equals("UNCERTAIN")) {
              mayBeApplied(key, value);
            }
            return code.equals("CLUSTERDOWN");
          });
    }
  }

  private static void assertThatStaleDataIsNotShownToThoseWhoSetABound(
      TestNode node, List<String> keys) throws IOException {
    try (RespConnection connection = node.connect()) {
      assertThat(connection.call("RAFTKV.CONSISTENCY", "BOUNDED", "1000")).isEqualTo("OK");
      for (String key : keys) {
        assertThat(code(connection.call("GET", key))).as("GET %s", key).isEqualTo("TRYAGAIN");
      }
    }
  }

  /** Nobody can write into the metadata that they are not. */
  private void assertThatNodesAreNotSaidToBeOnline(TestNode node) {
    cluster.await(
        "states that are not known",
        PATIENCE,
        () -> node.call("RAFTKV.CLUSTER", "STATUS").toString().contains("not confirmed by a"));
    assertThat(node.call("RAFTKV.NODE", "LIST").toString())
        .contains("unknown (online ")
        .doesNotContain("state, online,");
  }

  private void assertThatOnlyUncertainWritesCanHaveChangedAnything(List<String> keys) {
    for (String key : keys) {
      Object value = cluster.nodes().get(0).call("GET", key);
      if (!"before".equals(value)) {
        assertThat(uncertain.getOrDefault(key, Set.of()))
            .as("GET %s", key)
            .contains((String) value);
      }
      for (TestNode node : cluster.nodes()) {
        assertThat(node.call("GET", key)).isEqualTo(value);
        value = "after " + node.id();
        assertThat(node.call("SET", key, "after " + node.id())).isEqualTo("OK");
      }
    }
  }

  private void mayBeApplied(String key, String value) {
    uncertain.computeIfAbsent(key, none -> new HashSet<>()).add(value);
  }

  private static String code(Object reply) {
    return reply instanceof RespError error ? error.code() : "no error, but " + reply;
  }

  private static Duration since(long nanos) {
    return Duration.ofNanos(System.nanoTime() - nanos);
  }
}

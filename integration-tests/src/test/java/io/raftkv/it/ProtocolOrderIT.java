package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.RespError;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Pipelines whose commands go to several shards, forwarded or not, are answered in the order they
 * were sent, and each command sees what the connection wrote before it.
 */
class ProtocolOrderIT {
  private static final int PIPELINES = 60;
  private static final int MAX_DEPTH = 120;
  private static final int KEYS = 24;

  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(3).shards(4);

  @Test
  void pipelinesAreAnsweredInOrderAndSeeTheirOwnWrites() throws IOException {
    Random random = new Random(CLUSTER.seed());
    for (TestNode node : CLUSTER.nodes()) {
      Map<String, String> strings = new HashMap<>();
      Map<String, Long> counters = new HashMap<>();
      try (RespConnection connection = node.connect()) {
        for (int p = 0; p < PIPELINES; p++) {
          List<Object> expected = new ArrayList<>();
          int depth = 1 + random.nextInt(MAX_DEPTH);
          for (int i = 0; i < depth; i++) {
            expected.add(send(connection, random, node.id(), strings, counters));
          }
          connection.flush();
          List<Object> replies = new ArrayList<>();
          for (int i = 0; i < depth; i++) {
            Object reply = connection.read();
            replies.add(reply instanceof RespError error ? error.code() : reply);
          }
          assertThat(replies)
              .as("pipeline %d at %s, seed %d", p, node.id(), CLUSTER.seed())
              .isEqualTo(expected);
        }
      }
    }
  }

  /** Sends a drawn command and returns the reply it must get; errors by their code. */
  private static Object send(
      RespConnection connection,
      Random random,
      String owner,
      Map<String, String> strings,
      Map<String, Long> counters)
      throws IOException {
    String string = owner + ":s" + random.nextInt(KEYS);
    String counter = owner + ":n" + random.nextInt(KEYS);
    String other = owner + ":s" + random.nextInt(KEYS);
    switch (random.nextInt(9)) {
      case 0, 1 -> {
        String value = Long.toHexString(random.nextLong());
        connection.send("SET", string, value);
        strings.put(string, value);
        return "OK";
      }
      case 2, 3 -> {
        connection.send("GET", string);
        return strings.get(string);
      }
      case 4 -> {
        connection.send("INCR", counter);
        return counters.merge(counter, 1L, Long::sum);
      }
      case 5 -> {
        connection.send("DEL", string);
        return strings.remove(string) == null ? 0L : 1L;
      }
      case 6 -> {
        connection.send("MGET", string, other, counter);
        List<Object> values = new ArrayList<>();
        values.add(strings.get(string));
        values.add(strings.get(other));
        values.add(counters.containsKey(counter) ? counters.get(counter).toString() : null);
        return values;
      }
      case 7 -> {
        connection.send("PING");
        return "PONG";
      }
      default -> {
        connection.send("HGET", string, "f");
        return strings.containsKey(string) ? "WRONGTYPE" : null;
      }
    }
  }
}

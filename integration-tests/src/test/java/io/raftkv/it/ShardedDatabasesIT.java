package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Three nodes and three shards: the database of a connection holds on every shard, at any node. */
class ShardedDatabasesIT {
  private static final int SHARDS = 3;

  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(3).shards(SHARDS);

  private static List<RespConnection> connect(int database) throws IOException {
    List<RespConnection> connections = new ArrayList<>();
    for (TestNode node : CLUSTER.nodes()) {
      RespConnection connection = node.connect();
      connections.add(connection);
      assertThat(connection.call("SELECT", "" + database)).isEqualTo("OK");
    }
    return connections;
  }

  @Test
  void everyNodeSeesTheSameDatabases() throws IOException {
    ShardView shards = CLUSTER.awaitLeaders();
    List<RespConnection> five = connect(5);
    List<RespConnection> six = connect(6);
    try {
      List<String> keys = shards.keyInEveryShard("db:");
      for (int i = 0; i < 60; i++) {
        String key = keys.get(i % keys.size());
        assertThat(five.get(i % 3).call("SET", key, "five" + i)).isEqualTo("OK");
        assertThat(six.get((i + 1) % 3).call("SET", key, "six" + i)).isEqualTo("OK");
        assertThat(five.get((i + 2) % 3).call("GET", key)).isEqualTo("five" + i);
        assertThat(six.get(i % 3).call("GET", key)).isEqualTo("six" + i);
      }
      for (RespConnection connection : six) {
        assertThat(connection.call("DBSIZE")).isEqualTo((long) SHARDS);
        assertThat((List<?>) connection.call("KEYS", "*")).hasSize(SHARDS);
        assertThat(String.valueOf(connection.call("SWAPDB", "5", "6")))
            .contains("SWAPDB is not allowed in cluster mode");
        assertThat(String.valueOf(connection.call("SORT", keys.get(0), "BY", "w_*")))
            .contains("BY option of SORT denied in cluster mode");
      }
      for (int i = 0; i < SHARDS; i++) {
        assertThat(six.get(i).call("MOVE", keys.get(i), "7")).isEqualTo(1L);
        assertThat(five.get(i).call("COPY", keys.get(i), keys.get(i), "DB", "7")).isEqualTo(0L);
      }
      assertThat(six.get(1).call("DBSIZE")).isEqualTo(0L);
      assertThat(five.get(2).call("FLUSHDB")).isEqualTo("OK");
      List<RespConnection> seven = connect(7);
      assertThat(seven.get(0).call("DBSIZE")).isEqualTo((long) SHARDS);
      assertThat(five.get(0).call("DBSIZE")).isEqualTo(0L);
      assertThat(seven.get(2).call("FLUSHALL")).isEqualTo("OK");
      assertThat(seven.get(1).call("DBSIZE")).isEqualTo(0L);
      seven.forEach(RespConnection::close);
    } finally {
      five.forEach(RespConnection::close);
      six.forEach(RespConnection::close);
    }
    CLUSTER.awaitEqualDigests();
  }
}

package io.raftkv.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** An operator of a cluster: asks any node that lives, on a connection of its own each time. */
public final class Admin {
  private final TestCluster cluster;
  private final Duration patience;

  /**
   * @param patience for how long an answer is waited for
   */
  public Admin(TestCluster cluster, Duration patience) {
    this.cluster = cluster;
    this.patience = patience;
  }

  /** The answer to a command: its text, a number, or a list. */
  public Object ask(String... words) {
    TestNode[] asked = new TestNode[1];
    cluster.await(
        "a node is ready",
        patience,
        () -> {
          asked[0] =
              cluster.nodes().stream()
                  .filter(TestNode::isAlive)
                  .filter(TestNode::isReady)
                  .findFirst()
                  .orElse(null);
          return asked[0] != null;
        });
    return ask(asked[0], words);
  }

  /** What a certain node answers. */
  public Object ask(TestNode asked, String... words) {
    try (RespConnection connection = asked.connect(patience)) {
      return connection.call(words);
    } catch (IOException lost) {
      throw new UncheckedIOException(lost);
    }
  }

  /** A command that answers with a map. */
  public Map<String, Object> status(String... words) {
    return map(ask(words));
  }

  /** A command that answers with a list of maps. */
  public List<Map<String, Object>> list(String... words) {
    return maps(ask(words));
  }

  /** A list of maps, as RESP2 sends it. */
  public static List<Map<String, Object>> maps(Object reply) {
    if (!(reply instanceof List<?> items)) {
      throw new IllegalStateException("not a list: " + reply);
    }
    return items.stream().map(Admin::map).toList();
  }

  /** Who leads the metadata, once somebody does that runs. */
  public TestNode metadataLeader() {
    TestNode[] leader = new TestNode[1];
    cluster.await(
        "the metadata has a leader",
        patience,
        () -> {
          Object id = status("RAFTKV.CLUSTER", "STATUS").get("metadata-leader");
          leader[0] = id == null ? null : cluster.node((String) id);
          return leader[0] != null && leader[0].isAlive();
        });
    return leader[0];
  }

  /** A map, as RESP2 sends it. */
  public static Map<String, Object> map(Object reply) {
    if (!(reply instanceof List<?> items)) {
      throw new IllegalStateException("not a map: " + reply);
    }
    Map<String, Object> map = new HashMap<>();
    for (int i = 0; i < items.size(); i += 2) {
      map.put((String) items.get(i), items.get(i + 1));
    }
    return map;
  }

  /** The state of a node as the cluster sees it. */
  public String nodeState(String node) {
    return (String) status("RAFTKV.NODE", "STATUS", node).get("state");
  }
}

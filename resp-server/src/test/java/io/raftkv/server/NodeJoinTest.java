package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.raft.Replica;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole nodes in this process, of which one has begun the cluster and the others join it. */
@Timeout(120)
class NodeJoinTest {
  @TempDir private Path directory;
  private final Map<String, Integer> ports = new HashMap<>();
  private final List<Node> running = new ArrayList<>();

  @AfterEach
  void close() {
    running.forEach(Node::close);
  }

  private Path data(String id) {
    return directory.resolve(id);
  }

  private int port(String name) {
    return ports.computeIfAbsent(
        name,
        unknown -> {
          try (ServerSocket probe = new ServerSocket(0)) {
            return probe.getLocalPort();
          } catch (IOException none) {
            throw new UncheckedIOException(none);
          }
        });
  }

  private Node start(String id, String... more) throws Exception {
    List<String> flags = new ArrayList<>(List.of(more));
    flags.addAll(List.of("--node-id", id, "--data-dir", data(id).toString()));
    flags.addAll(List.of("--port", Integer.toString(port(id))));
    flags.addAll(List.of("--raft-port", Integer.toString(port(id + " raft"))));
    flags.addAll(List.of("--bind", "127.0.0.1", "--min-free-disk", "0"));
    Node node = (Node) ServerAssembly.start(ConfigLoader.load(flags, Map.of()));
    running.add(node);
    return node;
  }

  private Node join(String id) throws Exception {
    return start(id, "--join", "127.0.0.1:" + port("n1"));
  }

  private static void soon(Callable<Boolean> condition) {
    await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(50)).until(condition);
  }

  private static ClusterState state(Node node) {
    return node.metadata().state();
  }

  private static boolean isOnline(Node asked, String id) {
    return state(asked).node(id).map(NodeInfo::state).orElse(null) == NodeState.ONLINE;
  }

  private static String clusterId(Node node) {
    return state(node).clusterId();
  }

  private static List<String> voters(Node asked) {
    Replica metadata = asked.replica(MetadataGroup.GROUP);
    return metadata == null ? List.of() : metadata.voters();
  }

  private static void propose(Node by, MetaCommand command) {
    by.metadata()
        .propose(by.shards().client(MetadataGroup.GROUP), command)
        .orTimeout(30, TimeUnit.SECONDS)
        .join();
  }

  /**
   * It was cut off while it was sent the log, in which it is the only voter: by that it would go on
   * alone. So it begins anew.
   */
  @Test
  void joinerWithAPartOfALogInWhichItIsTheOnlyVoterBeginsAnew() throws Exception {
    Node lone = start("n2");
    soon(() -> isOnline(lone, "n2"));
    String another = clusterId(lone);
    lone.close();
    Node founder = start("n1");
    soon(() -> isOnline(founder, "n1"));
    Files.writeString(
        data("n2").resolve("NODE"),
        "format 2\nnode-id n2\ncluster-id "
            + clusterId(founder)
            + "\njoined-by 127.0.0.1:"
            + port("n1")
            + "\ncreated 2026-11-21T07:01:02Z\n");

    Node joiner = join("n2");
    soon(() -> isOnline(founder, "n2") && isOnline(joiner, "n2"));
    assertThat(clusterId(joiner)).isEqualTo(clusterId(founder)).isNotEqualTo(another);
    soon(() -> voters(joiner).equals(List.of("n1"))); // when it is started anew as a listener
    soon(() -> joiner.directory().hasArrived());
    assertThat(joiner.memberSince())
        .isEqualTo(state(founder).node("n2").orElseThrow().memberSince())
        .isPositive();
  }

  @Test
  void removedNodeIsToldWheneverItComesBackAndMayJoinAgain() throws Exception {
    Node founder = start("n1");
    soon(() -> isOnline(founder, "n1"));
    Node second = join("n2");
    Node third = join("n3");
    soon(() -> third.directory().hasArrived() && third.health().ready().ready());
    // Else it would end while it is being made a listener, and keep its lock in this process.
    third.raft().settle(MetadataGroup.GROUP);
    long before = third.memberSince();
    third.close();

    propose(founder, JobPlans.remove(state(founder), "n3", true));
    soon(() -> state(second).hasRemoved("n3", before));
    soon(() -> !founder.replica(MetadataGroup.GROUP).members().contains("n3"));

    // With the data from before it is told, and ends.
    Node returned = join("n3");
    assertThatThrownBy(
            () ->
                returned.terminated().toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join())
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(RemovedException.class);
    returned.close();
    assertThatThrownBy(() -> join("n3"))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("was removed from its cluster");
    Files.move(data("n3"), data("n3-removed"));

    Node again = join("n3");
    soon(() -> isOnline(founder, "n3"));
    assertThat(again.memberSince()).isGreaterThan(before);
  }

  /** Its replica is not told by the others, and runs until it is found to be one too many. */
  @Test
  void nodeHasLeftAShardWhenItsRecordSaysSo() throws Exception {
    Node founder = start("n1", "--shards", "1");
    soon(() -> isOnline(founder, "n1"));
    Node second = join("n2");
    soon(() -> isOnline(founder, "n2") && second.health().ready().ready());
    ShardInfo shard = state(founder).shards().get("s1");
    try (NodeTest.Client client = new NodeTest.Client("127.0.0.1", founder.respPort())) {
      assertThat(client.ask("INCR k")).isEqualTo(":1");
      propose(
          founder, JobPlans.migrate(state(founder), "s1", Optional.of("n1"), Optional.of("n2")));
      await()
          .atMost(Duration.ofSeconds(60))
          .pollInterval(Duration.ofMillis(5))
          .until(() -> state(founder).shards().get("s1").replicaOn("n1").isEmpty());
      Replica replica = founder.replica(shard.groupId());
      await() // less than it takes until the replica is stopped
          .atMost(Duration.ofMillis(900))
          .pollInterval(Duration.ofMillis(5))
          .until(() -> !replica.isMember());
      assertThat(client.ask("INCR k")).isEqualTo(":2");
      assertThat(client.ask("STRLEN k")).isEqualTo(":1");
    }
  }
}

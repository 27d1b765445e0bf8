package io.raftkv.it.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.TestSize;
import io.raftkv.it.cluster.RedisServer;
import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * All nodes are killed at once in the middle of random commands on every type. Redis is told what
 * RaftKV acknowledged, and what it holds has to be there after the restart. Of a pipeline that was
 * cut off any beginning may have been applied, for commands of a connection keep their order.
 */
class CrashCompareIT {
  private static final List<String> FAMILIES =
      List.of(
          "strings",
          "counters",
          "hashes",
          "lists",
          "sets",
          "sortedsets",
          "bitmaps",
          "hyperloglogs",
          "geo",
          "streams");

  private static final int CLIENTS = 6;
  private static final int ROUNDS = TestSize.of(1, 10);
  private static final int SEQUENCES_BEFORE_A_KILL = 60;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @RegisterExtension final TestCluster cluster = TestCluster.ofNodes(3).shards(3);

  private final AtomicInteger next = new AtomicInteger();

  @BeforeEach
  void needsRedis() {
    Opponents.requireRedis("CrashCompareIT");
  }

  @Test
  void everyAcknowledgedWriteOfEveryTypeIsThereAfterAllNodesWereKilled() throws IOException {
    try (RedisServer redis = RedisServer.cluster(cluster.directory().resolve("redis"));
        RespConnection node = cluster.nodes().get(0).connect()) {
      Set<String> served = Contest.served(node);
      List<Family> families = FAMILIES.stream().map(name -> Family.load(name, served)).toList();
      for (int round = 0; round < ROUNDS; round++) {
        killAllUnder(redis, families);
      }
    }
    cluster.awaitEqualDigests();
  }

  private void killAllUnder(RedisServer redis, List<Family> families) throws IOException {
    List<CrashClient> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      TestNode node = cluster.nodes().get(i % cluster.nodes().size());
      clients.add(new CrashClient(redis.address(), node.address(), families, cluster.seed(), next));
    }
    List<Thread> threads = clients.stream().map(client -> new Thread(client, "client")).toList();
    threads.forEach(Thread::start);
    int target = next.get() + SEQUENCES_BEFORE_A_KILL;
    cluster.await("sequences under way", PATIENCE, () -> next.get() >= target);
    cluster.nodes().parallelStream().forEach(TestNode::kill);
    threads.forEach(CrashClient::join);
    cluster.nodes().forEach(TestNode::start);
    cluster.awaitReady();

    int sequences = 0;
    int cutOff = 0;
    try (RespConnection reference = redis.node().connect();
        RespConnection survivor = cluster.nodes().get(1).connect()) {
      for (CrashClient client : clients) {
        cutOff += client.unanswered().size();
        sequences += client.check(reference, survivor);
      }
    }
    System.out.printf(
        "all nodes killed: %d sequences are whole, %d commands were unanswered%n",
        sequences, cutOff);
    assertThat(sequences).isPositive();
  }
}

package io.raftkv.shard;

import static io.raftkv.raft.TestCluster.GROUP;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.raft.Member;
import io.raftkv.raft.MemberChange;
import io.raftkv.raft.RaftNode;
import io.raftkv.raft.Replica;
import io.raftkv.raft.TestCluster;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Hosts and read barriers of three Raft nodes and of one node without replicas. */
@Execution(ExecutionMode.CONCURRENT)
class ShardHostTest {
  private static final UUID OTHER = new UUID(0, 2);
  private static final String ROUTER = "router";

  @TempDir Path directory;
  private final ExecutorService network = Executors.newCachedThreadPool();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final Map<String, Host> hosts = new LinkedHashMap<>();
  private TestCluster cluster;
  private long lastId;

  @AfterEach
  void stop() {
    timer.shutdownNow();
    if (cluster != null) {
      cluster.close();
    }
    network.shutdownNow();
  }

  private final class Host
      implements ShardHost.Surroundings, PeerTransport, ProposalOutcomes<TestProposal> {
    private final String id;
    private final TestCluster.Node node;
    private final ShardHost<TestProposal> shards;
    private final ReadBarrier barrier;
    private volatile Admission admission = Admission.EVERYTHING;
    private final Map<Long, CompletableFuture<Object>> outcomes = new ConcurrentHashMap<>();

    private Host(String id, TestCluster.Node node) {
      this.id = id;
      this.node = node;
      this.shards =
          new ShardHost<>(
              id,
              this,
              this,
              network,
              Runnable::run,
              () -> new EntryCodec.Header(1, 1_000, 7, Long.MAX_VALUE),
              new ShardClient.Limits(
                  2, 1 << 16, 100, TimeUnit.SECONDS.toNanos(20), TimeUnit.MILLISECONDS.toNanos(10)),
              (proposals, bytes) -> {},
              2,
              1 << 20,
              this,
              new JournalApplier()::decode);
      this.barrier =
          new ReadBarrier(
              id, this::replica, this, TimeUnit.MILLISECONDS.toNanos(50), Runnable::run);
    }

    private CompletableFuture<Object> write(UUID group) {
      TestProposal proposal = new TestProposal(++lastId);
      CompletableFuture<Object> outcome = new CompletableFuture<>();
      outcomes.put(proposal.id(), outcome);
      shards.client(group).submit(List.of(proposal));
      return outcome;
    }

    /** Length of the journal, read here. */
    private long read() {
      CompletableFuture<Long> length = new CompletableFuture<>();
      barrier.confirm(
          GROUP,
          System.nanoTime() + TimeUnit.SECONDS.toNanos(20),
          new ReadBarrier.Waiter() {
            @Override
            public void confirmed(long commitIndex) {
              Replica replica = replica(GROUP);
              replica.whenApplied(
                  commitIndex, () -> length.complete(replica.withStore(JournalApplier::length)));
            }

            @Override
            public void failed() {
              length.completeExceptionally(new IllegalStateException("no majority"));
            }
          });
      return get(length);
    }

    @Override
    public Replica replica(UUID group) {
      return node == null ? null : node.replica(group);
    }

    @Override
    public List<String> members(UUID group) {
      return hosts.keySet().stream().filter(name -> !name.equals(ROUTER)).toList();
    }

    @Override
    public String name(UUID group) {
      return "g";
    }

    @Override
    public Admission admission() {
      return admission;
    }

    @Override
    public String refusal() {
      return "OOM";
    }

    @Override
    public CompletableFuture<byte[]> call(String to, Kind kind, byte[] request) {
      Host peer = hosts.get(to);
      if (!isConnected(to)) {
        return CompletableFuture.failedFuture(new IllegalStateException(to + " is down"));
      }
      return CompletableFuture.supplyAsync(
              () ->
                  kind == Kind.TERMS
                      ? CompletableFuture.completedFuture(peer.barrier.answer(request))
                      : peer.shards.propose(request),
              network)
          .thenCompose(answer -> answer);
    }

    @Override
    public boolean isConnected(String to) {
      Host peer = hosts.get(to);
      return peer != null && peer.node != null && peer.node.isRunning();
    }

    @Override
    public void succeeded(List<TestProposal> proposals, Object[] results) {
      for (int i = 0; i < results.length; i++) {
        outcomes.get(proposals.get(i).id()).complete(results[i]);
      }
    }

    @Override
    public void failed(List<TestProposal> proposals, ProposalFailure failure, String detail) {
      proposals.forEach(proposal -> outcomes.get(proposal.id()).complete(failure));
    }
  }

  private void start(int nodes) {
    start(nodes, Duration.ofMillis(400));
  }

  private void start(int nodes, Duration electionTimeout) {
    cluster =
        TestCluster.prepare(directory, nodes, 1_000_000, 2 << 20).electionTimeout(electionTimeout);
    for (TestCluster.Node node : cluster.nodes()) {
      Host host = new Host(node.id(), node);
      hosts.put(node.id(), host);
      node.appliers(group -> host.shards.applier(group, id -> new JournalApplier()));
    }
    hosts.put(ROUTER, new Host(ROUTER, null));
    cluster.nodes().forEach(TestCluster.Node::start);
    timer.scheduleWithFixedDelay(
        () ->
            hosts
                .values()
                .forEach(
                    host -> {
                      host.shards.tick();
                      host.barrier.tick();
                    }),
        5,
        5,
        TimeUnit.MILLISECONDS);
  }

  private static <T> T get(CompletableFuture<T> future) {
    return future.orTimeout(30, TimeUnit.SECONDS).join();
  }

  @Test
  void whatIsHeldIsCountedForAllGroupsTogether() {
    Host host = new Host(ROUTER, null);
    host.write(new UUID(1, 1)); // neither has a leader
    host.write(new UUID(1, 2));
    assertThat(host.shards.heldBytes()).isEqualTo(2 * new TestProposal(1).heldBytes());
  }

  @Test
  void everyNodeWritesAndReadsItsOwnAndOthersWrites() {
    start(3);
    long written = 0;
    for (int round = 0; round < 10; round++) {
      for (Host host : hosts.values()) {
        assertThat(get(host.write(GROUP))).isEqualTo(++written);
        for (Host reader : hosts.values()) {
          if (reader.node != null) {
            assertThat(reader.read()).as("%s after %s", reader.id, host.id).isEqualTo(written);
          }
        }
      }
    }
    cluster.awaitEqual();
  }

  @Test
  void nodeWithLittleRoomTakesWhatDoesNotGrowFromAllNodes() {
    start(3);
    Host leader = hosts.get(cluster.leader().id());
    leader.admission = Admission.NO_GROWTH;
    for (Host host : hosts.values()) {
      for (int i = 0; i < 7; i++) {
        Object answer = get(host.write(GROUP));
        if (TestProposal.grows(lastId)) {
          assertThat(answer).as("%d", lastId).isEqualTo(ProposalFailure.READ_ONLY);
        } else {
          assertThat(answer).as("%d", lastId).isInstanceOf(Long.class);
        }
      }
    }
    leader.admission = Admission.NOTHING;
    lastId = 0;
    assertThat(get(leader.write(GROUP))).isEqualTo(ProposalFailure.READ_ONLY);
  }

  @Test
  void writesGoOnWhenTheLeaderStopsAndEachIsAppliedOnce() {
    start(3);
    Map<Long, CompletableFuture<Object>> all = new LinkedHashMap<>();
    List<Host> writers = new ArrayList<>(hosts.values());
    TestCluster.Node stopped = cluster.leader();
    for (int i = 0; i < 300; i++) {
      if (i == 100) {
        stopped.crash();
        writers.removeIf(host -> host.node == stopped);
      }
      Host host = writers.get(i % writers.size());
      CompletableFuture<Object> outcome = host.write(GROUP);
      all.put(lastId, outcome);
      if (i % 10 == 9) {
        get(outcome);
      }
    }
    stopped.start();
    cluster.awaitEqual();
    all.forEach(
        (id, outcome) -> {
          Object answer = get(outcome);
          long times = TestCluster.timesApplied(stopped, id);
          assertThat(answer).isNotIn(ProposalFailure.OVERLOADED, ProposalFailure.READ_ONLY);
          if (answer instanceof Long) {
            assertThat(times).as("%d", id).isEqualTo(1);
          } else if (answer == ProposalFailure.NO_LEADER) {
            assertThat(times).as("%d", id).isZero();
          } else {
            assertThat(times).as("%d", id).isLessThanOrEqualTo(1);
          }
        });
    long succeeded = all.values().stream().filter(one -> get(one) instanceof Long).count();
    assertThat(succeeded).isGreaterThan(200);
  }

  @Test
  void nodeWhoseReplicaHasFailedWritesThroughTheOthers() throws Exception {
    start(3);
    assertThat(get(hosts.get("n0").write(GROUP))).isEqualTo(1L);
    TestCluster.Node old = cluster.leader();
    old.closeReplica(GROUP);
    assertThat(get(hosts.get(old.id()).write(GROUP))).isEqualTo(2L);
    assertThat(get(hosts.get(ROUTER).write(GROUP))).isEqualTo(3L);
  }

  /** Its own clients, and those of nodes that wait for its answers, go on with the others. */
  @Test
  void nodeWhoseReplicaIsRemovedWritesThroughTheOthersAndAgainByItsOwnWhenItIsBack()
      throws Exception {
    start(3);
    for (TestCluster.Node node : cluster.nodes()) {
      node.raft().startReplica(OTHER, cluster.members());
    }
    TestCluster.Node leader = cluster.leader(OTHER);
    Host leaves = hosts.get(leader.id());
    Host other = hosts.get("n" + (cluster.nodes().indexOf(leader) + 1) % 3);
    assertThat(get(leaves.write(OTHER))).isEqualTo(1L);
    assertThat(get(other.write(OTHER))).isEqualTo(2L);
    assertThat(get(hosts.get(ROUTER).write(OTHER))).isEqualTo(3L);
    ShardApplier before = leaves.shards.applier(OTHER, id -> new JournalApplier());
    assertThat(leaves.shards.proposers()).hasSize(1);

    List<Member> all = cluster.members();
    List<Member> rest =
        all.stream().filter(member -> !member.nodeId().equals(leader.id())).toList();
    while (change(all, rest) != MemberChange.DONE) {
      // It hands over first.
    }
    CompletableFuture<Object> meanwhile = leaves.write(OTHER);
    leader.raft().removeReplica(OTHER, () -> {}).join();
    leaves.shards.forget(OTHER);
    leaves.barrier.forget(OTHER);
    assertThat(get(meanwhile)).isEqualTo(4L);
    assertThat(leaves.shards.proposers()).isEmpty();
    assertThat(get(leaves.write(OTHER))).isEqualTo(5L);
    assertThat(get(hosts.get(ROUTER).write(OTHER))).isEqualTo(6L);
    assertThat(get(other.write(OTHER))).isEqualTo(7L);

    leader.raft().startJoining(OTHER, cluster.leader(OTHER).replica(OTHER).term());
    assertThat(get(leaves.write(OTHER))).as("while it is empty").isEqualTo(8L);
    while (change(rest, all) != MemberChange.DONE) {
      // Who leads may change.
    }
    assertThat(get(leaves.write(OTHER))).isEqualTo(9L);
    assertThat(leaves.shards.applier(OTHER, id -> new JournalApplier())).isNotSameAs(before);
    TestCluster.waitUntil(
        "all applied",
        () -> Long.valueOf(9).equals(leader.replica(OTHER).withStore(JournalApplier::length)));
  }

  /**
   * Nobody tells a replica that it was removed: it goes on to follow the leader of then, which may
   * not lead any more. Its node knows by the group's record.
   */
  @Test
  void nodeWritesThroughTheOthersWhileItsReplicaDoesNotKnowThatItHasLeft() throws Exception {
    start(3, Duration.ofSeconds(3)); // when it misses its leader it asks for votes, and may be told
    for (TestCluster.Node node : cluster.nodes()) {
      node.raft().startReplica(OTHER, cluster.members());
    }
    TestCluster.Node first = cluster.leader(OTHER);
    assertThat(get(hosts.get(first.id()).write(OTHER))).isEqualTo(1L);
    List<Member> all = cluster.members();
    List<Member> rest = all.stream().filter(member -> !member.nodeId().equals(first.id())).toList();
    while (change(all, rest) != MemberChange.DONE) {
      // It hands over first.
    }
    TestCluster.Node second = cluster.leader(OTHER);
    TestCluster.Node third =
        cluster.nodes().stream().filter(n -> n != first && n != second).findFirst().orElseThrow();
    assertThat(get(second.raft().transferLeadership(OTHER, third.id(), 20_000))).isTrue();
    TestCluster.waitUntil("third leads", () -> cluster.leader(OTHER) == third);

    Replica removed = first.replica(OTHER);
    assertThat(removed.isMember()).as("as it believes").isTrue();
    assertThat(toldOfTheLeader(first)).isEqualTo(second.id());
    first.left().add(OTHER);
    assertThat(removed.isMember()).isFalse();
    assertThat(toldOfTheLeader(first)).isEmpty();
    assertThat(hosts.get(first.id()).write(OTHER).orTimeout(1, TimeUnit.SECONDS).join())
        .isEqualTo(2L);
    assertThat(hosts.get(first.id()).shards.leader(OTHER)).isEqualTo(third.id());
    assertThat(removed.isAlive()).isTrue();
  }

  /** What a node that does not lead answers to a batch. */
  private String toldOfTheLeader(TestCluster.Node asked) {
    byte[] request =
        ByteBuffer.allocate(4 * Long.BYTES)
            .putLong(OTHER.getMostSignificantBits())
            .putLong(OTHER.getLeastSignificantBits())
            .putLong(4711)
            .putLong(1)
            .array();
    byte[] answer = get(hosts.get(asked.id()).shards.propose(request));
    assertThat(answer[0]).isEqualTo(BatchOutcome.NOT_LEADER.code());
    return new String(answer, 1, answer.length - 1, StandardCharsets.UTF_8);
  }

  /** Who only reads hears from nobody that he asks the wrong one. */
  @Test
  void nodeWithoutAReplicaAsksAnotherOneWhenItHasNoAnswer() {
    start(3);
    Host router = hosts.get(ROUTER);
    String asked = router.shards.leader(GROUP);
    assertThat(router.shards.leader(GROUP)).as("while it answers").isEqualTo(asked);
    router.shards.noAnswerFrom("another", GROUP);
    assertThat(router.shards.leader(GROUP)).isEqualTo(asked);
    Set<String> all = new HashSet<>();
    for (String node = asked; all.add(node); node = router.shards.leader(GROUP)) {
      router.shards.noAnswerFrom(node, GROUP);
    }
    assertThat(all).as("each before one comes again").containsExactlyInAnyOrder("n0", "n1", "n2");
  }

  @Test
  void leaderIsAMemberWhateverItsNodeHasHeard() throws Exception {
    start(1);
    TestCluster.Node leader = cluster.leader();
    leader.left().add(GROUP);
    assertThat(leader.replica().isMember()).isTrue();
    assertThat(get(hosts.get(leader.id()).write(GROUP))).isEqualTo(1L);
  }

  private MemberChange change(List<Member> from, List<Member> to) {
    Set<String> all = to.stream().map(Member::nodeId).collect(Collectors.toSet());
    RaftNode.Heirs heirs = new RaftNode.Heirs(all, "");
    return get(cluster.leader(OTHER).raft().changeMembers(OTHER, from, to, heirs, 20_000));
  }

  @Test
  void writesThatCameBeforeTheReplicaAreAnsweredByIt() throws Exception {
    start(1);
    cluster.leader();
    Host host = hosts.get("n0");
    CompletableFuture<Object> early = host.write(OTHER);
    host.node.raft().startReplica(OTHER, cluster.members());
    assertThat(get(early)).isEqualTo(1L);
    assertThat(get(host.write(OTHER))).isEqualTo(2L);
  }
}

package io.raftkv.raft;

import static io.raftkv.raft.TestCluster.waitUntil;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.shard.BatchOutcome;
import io.raftkv.shard.EntryCodec;
import io.raftkv.shard.JournalApplier;
import io.raftkv.shard.PeerTransport;
import io.raftkv.shard.ProposedBatch;
import io.raftkv.shard.ReadBarrier;
import java.io.IOException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * A group on some of a cluster's nodes whose members change: with a writer that knows what was
 * acknowledged, and linearizable readers that check it.
 */
final class ChangingGroup implements AutoCloseable {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final int CHANGE_MILLIS = 20_000;
  private static final int PROPOSER = 99;

  private final TestCluster cluster;
  private final UUID id;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, ReadBarrier> barriers = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<String> mistakes = new ConcurrentLinkedQueue<>();
  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong unanswered = new AtomicLong();
  private final AtomicLong longestPauseNanos = new AtomicLong();
  private long sequence;
  private volatile boolean stopped;
  private CompletableFuture<Void> writing = CompletableFuture.completedFuture(null);
  private CompletableFuture<Void> reading = CompletableFuture.completedFuture(null);

  /** Starts a group whose voters are these nodes. */
  ChangingGroup(TestCluster cluster, UUID id, int... voters) throws IOException {
    this.cluster = cluster;
    this.id = id;
    for (int voter : voters) {
      cluster.node(voter).raft().startReplica(id, members(voters));
    }
    for (TestCluster.Node node : cluster.nodes()) {
      barriers.put(
          node.id(),
          new ReadBarrier(
              node.id(),
              group -> node.isRunning() ? node.replica(group) : null,
              new Terms(),
              TimeUnit.MILLISECONDS.toNanos(50),
              Runnable::run));
    }
    cluster.leader(id);
  }

  /** Questions for terms, which fail if the node is down. */
  private final class Terms implements PeerTransport {
    @Override
    public CompletableFuture<byte[]> call(String to, Kind kind, byte[] request) {
      return CompletableFuture.supplyAsync(
          () -> {
            if (!isConnected(to)) {
              throw new IllegalStateException(to + " is down");
            }
            return barriers.get(to).answer(request);
          },
          threads);
    }

    @Override
    public boolean isConnected(String to) {
      return cluster.running().stream().anyMatch(node -> node.id().equals(to));
    }
  }

  UUID id() {
    return id;
  }

  List<Member> members(int... voters) {
    return Arrays.stream(voters).mapToObj(cluster.members()::get).toList();
  }

  TestCluster.Node leader() {
    return cluster.leader(id);
  }

  int leaderNumber() {
    return cluster.nodes().indexOf(leader());
  }

  /** Those of the given nodes that do not lead. */
  int[] withoutLeader(int... nodes) {
    int leads = leaderNumber();
    return Arrays.stream(nodes).filter(node -> node != leads).toArray();
  }

  /** Starts an empty replica that waits to be added. */
  void join(int node) throws IOException {
    cluster.node(node).raft().startJoining(id, leader().replica(id).term());
  }

  CompletableFuture<MemberChange> ask(TestCluster.Node node, List<Member> from, List<Member> to) {
    return node.raft().changeMembers(id, from, to, anyOf(to), CHANGE_MILLIS);
  }

  static RaftNode.Heirs anyOf(List<Member> members) {
    return heirs(members, "");
  }

  static RaftNode.Heirs heirs(List<Member> ready, String wanted) {
    return new RaftNode.Heirs(
        ready.stream().map(Member::nodeId).collect(Collectors.toSet()), wanted);
  }

  /** Asks whoever leads until it is done, or certain that it never will be. */
  MemberChange change(List<Member> from, List<Member> to) {
    Map<MemberChange, Integer> told = new EnumMap<>(MemberChange.class);
    long begun = System.nanoTime();
    while (System.nanoTime() - begun < PATIENCE_NANOS) {
      MemberChange outcome = get(ask(leader(), from, to));
      told.merge(outcome, 1, Integer::sum);
      switch (outcome) {
        case DONE, UNEXPECTED_MEMBERS, TOO_MANY_AT_ONCE -> {
          return outcome;
        }
        default -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
      }
    }
    throw new AssertionError("not changed: " + told + " " + states());
  }

  static <T> T get(CompletableFuture<T> future) {
    return future.orTimeout(60, TimeUnit.SECONDS).join();
  }

  // ---- writes ----

  /** Writes one number, the next, until it is acknowledged. */
  void write() {
    long number = ++sequence;
    byte[] entry =
        EntryCodec.encode(
            new EntryCodec.Header(1, 1_000, 99, Long.MAX_VALUE),
            List.of(new ProposedBatch(PROPOSER, number, payload(number))));
    long begun = System.nanoTime();
    while (!writtenBySomebody(entry)) {
      if (System.nanoTime() - begun > PATIENCE_NANOS) {
        throw new AssertionError("nobody took a write: " + states());
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
    longestPauseNanos.accumulateAndGet(System.nanoTime() - begun, Math::max);
    acknowledged.set(number);
  }

  private int payloadBytes = 16;

  /** From now on each write is so large. */
  ChangingGroup payloadBytes(int bytes) {
    payloadBytes = bytes;
    return this;
  }

  private byte[] payload(long number) {
    return JournalApplier.padded(number, payloadBytes);
  }

  private boolean writtenBySomebody(byte[] entry) {
    for (TestCluster.Node node : cluster.nodes()) {
      Replica replica = node.replica(id);
      if (replica != null && replica.isLeader()) {
        CompletableFuture<BatchOutcome> outcome = new CompletableFuture<>();
        replica.append(entry, outcome::complete);
        try {
          if (outcome.get(2, TimeUnit.SECONDS) == BatchOutcome.APPLIED) {
            return true;
          }
        } catch (TimeoutException cutOff) {
          unanswered.incrementAndGet(); // it may be logged or not: so the same sequence comes again
        } catch (InterruptedException | ExecutionException e) {
          throw new IllegalStateException(e);
        }
      }
    }
    return false;
  }

  /** Begins to write until {@link #stopLoad}. */
  void startWriting() {
    stopped = false;
    writing =
        CompletableFuture.runAsync(
            () -> {
              while (!stopped) {
                write();
              }
            },
            threads);
  }

  /** Begins to write, and to read on all nodes, until {@link #stopLoad}. */
  void startLoad() {
    startWriting();
    reading =
        CompletableFuture.runAsync(
            () -> {
              while (!stopped) {
                for (TestCluster.Node node : cluster.nodes()) {
                  readAndCheck(node);
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
              }
            },
            threads);
  }

  void stopLoad() {
    stopped = true;
    get(writing);
    get(reading);
    assertThat(mistakes).isEmpty();
  }

  private void readAndCheck(TestCluster.Node node) {
    long atLeast = acknowledged.get();
    Long found = read(node, 100);
    if (found != null) {
      reads.incrementAndGet();
      if (found < atLeast) {
        mistakes.add("%s read %d after %d were acknowledged".formatted(node, found, atLeast));
      }
    }
  }

  /** How many numbers a linearizable read on a node finds; null if it had no answer in time. */
  Long read(TestCluster.Node node, long millis) {
    ReadBarrier barrier = barriers.get(node.id());
    CompletableFuture<Long> length = new CompletableFuture<>();
    barrier.confirm(
        id,
        System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis),
        new ReadBarrier.Waiter() {
          @Override
          public void confirmed(long commitIndex) {
            Replica replica = node.replica(id);
            if (replica == null) {
              length.complete(null);
            } else {
              replica.whenApplied(
                  commitIndex, () -> length.complete(replica.withStore(JournalApplier::length)));
            }
          }

          @Override
          public void failed() {
            length.complete(null);
          }
        });
    long begun = System.nanoTime();
    while (!length.isDone() && System.nanoTime() - begun < TimeUnit.MILLISECONDS.toNanos(millis)) {
      barrier.tick();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
    return length.getNow(null);
  }

  long acknowledged() {
    return acknowledged.get();
  }

  long reads() {
    return reads.get();
  }

  /** The longest time for a write since this was asked last. */
  long longestPauseMillis() {
    return TimeUnit.NANOSECONDS.toMillis(longestPauseNanos.getAndSet(0));
  }

  // ---- what must be true in the end ----

  /** Nothing lost, nothing twice, and the same on all who are to have it. */
  void assertWhole(int... nodes) {
    List<String> names = members(nodes).stream().map(Member::nodeId).sorted().toList();
    waitUntil(
        "members " + names + " of " + states(),
        () -> leader().replica(id).members().stream().sorted().toList().equals(names));
    long committed = leader().replica(id).commitIndex();
    List<TestCluster.Node> all = Arrays.stream(nodes).mapToObj(cluster::node).toList();
    waitUntil(
        "equal replicas",
        () -> all.stream().allMatch(node -> node.replica(id).appliedIndex() >= committed));
    for (TestCluster.Node node : all) {
      waitUntil("checksum of " + node, () -> checksum(node) != null);
      long length = node.replica(id).withStore(JournalApplier::length);
      assertThat(length).as("numbers on %s", node).isEqualTo(acknowledged.get());
      for (long number = 1; number <= acknowledged.get(); number++) {
        long wanted = number;
        Long times = node.replica(id).withStore(s -> JournalApplier.timesApplied(s, wanted));
        assertThat(times).as("%d on %s", number, node).isEqualTo(1L);
      }
      assertThat(node.failures()).isEmpty();
    }
    waitUntil("same data", () -> all.stream().map(this::checksum).distinct().count() == 1);
  }

  private String checksum(TestCluster.Node node) {
    return node.replica(id).withStore(store -> store.checksum().sha256());
  }

  String states() {
    StringBuilder text = new StringBuilder(unanswered + " unanswered writes; ");
    for (TestCluster.Node node : cluster.nodes()) {
      Replica replica = node.replica(id);
      text.append(node).append(": ");
      if (replica == null) {
        text.append("none; ");
      } else {
        text.append(
            "term=%d leader=%s alive=%s log=%s members=%s; "
                .formatted(
                    replica.term(),
                    replica.leader(),
                    replica.isAlive(),
                    replica.logEnd(),
                    replica.members()));
      }
    }
    return text.toString();
  }

  @Override
  public void close() {
    stopped = true;
    threads.shutdownNow();
  }
}

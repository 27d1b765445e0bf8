package io.raftkv.raft;

import static org.awaitility.Awaitility.await;

import io.raftkv.shard.Applier;
import io.raftkv.shard.BatchOutcome;
import io.raftkv.shard.EntryCodec;
import io.raftkv.shard.JournalApplier;
import io.raftkv.shard.PeerTransport;
import io.raftkv.shard.ProposedBatch;
import io.raftkv.shard.ShardApplier;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.awaitility.core.ConditionTimeoutException;

/**
 * Raft nodes in this process, on free ports of 127.0.0.1, whose groups are journals. All nodes are
 * voters of one group from the start.
 */
public final class TestCluster implements AutoCloseable {
  /** The group that every node starts with. */
  public static final UUID GROUP = new UUID(0, 1);

  /** A snapshot is due after so much, however few entries it is. */
  public static final long SNAPSHOT_LOG_BYTES = 64 << 20;

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final long PROPOSER = 4711;
  private static final int ATTEMPTS = 50;

  /** Handed out before. */
  private static final Set<Integer> PORTS = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final long snapshotEntries;
  private final int maxEntryBytes;
  private final StoreEnvironment environment = new StoreEnvironment(StoreOptions.defaults());
  private final List<Node> nodes = new ArrayList<>();
  private final List<Member> members = new ArrayList<>();
  private final ExecutorService network = Executors.newCachedThreadPool();
  private final Queue<ExecutorService> wireThreads = new ConcurrentLinkedQueue<>();
  private final AtomicInteger overLinks = new AtomicInteger();
  private final AtomicInteger entriesOverLinks = new AtomicInteger();
  private final Map<String, CountDownLatch> held = new ConcurrentHashMap<>();
  private Duration electionTimeout = Duration.ofMillis(400);
  private long migrationRate;
  private volatile boolean linksUp = true;
  private volatile boolean answersLost;
  private final Queue<CompletableFuture<byte[]>> unanswered = new ConcurrentLinkedQueue<>();
  private volatile boolean answersHeld;
  private volatile UnaryOperator<byte[]> checkpoints = UnaryOperator.identity();
  private volatile boolean answersAtOnce;
  private long lastSequence;

  /** A node's links to the others: what it calls, they get in the same order. */
  private final class Links implements PeerTransport {
    private final Map<String, Executor> wires = new ConcurrentHashMap<>();

    @Override
    public CompletableFuture<byte[]> call(String to, Kind kind, byte[] request) {
      CompletableFuture<byte[]> answer = new CompletableFuture<>();
      wires
          .computeIfAbsent(to, id -> wire())
          .execute(
              () -> {
                RaftNode target = isConnected(to) ? named(to).raft : null;
                if (target == null) {
                  answer.completeExceptionally(new IOException("not connected"));
                  return;
                }
                overLinks.incrementAndGet();
                hold(to);
                deliver(target, kind, request)
                    .whenComplete(
                        (bytes, failure) -> {
                          if (answersHeld) {
                            unanswered.add(answer);
                          } else if (answersLost) {
                            answer.completeExceptionally(new IOException("answer lost"));
                          } else if (failure == null) {
                            answer.complete(bytes);
                          } else {
                            answer.completeExceptionally(failure);
                          }
                        });
              });
      if (answersAtOnce) {
        try {
          answer.handle((bytes, failure) -> null).get(5, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException late) {
          return CompletableFuture.failedFuture(late);
        }
      }
      return answer;
    }

    @Override
    public boolean isConnected(String to) {
      return linksUp && named(to).isRunning();
    }
  }

  private CompletableFuture<byte[]> deliver(
      RaftNode target, PeerTransport.Kind kind, byte[] request) {
    return switch (kind) {
      case APPEND -> {
        entriesOverLinks.addAndGet(entriesOf(request));
        yield target.append(request);
      }
      case CHECKPOINT -> {
        byte[] message = checkpoints.apply(request);
        yield message == null
            ? CompletableFuture.failedFuture(new IOException("lost"))
            : target.takeCheckpoint(message);
      }
      default -> throw new IllegalArgumentException(kind.toString());
    };
  }

  private static int entriesOf(byte[] appendRequest) {
    try {
      return AppendEntriesRequestProto.parseFrom(appendRequest).getEntriesCount();
    } catch (InvalidProtocolBufferException malformed) {
      throw new IllegalArgumentException(malformed);
    }
  }

  /**
   * From now on the messages of checkpoints go through this, on the thread of the link to the node;
   * what it makes null is lost.
   */
  public void checkpoints(UnaryOperator<byte[]> filter) {
    checkpoints = filter;
  }

  private ExecutorService wire() {
    ExecutorService wire = Executors.newSingleThreadExecutor();
    wireThreads.add(wire);
    return wire;
  }

  private Node named(String id) {
    return nodes.stream().filter(node -> node.id.equals(id)).findFirst().orElseThrow();
  }

  /** Cuts all links or brings them back; what Ratis sends by itself goes on. */
  public void linksUp(boolean up) {
    linksUp = up;
  }

  /** From now on, or no more, answers are there when the call over a link returns. */
  public void answersAtOnce(boolean atOnce) {
    answersAtOnce = atOnce;
  }

  /** From now on, or no more, what goes over links is delivered, but not answered. */
  public void answersLost(boolean lost) {
    answersLost = lost;
  }

  /** From now on what goes over links is delivered, and its answer on the way for good. */
  public void holdAnswers() {
    answersHeld = true;
  }

  /** The held answers are lost now, and later ones come through. */
  public void loseHeldAnswers() {
    answersHeld = false;
    for (CompletableFuture<byte[]> answer = unanswered.poll();
        answer != null;
        answer = unanswered.poll()) {
      answer.completeExceptionally(new IOException("answer lost"));
    }
  }

  /** What goes over links to a node stays on the way until {@link #releaseLinks}. */
  public void holdLinksTo(Node node) {
    held.put(node.id, new CountDownLatch(1));
  }

  public void releaseLinks() {
    held.values().forEach(CountDownLatch::countDown);
    held.clear();
  }

  private void hold(String to) {
    CountDownLatch latch = held.get(to);
    if (latch != null) {
      try {
        latch.await();
      } catch (InterruptedException closing) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Messages that have gone over the links so far. */
  public int overLinks() {
    return overLinks.get();
  }

  /**
   * Entries that have gone over the links so far, to all followers together; a message may carry
   * several.
   */
  public int entriesOverLinks() {
    return entriesOverLinks.get();
  }

  /** One node; it may be stopped and started again. */
  public final class Node {
    private final String id;
    private final int port;
    private final Path home;
    private final Map<UUID, ShardApplier> appliers = new ConcurrentHashMap<>();
    private final BlockingQueue<String> failures = new LinkedBlockingQueue<>();
    private Function<UUID, Applier> meaning = group -> new JournalApplier();
    private Function<UUID, ShardApplier> applierOf =
        group -> appliers.computeIfAbsent(group, id -> new ShardApplier(meaning.apply(id)));
    private BeforeStart beforeStart = made -> {};
    private final Set<String> gone = ConcurrentHashMap.newKeySet();
    private final Set<UUID> left = ConcurrentHashMap.newKeySet();
    private volatile String cluster = "c-1";
    private volatile RaftNode raft;

    private Node(String id, int port) {
      this.id = id;
      this.port = port;
      this.home = directory.resolve(id);
    }

    public String id() {
      return id;
    }

    public Path home() {
      return home;
    }

    public RaftNode raft() {
      return raft;
    }

    /** What the replicas that have failed could not do. */
    public BlockingQueue<String> failures() {
      return failures;
    }

    public boolean isRunning() {
      return raft != null;
    }

    public Replica replica() {
      return replica(GROUP);
    }

    public Replica replica(UUID group) {
      return raft == null ? null : raft.replica(group);
    }

    public ShardApplier applier(UUID group) {
      return applierOf.apply(group);
    }

    /** Where the appliers come from, if not from this class. */
    public Node appliers(Function<UUID, ShardApplier> of) {
      this.applierOf = of;
      return this;
    }

    /** What entries mean from the next start on. */
    public Node meaning(Function<UUID, Applier> applier) {
      this.meaning = applier;
      return this;
    }

    /** What is done with the server before it opens its port, at the next start only. */
    interface BeforeStart {
      void accept(RaftNode made) throws IOException;
    }

    public void beforeStart(BeforeStart work) {
      beforeStart = work;
    }

    /** Nodes that are members of nothing any more, as this one knows. */
    public Set<String> gone() {
      return gone;
    }

    /** Groups of which this node has no replica any more, as it was told. */
    public Set<UUID> left() {
      return left;
    }

    /** Of which cluster it is from now on; all are of the same one at first. */
    public void cluster(String id) {
      cluster = id;
    }

    public Node start() {
      try {
        appliers.clear();
        raft =
            new RaftNode(
                new RaftOptions(
                    id,
                    List.of("127.0.0.1"),
                    port,
                    home,
                    electionTimeout,
                    electionTimeout.multipliedBy(2),
                    maxEntryBytes,
                    RaftOptions.smallestSegmentBytes(maxEntryBytes),
                    snapshotEntries,
                    SNAPSHOT_LOG_BYTES,
                    1,
                    migrationRate),
                environment,
                GROUP,
                members,
                this::applier,
                group -> "g" + group.getLeastSignificantBits(),
                (group, what, cause) -> failures.add(group + " " + what),
                new Links(),
                network,
                () -> Long.MAX_VALUE,
                new RaftNode.Cluster() {
                  @Override
                  public String id() {
                    return cluster;
                  }

                  @Override
                  public boolean isGone(String nodeId) {
                    return gone.contains(nodeId);
                  }

                  @Override
                  public boolean hasLeft(UUID group) {
                    return left.contains(group);
                  }
                });
        beforeStart.accept(raft);
        beforeStart = made -> {};
        raft.start();
        return this;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    public void stop() {
      if (raft != null) {
        try {
          raft.close();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        } finally {
          raft = null;
        }
      }
    }

    /**
     * Stops the node and leaves its files as they were before: as a crash would. Nothing must be
     * written to it meanwhile.
     */
    public void crash() {
      try {
        Path copy = directory.resolve(id + ".crashed");
        await()
            .atMost(PATIENCE)
            .ignoreExceptionsMatching(
                e -> e instanceof UncheckedIOException || e instanceof NoSuchFileException)
            .until(
                () -> {
                  DurableFiles.deleteTree(copy);
                  copyTree(home, copy);
                  return true;
                });
        stop();
        DurableFiles.deleteTree(home);
        Files.move(copy, home);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Deletes all files of the stopped node, or of one group on it. */
    public void wipe() {
      delete(home);
    }

    public Path groupDirectory(UUID group) {
      return home.resolve("groups").resolve(group.toString());
    }

    public Path storeDirectory(UUID group) {
      return home.resolve("stores").resolve(group.toString());
    }

    /** Closes a replica as Ratis does when something goes wrong inside it. */
    public void closeReplica(UUID group) throws IOException {
      raft.machine(group).division().close();
    }

    /** Proposes one entry with the given batches here. */
    public CompletableFuture<BatchOutcome> append(UUID group, ProposedBatch... batches) {
      CompletableFuture<BatchOutcome> outcome = new CompletableFuture<>();
      byte[] entry =
          EntryCodec.encode(new EntryCodec.Header(1, 1_000, 99, Long.MAX_VALUE), List.of(batches));
      replica(group).append(entry, outcome::complete);
      return outcome;
    }

    @Override
    public String toString() {
      return id;
    }
  }

  private TestCluster(Path directory, long snapshotEntries, int maxEntryBytes) {
    this.directory = directory;
    this.snapshotEntries = snapshotEntries;
    this.maxEntryBytes = maxEntryBytes;
  }

  /** Starts nodes named n0, n1 … under the directory. */
  public static TestCluster start(Path directory, int nodes, long snapshotEntries) {
    TestCluster cluster = prepare(directory, nodes, snapshotEntries, 2 << 20);
    cluster.nodes.forEach(Node::start);
    return cluster;
  }

  /** The same without starting the nodes. */
  public static TestCluster prepare(
      Path directory, int nodes, long snapshotEntries, int maxEntryBytes) {
    TestCluster cluster = new TestCluster(directory, snapshotEntries, maxEntryBytes);
    for (int i = 0; i < nodes; i++) {
      int port = freePort();
      cluster.nodes.add(cluster.new Node("n" + i, port));
      cluster.members.add(new Member("n" + i, "127.0.0.1:" + port, true));
    }
    return cluster;
  }

  /** Other than 400 ms; before the nodes start. */
  public TestCluster electionTimeout(Duration shortest) {
    electionTimeout = shortest;
    return this;
  }

  /** Limits what each node sends of checkpoints, in bytes per second; before the nodes start. */
  public TestCluster migrationRate(long bytesPerSecond) {
    migrationRate = bytesPerSecond;
    return this;
  }

  /** Makes a node that has not started yet a listener. */
  public TestCluster listener(int i) {
    Member voter = members.get(i);
    members.set(i, new Member(voter.nodeId(), voter.address(), false));
    return this;
  }

  /**
   * Below the range from which the kernel takes the ports of connections: none of them must have
   * that of a node which is down for a moment, for Ratis ends the process then.
   */
  private static int freePort() {
    SplittableRandom random = new SplittableRandom();
    for (int attempt = 0; attempt < 1_000; attempt++) {
      int port = random.nextInt(10_000, 32_000);
      if (isFree(port) && PORTS.add(port)) {
        return port;
      }
    }
    throw new IllegalStateException("no free port found");
  }

  private static boolean isFree(int port) {
    try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return probe.isBound();
    } catch (IOException taken) {
      return false;
    }
  }

  public List<Node> nodes() {
    return nodes;
  }

  public Node node(int i) {
    return nodes.get(i);
  }

  public List<Member> members() {
    return members;
  }

  public List<Node> running() {
    return nodes.stream().filter(Node::isRunning).toList();
  }

  public static void waitUntil(String what, BooleanSupplier condition) {
    await(what).atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(condition::getAsBoolean);
  }

  public Node leader() {
    return leader(GROUP);
  }

  /** Waits for a leader that is ready. */
  public Node leader(UUID group) {
    Node[] found = new Node[1];
    try {
      waitUntil(
          "a leader",
          () -> {
            for (Node node : running()) {
              Replica replica = node.replica(group);
              LeaderView view = replica == null ? null : replica.view();
              if (view != null && view.ready()) {
                found[0] = node;
                return true;
              }
            }
            return false;
          });
    } catch (ConditionTimeoutException nobody) {
      throw new AssertionError(
          running().stream().map(node -> node + " " + position(node.replica(group))).toList()
              + " have no leader",
          nobody);
    }
    return found[0];
  }

  private static String position(Replica replica) {
    return replica == null
        ? "without replica"
        : "term=%d log=%s leader=%s applied=%d"
            .formatted(replica.term(), replica.logEnd(), replica.leader(), replica.appliedIndex());
  }

  public List<Node> followers() {
    Node leader = leader();
    return running().stream().filter(node -> node != leader).toList();
  }

  /** Writes the numbers, an entry each, and waits until they are applied on the leader. */
  public void write(long... numbers) {
    for (long number : numbers) {
      writeBatch(++lastSequence, number);
    }
  }

  /** Has the leader append the number, and does not wait until it is committed. */
  public CompletableFuture<BatchOutcome> propose(long number) {
    byte[] payload = JournalApplier.payload(number);
    return leader().append(GROUP, new ProposedBatch(PROPOSER, ++lastSequence, payload));
  }

  /** Writes the numbers in entries so large that the log begins new files, and old ones can go. */
  public void writeLarge(long... numbers) {
    for (long number : numbers) {
      write(new ProposedBatch(PROPOSER, ++lastSequence, JournalApplier.padded(number, 1 << 20)));
    }
  }

  /** Writes a batch of this cluster's own proposer until some leader has it. */
  public void writeBatch(long sequence, long... numbers) {
    write(new ProposedBatch(PROPOSER, sequence, JournalApplier.payload(numbers)));
  }

  /** Writes a batch until some leader has applied it. */
  public void write(ProposedBatch batch) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        if (leader().append(GROUP, batch).get(10, TimeUnit.SECONDS) == BatchOutcome.APPLIED) {
          return;
        }
      } catch (InterruptedException | ExecutionException | TimeoutException e) {
        throw new IllegalStateException(e);
      }
    }
    throw new AssertionError("not written in " + ATTEMPTS + " attempts");
  }

  /** Waits until all running nodes have applied what the leader has committed. */
  public void awaitEqual() {
    awaitEqual(GROUP);
  }

  /** The same for one group; then compares the data. */
  public void awaitEqual(UUID group) {
    long committed = leader(group).replica(group).commitIndex();
    String[] sums = new String[1];
    waitUntil(
        "equal replicas",
        () -> {
          List<String> all = running().stream().map(node -> checksum(node, group)).toList();
          sums[0] = all.toString();
          return !all.contains(null)
              && all.stream().distinct().count() == 1
              && running().stream()
                  .allMatch(node -> node.replica(group).appliedIndex() >= committed);
        });
  }

  private static String checksum(Node node, UUID group) {
    return node.replica(group).withStore(store -> store.checksum().sha256());
  }

  public static long timesApplied(Node node, long number) {
    return read(node, store -> JournalApplier.timesApplied(store, number));
  }

  public static long length(Node node) {
    return read(node, JournalApplier::length);
  }

  private static <T> T read(Node node, Function<ShardStore, T> use) {
    T result = node.replica().withStore(use);
    if (result == null) {
      throw new IllegalStateException("store of " + node + " is closed");
    }
    return result;
  }

  public static void delete(Path... trees) {
    Arrays.stream(trees)
        .forEach(
            tree -> {
              try {
                DurableFiles.deleteTree(tree);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : paths.toList()) {
        Path target = to.resolve(from.relativize(path));
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else if (!path.endsWith("LOCK") && !path.endsWith("in_use.lock")) {
          Files.copy(path, target);
        }
      }
    }
  }

  @Override
  public void close() {
    nodes.parallelStream().forEach(Node::stop);
    wireThreads.forEach(ExecutorService::shutdownNow);
    network.shutdownNow();
    environment.close();
  }
}

package io.raftkv.it.cluster;

import io.raftkv.it.load.Workload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.opentest4j.TestAbortedException;

/**
 * A RaftKV cluster of real processes on this machine.
 *
 * <p>As a JUnit extension it is started and awaited before each test, or once for the class if it
 * is registered on a static field, and killed afterwards. Data and logs lie in {@code
 * target/it/<test>-<seed>}; a failure moves them to {@code target/failures/<test>-<seed>} and
 * prints the seed and the end of every log. {@code -Draftkv.seed} repeats a seed.
 */
public final class TestCluster
    implements BeforeAllCallback,
        BeforeEachCallback,
        AfterEachCallback,
        AfterAllCallback,
        AutoCloseable {
  private static final Duration READY_DEADLINE = Duration.ofSeconds(90);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final String JAR_PROPERTY = "raftkv.jar";

  /** Ports inside a namespace, where nobody else listens. */
  private static final int NAMESPACE_RESP_PORT = 7000;

  private final int size;
  private final List<String> flags = new ArrayList<>();
  private final List<String> jvmFlags =
      new ArrayList<>(
          List.of(
              "-Xmx256m",
              "-XX:MaxDirectMemorySize=1g",
              "-XX:+UseSerialGC",
              "-XX:TieredStopAtLevel=1"));
  private boolean archived = true;
  private boolean defaults;
  private boolean startedByTest;
  private int joining;
  private boolean namespaces;
  private boolean mutant;
  private final Map<String, Integer> smallDisks = new LinkedHashMap<>();
  private boolean sharedByClass;
  private boolean failed;

  private long seed;
  private Path directory;
  private NetworkNamespaces network;
  private final Map<String, SmallDisk> disks = new LinkedHashMap<>();
  private List<TestNode> nodes = List.of();
  private final Thread killer = new Thread(() -> nodes.forEach(TestNode::killNow), "kill nodes");

  private TestCluster(int size) {
    this.size = size;
  }

  /** A cluster of so many nodes, n1, n2, … */
  public static TestCluster ofNodes(int size) {
    return new TestCluster(size);
  }

  public TestCluster shards(int count) {
    return flags("--shards", Integer.toString(count));
  }

  /** More words for every node's command line. */
  public TestCluster flags(String... words) {
    flags.addAll(List.of(words));
    return this;
  }

  /** More flags for every node's JVM; later ones win. */
  public TestCluster jvm(String... words) {
    jvmFlags.addAll(List.of(words));
    return this;
  }

  /** Only what must be given: ports and a data directory; everything else as shipped. */
  public TestCluster withDefaults() {
    defaults = true;
    return this;
  }

  /** Each node in a network namespace; the test is skipped where that is not permitted. */
  public TestCluster inNamespaces() {
    namespaces = true;
    return this;
  }

  /** The server with the classes of {@code src/test/mutants}, which a test must tell from it. */
  public TestCluster mutant() {
    mutant = true;
    return this;
  }

  /** The nodes are only laid out: which one starts when is what the test is about. */
  public TestCluster startedByTest() {
    startedByTest = true;
    return this;
  }

  /**
   * So many of the nodes, the last ones, do not begin the cluster: each is started by the test. The
   * first of them joins by n1, the second by n2, and so on.
   */
  public TestCluster joining(int count) {
    joining = count;
    return this;
  }

  /** The node's data on a disk of its own; the test is skipped where that is not permitted. */
  public TestCluster smallDisk(String node, int megabytes) {
    smallDisks.put(node, megabytes);
    return this;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    sharedByClass = true;
    startFor(context.getRequiredTestClass().getSimpleName());
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    if (!sharedByClass) {
      String method = context.getRequiredTestMethod().getName();
      startFor(context.getRequiredTestClass().getSimpleName() + "." + method);
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    noteFailure(context);
    if (!sharedByClass) {
      finish();
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    noteFailure(context); // of a method that runs after all tests
    finish();
  }

  private void noteFailure(ExtensionContext context) {
    if (context.getExecutionException().filter(TestCluster::isFailure).isPresent()) {
      failed = true;
    }
  }

  private static boolean isFailure(Throwable thrown) {
    return !(thrown instanceof TestAbortedException);
  }

  private void startFor(String test) {
    try {
      prepare(test);
      if (!startedByTest) {
        founders().forEach(TestNode::start);
        awaitReady(founders());
      }
    } catch (RuntimeException | Error e) {
      failed = isFailure(e);
      finish();
      throw e;
    }
  }

  /** Lays out nodes and directories under this name without starting anything. */
  public void prepare(String test) {
    seed = Seed.next();
    System.out.printf("%s: seed %d (repeat with -Draftkv.seed=%d)%n", test, seed, seed);
    if (namespaces) {
      String reason = NetworkNamespaces.unavailable();
      Skip.unless(reason == null, test, reason);
    }
    if (!smallDisks.isEmpty()) {
      String reason = SmallDisk.unavailable();
      Skip.unless(reason == null, test, reason);
    }
    directory = Path.of("target", "it", test + "-" + seed).toAbsolutePath();
    TestNode.deleteRecursively(directory);
    Runtime.getRuntime().addShutdownHook(killer);
    List<String> ids = new ArrayList<>();
    for (int i = 1; i <= size; i++) {
      ids.add("n" + i);
    }
    if (namespaces) {
      network = NetworkNamespaces.create(ids);
    }
    nodes = ids.stream().map(this::layOut).toList();
    smallDisks.forEach(
        (id, megabytes) -> disks.put(id, SmallDisk.create(node(id).dataDirectory(), megabytes)));
    nodes.forEach(node -> node.commandIs(commandOf(node)));
  }

  /** Starts, serves and stops, with one more flag for the JVM of the first node. */
  void runOnce(String name, String firstNodeFlag) {
    archived = false;
    try {
      prepare(name);
      List<String> words = commandOf(nodes.get(0));
      words.add(words.indexOf("-jar"), firstNodeFlag);
      nodes.get(0).commandIs(words);
      nodes.forEach(TestNode::start);
      awaitReady();
      awaitLeaders().keyInEveryShard("k").forEach(key -> nodes.get(0).call("SET", key, "v"));
      nodes.forEach(TestNode::stop);
    } catch (RuntimeException | Error e) {
      failed = true;
      throw e;
    } finally {
      finish();
    }
  }

  private TestNode layOut(String id) {
    Path home = directory.resolve(id);
    if (network != null) {
      int port = NAMESPACE_RESP_PORT;
      return new TestNode(id, network.addressOf(id), port, port + 1, port + 2, home);
    }
    return new TestNode(id, "127.0.0.1", Ports.next(), Ports.next(), Ports.next(), home);
  }

  private List<String> commandOf(TestNode node) {
    List<String> words = new ArrayList<>();
    if (network != null) {
      words.addAll(network.prefixFor(node.id()));
    }
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(jvmFlags);
    if (archived && !mutant) {
      words.addAll(ClassArchive.flags(jar()));
    }
    words.addAll(mutant ? Mutant.command(jar(), directory) : List.of("-jar", jar().toString()));
    words.addAll(List.of("server", "--node-id", node.id()));
    words.addAll(List.of("--port", Integer.toString(node.respPort())));
    words.addAll(List.of("--raft-port", Integer.toString(node.raftPort())));
    words.addAll(List.of("--http-port", Integer.toString(node.httpPort())));
    words.addAll(List.of("--data-dir", node.dataDirectory().toString()));
    if (!founders().contains(node)) {
      TestNode seed = founders().get((nodes.indexOf(node) - founders().size()) % founders().size());
      words.addAll(List.of("--join", seed.host() + ":" + seed.respPort()));
    } else if (!defaults) {
      words.addAll(List.of("--cluster", clusterFlag()));
      if (size - joining >= 3) {
        words.addAll(List.of("--replication-factor", "3"));
      }
    }
    if (network != null) {
      words.addAll(List.of("--bind", "*", "--protected-mode", "no"));
    }
    words.addAll(flags);
    return words;
  }

  private String clusterFlag() {
    return founders().stream()
        .map(n -> n.id() + "=" + n.host() + ":" + n.raftPort() + ":" + n.respPort())
        .collect(Collectors.joining(","));
  }

  private static Path jar() {
    Path jar =
        Path.of(System.getProperty(JAR_PROPERTY, "../resp-server/target/raftkv.jar"))
            .toAbsolutePath()
            .normalize();
    if (!Files.isRegularFile(jar)) {
      throw new IllegalStateException(
          "no server at " + jar + "; build it with: mvn -pl resp-server -am package");
    }
    return jar;
  }

  public List<TestNode> nodes() {
    return nodes;
  }

  public TestNode node(String id) {
    return nodes.stream()
        .filter(n -> n.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no node " + id));
  }

  /** The seed of this run; whatever the test draws should come from it. */
  public long seed() {
    return seed;
  }

  /** Where the artefacts of this test go. */
  public Path directory() {
    return directory;
  }

  /** The network of a cluster made with {@link #inNamespaces}. */
  public NetworkNamespaces network() {
    if (network == null) {
      throw new IllegalStateException("the cluster does not run in namespaces");
    }
    return network;
  }

  /** The disk of a node that was given one with {@link #smallDisk}. */
  public SmallDisk disk(String node) {
    if (!disks.containsKey(node)) {
      throw new IllegalStateException(node + " has no disk of its own");
    }
    return disks.get(node);
  }

  /** The nodes that the cluster begins with. */
  public List<TestNode> founders() {
    return nodes.subList(0, size - joining);
  }

  /** A workload on all nodes that the cluster begins with, seeded like it. */
  public Workload.Builder workload() {
    return Workload.on(founders().stream().map(TestNode::address).toList())
        .seed(seed)
        .keepHistoryIn(directory);
  }

  /** Waits until every node that was started is ready. */
  public void awaitReady() {
    awaitReady(nodes.stream().filter(TestNode::isStarted).toList());
  }

  private void awaitReady(List<TestNode> started) {
    await(
        "all nodes ready",
        READY_DEADLINE,
        () -> {
          for (TestNode node : started) {
            if (!node.isAlive()) {
              throw new AssertionError(node.id() + " ended before it was ready");
            }
          }
          return started.stream().allMatch(TestNode::isReady);
        });
  }

  /** Waits for a condition; a failing check counts as "not yet", an error as final. */
  public void await(String what, Duration deadline, BooleanSupplier condition) {
    Awaitility.await(what)
        .atMost(deadline)
        .pollInterval(POLL)
        .pollDelay(Duration.ZERO)
        .ignoreExceptionsMatching(e -> e instanceof Exception)
        .until(condition::getAsBoolean);
  }

  /** What this node knows of the cluster. */
  public ShardView shards(TestNode asked) {
    return ShardView.of(asked, nodes);
  }

  /** Waits until every shard has a leader that runs, as seen by a node that runs. */
  public ShardView awaitLeaders() {
    ShardView[] seen = new ShardView[1];
    await(
        "a leader for every shard",
        READY_DEADLINE,
        () -> {
          TestNode asked = nodes.stream().filter(TestNode::isAlive).findFirst().orElseThrow();
          seen[0] = shards(asked);
          return seen[0].isComplete() && seen[0].leaders().stream().allMatch(TestNode::isAlive);
        });
    return seen[0];
  }

  /** Waits for the leader of the shard that owns the key. */
  public TestNode awaitLeader(String key) {
    return awaitLeaders().leaderOf(key);
  }

  /**
   * Waits until all replicas of every shard have applied the same entries; fails at once if two
   * have applied the same entries and hold different data. Call it when nothing is written any
   * more.
   */
  public void awaitEqualDigests() {
    awaitEqualDigests(nodes);
  }

  /** The same of some nodes: others are no part of the cluster any more. */
  public void awaitEqualDigests(List<TestNode> members) {
    Digests.awaitEqual(this, members, READY_DEADLINE);
  }

  /**
   * Stops all nodes in order and fails if one of them had anything to say above INFO: call it when
   * nothing was done to them that would be worth a warning.
   */
  public void stopAndAssertQuiet() {
    nodes.forEach(TestNode::stop);
    nodes.forEach(node -> QuietLog.check(node.id(), node.logLines()));
  }

  /** Ends everything; called again, as JUnit does after a failed start, it does nothing. */
  private void finish() {
    boolean keep = failed;
    failed = false;
    if (keep) {
      nodes.forEach(
          n -> System.out.printf("==== %s: end of %s%n%s%n", n.id(), n.logFile(), n.logTail()));
    }
    close();
    nodes = List.of();
    if (directory != null && Files.exists(directory)) {
      if (keep) {
        keepArtefacts();
      } else {
        TestNode.deleteRecursively(directory);
      }
    }
  }

  private void keepArtefacts() {
    Path kept = Path.of("target", "failures").toAbsolutePath().resolve(directory.getFileName());
    try {
      Files.createDirectories(kept.getParent());
      TestNode.deleteRecursively(kept);
      Files.move(directory, kept, StandardCopyOption.ATOMIC_MOVE);
      System.out.printf("**** FAILED with seed %d; artefacts in %s ****%n", seed, kept);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot keep " + directory, e);
    }
  }

  /** Kills every node and removes the network; the files stay. */
  @Override
  public void close() {
    List<RuntimeException> problems = Collections.synchronizedList(new ArrayList<>());
    for (TestNode node : nodes) {
      try {
        node.kill();
      } catch (RuntimeException e) {
        problems.add(e);
      }
    }
    if (network != null) {
      network.close();
      network = null;
    }
    disks.values().forEach(SmallDisk::close);
    disks.clear();
    Runtime.getRuntime().removeShutdownHook(killer);
    if (!problems.isEmpty()) {
      throw problems.get(0);
    }
  }
}

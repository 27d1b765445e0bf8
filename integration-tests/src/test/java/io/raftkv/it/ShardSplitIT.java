package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.history.Action;
import io.raftkv.it.history.Outcome;
import io.raftkv.it.load.Workload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Shards split and merge under load, and through the end of those who have a part in it. */
class ShardSplitIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int KEYS = 2_000;

  /** In database 1, where nobody else writes: so they can be counted. */
  private static final int COUNTED_KEYS = 300;

  /** A split that finds too little of the machine in time is undone, and may be asked for again. */
  private static final int ATTEMPTS = 5;

  @RegisterExtension
  final TestCluster cluster = TestCluster.ofNodes(3).shards(1).flags("--balance-pause", "200ms");

  @Test
  void shardsSplitAndMergeWhileClientsWriteAndRead() throws Exception {
    cluster.awaitLeaders();
    assertThat(call("RAFTKV.BALANCE", "OFF")).as("no job but ours").isEqualTo("OK");
    fill();
    List<String> registers = IntStream.range(0, 8).mapToObj(i -> "r" + i).toList();
    List<String> counters = IntStream.range(0, 8).mapToObj(i -> "c" + i).toList();
    assertThat(text("SPLIT", "s1")).contains("ERR shard s1 is the only one").contains("FORCE");
    Scans scans = new Scans();
    Thread scanning = new Thread(scans, "scans");
    try (Workload load =
        cluster
            .workload()
            .registers(registers)
            .counters(counters)
            .mix(Action.SET, Action.SET, Action.GET, Action.GET, Action.GETSET)
            .start()) {
      scanning.start();
      load.awaitMore(300, PATIENCE);
      boolean atOnce = change("SPLIT", "s1", "AT", "8192", "16000", "FORCE", "SYNC");
      load.awaitMore(200, PATIENCE);
      assertThat(slots()).hasSize(3).containsEntry("s1", "0-8191");
      assertThat(slots().values()).contains("8192-15999", "16000-16383");
      atOnce &= splitByLoad();
      atOnce &= splitBySize();
      addMissingReplicas();
      atOnce &= mergeAll();
      load.awaitMore(200, PATIENCE);
      if (atOnce) {
        assertThat(load.history().count(Outcome.REFUSED)).as("nobody was turned away").isZero();
        assertThat(load.history().count(Outcome.UNCERTAIN)).isZero();
        assertThat(scans.failed).as("replies that were errors").hasValue(0);
      }

      if (TestSize.isFaults()) {
        changeThroughCrashes(load);
      }

      assertThat(call("RAFTKV.BALANCE", "REPAIR")).isEqualTo("OK");
      awaitMissingReplicas();
      scans.done = true;
      scanning.join();
      assertThat(scans.failure).isNull();
      assertThat(scans.complete).hasPositiveValue();
      load.stop();
      load.readBack();
      System.out.println(load.history() + ", " + scans.complete + " scans");
      load.assertLinearizable();
    } finally {
      scans.done = true;
      scanning.join();
    }
    assertThat(keysOf(scan())).containsAll(expected());
    cluster.awaitEqualDigests();
    cluster.nodes().forEach(TestNode::stop);
    cluster.nodes().forEach(TestNode::start);
    cluster.awaitReady();
    assertThat(keysOf(scan())).containsAll(expected());
    assertThat(call("HGETALL", "h{7}")).isEqualTo(List.of("f", "7"));
    cluster.awaitEqualDigests();
  }

  /** The leader of a shard ends in the middle, that of the metadata, and another node. */
  private void changeThroughCrashes(Workload load) {
    changeWithout("SPLIT", leader(newest()), newest(), "FORCE", "AT", "5000", "10000");
    load.awaitMore(200, PATIENCE);
    changeWithout("SPLIT", metadataLeader(), newest());
    load.awaitMore(200, PATIENCE);
    assertThat(slots()).hasSize(4);
    for (int round = 0; round < 3 && slots().size() > 1; round++) {
      addMissingReplicas();
      List<String> shards = slots().keySet().stream().sorted().toList();
      String victim = round == 0 ? leader(shards.get(0)) : metadataLeader();
      changeWithout("MERGE", victim, shards.get(0), shards.get(1));
      load.awaitMore(200, PATIENCE);
    }
    assertThat(slots()).hasSize(1).containsValue("0-16383");
  }

  /** Only shards with replicas on the same nodes can be merged. */
  private void addMissingReplicas() {
    assertThat(call("RAFTKV.BALANCE", "REPAIR")).isEqualTo("OK");
    awaitMissingReplicas();
    assertThat(call("RAFTKV.BALANCE", "OFF")).isEqualTo("OK");
  }

  private boolean mergeAll() {
    List<String> words = new ArrayList<>(List.of("MERGE"));
    words.addAll(slots().keySet());
    words.add("SYNC");
    boolean atOnce = change(words.toArray(String[]::new));
    assertThat(slots()).hasSize(1).containsValue("0-16383");
    return atOnce;
  }

  private String leader(String shard) {
    return (String) shard(shard).get("leader");
  }

  /** Two keys of s1 are used by far the most: they part. */
  private boolean splitByLoad() throws IOException {
    String lower = "hello";
    String upper = "bar";
    try (RespConnection connection = cluster.node("n2").connect(PATIENCE)) {
      for (int i = 0; i < 200; i++) {
        for (int j = 0; j < 100; j++) {
          connection.send("GET", j % 2 == 0 ? lower : upper);
        }
        connection.flush();
        for (int j = 0; j < 100; j++) {
          connection.read();
        }
      }
    }
    assertThat(ownerOf(lower)).isEqualTo(ownerOf(upper));
    boolean atOnce = change("SPLIT", ownerOf(lower), "BY", "LOAD", "SYNC");
    assertThat(ownerOf(lower)).isNotEqualTo(ownerOf(upper));
    return atOnce;
  }

  /** Two keys have nearly all the bytes of their shard: they part. */
  private boolean splitBySize() {
    String lower = "d";
    String upper = "a";
    Random random = new Random(1);
    for (String key : List.of(lower, upper)) {
      byte[] value = new byte[1 << 20];
      random.nextBytes(value);
      call("SET", key, HexFormat.of().formatHex(value));
    }
    assertThat(ownerOf(lower)).isEqualTo(ownerOf(upper));
    boolean atOnce = change("SPLIT", ownerOf(lower), "BY", "SIZE", "SYNC");
    assertThat(ownerOf(lower)).isNotEqualTo(ownerOf(upper));
    return atOnce;
  }

  private String ownerOf(String key) {
    long slot = (Long) call("CLUSTER", "KEYSLOT", key);
    return slots().entrySet().stream()
        .filter(
            shard ->
                Arrays.stream(shard.getValue().split(" ", -1))
                    .map(range -> range.split("-", -1))
                    .anyMatch(
                        range ->
                            Long.parseLong(range[0]) <= slot
                                && slot <= Long.parseLong(range[range.length - 1])))
        .findFirst()
        .orElseThrow()
        .getKey();
  }

  /**
   * A node that was down when slots were cut off, or late, gets its part in the new shard later.
   */
  private void awaitMissingReplicas() {
    for (String shard : slots().keySet()) {
      cluster.await(
          shard + " has all its replicas",
          PATIENCE,
          () -> {
            Map<String, Object> status = shard(shard);
            return Long.valueOf(0).equals(status.get("replicas-missing"))
                && "active".equals(status.get("state"))
                && ((List<?>) status.get("replica-status")).size() == cluster.nodes().size();
          });
    }
  }

  /** Whether the first attempt did it. */
  private boolean change(String... words) {
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Object answer = call("RAFTKV.SHARD", words);
      if (answer instanceof List<?> job) {
        assertThat(map(job)).containsEntry("state", "done");
        return attempt == 1;
      }
      System.out.println(words[0] + " again: " + answer);
    }
    throw new AssertionError("not done in " + ATTEMPTS + " attempts: " + String.join(" ", words));
  }

  /**
   * A node is killed when the job has begun, and comes back; if the job is undone it is begun
   * again.
   */
  private void changeWithout(String what, String node, String... shards) {
    String state = "";
    List<String> words = new ArrayList<>(List.of(what));
    words.addAll(List.of(shards));
    for (int attempt = 1; attempt <= ATTEMPTS && !state.equals("done"); attempt++) {
      String id = text(words.toArray(String[]::new));
      TestNode victim = cluster.node(node);
      if (attempt == 1) {
        victim.kill();
        victim.start();
      }
      cluster.await("job " + id + " has ended", PATIENCE, () -> isOver(jobState(id)));
      state = jobState(id);
      System.out.println(what + " without " + node + ": " + state);
      cluster.awaitReady();
    }
    assertThat(state).isEqualTo("done");
  }

  private static boolean isOver(String state) {
    return state.equals("done") || state.equals("failed") || state.equals("cancelled");
  }

  // ---- keys that are there all the time ----

  private void fill() {
    try (RespConnection connection = cluster.node("n1").connect(PATIENCE)) {
      for (int i = 0; i < KEYS; i++) {
        connection.send("SET", "k" + i, "v" + i);
        connection.send("HSET", "h{" + i + "}", "f", Integer.toString(i));
      }
      connection.flush();
      for (int i = 0; i < 2 * KEYS; i++) {
        connection.read();
      }
      connection.call("SELECT", "1");
      for (int i = 0; i < COUNTED_KEYS; i++) {
        connection.call("SET", "n" + i, "v", "EX", "100000");
      }
    } catch (IOException lost) {
      throw new UncheckedIOException(lost);
    }
  }

  private static Set<String> expected() {
    Set<String> keys = new HashSet<>();
    for (int i = 0; i < KEYS; i++) {
      keys.add("k" + i);
      keys.add("h{" + i + "}");
    }
    return keys;
  }

  private List<String> scan() {
    List<String> keys = new ArrayList<>();
    String cursor = "0";
    do {
      List<?> page = (List<?>) call("SCAN", cursor, "COUNT", "200");
      cursor = (String) page.get(0);
      ((List<?>) page.get(1)).forEach(key -> keys.add((String) key));
    } while (!cursor.equals("0"));
    return keys;
  }

  private static Set<String> keysOf(List<String> scanned) {
    return new HashSet<>(scanned);
  }

  /** Whoever scans meanwhile sees all that is there all the time. */
  private final class Scans implements Runnable {
    private volatile boolean done;
    private volatile Throwable failure;
    private final AtomicInteger complete = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();

    @Override
    public void run() {
      while (!done && failure == null) {
        try {
          assertThat(keysOf(scan())).containsAll(expected());
          count();
          complete.incrementAndGet();
        } catch (UncheckedIOException | ClassCastException nodeGone) {
          failed.incrementAndGet(); // its node was killed, or refused for a moment
        } catch (AssertionError missing) {
          failure = missing;
        }
      }
    }
  }

  /** Parts of a count come from shards that are being merged, or from the one they became. */
  private void count() {
    TestNode node = cluster.nodes().stream().filter(TestNode::isAlive).findFirst().orElseThrow();
    try (RespConnection connection = node.connect(PATIENCE)) {
      connection.call("SELECT", "1");
      for (int i = 0; i < 20; i++) {
        long size = (Long) connection.call("DBSIZE");
        assertThat(size).as("keys of database 1").isEqualTo(COUNTED_KEYS);
      }
      List<?> keys = (List<?>) connection.call("KEYS", "*");
      assertThat(keys).hasSize(COUNTED_KEYS).doesNotHaveDuplicates();
    } catch (IOException lost) {
      throw new UncheckedIOException(lost);
    }
  }

  // ---- the cluster ----

  private Map<String, String> slots() {
    Map<String, String> slots = new HashMap<>();
    for (Object one : (List<?>) call("RAFTKV.SHARD", "LIST")) {
      Map<String, Object> shard = map(one);
      slots.put((String) shard.get("id"), String.valueOf(shard.get("slots")));
    }
    return slots;
  }

  private String newest() {
    return slots().keySet().stream()
        .max((one, two) -> Integer.compare(number(one), number(two)))
        .orElseThrow();
  }

  private static int number(String shard) {
    return Integer.parseInt(shard.substring(1));
  }

  private Map<String, Object> shard(String id) {
    return map(call("RAFTKV.SHARD", "STATUS", id));
  }

  private String metadataLeader() {
    return (String) map(call("RAFTKV.CLUSTER", "STATUS")).get("metadata-leader");
  }

  private String jobState(String id) {
    return (String) map(call("RAFTKV.JOB", "STATUS", id)).get("state");
  }

  private String text(String... words) {
    return call("RAFTKV.SHARD", words).toString();
  }

  /** Any node that lives. */
  private Object call(String command, String... words) {
    TestNode node = cluster.nodes().stream().filter(TestNode::isAlive).findFirst().orElseThrow();
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(List.of(words));
    try (RespConnection connection = node.connect(PATIENCE)) {
      return connection.call(all.toArray(String[]::new));
    } catch (IOException lost) {
      throw new UncheckedIOException(lost);
    }
  }

  private static Map<String, Object> map(Object reply) {
    Map<String, Object> map = new HashMap<>();
    List<?> items = (List<?>) reply;
    for (int i = 0; i < items.size(); i += 2) {
      map.put((String) items.get(i), items.get(i + 1));
    }
    return map;
  }
}

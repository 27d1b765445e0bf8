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

/** Shards split under load, and through the end of those who have a part in it. */
class ShardSplitIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int KEYS = 2_000;

  /** A split that finds too little of the machine in time is undone, and may be asked for again. */
  private static final int ATTEMPTS = 5;

  @RegisterExtension
  final TestCluster cluster = TestCluster.ofNodes(3).shards(1).flags("--balance-pause", "200ms");

  @Test
  void shardsSplitWhileClientsWriteAndRead() throws Exception {
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
      boolean atOnce = split("SPLIT", "s1", "FORCE", "SYNC");
      load.awaitMore(200, PATIENCE);
      if (atOnce) {
        assertThat(load.history().count(Outcome.REFUSED)).as("nobody was turned away").isZero();
        assertThat(load.history().count(Outcome.UNCERTAIN)).isZero();
      }
      assertThat(slots()).containsEntry("s1", "0-8191");
      assertThat(slots().values()).contains("8192-16383");

      if (TestSize.isFaults()) {
        splitThroughCrashes(load);
      }

      splitByLoad();
      splitBySize();
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

  /** The leader of the shard ends in the middle, then that of the metadata. */
  private void splitThroughCrashes(Workload load) {
    String second = newest();
    splitWithout("s1", (String) shard("s1").get("leader"));
    load.awaitMore(200, PATIENCE);
    splitWithout(second, metadataLeader());
    load.awaitMore(200, PATIENCE);
    assertThat(slots()).hasSize(4);
  }

  /** Two keys of s1 are used by far the most: they part. */
  private void splitByLoad() throws IOException {
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
    split("SPLIT", ownerOf(lower), "BY", "LOAD", "SYNC");
    assertThat(ownerOf(lower)).isNotEqualTo(ownerOf(upper));
  }

  /** Two keys have nearly all the bytes of their shard: they part. */
  private void splitBySize() {
    String lower = "d";
    String upper = "a";
    Random random = new Random(1);
    for (String key : List.of(lower, upper)) {
      byte[] value = new byte[1 << 20];
      random.nextBytes(value);
      call("SET", key, HexFormat.of().formatHex(value));
    }
    assertThat(ownerOf(lower)).isEqualTo(ownerOf(upper));
    split("SPLIT", ownerOf(lower), "BY", "SIZE", "SYNC");
    assertThat(ownerOf(lower)).isNotEqualTo(ownerOf(upper));
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
  private boolean split(String... words) {
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Object answer = call("RAFTKV.SHARD", words);
      if (answer instanceof List<?> job) {
        assertThat(map(job)).containsEntry("state", "done");
        return attempt == 1;
      }
      System.out.println("split again: " + answer);
    }
    throw new AssertionError("no split in " + ATTEMPTS + " attempts");
  }

  /**
   * A node is killed when the job has begun, and comes back; if the split is undone it is begun
   * again.
   */
  private void splitWithout(String shard, String node) {
    String state = "";
    for (int attempt = 1; attempt <= ATTEMPTS && !state.equals("done"); attempt++) {
      String id = text("SPLIT", shard);
      TestNode victim = cluster.node(node);
      if (attempt == 1) {
        victim.kill();
        victim.start();
      }
      cluster.await("job " + id + " has ended", PATIENCE, () -> isOver(jobState(id)));
      state = jobState(id);
      System.out.println("split of " + shard + " without " + node + ": " + state);
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

    @Override
    public void run() {
      while (!done && failure == null) {
        try {
          assertThat(keysOf(scan())).containsAll(expected());
          complete.incrementAndGet();
        } catch (UncheckedIOException | ClassCastException nodeGone) {
          // its node was killed, or refused for a moment: this scan is not counted
        } catch (AssertionError missing) {
          failure = missing;
        }
      }
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

package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.Slot;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What one connection sees is as if its commands ran one after the other, however its shards
 * interleave what is under way.
 */
class SessionOrderTest {
  private static final int COMMANDS = 600;

  private static final String[] SHARDS = {"s1", "s2", "s3"};
  private static final int KEYS = 6;
  private static final int DATABASES = 2;

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void repliesAreThoseOfASequentialRun(long seed) {
    List<String> commands = commands(new Random(seed));
    assertThat(pipelined(commands, new Random(seed), 0)).isEqualTo(oneByOne(commands));
  }

  /** Slots go from shard to shard all the time, or are about to and stay. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void alsoWhileSlotsGoToOtherShards(long seed) {
    List<String> commands = commands(new Random(seed));
    assertThat(pipelined(commands, new Random(seed), 2)).isEqualTo(oneByOne(commands));
  }

  private static String oneByOne(List<String> commands) {
    try (SessionFixture one = new SessionFixture(SlotMap.evenly(SHARDS))) {
      StringBuilder replies = new StringBuilder();
      for (String command : commands) {
        one.send(command);
        one.finish();
        replies.append(one.received());
      }
      return replies.toString();
    }
  }

  /**
   * @param changes one step of a change of slots in so many turns; 0 for none
   */
  private static String pipelined(List<String> commands, Random random, int changes) {
    StringBuilder replies = new StringBuilder();
    try (SessionFixture many = new SessionFixture(SlotMap.evenly(SHARDS))) {
      Splits splits = new Splits(many, random);
      int next = 0;
      while (next < commands.size()) {
        int size = Math.min(1 + random.nextInt(12), commands.size() - next);
        many.send(commands.subList(next, next + size).toArray(String[]::new));
        next += size;
        if (changes > 0 && random.nextInt(changes) == 0) {
          splits.step();
        }
        for (FakeShard shard : List.copyOf(many.shards.values())) {
          for (int i = random.nextInt(changes > 0 ? 3 : 8); i > 0; i--) {
            step(shard, random);
          }
        }
        if (random.nextBoolean()) {
          replies.append(many.received());
        }
      }
      if (changes > 0) {
        splits.end();
        assertThat(splits.done).isPositive();
        assertThat(splits.merged).isPositive();
      }
      String before;
      do { // what is held goes out again by and by
        before = replies.toString();
        many.pass(Duration.ofMillis(5));
        many.finish();
        replies.append(many.received());
      } while (!before.contentEquals(replies) || many.movedBytes.sum() > 0);
    }
    return replies.toString();
  }

  /** Slots of one shard after the other, or of two, go to new ones, in steps as really. */
  private static final class Splits {
    private final SessionFixture node;
    private final Random random;
    private final List<String> parents = new ArrayList<>();
    private boolean merges;
    private int done;
    private int merged;

    private Splits(SessionFixture node, Random random) {
      this.node = node;
      this.random = random;
    }

    private void step() {
      if (parents.isEmpty()) {
        merges = node.routing.shards().size() > 2 && random.nextBoolean();
        fence();
      } else if (merges && parents.size() < 2) {
        fence();
      } else if (merges) {
        merge();
      } else {
        split();
      }
    }

    private void fence() {
      String parent;
      do {
        parent = node.routing.shardOf(random.nextInt(Slot.COUNT)).id();
      } while (parents.contains(parent));
      parents.add(parent);
      node.shard(parent).fenced = true;
    }

    private void split() {
      String parent = parents.get(0);
      FakeShard from = node.shard(parent);
      int first = 0;
      while (!node.routing.shardOf(first).id().equals(parent)) {
        first++;
      }
      int last = node.routing.lastSlotOfRun(first);
      if (first == last || random.nextInt(4) == 0) {
        stay();
      } else {
        int middle = first + random.nextInt(last - first);
        String child = "c" + ++done;
        give(from, middle + 1, last, child);
        node.route(node.routing.next(middle + 1, last, child));
        from.routedBy = node.routing.version();
        from.fenced = false;
        parents.clear();
      }
    }

    /** They stay where they were, by a new version of the same routing. */
    private void stay() {
      node.route(node.routing.next(0, 0, node.routing.shardOf(0).id()));
      for (String parent : parents) {
        node.shard(parent).routedBy = node.routing.version();
        node.shard(parent).fenced = false;
      }
      parents.clear();
    }

    private void merge() {
      if (random.nextInt(4) == 0) {
        stay();
        return;
      }
      String child = "c" + ++done;
      merged++;
      SlotMap next = node.routing.next(0, 0, node.routing.shardOf(0).id());
      for (int slot = 0; slot < Slot.COUNT; slot = node.routing.lastSlotOfRun(slot) + 1) {
        String owner = node.routing.shardOf(slot).id();
        if (parents.contains(owner)) {
          int last = node.routing.lastSlotOfRun(slot);
          give(node.shard(owner), slot, last, child);
          next.give(slot, last, child);
        }
      }
      node.route(next);
      node.shard(child).routedBy = next.version();
      parents.clear(); // and their fences stay
    }

    private void give(FakeShard from, int first, int last, String child) {
      for (int i = 0; i < KEYS; i++) {
        int slot = Slot.of(("k" + i).getBytes(StandardCharsets.US_ASCII));
        for (int database = 0; slot >= first && slot <= last && database < DATABASES; database++) {
          from.give(database, "k" + i, node.shard(child));
        }
      }
    }

    private void end() {
      while (!parents.isEmpty()) {
        step();
      }
    }
  }

  private static void step(FakeShard shard, Random random) {
    boolean write = shard.reads.isEmpty() || random.nextBoolean();
    if (write && !shard.writes.isEmpty()) {
      shard.applyOne();
    } else if (!shard.reads.isEmpty()) {
      shard.read(random.nextInt(shard.reads.size()));
    }
  }

  private static List<String> commands(Random random) {
    List<String> commands = new ArrayList<>();
    for (int i = 0; i < COMMANDS; i++) {
      String key = "k" + random.nextInt(KEYS);
      String other = "k" + random.nextInt(KEYS);
      commands.add(
          switch (random.nextInt(16)) {
            case 0, 1, 2 -> "GET " + key;
            case 3, 4 -> "SET " + key + " " + i;
            case 5 -> "INCR " + key;
            case 6 -> "APPEND " + key + " " + random.nextInt(10);
            case 7 -> "MGET " + key + " " + other + " none";
            case 8 -> "MSET " + key + " " + i + " " + other + " " + -i;
            case 9 -> "DEL " + key + " " + other;
            case 10 -> "EXISTS " + key + " " + other + " " + key;
            case 11 -> random.nextInt(3) == 0 ? "KEYS " + key : "DBSIZE";
            case 12 -> "SELECT " + random.nextInt(DATABASES);
            case 13 -> "STRLEN " + key;
            case 14 -> random.nextInt(4) == 0 ? "FLUSHDB" : "PING";
            default -> random.nextInt(3) == 0 ? "HELLO " + (2 + random.nextInt(2)) : "WRITTEN";
          });
    }
    return commands;
  }
}

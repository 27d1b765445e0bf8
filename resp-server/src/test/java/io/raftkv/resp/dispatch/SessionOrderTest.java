package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

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

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void repliesAreThoseOfASequentialRun(long seed) {
    List<String> commands = commands(new Random(seed));
    String expected;
    try (SessionFixture one = new SessionFixture(SlotMap.evenly("s1", "s2", "s3"))) {
      StringBuilder replies = new StringBuilder();
      for (String command : commands) {
        one.send(command);
        one.finish();
        replies.append(one.received());
      }
      expected = replies.toString();
    }
    assertThat(pipelined(commands, new Random(seed))).isEqualTo(expected);
  }

  private static String pipelined(List<String> commands, Random random) {
    StringBuilder replies = new StringBuilder();
    try (SessionFixture many = new SessionFixture(SlotMap.evenly("s1", "s2", "s3"))) {
      int next = 0;
      while (next < commands.size()) {
        int size = Math.min(1 + random.nextInt(12), commands.size() - next);
        many.send(commands.subList(next, next + size).toArray(String[]::new));
        next += size;
        for (FakeShard shard : many.shards.values()) {
          for (int i = random.nextInt(8); i > 0; i--) {
            step(shard, random);
          }
        }
        if (random.nextBoolean()) {
          replies.append(many.received());
        }
      }
      while (!many.shards.values().stream().allMatch(FakeShard::isIdle)) {
        many.shards.values().forEach(shard -> step(shard, random));
        many.channel.runPendingTasks();
      }
      replies.append(many.received());
    }
    return replies.toString();
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
      String key = "k" + random.nextInt(6);
      String other = "k" + random.nextInt(6);
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
            case 11 -> "DBSIZE";
            case 12 -> "SELECT " + random.nextInt(2);
            case 13 -> "STRLEN " + key;
            case 14 -> random.nextInt(4) == 0 ? "FLUSHDB" : "PING";
            default -> random.nextInt(3) == 0 ? "HELLO " + (2 + random.nextInt(2)) : "WRITTEN";
          });
    }
    return commands;
  }
}

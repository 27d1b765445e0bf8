package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.command.StringCommands;
import io.raftkv.storage.Slot;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SlotLoadTest {
  private static final CommandTable TABLE =
      new CommandTable(List.of(StringCommands.ALL, GenericCommands.ALL));

  private long nanos = -5; // as System.nanoTime, it may be anything
  private final SlotLoad load = new SlotLoad(() -> nanos);

  private static byte[][] words(String line) {
    return Arrays.stream(line.split(" ", -1))
        .map(word -> word.getBytes(StandardCharsets.US_ASCII))
        .toArray(byte[][]::new);
  }

  private void count(String line) {
    byte[][] words = words(line);
    load.count(TABLE.find(words[0]), words);
  }

  private int countOf(String key) {
    return load.counts()[Slot.of(key.getBytes(StandardCharsets.US_ASCII))];
  }

  private void passSeconds(long seconds) {
    nanos += TimeUnit.SECONDS.toNanos(seconds);
  }

  @Test
  void everyKeyOfACommandCounts() {
    count("GET a");
    count("MSET a 1 b 2");
    count("DBSIZE");
    assertThat(countOf("a")).isEqualTo(2);
    assertThat(countOf("b")).isEqualTo(1);
    assertThat(Arrays.stream(load.counts()).sum()).isEqualTo(3);
  }

  @Test
  void whatIsOlderThanAMinuteIsForgotten() {
    count("GET a");
    passSeconds(29);
    count("GET a");
    passSeconds(25);
    count("GET a");
    assertThat(countOf("a")).isEqualTo(3);
    passSeconds(40);
    assertThat(countOf("a")).isEqualTo(1);
    passSeconds(40);
    assertThat(countOf("a")).isZero();
    count("GET b");
    passSeconds(1_000);
    assertThat(countOf("b")).isZero();
  }

  @Test
  void aPartOfTheCommandsIsLookedAt() {
    byte[][] words = words("GET a");
    for (int i = 0; i < 100_000; i++) {
      load.sample(TABLE.find(words[0]), words);
    }
    assertThat(countOf("a")).isBetween(2_500, 3_900); // 3,125 expected, standard deviation 55
  }
}

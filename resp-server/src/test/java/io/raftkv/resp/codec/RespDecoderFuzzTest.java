package io.raftkv.resp.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random streams, whole and damaged, in random pieces. A failure names its seed. */
class RespDecoderFuzzTest {
  private static final RespLimits LIMITS = new RespLimits(20_000, 2000, 2000, 30_000);
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final List<String> expected = new ArrayList<>();
  private final Set<String> seen = new HashSet<>();

  private byte[] stream(Random random) {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    expected.clear();
    int commands = random.nextInt(60);
    for (int i = 0; i < commands; i++) {
      switch (random.nextInt(8)) {
        case 0 -> stream.writeBytes(Decoding.bytes("\r\n"));
        case 1 -> stream.writeBytes(Decoding.bytes("*" + -random.nextInt(3) + "\r\n"));
        case 2 -> {
          stream.writeBytes(Decoding.bytes("inline  \"quoted " + i + "\"\n"));
          expected.add("[inline][quoted " + i + "]");
        }
        default -> multibulk(stream, random);
      }
    }
    return stream.toByteArray();
  }

  private void multibulk(ByteArrayOutputStream stream, Random random) {
    byte[][] words = new byte[1 + random.nextInt(random.nextInt(20) == 0 ? 1500 : 6)][];
    int longWords = words.length <= 6 && random.nextInt(15) == 0 ? 2 : 100;
    long bytes = 0;
    Oversize oversize = null;
    byte[] name = new byte[0];
    stream.writeBytes(Decoding.bytes("*" + words.length + "\r\n"));
    for (int i = 0; i < words.length; i++) {
      words[i] = new byte[random.nextInt(random.nextInt(longWords) == 0 ? 25_000 : 12)];
      random.nextBytes(words[i]);
      bytes += words[i].length;
      if (oversize == null) {
        oversize =
            words[i].length > LIMITS.maxBulkBytes()
                ? Oversize.WORD
                : bytes > LIMITS.queryBufferBytes() ? Oversize.COMMAND : null;
        name = i == 0 && oversize == null ? words[0] : name;
      }
      stream.writeBytes(Decoding.bytes("$" + words[i].length + "\r\n"));
      stream.writeBytes(words[i]);
      stream.writeBytes(Decoding.bytes("\r\n"));
    }
    seen.add(String.valueOf(oversize));
    expected.add(
        oversize == null
            ? Decoding.describe(words)
            : "!" + oversize + Decoding.describe(new byte[][] {name}));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void validStreamsInAnyPiecesGiveTheirCommands(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < 5; round++) {
      byte[] stream = stream(random);
      for (int most : new int[] {3, 50, 5000, 100_000}) {
        if (stream.length / most < 2_000) {
          List<String> outcome = Decoding.outcome(LIMITS, Decoding.cut(stream, most, random));
          assertThat(outcome).as("seed %s round %s", seed, round).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void theStreamsHaveCommandsOfEveryKind() {
    Random random = new Random(1);
    for (int i = 0; i < 20; i++) {
      stream(random);
    }
    assertThat(seen).containsExactlyInAnyOrder("null", "WORD", "COMMAND");
  }

  @ParameterizedTest
  @ValueSource(longs = {101, 102, 103, 104, 105, 106, 107, 108})
  void damagedStreamsEndInAViolationAtMostAndNeverAllocateBeyondTheLimits(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < 60; round++) {
      byte[] stream = damaged(stream(random), random);
      long before = THREADS.getCurrentThreadAllocatedBytes();
      List<String> whole = Decoding.outcome(LIMITS, List.of(stream));
      long spent = THREADS.getCurrentThreadAllocatedBytes() - before;
      List<String> pieces = Decoding.outcome(LIMITS, Decoding.cut(stream, 2000, random));

      assertThat(pieces).as("seed %s round %s", seed, round).isEqualTo(whole);
      assertThat(spent)
          .as("seed %s round %s", seed, round)
          .isLessThan(40L * stream.length + 2_000_000);
      for (int i = 0; i < whole.size() - 1; i++) {
        assertThat(whole.get(i)).matches("(?s)(!WORD|!COMMAND)?\\[.*");
      }
    }
  }

  private static byte[] damaged(byte[] stream, Random random) {
    if (stream.length == 0) {
      return stream;
    }
    byte[] damaged = stream.clone();
    byte[] likely = Decoding.bytes("*$\r\n0159-\"' \0x");
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      damaged[random.nextInt(damaged.length)] = likely[random.nextInt(likely.length)];
    }
    int cut = random.nextInt(damaged.length);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    switch (random.nextInt(3)) {
      case 0 -> out.write(damaged, 0, cut);
      case 1 -> out.write(damaged, cut, damaged.length - cut);
      default -> {
        out.write(damaged, 0, cut);
        int skip = Math.min(damaged.length - cut, random.nextInt(5));
        out.write(damaged, cut + skip, damaged.length - cut - skip);
      }
    }
    return out.toByteArray();
  }
}

package io.raftkv.resp.rdb;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever the bytes: a value or one of the two refusals, and memory in proportion to them. */
class DumpFuzzTest {
  private static final long SEED = 20261121;
  private static final int ROUNDS = 300_000;

  /** Compressed bytes may stand for 88 times as many, once as such and once as elements. */
  private static final long MAX_BYTES_PER_BYTE = 400;

  private static final long MAX_FIXED_BYTES = 100_000;

  private final ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @Test
  void mutatedPayloadsAreReadOrRefused() {
    DumpMutator mutator = new DumpMutator(new Random(SEED));
    int read = 0;
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      byte[] payload = mutator.next();
      long before = memory.getCurrentThreadAllocatedBytes();
      try {
        DumpPayload.decode(payload);
        read++;
      } catch (MalformedDumpException | OversizedDumpException refusal) {
        refused++;
      } catch (RuntimeException fault) {
        throw new AssertionError("round " + round + ": " + hex(payload), fault);
      }
      assertThat(memory.getCurrentThreadAllocatedBytes() - before)
          .as(() -> "bytes allocated for " + hex(payload))
          .isLessThan(MAX_FIXED_BYTES + payload.length * MAX_BYTES_PER_BYTE);
    }
    // Both must happen often, or the mutations are not what this is about.
    assertThat(read).isGreaterThan(ROUNDS / 20);
    assertThat(refused).isGreaterThan(ROUNDS / 20);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}

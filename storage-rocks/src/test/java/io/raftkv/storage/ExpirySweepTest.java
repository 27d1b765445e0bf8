package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ExpirySweepTest {
  private static final ExpirySweep.Parts NO_PARTS =
      (key, limit) -> {
        throw new AssertionError("no key has parts");
      };

  private final MemoryRows rows = new MemoryRows();

  private Keyspace at(long millis) {
    return Keyspace.forApply(rows, 0, millis, 1);
  }

  private void set(String name, long expireAt) {
    at(0)
        .key(name.getBytes(StandardCharsets.US_ASCII))
        .replace(KeyType.STRING, MetaRow.INLINE, new byte[1], expireAt);
  }

  private static byte[] meta(int home, String name) {
    byte[] key = name.getBytes(StandardCharsets.US_ASCII);
    return KeyRows.meta(Slot.of(key), home, key);
  }

  @Test
  void aKeyIsDueWhenItsTimeIsReached() {
    set("a", 100);
    assertThat(ExpirySweep.anyDue(rows, 99)).isFalse();
    assertThat(ExpirySweep.sweep(at(99), 10, NO_PARTS)).isZero();
    assertThat(ExpirySweep.anyDue(rows, 100)).isTrue();
    assertThat(ExpirySweep.sweep(at(100), 10, NO_PARTS)).isEqualTo(1);
    assertThat(rows.dump()).isEmpty();
    assertThat(ExpirySweep.anyDue(rows, Long.MAX_VALUE)).isFalse();
    rows.verify();
  }

  @Test
  void theLongestDeadGoFirst() {
    set("a", 300);
    set("b", 100);
    set("c", 200);
    assertThat(ExpirySweep.sweep(at(1000), 2, NO_PARTS)).isEqualTo(2);
    assertThat(rows.get(Family.META, meta(0, "a"))).isNotNull();
    assertThat(rows.keys(0)).isEqualTo(1);
    rows.verify();
  }

  @Test
  void rowsThatNoKeyAnswersForAreDropped() {
    set("a", 500);
    byte[] a = meta(0, "a");
    byte[] none = meta(3, "n");
    rows.put(Family.EXPIRY, KeyRows.expiry(100, a), new byte[0]);
    rows.put(Family.EXPIRY, KeyRows.expiry(150, none), new byte[0]);
    assertThat(ExpirySweep.sweep(at(200), 10, NO_PARTS)).isEqualTo(2);
    rows.verify();
    assertThat(rows.size(Family.META)).isEqualTo(1);
  }
}

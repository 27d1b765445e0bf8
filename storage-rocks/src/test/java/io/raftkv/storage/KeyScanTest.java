package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeyScanTest {
  private static final int LAST = Slot.COUNT - 1;

  private final MemoryRows rows = new MemoryRows();

  /** A row whose position is chosen, not computed from the key. */
  private void put(int slot, int database, long hash, String name, long expireAt) {
    byte[] prefix = KeyRows.metaFrom(slot, database, hash);
    byte[] key = name.getBytes(StandardCharsets.US_ASCII);
    byte[] row = Arrays.copyOf(prefix, prefix.length + key.length);
    System.arraycopy(key, 0, row, prefix.length, key.length);
    MetaRow meta = new MetaRow(KeyType.STRING, MetaRow.INLINE, 1, expireAt, new byte[0]);
    rows.put(Family.META, row, meta.encode());
    rows.addKeys(slot, database, 1, 0);
  }

  private void put(int slot, int database, long hash, String name) {
    put(slot, database, hash, name, MetaRow.NO_EXPIRY);
  }

  private Keyspace keys(int database) {
    return Keyspace.forRead(rows, database, 1000, 1000, 1);
  }

  /** Up to {@code limit} keys, then what the walk answered. */
  private List<Object> walk(int database, long from, int lastSlot, int limit) {
    List<Object> seen = new ArrayList<>();
    long next =
        KeyScan.live(
            keys(database),
            from,
            lastSlot,
            (row, header) -> {
              seen.add(new String(KeyRows.keyOf(row), StandardCharsets.US_ASCII));
              return seen.size() < limit;
            });
    seen.add(next);
    return seen;
  }

  @Test
  void keysOfOnePositionAreNeverTornApart() {
    put(5, 0, 10, "a");
    put(5, 0, 10, "b");
    put(5, 0, 10, "c");
    put(5, 0, 11, "d");
    assertThat(walk(0, 0, LAST, 1)).containsExactly("a", "b", "c", KeyScan.position(5, 11));
    assertThat(walk(0, KeyScan.position(5, 11), LAST, 1)).containsExactly("d", KeyScan.END);
    assertThat(walk(0, KeyScan.position(5, 12), LAST, 1)).containsExactly(KeyScan.END);
  }

  @Test
  void otherDatabasesAreSkipped() {
    for (int slot : new int[] {0, 1, 2, LAST}) {
      for (int database : new int[] {0, 3, 15}) {
        if (slot != 1 || database != 3) {
          put(slot, database, 0, database + "@" + slot);
          put(slot, database, KeyRows.HASH_MAX, database + "@" + slot + "!");
        }
      }
    }
    assertThat(walk(3, 0, LAST, 100))
        .containsExactly("3@0", "3@0!", "3@2", "3@2!", "3@16383", "3@16383!", KeyScan.END);
    assertThat(walk(15, 0, LAST, 100)).hasSize(9);
    assertThat(walk(7, 0, LAST, 100)).containsExactly(KeyScan.END);
    // The next key of the database is two slots on: no call is needed to find slot 1 empty.
    assertThat(walk(3, 0, LAST, 2)).containsExactly("3@0", "3@0!", KeyScan.position(2, 0));
  }

  @Test
  void theWalkEndsBehindTheLastSlotAsked() {
    put(7, 0, 1, "a");
    put(8, 0, 1, "b");
    assertThat(walk(0, 0, 6, 9)).containsExactly(KeyScan.position(7, 0));
    assertThat(walk(0, 0, 7, 9)).containsExactly("a", KeyScan.position(8, 0));
    assertThat(walk(0, KeyScan.position(8, 0), 8, 9)).containsExactly("b", KeyScan.position(9, 0));
    assertThat(walk(0, KeyScan.position(9, 5), 7, 9)).containsExactly(KeyScan.position(9, 5));
  }

  @Test
  void deadKeysAreSeenOnlyByThoseWhoAsk() {
    put(7, 0, 1, "dead", 1000);
    put(7, 0, 2, "dying", 1001);
    assertThat(walk(0, 0, LAST, 9)).containsExactly("dying", KeyScan.END);
    int[] all = {0};
    KeyScan.walk(
        keys(0),
        0,
        LAST,
        (row, header) -> {
          all[0]++;
          return true;
        });
    assertThat(all[0]).isEqualTo(2);
  }

  /**
   * The second of two keys must not be drawn always, nor keys of a store of few slots once only.
   */
  @Test
  void amongManyKeysTheFirstIsDrawnToo() {
    for (int i = 0; i < 100; i++) {
      put(100, 0, i * (KeyRows.HASH_MAX / 100), "k" + i);
    }
    int first = 0;
    int last = 0;
    for (int seed = 0; seed < 4000; seed++) {
      byte[] key = KeyScan.random(Keyspace.forRead(rows, 0, 1000, 1000, seed));
      String name = new String(key, StandardCharsets.US_ASCII);
      first += name.equals("k0") ? 1 : 0;
      last += name.equals("k99") ? 1 : 0;
    }
    assertThat(first).isBetween(15, 80);
    assertThat(last).isBetween(15, 80);
  }
}

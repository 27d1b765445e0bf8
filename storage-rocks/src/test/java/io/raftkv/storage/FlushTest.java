package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.row.MetaRow;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class FlushTest {
  private final MemoryRows rows = new MemoryRows();

  private Keyspace keys(int database) {
    return Keyspace.forApply(rows, database, 0, 1);
  }

  private void set(int database, String name, long expireAt) {
    keys(database)
        .key(name.getBytes(StandardCharsets.US_ASCII))
        .replace(KeyType.STRING, MetaRow.INLINE, new byte[1], expireAt);
  }

  /** More expiring keys than one chunk, all of one slot, so that a chunk ends inside it. */
  @Test
  void aDatabaseBesideOthersIsFlushedInChunks() {
    for (int i = 0; i < 9000; i++) {
      set(1, "{t}" + i, i % 2 == 0 ? 100 : MetaRow.NO_EXPIRY);
    }
    for (int i = 0; i < 5000; i++) {
      set(1, "k" + i, 100);
    }
    set(0, "{t}1", 100);
    set(2, "{t}1", MetaRow.NO_EXPIRY);

    Flush.database(keys(1));

    rows.verify();
    assertThat(rows.keys(1)).isZero();
    assertThat(rows.size(Family.META)).isEqualTo(2);
    assertThat(rows.size(Family.EXPIRY)).isEqualTo(1);
  }

  @Test
  void aLoneDatabaseIsFlushedLikeEverything() {
    set(4, "a", 100);
    Flush.database(keys(3));
    assertThat(rows.size(Family.META)).isEqualTo(1);
    Flush.database(keys(4));
    assertThat(rows.dump()).isEmpty();
    rows.verify();
  }
}

package io.raftkv.storage.type;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.Keyspace;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rank nodes in a real store: batches, commands that are taken back, views, reopening. */
class RankTreeStoreTest {
  private static final byte[] KEY = {'z'};
  private static final int ENTRIES = 120;

  @TempDir Path directory;

  private final StoreEnvironment environment = new StoreEnvironment(StoreOptions.defaults());
  private ShardStore calm;
  private ShardStore disturbed;

  @BeforeEach
  void open() {
    calm = ShardStore.open(directory.resolve("calm"), environment);
    disturbed = ShardStore.open(directory.resolve("disturbed"), environment);
  }

  @AfterEach
  void close() {
    calm.close();
    disturbed.close();
    environment.close();
  }

  /** Of two replicas one also runs commands that fail, and entries whose commit never comes. */
  @Test
  void commandsThatAreTakenBackLeaveNoTraceInRanks() {
    Random random = new Random(Long.getLong("raftkv.seed", 17));
    for (int entry = 1; entry <= ENTRIES; entry++) {
      long[] seeds = random.longs(1 + random.nextInt(6)).toArray();
      apply(calm, entry, seeds, null);
      if (random.nextInt(4) == 0) {
        try (StoreBatch dropped = disturbed.begin(0)) {
          change(dropped, random.nextLong());
        }
      }
      apply(disturbed, entry, seeds, random);
      if (entry % 10 == 0) {
        assertThat(disturbed.checksum()).as("entry " + entry).isEqualTo(calm.checksum());
        check(disturbed);
      }
    }
    disturbed.flush();
    disturbed.close();
    disturbed = ShardStore.open(directory.resolve("disturbed"), environment);
    assertThat(disturbed.checksum()).isEqualTo(calm.checksum());
    check(disturbed);
  }

  @Test
  void aViewKeepsItsRanksWhileTheSetChanges() {
    apply(calm, 1, new long[] {1, 2, 3, 4, 5}, null);
    try (ReadView view = calm.readSnapshot()) {
      ZSetType before = set(view);
      byte[] member = before.ranks(500, 500, false).get(0).member();
      for (int entry = 2; entry < 30; entry++) {
        apply(calm, entry, new long[] {entry}, null);
      }
      assertThat(set(view).rank(member, false)).isEqualTo(500);
      assertThat(set(view).size()).isEqualTo(before.size());
      RankTreeCheck.check(view);
    }
  }

  private static void apply(ShardStore store, long index, long[] seeds, Random disturbance) {
    try (StoreBatch batch = store.begin(0)) {
      for (long seed : seeds) {
        if (disturbance != null && disturbance.nextBoolean()) {
          change(batch, disturbance.nextLong());
          batch.rollback();
        }
        change(batch, seed);
        batch.mark();
      }
      batch.commit(1, index);
    }
  }

  /** A command that follows from the seed and the set alone. */
  private static void change(StoreBatch batch, long seed) {
    Random random = new Random(seed);
    ZSetType set = new ZSetType(Keyspace.forApply(batch, 0, 0, seed).key(KEY));
    if (set.size() > 4_000 || (set.size() > 1_000 && random.nextInt(6) == 0)) {
      long first = random.nextInt(1_000);
      set.removeRanks(first, first + random.nextInt(random.nextBoolean() ? 20 : 3_000));
    } else {
      for (int i = random.nextInt(400); i >= 0; i--) {
        set.put(("m" + random.nextInt(9_000)).getBytes(ISO_8859_1), random.nextInt(300));
      }
      for (int i = random.nextInt(100); i >= 0; i--) {
        set.remove(("m" + random.nextInt(9_000)).getBytes(ISO_8859_1));
      }
    }
    set.save();
  }

  private static void check(ShardStore store) {
    try (ReadView view = store.readSnapshot()) {
      RankTreeCheck.check(view);
      ZSetType set = set(view);
      for (long rank = 0; rank < set.size(); rank += 97) {
        byte[] member = set.ranks(rank, rank, false).get(0).member();
        assertThat(set.rank(member, false)).isEqualTo(rank);
      }
    }
  }

  private static ZSetType set(ReadView view) {
    return new ZSetType(Keyspace.forRead(view, 0, 0, 0, 1).key(KEY));
  }
}

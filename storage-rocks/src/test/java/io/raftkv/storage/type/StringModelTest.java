package io.raftkv.storage.type;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.Family;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import io.raftkv.storage.row.MetaRow;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random changes of a string, inline and in rows, must read as those of an array. */
class StringModelTest {
  private static final int STEPS = 1_500;
  private static final int ENTRIES = 150;
  private static final byte[] KEY = {'s'};

  @TempDir Path directory;

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void aStringDoesWhatAnArrayDoes(long seed) {
    SeededRandom random = new SeededRandom(seed);
    StringModel model = new StringModel(random);
    TypeFixture fixture = new TypeFixture();
    for (int step = 0; step < STEPS; step++) {
      if (random.nextInt(40) == 0) {
        fixture.key().delete();
        model.delete();
      } else {
        model.change(new StringType(fixture.key()));
      }
      assertThat(fixture.key().exists()).isEqualTo(model.exists());
      model.checkPart(new StringType(fixture.key()));
      if (model.exists()) {
        assertThat(fixture.encoding()).isEqualTo(model.inRows() ? MetaRow.ROWS : MetaRow.INLINE);
      }
      if (!model.inRows()) {
        assertThat(fixture.memory.size(Family.DATA)).isZero();
      }
      if (step % 10 == 0) {
        fixture.memory.verify();
        model.check(new StringType(fixture.key()));
      }
    }
  }

  /** In a real store, with commands that are taken back, entries that are dropped, and restarts. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void aStoreKeepsWhatWasCommitted(long seed) {
    SeededRandom random = new SeededRandom(seed);
    StringModel model = new StringModel(random);
    try (StoreEnvironment environment = new StoreEnvironment(StoreOptions.defaults())) {
      ShardStore store = ShardStore.open(directory, environment);
      for (int entry = 1; entry <= ENTRIES; entry++) {
        StringModel next = model.copy();
        boolean dropped = random.nextInt(5) == 0;
        try (StoreBatch batch = store.begin(0)) {
          for (int i = random.nextInt(4); i >= 0; i--) {
            command(batch, next, random);
          }
          if (!dropped) {
            batch.commit(1, entry);
          }
        }
        model = dropped ? model : next;
        try (ReadView view = store.read()) {
          StringType string = new StringType(Keyspace.forRead(view, 0, 0, 0, 1).key(KEY));
          model.checkPart(string);
          model.check(string);
        }
        if (random.nextInt(15) == 0) {
          store.close();
          store = ShardStore.open(directory, environment);
        }
      }
      store.close();
    }
  }

  private static void command(StoreBatch batch, StringModel model, SeededRandom random) {
    if (random.nextInt(3) == 0) {
      batch.mark();
      model.copy().change(string(batch));
      batch.rollback();
      model.checkPart(string(batch));
    }
    if (random.nextInt(30) == 0) {
      Keyspace.forApply(batch, 0, 0, 1).key(KEY).delete();
      model.delete();
    } else {
      model.change(string(batch));
    }
    model.checkPart(string(batch));
  }

  private static StringType string(StoreBatch batch) {
    return new StringType(Keyspace.forApply(batch, 0, 0, 1).key(KEY));
  }
}

package io.raftkv.storage.type;

import static io.raftkv.storage.type.TypeFixture.bytes;
import static io.raftkv.storage.type.TypeFixture.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.ExpirySweep;
import io.raftkv.storage.Family;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.MetaRow;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random operations, with time going on, on a hash whose fields die against a Java map. */
class HashDeadlinesModelTest {
  private static final int STEPS = 4_000;

  private record Entry(String value, long deadline) {}

  private final TypeFixture fixture = new TypeFixture();
  private final Map<String, Entry> model = new TreeMap<>();
  private SeededRandom random;
  private int fields;

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void aHashDoesWhatAMapDoes(long seed) {
    random = new SeededRandom(seed);
    for (int step = 0; step < STEPS; step++) {
      String where = "seed " + seed + ", step " + step;
      fields = step / 400 % 2 == 0 ? 300 : 8; // so that the hash grows, and vanishes
      if (random.nextInt(4) == 0) {
        fixture.timeMillis += random.nextInt(30);
        model.values().removeIf(entry -> entry.deadline() <= fixture.timeMillis);
      }
      step(where);
      fixture.memory.verify();
      fixture.memory.verifyHashes();
      HashType hash = fixture.hash();
      assertThat(hash.size()).as(where).isEqualTo(model.size());
      assertThat(fixture.key().exists()).as(where).isEqualTo(!model.isEmpty());
      if (step % 5 == 0) {
        Map<String, Entry> contents = new TreeMap<>();
        hash.forEach(
            (field, value) ->
                contents.put(
                    text(field), new Entry(text(value), hash.find(field).deadlineMillis())));
        assertThat(contents).as(where).isEqualTo(model);
      }
    }
    fixture.timeMillis = MetaRow.NO_EXPIRY - 1;
    while (sweep(100) > 0) {
      fixture.memory.verify();
      fixture.memory.verifyHashes();
    }
    assertThat(fixture.memory.size(Family.SCORE)).isZero();
    assertThat(fixture.memory.size(Family.EXPIRY)).isZero();
  }

  private void step(String where) {
    String field = "f" + random.nextInt(fields);
    byte[] name = bytes(field);
    switch (random.nextInt(8)) {
      case 0 -> {
        String value = value();
        boolean added = model.put(field, new Entry(value, MetaRow.NO_EXPIRY)) == null;
        assertThat(fixture.hash().put(name, bytes(value))).as(where).isEqualTo(added);
      }
      case 1, 2, 3 -> {
        Entry entry = new Entry(value(), fixture.timeMillis + 1 + random.nextInt(300));
        boolean added = model.put(field, entry) == null;
        assertThat(
                fixture
                    .hash()
                    .put(name, new HashType.Value(bytes(entry.value()), entry.deadline())))
            .as(where)
            .isEqualTo(added);
      }
      case 4 -> {
        boolean removed = model.remove(field) != null;
        assertThat(fixture.hash().removeAll(List.of(name))).as(where).isEqualTo(removed ? 1 : 0);
      }
      case 5 -> {
        int limit = 1 + random.nextInt(5);
        assertThat(sweep(limit)).as(where).isBetween(0, limit);
      }
      case 6 ->
          fixture
              .hash()
              .change(
                  changes -> {
                    for (int i = 0; i < 20; i++) {
                      changeOne(changes, "f" + random.nextInt(fields));
                    }
                  });
      default -> {
        Entry entry = model.get(field);
        HashType.Value found = fixture.hash().find(name);
        assertThat(found == null ? null : new Entry(text(found.bytes()), found.deadlineMillis()))
            .as(where)
            .isEqualTo(entry);
      }
    }
  }

  /** Gives a field another deadline, or none, or removes it. */
  private void changeOne(HashType.Changes changes, String field) {
    HashType.Value before = changes.find(bytes(field));
    if (before == null) {
      return;
    }
    long deadline = fixture.timeMillis + random.nextInt(100);
    deadline = random.nextInt(20) == 0 ? MetaRow.NO_EXPIRY : deadline;
    if (deadline == fixture.timeMillis) {
      changes.remove(bytes(field));
      model.remove(field);
    } else {
      changes.put(bytes(field), new HashType.Value(before.bytes(), deadline));
      model.put(field, new Entry(text(before.bytes()), deadline));
    }
  }

  private int sweep(int limit) {
    return ExpirySweep.sweep(fixture.keys(), limit, HashType::sweep);
  }

  private String value() {
    int length = random.nextInt(1_000) == 0 ? 65 + random.nextInt(100) : random.nextInt(40);
    return "v".repeat(length) + random.nextInt(10);
  }
}

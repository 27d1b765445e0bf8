package io.raftkv.storage.type;

import static io.raftkv.storage.type.TypeFixture.bytes;
import static io.raftkv.storage.type.TypeFixture.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.KeyScan;
import io.raftkv.storage.Keyspace;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Of many keys few are left: what is deleted must not make picking one slower. */
class DrainedKeyspaceTest {
  private static final int KEYS = 50_000;
  private static final int LEFT = 20;

  private final TypeFixture fixture = new TypeFixture();

  private void drain(String tag) {
    for (int i = 0; i < KEYS; i++) {
      new StringType(fixture.keys().key(bytes(tag + i))).set(bytes("v"));
    }
    for (int i = LEFT; i < KEYS; i++) {
      fixture.keys().key(bytes(tag + i)).delete();
    }
  }

  @Test
  void aRandomKeyIsFoundWithFewStepsAndEvenly() {
    drain("k");
    Map<String, Integer> counts = new HashMap<>();
    for (int seed = 0; seed < 10_000; seed++) {
      fixture.rows.reset();
      Keyspace keys = Keyspace.forRead(fixture.rows, 0, fixture.timeMillis, 0, seed);
      counts.merge(text(KeyScan.random(keys)), 1, Integer::sum);
      assertThat(fixture.rows.skipped).isLessThan(20); // of a slot, which had three keys or so
    }
    assertThat(counts).hasSize(LEFT);
    // Six standard deviations of a binomial with p = 0.05 and n = 10,000 are 131.
    assertThat(counts.values()).allSatisfy(n -> assertThat(n).isBetween(369, 631));
  }

  @Test
  void whereNearlyAllKeysAreDeadALiveOneIsFoundAndWhereAllAreNone() {
    for (int i = 0; i < 1_000; i++) {
      new StringType(fixture.keys().key(bytes("k" + i))).set(bytes("v"));
      fixture.keys().key(bytes("k" + i)).expireAt(fixture.timeMillis + (i == 777 ? 9 : 5));
    }
    fixture.timeMillis += 5;
    for (int seed = 0; seed < 100; seed++) {
      Keyspace keys = Keyspace.forRead(fixture.rows, 0, fixture.timeMillis, 0, seed);
      assertThat(KeyScan.random(keys)).isEqualTo(bytes("k777"));
    }
    Keyspace later = Keyspace.forRead(fixture.rows, 0, fixture.timeMillis + 4, 0, 1);
    assertThat(KeyScan.random(later)).isNull();
  }
}

package io.raftkv.storage.type;

import static io.raftkv.storage.type.TypeFixture.bytes;
import static io.raftkv.storage.type.TypeFixture.text;
import static io.raftkv.storage.type.TypeFixture.texts;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.Family;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random operations on a hash and a set against plain Java collections. */
class CollectionModelTest {
  private static final int STEPS = 3_000;

  private final TypeFixture fixture = new TypeFixture();

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void aHashDoesWhatAMapDoes(long seed) {
    SeededRandom random = new SeededRandom(seed);
    Map<String, String> model = new LinkedHashMap<>();
    boolean inRows = false;
    for (int step = 0; step < STEPS; step++) {
      String where = "seed " + seed + ", step " + step;
      boolean growing = step / 500 % 2 == 0;
      String field = "f" + random.nextInt(200);
      HashType hash = fixture.hash();
      switch (random.nextInt(growing ? 4 : 8)) {
        case 0, 1 -> {
          String value = value(random);
          assertThat(hash.put(bytes(field), bytes(value)))
              .as(where)
              .isEqualTo(model.put(field, value) == null);
        }
        case 2 -> {
          List<byte[]> pairs = new ArrayList<>();
          long added = 0;
          for (int i = random.nextInt(5); i >= 0; i--) {
            String one = "f" + random.nextInt(200);
            String value = value(random);
            pairs.add(bytes(one));
            pairs.add(bytes(value));
            added += model.put(one, value) == null ? 1 : 0;
          }
          assertThat(hash.putAll(pairs)).as(where).isEqualTo(added);
        }
        case 3 -> {
          String value = model.get(field);
          assertThat(hash.get(bytes(field)))
              .as(where)
              .isEqualTo(value == null ? null : bytes(value));
          assertThat(hash.contains(bytes(field))).as(where).isEqualTo(value != null);
        }
        default -> {
          List<byte[]> fields = new ArrayList<>();
          long removed = 0;
          for (int i = random.nextInt(8); i >= 0; i--) {
            String one = "f" + random.nextInt(200);
            fields.add(bytes(one));
            removed += model.remove(one) != null ? 1 : 0;
          }
          assertThat(hash.removeAll(fields)).as(where).isEqualTo(removed);
        }
      }
      inRows = !model.isEmpty() && fixture.encoding() == MetaRow.ROWS;
      assertThat(fixture.hash().size()).as(where).isEqualTo(model.size());
      assertThat(fixture.memory.size(Family.DATA)).as(where).isEqualTo(inRows ? model.size() : 0);
      assertThat(fixture.key().exists()).as(where).isEqualTo(!model.isEmpty());
      if (step % 10 == 0) {
        fixture.memory.verify();
        Map<String, String> contents = new LinkedHashMap<>();
        fixture.hash().forEach((f, v) -> contents.put(text(f), text(v)));
        assertThat(contents).as(where).isEqualTo(model);
        if (!inRows) {
          assertThat(contents.keySet()).as(where).containsExactlyElementsOf(model.keySet());
        }
      }
    }
  }

  private static String value(SeededRandom random) {
    int length = random.nextInt(1_000) == 0 ? 65 + random.nextInt(100) : random.nextInt(40);
    return "v".repeat(length) + random.nextInt(10);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void aSetDoesWhatASetDoes(long seed) {
    SeededRandom random = new SeededRandom(seed);
    List<String> model = new ArrayList<>(); // in the order of a small set
    boolean integers = true;
    for (int step = 0; step < STEPS; step++) {
      String where = "seed " + seed + ", step " + step;
      boolean growing = step / 500 % 2 == 0;
      SetType set = fixture.set();
      switch (random.nextInt(growing ? 4 : 7)) {
        case 0, 1, 2 -> {
          String member = member(random);
          boolean added = !model.contains(member);
          assertThat(set.addAll(List.of(bytes(member)))).as(where).isEqualTo(added ? 1 : 0);
          integers = integers && !member.startsWith("m");
          if (added) {
            model.add(member);
          }
          if (integers) {
            model.sort((a, b) -> Integer.compare(Integer.parseInt(a), Integer.parseInt(b)));
          }
        }
        case 3 -> {
          String member = member(random);
          assertThat(set.contains(bytes(member))).as(where).isEqualTo(model.contains(member));
        }
        case 4 -> {
          String member = member(random);
          assertThat(set.removeAll(List.of(bytes(member))))
              .as(where)
              .isEqualTo(model.remove(member) ? 1 : 0);
        }
        case 5 -> {
          int count = random.nextInt(4);
          List<String> popped = texts(set.pop(count, random));
          assertThat(popped).as(where).hasSize(Math.min(count, model.size()));
          for (String member : popped) {
            assertThat(model.remove(member)).as(where).isTrue();
          }
        }
        default -> {
          List<String> sample = texts(set.randomDistinct(random.nextInt(100), random));
          assertThat(model).as(where).containsAll(sample);
          assertThat(sample).as(where).doesNotHaveDuplicates();
        }
      }
      integers |= model.isEmpty();
      boolean inRows = !model.isEmpty() && fixture.encoding() == MetaRow.ROWS;
      assertThat(fixture.set().size()).as(where).isEqualTo(model.size());
      assertThat(fixture.memory.size(Family.DATA)).as(where).isEqualTo(inRows ? model.size() : 0);
      if (step % 10 == 0) {
        fixture.memory.verify();
        List<String> members = new ArrayList<>();
        fixture.set().forEach(member -> members.add(text(member)));
        if (inRows) {
          assertThat(members).as(where).containsExactlyInAnyOrderElementsOf(model);
        } else {
          assertThat(members).as(where).isEqualTo(model);
        }
        assertThat(scanned(1 + random.nextInt(20))).as(where).isEqualTo(new TreeSet<>(model));
      }
    }
  }

  private Set<String> scanned(int count) {
    Set<String> seen = new TreeSet<>();
    Set<Long> cursors = new HashSet<>();
    long cursor = 0;
    do {
      cursor = fixture.set().scan(cursor, count, member -> seen.add(text(member)));
      assertThat(cursors.add(cursor)).isTrue();
    } while (cursor != 0);
    return seen;
  }

  private static String member(SeededRandom random) {
    String number = String.valueOf(random.nextInt(400) - 200);
    return random.nextInt(150) == 0 ? "m" + number : number;
  }
}

package io.raftkv.storage.type;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.MemoryRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.type.ListType.End;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ListTypeTest {
  private static final int STEPS = 1500;

  private final MemoryRows rows = new MemoryRows();

  /** Random operations give the same as on a list in memory, and leave no row too many. */
  @ParameterizedTest
  @ValueSource(ints = {0, 60, 130, 700})
  void behavesAsAListInMemory(int startSize) {
    long seed = Long.getLong("raftkv.seed", 20_240_817L + startSize);
    Random random = new Random(seed);
    List<String> model = new ArrayList<>();
    for (int i = 0; i < startSize; i++) {
      model.add(element(random));
    }
    list().push(End.TAIL, bytes(model));
    for (int step = 0; step < STEPS; step++) {
      String operation;
      try {
        operation = randomStep(random, model);
      } catch (AssertionError | RuntimeException wrong) {
        throw new AssertionError("seed " + seed + ", step " + step, wrong);
      }
      String where = "seed " + seed + ", step " + step + ", " + operation;
      ListType list = list();
      assertThat(list.size()).as(where).isEqualTo(model.size());
      assertThat(list.exists()).as(where).isEqualTo(!model.isEmpty());
      assertThat(texts(list.range(0, Long.MAX_VALUE))).as(where).isEqualTo(model);
      boolean inRows = list.exists() && key().meta().encoding() == MetaRow.ROWS;
      assertThat(rows.size(Family.DATA)).as(where).isEqualTo(inRows ? model.size() : 0);
      rows.verify();
    }
  }

  private String randomStep(Random random, List<String> model) {
    End end = random.nextBoolean() ? End.HEAD : End.TAIL;
    int size = model.size();
    int index = random.nextInt(size + 1);
    String element = element(random);
    switch (random.nextInt(12)) {
      case 0, 1, 2 -> {
        List<String> pushed = new ArrayList<>();
        for (int i = random.nextInt(8); i >= 0; i--) {
          pushed.add(element(random));
        }
        list().push(end, bytes(pushed));
        pushed.forEach(each -> model.add(end == End.HEAD ? 0 : model.size(), each));
        return "push " + end;
      }
      case 3 -> {
        int count = random.nextInt(random.nextInt(20) == 0 ? 200 : 6);
        List<String> popped = texts(list().pop(end, count));
        assertThat(popped).isEqualTo(take(model, end, count));
        return "pop " + end + " " + count;
      }
      case 4 -> {
        if (index < size) {
          list().set(index, element.getBytes(ISO_8859_1));
          model.set(index, element);
        }
        return "set " + index;
      }
      case 5, 6 -> {
        boolean before = random.nextBoolean();
        String pivot = index < size ? model.get(index) : "nothing";
        boolean done =
            list().insert(pivot.getBytes(ISO_8859_1), element.getBytes(ISO_8859_1), before);
        int found = model.indexOf(pivot);
        assertThat(done).isEqualTo(found >= 0);
        if (found >= 0) {
          model.add(before ? found : found + 1, element);
        }
        return "insert at " + found;
      }
      case 7, 8 -> {
        int limit = random.nextInt(5);
        long removed = list().remove(element.getBytes(ISO_8859_1), end, limit);
        assertThat(removed).isEqualTo(removeEqual(model, element, end, limit));
        return "remove " + element + " from " + end + ", " + limit;
      }
      case 9 -> {
        int first = random.nextInt(4);
        int last = size - 1 - random.nextInt(random.nextInt(20) == 0 ? 200 : 4);
        list().trim(first, last);
        List<String> kept =
            first > last ? List.of() : new ArrayList<>(model.subList(first, last + 1));
        model.clear();
        model.addAll(kept);
        return "trim " + first + " " + last;
      }
      case 10 -> {
        if (size > 0) {
          End to = random.nextBoolean() ? End.HEAD : End.TAIL;
          String moved = new String(list().rotate(end, to), ISO_8859_1);
          assertThat(moved).isEqualTo(model.remove(end == End.HEAD ? 0 : size - 1));
          model.add(to == End.HEAD ? 0 : size - 1, moved);
        }
        return "rotate " + end;
      }
      default -> {
        byte[] at = list().get(index);
        assertThat(at == null ? null : new String(at, ISO_8859_1))
            .isEqualTo(index < size ? model.get(index) : null);
        return "get " + index;
      }
    }
  }

  private static List<String> take(List<String> model, End end, int count) {
    List<String> taken = new ArrayList<>();
    while (taken.size() < count && !model.isEmpty()) {
      taken.add(model.remove(end == End.HEAD ? 0 : model.size() - 1));
    }
    return taken;
  }

  private static int removeEqual(List<String> model, String element, End end, int limit) {
    if (end == End.TAIL) {
      Collections.reverse(model);
    }
    int removed = 0;
    while ((limit == 0 || removed < limit) && model.remove(element)) {
      removed++;
    }
    if (end == End.TAIL) {
      Collections.reverse(model);
    }
    return removed;
  }

  @Test
  void removingAllElementsDropsTheKeyInOneRangeOnly() {
    push(1000);
    assertThat(list().pop(End.TAIL, 5000)).hasSize(1000);
    assertThat(rows.keys(0)).isZero();
    assertThat(rows.size(Family.DATA)).isZero();
    rows.verify();
  }

  @Test
  void theInlineLayoutIsPinned() {
    list().push(End.TAIL, bytes(List.of("ab", "", "c".repeat(3))));
    assertThat(HexFormat.of().formatHex(key().meta().payload()))
        .isEqualTo("01" + "03" + "026162" + "00" + "03636363");
  }

  @Test
  void theRowLayoutIsPinned() {
    push(200);
    list().push(End.HEAD, bytes(List.of("x")));
    byte[] payload = key().meta().payload();
    assertThat(HexFormat.of().formatHex(payload, 8, 24))
        .isEqualTo("ffffffffffffffff" + "00000000000000c8");
  }

  @Test
  void aDamagedRecordIsNotTakenForAList() {
    for (String payload : List.of("", "02", "0101", "010102" + "61", "010100ff", "0180808080ff")) {
      key().replace(KeyType.LIST, MetaRow.INLINE, HexFormat.of().parseHex(payload), 1L << 62);
      assertThatThrownBy(this::list).as(payload).isInstanceOf(CorruptStoreException.class);
    }
    key().replace(KeyType.LIST, MetaRow.ROWS, new byte[24], 1L << 62);
    assertThatThrownBy(this::list).isInstanceOf(CorruptStoreException.class);
  }

  @Test
  void aMissingRowIsDamageAndNotAShorterList() {
    push(200);
    try (var cursor = rows.ascending(Family.DATA, new byte[0], new byte[] {(byte) 0xff})) {
      for (int i = 0; i < 100; i++) {
        cursor.next();
      }
      rows.delete(Family.DATA, cursor.key());
    }
    assertThatThrownBy(() -> list().range(0, 199)).isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> list().get(99)).isInstanceOf(CorruptStoreException.class);
  }

  private void push(int count) {
    list().push(End.TAIL, bytes(Collections.nCopies(count, "e")));
  }

  private KeyHandle key() {
    return Keyspace.forApply(rows, 0, 1000, 1).key(new byte[] {'k'});
  }

  private ListType list() {
    return new ListType(key());
  }

  /** One of a few, so that equal elements are frequent; seldom one that is too large inline. */
  private static String element(Random random) {
    return random.nextInt(200) == 0 ? "x".repeat(65) : "e" + random.nextInt(12);
  }

  private static List<byte[]> bytes(List<String> texts) {
    return texts.stream().map(text -> text.getBytes(ISO_8859_1)).toList();
  }

  private static List<String> texts(List<byte[]> elements) {
    return elements.stream().map(element -> new String(element, ISO_8859_1)).toList();
  }
}

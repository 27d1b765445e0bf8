package io.raftkv.storage.type;

import static io.raftkv.storage.type.TypeFixture.bytes;
import static io.raftkv.storage.type.TypeFixture.list;
import static io.raftkv.storage.type.TypeFixture.text;
import static io.raftkv.storage.type.TypeFixture.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.Family;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.Slot;
import io.raftkv.storage.WrongTypeException;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SetTypeTest {
  private final TypeFixture fixture = new TypeFixture();

  @Test
  void inlineLayoutsArePinned() {
    fixture.set().addAll(list("7", "-1"));
    assertThat(HexFormat.of().formatHex(fixture.key().meta().payload()))
        .isEqualTo("03" + "0002" + "022d31" + "0137");

    fixture.set().addAll(list("a"));
    assertThat(HexFormat.of().formatHex(fixture.key().meta().payload()))
        .isEqualTo("02" + "0003" + "022d31" + "0137" + "0161");
  }

  @Test
  void membersInRowsHaveNoValue() {
    fixture.set().addAll(list("m".repeat(65)));

    byte[] row = ElementRows.element(Slot.of(TypeFixture.KEY), 1, bytes("m".repeat(65)));
    assertThat(fixture.memory.get(Family.DATA, row)).isEmpty();
  }

  @Test
  void theRecordCountsRemovedMembersUntilItsRowsMove() {
    fixture.set().addAll(IntStream.range(0, 200).mapToObj(i -> bytes("m" + i)).toList());
    assertThat(payload()).isEqualTo("0000000000000001" + "00000000000000c8" + "01");
    for (int i = 0; i < 159; i++) {
      fixture.set().removeAll(list("m" + i));
    }
    assertThat(payload())
        .isEqualTo("0000000000000001" + "0000000000000029" + "03" + "000000000000009f");
    fixture.set().removeAll(list("m159"));
    assertThat(payload()).endsWith("0000000000000028" + "01").doesNotStartWith("0000000000000001");
    assertThat(fixture.set().scan(0, 100, member -> {})).isZero();
    assertThat(fixture.set().contains(bytes("m160"))).isTrue();
    fixture.memory.verify();
  }

  /** A command must not move more than is moved in a moment. */
  @Test
  void largeMembersStayWhereTheyAre() {
    String large = "x".repeat(600_000);
    for (int i = 0; i < 8; i++) {
      fixture.set().addAll(list(large + i));
    }
    for (int i = 0; i < 130; i++) {
      fixture.set().addAll(list("m" + i));
      fixture.set().removeAll(list("m" + i));
    }
    assertThat(payload())
        .isEqualTo("0000000000000001" + "0000000000000008" + "03" + "0000000000000002");
    assertThat(fixture.set().contains(bytes(large + 7))).isTrue();
    fixture.memory.verify();
  }

  private String payload() {
    return HexFormat.of().formatHex(fixture.key().meta().payload());
  }

  @Test
  void integersAreAscendingUntilAnotherMemberComes() {
    fixture.set().addAll(list("30", "-4", "5", "-20", "0", "9223372036854775807"));
    assertThat(members()).containsExactly("-20", "-4", "0", "5", "30", "9223372036854775807");

    fixture.set().addAll(list("x", "1"));
    assertThat(members())
        .containsExactly("-20", "-4", "0", "5", "30", "9223372036854775807", "x", "1");

    fixture.set().removeAll(list("x"));
    fixture.set().addAll(list("2"));
    assertThat(members())
        .containsExactly("-20", "-4", "0", "5", "30", "9223372036854775807", "1", "2");
  }

  @Test
  void the129thMemberMovesTheSetToRows() {
    for (int i = 0; i < 128; i++) {
      fixture.set().addAll(list(String.valueOf(i)));
    }
    assertThat(fixture.encoding()).isEqualTo(MetaRow.INLINE);

    assertThat(fixture.set().addAll(list("128", "128", "5"))).isEqualTo(1);

    assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);
    assertThat(fixture.set().size()).isEqualTo(129);
    assertThat(new HashSet<>(members())).hasSize(129);
    fixture.memory.verify();
  }

  @Test
  void replacingForgetsTypeExpiryAndRows() {
    fixture.hash().put(bytes("f"), bytes("v".repeat(65)));
    fixture.key().expireAt(Long.MAX_VALUE - 1);

    assertThat(SetType.replace(fixture.key(), list("b", "a", "b"))).isEqualTo(2);

    assertThat(members()).containsExactly("b", "a");
    assertThat(fixture.key().meta().expireAtMillis()).isEqualTo(MetaRow.NO_EXPIRY);
    assertThat(fixture.memory.size(Family.DATA)).isZero();
    fixture.memory.verify();
  }

  @Test
  void replacingALargeSetByALargeOneLeavesOnlyTheNewRows() {
    fixture.set().addAll(numbers(0, 500));

    assertThat(SetType.replace(fixture.key(), numbers(400, 700))).isEqualTo(300);

    assertThat(fixture.memory.size(Family.DATA)).isEqualTo(300);
    assertThat(fixture.set().contains(bytes("399"))).isFalse();
    fixture.memory.verify();
  }

  @Test
  void replacingByNothingDeletesTheKey() {
    fixture.set().addAll(numbers(0, 500));

    assertThat(SetType.replace(fixture.key(), List.of())).isZero();

    assertThat(fixture.memory.dump()).isEmpty();
    fixture.memory.verify();
  }

  @Test
  void poppingEverythingTakesOneRangeOfRows() {
    fixture.set().addAll(numbers(0, 500));
    fixture.rows.reset();

    assertThat(texts(fixture.set().pop(501, new SeededRandom(1)))).hasSize(500);

    assertThat(fixture.rows.writes).isEqualTo(2); // the range and the record
    assertThat(fixture.memory.dump()).isEmpty();
  }

  @Test
  void poppedMembersAreGoneAndTheOthersAreThere() {
    fixture.set().addAll(numbers(0, 500));
    Set<String> left = new HashSet<>(members());
    for (long count : new long[] {0, 1, 30, 250}) {
      List<String> popped = texts(fixture.set().pop(count, new SeededRandom(count)));
      assertThat(popped).hasSize((int) count).doesNotHaveDuplicates();
      assertThat(left).containsAll(popped);
      left.removeAll(popped);
      assertThat(members()).containsExactlyInAnyOrderElementsOf(left);
      assertThat(fixture.set().size()).isEqualTo(left.size());
    }
  }

  @Test
  void scanSeesEveryMemberThatStays() {
    fixture.set().addAll(numbers(0, 1_000));
    Set<String> seen = new HashSet<>();
    long cursor = 0;
    int round = 0;
    do {
      cursor = fixture.set().scan(cursor, 7, member -> seen.add(text(member)));
      // Meanwhile odd members go and others come.
      fixture.set().removeAll(list(String.valueOf(2 * round + 1)));
      fixture.set().addAll(list("new" + round));
      round++;
    } while (cursor != 0);

    for (int i = 0; i < 1_000; i += 2) {
      assertThat(seen).contains(String.valueOf(i));
    }
    assertThat(round).isGreaterThanOrEqualTo(143);
  }

  @Test
  void scanKeepsToTheCountAndEndsWithoutAnEmptyPage() {
    fixture.set().addAll(numbers(0, 200));
    List<Integer> pages = new ArrayList<>();
    long cursor = 0;
    do {
      int[] page = {0};
      cursor = fixture.set().scan(cursor, 50, member -> page[0]++);
      pages.add(page[0]);
    } while (cursor != 0);

    assertThat(pages).containsExactly(50, 50, 50, 50);
  }

  @Test
  void scanShowsASmallSetAtOnceWhateverTheCursor() {
    fixture.set().addAll(numbers(0, 100));
    Set<String> seen = new HashSet<>();

    assertThat(fixture.set().scan(77, 1, member -> seen.add(text(member)))).isZero();

    assertThat(seen).hasSize(100);
  }

  @Test
  void scanShowsMembersOfEqualHashOnOnePage() {
    // Two members with one hash are hard to find; rows with one hash are easy to write.
    int slot = Slot.of(TypeFixture.KEY);
    long[] hashes = {5, 5, 5, KeyRows.HASH_MAX, KeyRows.HASH_MAX};
    for (int i = 0; i < hashes.length; i++) {
      byte[] from = ElementRows.elementFrom(slot, 99, hashes[i]);
      byte[] row = ByteBuffer.allocate(from.length + 1).put(from).put((byte) ('a' + i)).array();
      fixture.memory.put(Family.DATA, row, new byte[0]);
    }
    byte[] payload = ByteBuffer.allocate(17).putLong(99).putLong(5).put((byte) 1).array();
    fixture.key().update(KeyType.SET, MetaRow.ROWS, payload);
    List<String> seen = new ArrayList<>();

    long cursor = fixture.set().scan(0, 1, member -> seen.add(text(member)));

    assertThat(cursor).isEqualTo(6);
    assertThat(seen).containsExactly("a", "b", "c");
    assertThat(fixture.set().scan(cursor, 1, member -> seen.add(text(member)))).isZero();
    assertThat(seen).containsExactly("a", "b", "c", "d", "e");
  }

  @Test
  void scanFromACursorThatIsNoneOfOursIsAtItsEnd() {
    fixture.set().addAll(numbers(0, 500));
    for (long cursor : new long[] {KeyRows.HASH_MAX + 1, Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
      long next =
          fixture
              .set()
              .scan(
                  cursor,
                  10,
                  member -> {
                    throw new AssertionError("saw a member");
                  });
      assertThat(next).isZero();
    }
  }

  @Test
  void walkingEndsWhenTheVisitorHasEnough() {
    fixture.set().addAll(numbers(0, 500));
    List<String> seen = new ArrayList<>();

    fixture
        .set()
        .forEachWhile(
            member -> {
              seen.add(text(member));
              return seen.size() < 3;
            });

    assertThat(seen).hasSize(3);
  }

  @Test
  void anotherTypeIsRefused() {
    fixture.hash().put(bytes("f"), bytes("v"));

    assertThatThrownBy(fixture::set).isInstanceOf(WrongTypeException.class);
  }

  private List<String> members() {
    List<String> members = new ArrayList<>();
    fixture.set().forEach(member -> members.add(text(member)));
    return members;
  }

  private static List<byte[]> numbers(int from, int to) {
    List<byte[]> numbers = new ArrayList<>();
    for (int i = from; i < to; i++) {
      numbers.add(bytes(String.valueOf(i)));
    }
    return numbers;
  }
}

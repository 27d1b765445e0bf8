package io.raftkv.storage.type;

import static io.raftkv.storage.type.TypeFixture.bytes;
import static io.raftkv.storage.type.TypeFixture.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.WrongTypeException;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StringTypeTest {
  private static final int MIB = 1 << 20;
  private static final int CHUNK = RowString.CHUNK_BYTES;

  private final TypeFixture fixture = new TypeFixture();

  @AfterEach
  void invariantsHold() {
    fixture.memory.verify();
  }

  private StringType string() {
    return new StringType(fixture.key());
  }

  private void write(int at, String text) {
    StringType string = string();
    string.write(at, bytes(text));
    string.save();
  }

  private int rows() {
    return fixture.memory.size(Family.DATA);
  }

  /** A string in rows, none of which is missing. */
  private void makeLong(int length) {
    StringType string = string();
    string.set(new byte[0]);
    byte[] value = new byte[length];
    Arrays.fill(value, (byte) 'v');
    string.write(0, value);
    string.save();
    assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);
  }

  @Test
  void layoutOfAStringInRowsIsPinned() {
    write(20480, "x");
    assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);
    assertThat(HexFormat.of().formatHex(fixture.key().meta().payload()))
        .isEqualTo("0000000000000001" + "0000000000005001");
    assertThat(rows()).isEqualTo(1);
    byte[] row = ElementRows.chunk(fixture.key().slot(), 1, 5);
    assertThat(text(fixture.memory.get(Family.DATA, row))).isEqualTo("x");
    write(20490, "yz");
    assertThat(text(fixture.memory.get(Family.DATA, row))).isEqualTo("x" + "\0".repeat(9) + "yz");
  }

  @Test
  void whatIsWrittenWholeStaysInTheRecord() {
    byte[] value = new byte[InlineLimits.WHOLE_STRING_BYTES];
    value[MIB / 2] = 7;
    string().set(value, 1L << 50);
    assertThat(fixture.encoding()).isEqualTo(MetaRow.INLINE);
    assertThat(string().get()).isEqualTo(value);
    assertThat(string().read(MIB / 2, 2)).containsExactly(7, 0);
    assertThat(rows()).isZero();

    write(5, "part");
    assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);
    assertThat(fixture.key().meta().expireAtMillis()).isEqualTo(1L << 50);
    System.arraycopy(bytes("part"), 0, value, 5, 4);
    assertThat(string().get()).isEqualTo(value);
    assertThat(rows()).as("all other chunks are zeros").isEqualTo(2);

    string().update(bytes("short"));
    assertThat(fixture.encoding()).isEqualTo(MetaRow.INLINE);
    assertThat(fixture.key().meta().expireAtMillis()).isEqualTo(1L << 50);
    assertThat(text(string().get())).isEqualTo("short");
    assertThat(rows()).isZero();
  }

  @Test
  void whatIsWrittenWholeAndVeryLongGoesToRows() {
    byte[] value = new byte[InlineLimits.WHOLE_STRING_BYTES + 1];
    Arrays.fill(value, (byte) 7);
    for (int round = 0; round < 2; round++) {
      string().set(value, 1L << 50);
      assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);
      assertThat(fixture.key().meta().expireAtMillis()).isEqualTo(1L << 50);
      assertThat(string().get()).isEqualTo(value);
      assertThat(rows()).isEqualTo(InlineLimits.WHOLE_STRING_BYTES / CHUNK + 1);
    }
    fixture.rows.reset();
    assertThat(string().read(MIB / 2, 2)).containsExactly(7, 7);
    assertThat(fixture.rows.gets).as("record and chunk").isEqualTo(2);
    string().set(bytes("short"));
    assertThat(fixture.encoding()).isEqualTo(MetaRow.INLINE);
    assertThat(rows()).isZero();
  }

  @Test
  void theLimitIsTheLengthThatAPartialWriteLeads() {
    write(0, "v".repeat(InlineLimits.STRING_BYTES));
    assertThat(fixture.encoding()).isEqualTo(MetaRow.INLINE);
    write(InlineLimits.STRING_BYTES - 1, "w");
    assertThat(fixture.encoding()).isEqualTo(MetaRow.INLINE);
    write(InlineLimits.STRING_BYTES, "x");
    assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);
    assertThat(rows()).isEqualTo(InlineLimits.STRING_BYTES / CHUNK + 1);
    assertThat(text(string().range(-3, -1))).isEqualTo("vwx");
    fixture.key().delete();
    assertThat(rows()).isZero();
  }

  @Test
  void aChangeAndAReadCostTheChunksTheyTouch() {
    makeLong(MIB);
    fixture.rows.reset();
    write(MIB / 2 + 5, "w");
    assertThat(fixture.rows.gets).as("record and chunk").isEqualTo(2);
    assertThat(fixture.rows.writes).isEqualTo(2);

    fixture.rows.reset();
    write(MIB, "w");
    assertThat(fixture.rows.gets).as("a chunk behind the end is not asked for").isEqualTo(1);
    assertThat(fixture.rows.writes).isEqualTo(2);

    fixture.rows.reset();
    assertThat(text(string().read(MIB / 2 + 4, 3))).isEqualTo("vwv");
    assertThat(string().length()).isEqualTo(MIB + 1);
    assertThat(fixture.rows.gets).isEqualTo(3);
    assertThat(string().range(CHUNK, 4 * CHUNK)).hasSize(3 * CHUNK + 1).containsOnly('v');
    assertThat(fixture.rows.cursors).isEqualTo(1);

    // As SETBIT does: what was read is not read again to be changed.
    fixture.rows.reset();
    StringType string = string();
    string.read(100, 1);
    string.write(100, bytes("w"));
    string.write(102, bytes("w"));
    assertThat(text(string.read(99, 5))).isEqualTo("vwvwv");
    string.save();
    assertThat(fixture.rows.gets).isEqualTo(2);
  }

  @Test
  void whatWasNeverWrittenTakesNoRows() {
    StringType string = string();
    string.lengthen(400 * MIB);
    string.save();
    assertThat(rows()).isZero();
    assertThat(string().length()).isEqualTo(400 * MIB);
    write(399 * MIB, "abc");
    write(200 * MIB, "\0".repeat(5_000));
    assertThat(rows()).isEqualTo(1);
    assertThat(text(string().read(399 * MIB - 1, 5))).isEqualTo("\0abc\0");
    assertThat(string().read(5, 100_000)).containsOnly(0);
    assertThat(text(string().read(400 * MIB - 1, 2))).as("behind the end").isEqualTo("\0\0");

    List<Integer> places = new ArrayList<>();
    string().forEachPiece(0, 400 * MIB, (at, piece) -> places.add(at));
    assertThat(places).containsExactly(399 * MIB);
    write(399 * MIB, "\0".repeat(CHUNK));
    assertThat(string().read(399 * MIB, 3)).as("zeros over what was there").containsOnly(0);
    assertThat(rows()).isZero();
    write(7, "x");
    write(7, "\0");
    assertThat(rows()).isZero();
  }

  @Test
  void aWalkEndsWhenItsVisitorHasSeenEnough() {
    makeLong(10 * CHUNK);
    for (int wanted : new int[] {1, 4}) {
      List<Integer> places = new ArrayList<>();
      string()
          .forEachPiece(
              CHUNK + 1,
              10 * CHUNK,
              (at, piece) -> {
                places.add(at / CHUNK);
                return places.size() < wanted;
              });
      assertThat(places).hasSize(wanted).startsWith(1);
    }
  }

  @Test
  void nothingIsStoredWhereNothingChanges() {
    makeLong(MIB);
    String before = fixture.memory.dump();
    StringType string = string();
    string.lengthen(MIB);
    string.write(5, new byte[0]);
    string.save();
    assertThat(fixture.memory.dump()).isEqualTo(before);
  }

  @Test
  void arraysThatWereHandedInOrOutAreNotChanged() {
    byte[] given = bytes("given");
    StringType string = string();
    string.set(given);
    string.write(0, bytes("x"));
    byte[] taken = string.get();
    string.write(1, bytes("y"));
    string.save();
    string.write(2, bytes("z"));
    assertThat(text(given)).isEqualTo("given");
    assertThat(text(taken)).isEqualTo("xiven");
    assertThat(text(string.get())).isEqualTo("xyzen");
    assertThat(text(string().get())).as("what was saved").isEqualTo("xyven");
  }

  @Test
  void anEmptyWriteMakesAnEmptyString() {
    write(0, "");
    assertThat(string().exists()).isTrue();
    assertThat(string().get()).isEmpty();
  }

  @Test
  void anotherTypeIsNotReadAndNotChangedInParts() {
    fixture.key().update(KeyType.LIST, MetaRow.INLINE, new byte[] {1});
    assertThatThrownBy(() -> string().length()).isInstanceOf(WrongTypeException.class);
    assertThatThrownBy(() -> write(0, "x")).isInstanceOf(WrongTypeException.class);
    assertThatThrownBy(() -> string().update(bytes("x"))).isInstanceOf(WrongTypeException.class);
    string().set(bytes("x"));
    assertThat(text(string().get())).isEqualTo("x");
  }

  @Test
  void aCopyHasRowsOfItsOwn() {
    makeLong(MIB);
    fixture.key().copyTo(fixture.keys().key(bytes("copy")));
    write(0, "changed");
    StringType copy = new StringType(fixture.keys().key(bytes("copy")));
    assertThat(copy.get()).hasSize(MIB).containsOnly('v');
    assertThat(rows()).isEqualTo(2 * MIB / CHUNK);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Integer.MAX_VALUE, 1L << 40})
  void aRecordWithAnImpossibleLengthIsDamage(long length) {
    byte[] payload = ByteBuffer.allocate(16).putLong(7).putLong(length).array();
    fixture.key().update(KeyType.STRING, MetaRow.ROWS, payload);
    assertThatThrownBy(() -> string().get()).isInstanceOf(CorruptStoreException.class);
  }

  @Test
  void recordsAndRowsOfWrongSizesAreDamage() {
    makeLong(5 * CHUNK + 10);
    byte[] row = ElementRows.chunk(fixture.key().slot(), fixture.key().meta().rowsId(), 5);
    fixture.memory.put(Family.DATA, row, new byte[11]);
    assertThatThrownBy(() -> string().read(5 * CHUNK, 1)).isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> string().get()).isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> write(5 * CHUNK, "x")).isInstanceOf(CorruptStoreException.class);
    assertThat(string().read(0, 4 * CHUNK)).as("chunks that are sound").containsOnly('v');
    fixture.key().delete();

    fixture.key().update(KeyType.STRING, MetaRow.ROWS, new byte[15]);
    assertThatThrownBy(() -> string().length()).isInstanceOf(CorruptStoreException.class);
    fixture.key().delete();

    fixture.key().update(KeyType.STRING, 2, new byte[16]);
    assertThatThrownBy(() -> string().length()).isInstanceOf(CorruptStoreException.class);
  }

  @Test
  void noRowReachesBeyondTheLength() {
    makeLong(5 * CHUNK);
    write(7 * CHUNK + 5, "end");
    StringType string = string();
    string.lengthen(8 * CHUNK + 1);
    string.save();
    int slot = fixture.key().slot();
    long id = fixture.key().meta().rowsId();
    try (RowCursor cursor =
        fixture.memory.descending(
            Family.DATA, ElementRows.from(slot, id), ElementRows.to(slot, id))) {
      assertThat(cursor.next()).isTrue();
      assertThat(ElementRows.chunkOf(cursor.key())).isEqualTo(7);
      assertThat(cursor.value()).hasSize(8);
    }
  }
}

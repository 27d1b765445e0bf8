package io.raftkv.storage.type;

import static io.raftkv.storage.type.TypeFixture.bytes;
import static io.raftkv.storage.type.TypeFixture.list;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.row.StreamRows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamTypeTest {
  private static final HexFormat HEX = HexFormat.of();
  private static final byte[] ALL = {(byte) 0xff};

  private final TypeFixture fixture = new TypeFixture();

  private StreamType stream() {
    return new StreamType(fixture.key());
  }

  private static StreamId id(long millis) {
    return new StreamId(millis, 0);
  }

  private void fill(long entries) {
    StreamType stream = stream();
    for (long i = 1; i <= entries; i++) {
      stream.add(new StreamEntry(id(i), list("f", "v" + i)));
    }
    stream.save();
  }

  private static List<Long> millis(List<StreamEntry> entries) {
    return entries.stream().map(entry -> entry.id().millis()).toList();
  }

  @Test
  void theRecordAndAnEntryArePinned() {
    StreamType stream = stream();
    stream.add(new StreamEntry(new StreamId(5, 3), list("f", "v", "ab", "")));
    stream.add(new StreamEntry(new StreamId(6, 0), list("f", "w")));
    stream.delete(List.of(new StreamId(6, 0)));
    stream.save();
    assertThat(HEX.formatHex(fixture.key().meta().payload()))
        .isEqualTo(
            "0000000000000001" // id
                + "0000000000000001" // length
                + "0000000000000006"
                + "0000000000000000" // last
                + "0000000000000005"
                + "0000000000000003" // first
                + "0000000000000006"
                + "0000000000000000" // maxDeleted
                + "0000000000000002" // added
                + "0000000000000000" // groups
                + "0000000000000000" // numbers
                + "0000000000000001" // removed
                + "00" // not exactly up to
                + "0000000000000005"
                + "ffffffffffffffff"); // this entry
    assertThat(values()).containsExactly("01" + "04" + "0166" + "0176" + "026162" + "00");
    assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);
  }

  @Test
  void recordsOfGroupsAreSmallAndPinned() {
    fill(1);
    StreamType stream = stream();
    stream.createGroup(bytes("g"), StreamId.MIN, -1);
    StreamGroup group = stream.group(bytes("g"));
    StreamConsumer consumer = group.askedBy(bytes("c"), 0x100);
    new StreamDelivery(stream, group, consumer, 0x200).deliverNew(9, true);
    stream.save();
    assertThat(values())
        .containsExactly(
            "01" + "02" + "0166" + "027631",
            "03" // group
                + "0000000000000001" // number
                + "0000000000000001"
                + "0000000000000000" // last
                + "0000000000000001" // read
                + "0000000000000001" // consumers
                + "0000000000000001" // pending
                + "01" // exactly from
                + "0000000000000001"
                + "0000000000000000" // this entry on
                + "0000000000000000", // no deleted rows behind
            "02" // consumer
                + "0000000000000002" // number
                + "0000000000000100" // seen
                + "0000000000000200" // active
                + "0000000000000001" // pending
                + "01" // exactly from
                + "0000000000000001"
                + "0000000000000000", // this entry on
            "01" + "0000000000000200" + "0000000000000001" + "63", // pending entry
            "");
  }

  private List<String> values() {
    List<String> values = new ArrayList<>();
    try (RowCursor rows = fixture.memory.ascending(Family.STREAM, new byte[0], ALL)) {
      while (rows.next()) {
        values.add(HEX.formatHex(rows.value()));
      }
    }
    return values;
  }

  /** Random operations give the same as on a sorted set of ids in memory. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  void entriesComeAndGoAsInASortedSet(long seed) {
    Random random = new Random(seed);
    TreeSet<StreamId> model = new TreeSet<>();
    long top = 0;
    for (int step = 0; step < 800; step++) {
      String where = "seed " + seed + ", step " + step;
      StreamType stream = stream();
      switch (random.nextInt(10)) {
        case 0, 1, 2, 3, 4 -> {
          for (int i = random.nextInt(20); i >= 0; i--) {
            top += 1 + random.nextInt(3);
            stream.add(new StreamEntry(id(top), list("f", "v")));
            model.add(id(top));
          }
        }
        case 5 -> {
          List<StreamId> ids = new ArrayList<>();
          for (int i = random.nextInt(10); i >= 0; i--) {
            ids.add(
                random.nextBoolean() && !model.isEmpty() ? model.first() : id(near(random, top)));
          }
          stream.create();
          long there = new TreeSet<>(ids).stream().filter(model::remove).count();
          assertThat(stream.delete(ids)).as(where).isEqualTo(there);
        }
        case 6 -> {
          long length = random.nextInt(model.size() + 2);
          long limit = random.nextBoolean() ? random.nextInt(100) + 1 : StreamType.UNLIMITED;
          stream.create();
          long gone = Math.min(Math.max(0, model.size() - length), limit);
          assertThat(stream.trimToLength(length, limit)).as(where).isEqualTo(gone);
          drop(model, gone);
        }
        case 7 -> {
          StreamId bound = id(near(random, top));
          long limit = random.nextBoolean() ? random.nextInt(100) + 1 : StreamType.UNLIMITED;
          stream.create();
          long gone = Math.min(model.headSet(bound).size(), limit);
          assertThat(stream.trimBefore(bound, limit)).as(where).isEqualTo(gone);
          drop(model, gone);
        }
        default -> {
          StreamId from = id(near(random, top));
          StreamId to = id(near(random, top));
          boolean backwards = random.nextBoolean();
          int limit = 1 + random.nextInt(20);
          List<StreamId> expected = new ArrayList<>();
          if (!from.isAfter(to)) {
            expected.addAll(model.subSet(from, true, to, true));
          }
          if (backwards) {
            Collections.reverse(expected);
          }
          assertThat(stream.range(from, to, backwards, limit).stream().map(StreamEntry::id))
              .as(where)
              .isEqualTo(expected.subList(0, Math.min(limit, expected.size())));
          assertThat(stream.hasEntryAfter(from)).as(where).isEqualTo(model.higher(from) != null);
        }
      }
      if (stream.exists()) {
        stream.save();
        StreamType read = stream();
        assertThat(read.length()).as(where).isEqualTo(model.size());
        assertThat(read.firstId()).as(where).isEqualTo(model.isEmpty() ? id(0) : model.first());
        assertThat(read.lastId()).as(where).isEqualTo(id(top));
        assertThat(fixture.memory.size(Family.STREAM)).as(where).isEqualTo(model.size());
      }
      fixture.memory.verify();
    }
  }

  private static long near(Random random, long top) {
    return random.nextInt((int) top + 3);
  }

  private static void drop(NavigableSet<StreamId> model, long count) {
    for (long i = 0; i < count; i++) {
      model.pollFirst();
    }
  }

  /** On 100,000 entries, as on 10: what a command costs does not grow. */
  @Test
  void singleEntriesOfALongStreamAreReachedWithoutAWalk() {
    fill(100_000);
    StreamType created = stream();
    created.createGroup(bytes("g"), StreamId.MIN, -1);
    StreamGroup all = created.group(bytes("g"));
    new StreamDelivery(created, all, all.askedBy(bytes("c"), 1), 1)
        .deliverNew(StreamType.UNLIMITED, true);
    created.save();

    fixture.rows.reset();
    StreamType stream = stream();
    stream.add(new StreamEntry(id(200_000), list("f", "v")));
    stream.delete(List.of(id(50_000)));
    assertThat(stream.group(bytes("g")).pending().acknowledge(List.of(id(40_000)))).isOne();
    StreamConsumer other = stream.group(bytes("g")).askedBy(bytes("other"), 2);
    StreamDelivery delivery = new StreamDelivery(stream, stream.group(bytes("g")), other, 2);
    StreamDelivery.Claim claim = new StreamDelivery.Claim(0, 2, -1, true, false);
    assertThat(delivery.claim(id(30_000), claim)).isNotNull();
    assertThat(delivery.claimFrom(id(45_000), claim, 2, 20).claimed()).hasSize(2);
    assertThat(delivery.deliverAgain(id(0).next(), 9)).hasSize(3);
    assertThat(millis(stream.range(id(60_000), StreamId.MAX, false, 2)))
        .containsExactly(60_000L, 60_001L);
    stream.save();
    assertThat(fixture.rows.gets).isLessThan(30);
    assertThat(fixture.rows.cursors).isLessThan(8);
    assertThat(fixture.rows.writes).isLessThan(35);

    fixture.rows.reset();
    StreamType destroyed = stream();
    assertThat(destroyed.destroyGroup(bytes("g"))).isTrue();
    assertThat(destroyed.trimToLength(0, StreamType.UNLIMITED)).isEqualTo(100_000);
    destroyed.save();
    assertThat(fixture.rows.writes).isLessThan(6);
    assertThat(fixture.memory.size(Family.STREAM)).isZero();
  }

  /** As two consumers work: what they have acknowledged must not make looking slower. */
  @Test
  void whatWasAcknowledgedIsNotSteppedOver() {
    fill(2_000);
    StreamType created = stream();
    created.createGroup(bytes("g"), StreamId.MIN, -1);
    StreamGroup group = created.group(bytes("g"));
    for (int i = 0; i < 1_000; i++) {
      for (String consumer : List.of("a", "b")) {
        new StreamDelivery(created, group, group.askedBy(bytes(consumer), 1), 1)
            .deliverNew(1, true);
      }
    }
    created.save();
    for (int i = 1; i < 1_500; i++) {
      fixture.rows.reset();
      StreamType acknowledged = stream();
      acknowledged.group(bytes("g")).pending().acknowledge(List.of(id(i)));
      acknowledged.save();
      StreamType stream = stream();
      StreamPending pending = stream.group(bytes("g")).pending();
      assertThat(pending.first().id()).isEqualTo(id(i + 1));
      assertThat(pending.range(StreamId.MIN, StreamId.MAX, 1, entry -> true)).hasSize(1);
      for (StreamConsumer consumer : stream.group(bytes("g")).consumers()) {
        assertThat(pending.rangeOf(consumer, StreamId.MIN, StreamId.MAX, 1, entry -> true))
            .hasSize(1);
      }
      assertThat(fixture.rows.skipped).as("after " + i).isLessThanOrEqualTo(12);
    }
    fixture.memory.verifyStreams();
  }

  /** What was deleted at an end must not make reading there slower. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void entriesDeletedAtAnEndAreNotSteppedOver(boolean upper) {
    fill(3_000);
    int made = 0;
    for (int i = 1; i < 3_000; i++) {
      fixture.rows.reset();
      StreamType stream = stream();
      assertThat(stream.delete(List.of(id(upper ? 3_001 - i : i)))).isOne();
      stream.save();
      made += fixture.rows.skipped > 2 ? 1 : 0;
      fixture.rows.reset();
      assertThat(millis(stream().range(StreamId.MIN, StreamId.MAX, true, 1)))
          .containsExactly(upper ? 3_000L - i : 3_000L);
      assertThat(millis(stream().range(StreamId.MIN, StreamId.MAX, false, 1)))
          .containsExactly(upper ? 1L : i + 1);
      assertThat(stream().hasEntryAfter(id(upper ? 3_001 - i : 3_000))).isFalse();
      assertThat(fixture.rows.skipped).as("after " + i).isLessThanOrEqualTo(2);
    }
    assertThat(made).isLessThanOrEqualTo(4);
  }

  /** Beside an old entry that stays, others come and go. */
  @Test
  void whatIsLeftOfAStreamIsReadAsIfItWereNew() {
    fill(10);
    StreamType created = stream();
    created.createGroup(bytes("g"), StreamId.MIN, -1);
    created.save();
    for (int i = 11; i < 3_000; i++) {
      StreamType stream = stream();
      stream.add(new StreamEntry(id(i), list("f", "v")));
      if (i > 20) {
        assertThat(stream.delete(List.of(id(i - 5)))).isOne();
      }
      stream.save();
      fixture.rows.reset();
      stream().range(StreamId.MIN, StreamId.MAX, false, StreamType.UNLIMITED);
      stream().range(StreamId.MIN, StreamId.MAX, true, 3);
      assertThat(fixture.rows.skipped).as("after " + i).isLessThanOrEqualTo(2 * 150);
    }
    assertThat(millis(stream().range(StreamId.MIN, StreamId.MAX, false, 30)))
        .hasSize(20)
        .startsWith(1L, 2L, 3L)
        .endsWith(15L, 2_995L, 2_996L, 2_997L, 2_998L, 2_999L);
    assertThat(stream().group(bytes("g"))).isNotNull();
    fixture.memory.verify();
  }

  @Test
  void whatIsLeftIsMovedWithoutAStepOverWhatIsGoneBeforeIt() {
    fill(1_000);
    for (int i = 1; i <= 800; i++) {
      delete(i);
    }
    for (int i = 811; i <= 990; i++) {
      fixture.rows.reset();
      delete(i);
      assertThat(fixture.rows.skipped).as("at " + i).isLessThanOrEqualTo(180);
    }
    assertThat(millis(stream().range(StreamId.MIN, StreamId.MAX, false, 30)))
        .hasSize(20)
        .startsWith(801L)
        .endsWith(1_000L);
    assertThat(stream().head().rowsId).as("moved").isNotEqualTo(1);
  }

  private void delete(long millis) {
    StreamType stream = stream();
    assertThat(stream.delete(List.of(id(millis)))).isOne();
    stream.save();
  }

  /** What a group writes for an acknowledged entry is little, whatever its consumers are called. */
  @Test
  void aGroupWithHugeNamesIsNotMoved() {
    fill(400);
    StreamType created = stream();
    created.createGroup(bytes("g"), StreamId.MIN, -1);
    StreamGroup group = created.group(bytes("g"));
    long number = group.number();
    group.createConsumer(bytes("n".repeat(1 << 20)), 1);
    created.save();
    for (int i = 1; i <= 400; i++) {
      StreamType stream = stream();
      StreamGroup asked = stream.group(bytes("g"));
      StreamConsumer consumer = asked.askedBy(bytes("c"), i);
      new StreamDelivery(stream, asked, consumer, i).deliverNew(1, true);
      if (i > 1) {
        assertThat(asked.pending().acknowledge(List.of(id(i)))).isOne();
      }
      stream.save();
    }
    assertThat(stream().group(bytes("g")).number()).isEqualTo(number);
  }

  /** Store formats up to 4 did not say where a stream ends. */
  @Test
  void aStreamThatDoesNotKnowItsLastEntryWorksAndLearnsIt() {
    fill(10);
    fixture.key().update(KeyType.STREAM, MetaRow.ROWS, oldRecord());
    assertThat(millis(stream().range(StreamId.MIN, StreamId.MAX, true, 1))).containsExactly(10L);
    for (int i = 10; i > 5; i--) {
      StreamType stream = stream();
      assertThat(stream.delete(List.of(id(i)))).isOne();
      stream.save();
      assertThat(millis(stream().range(StreamId.MIN, StreamId.MAX, true, 1)))
          .containsExactly(i - 1L);
    }
  }

  private byte[] oldRecord() {
    return Arrays.copyOf(fixture.key().meta().payload(), 88);
  }

  /** One entry is never acknowledged, others are as they come, some of them by other consumers. */
  @Test
  void whatIsPendingForLongDoesNotGetLostAmongWhatWasAcknowledged() {
    fill(6_000);
    StreamType created = stream();
    created.createGroup(bytes("g"), StreamId.MIN, -1);
    created.save();
    TreeMap<Long, String> model = new TreeMap<>();
    for (int i = 1; i <= 6_000; i++) {
      StreamType stream = stream();
      StreamGroup group = stream.group(bytes("g"));
      String name = "abc".substring(i % 3, i % 3 + 1);
      StreamConsumer consumer = group.askedBy(bytes(name), i);
      StreamDelivery delivery = new StreamDelivery(stream, group, consumer, i);
      delivery.deliverNew(1, true);
      model.put((long) i, name);
      if (i > 10 && i % 100 != 0) {
        assertThat(group.pending().acknowledge(List.of(id(i - 1)))).isEqualTo(gone(model, i - 1));
      } else if (i % 500 == 0) {
        StreamDelivery.Claim claim = new StreamDelivery.Claim(0, i, -1, true, false);
        delivery.claimFrom(StreamId.MIN, claim, 3, 30);
        model.keySet().stream().limit(3).toList().forEach(taken -> model.put(taken, name));
      }
      stream.save();
      fixture.rows.reset();
      assertPending(model);
      assertThat(fixture.rows.skipped).as("after " + i).isLessThanOrEqualTo(3_000);
    }
    fixture.memory.verifyStreams();
    fixture.memory.verify();
    assertThat(model).hasSizeGreaterThan(60);
  }

  private static long gone(NavigableMap<Long, String> model, long millis) {
    return model.remove(millis) == null ? 0 : 1;
  }

  private void assertPending(NavigableMap<Long, String> model) {
    StreamGroup group = stream().group(bytes("g"));
    StreamPending pending = group.pending();
    TreeMap<Long, String> found = new TreeMap<>();
    for (PendingEntry entry : pending.range(StreamId.MIN, StreamId.MAX, 10_000, any -> true)) {
      found.put(entry.id().millis(), TypeFixture.text(entry.consumer()));
    }
    assertThat(found).isEqualTo(model);
    assertThat(pending.first().id()).isEqualTo(id(model.firstKey()));
    assertThat(pending.last().id()).isEqualTo(id(model.lastKey()));
    for (StreamConsumer consumer : group.consumers()) {
      List<Long> own = new ArrayList<>();
      pending
          .rangeOf(consumer, StreamId.MIN, StreamId.MAX, 10_000, any -> true)
          .forEach(entry -> own.add(entry.id().millis()));
      String name = TypeFixture.text(consumer.name());
      assertThat(own)
          .isEqualTo(model.keySet().stream().filter(id -> model.get(id).equals(name)).toList());
    }
  }

  /** Groups and consumers of store formats up to 3 do not say what is pending first. */
  @Test
  void aGroupThatDoesNotKnowItsFirstPendingEntryWorksAndLearnsIt() {
    fill(10);
    StreamType stream = stream();
    stream.createGroup(bytes("g"), StreamId.MIN, -1);
    StreamGroup group = stream.group(bytes("g"));
    new StreamDelivery(stream, group, group.askedBy(bytes("c"), 1), 1).deliverNew(9, true);
    stream.save();
    int slot = fixture.key().slot();
    long rowsId = fixture.key().meta().rowsId();
    byte[] groupRow = StreamRows.group(slot, rowsId, bytes("g"));
    byte[] consumerRow = StreamRows.consumer(slot, rowsId, 1, bytes("c"));
    for (byte[] row : List.of(groupRow, consumerRow)) {
      byte[] value = fixture.memory.get(Family.STREAM, row);
      byte[] old = Arrays.copyOf(value, value.length - (row == groupRow ? 25 : 17));
      old[0] = 1;
      fixture.memory.put(Family.STREAM, row, old);
    }
    assertThat(stream().group(bytes("g")).pending().first().id()).isEqualTo(id(1));
    StreamType acknowledged = stream();
    assertThat(acknowledged.group(bytes("g")).pending().acknowledge(List.of(id(1)))).isOne();
    acknowledged.save();
    assertThat(stream().group(bytes("g")).pending().first().id()).isEqualTo(id(2));
    fixture.memory.verifyStreams();
  }

  @Test
  void aGroupForgetsItsConsumersWithWhatIsPending() {
    fill(1500);
    StreamType stream = stream();
    stream.createGroup(bytes("g"), StreamId.MIN, -1);
    StreamGroup group = stream.group(bytes("g"));
    StreamDelivery toA = new StreamDelivery(stream, group, group.askedBy(bytes("a"), 1), 1);
    StreamDelivery toB = new StreamDelivery(stream, group, group.askedBy(bytes("b"), 1), 1);
    toA.deliverNew(1200, true);
    toB.deliverNew(StreamType.UNLIMITED, true);
    stream.save();
    StreamType read = stream();
    StreamGroup again = read.group(bytes("g"));
    assertThat(again.deleteConsumer(bytes("a"))).isEqualTo(1200);
    assertThat(again.deleteConsumer(bytes("a"))).isEqualTo(StreamGroup.UNKNOWN);
    read.save();
    assertThat(stream().group(bytes("g")).pendingCount()).isEqualTo(300);
    assertThat(stream().group(bytes("g")).consumerCount()).isOne();
    assertThat(stream().group(bytes("g")).pending().first().id()).isEqualTo(id(1201));
    StreamType idle = stream();
    idle.group(bytes("g")).createConsumer(bytes("idle"), 2);
    idle.save();
    StreamType deleted = stream();
    assertThat(deleted.group(bytes("g")).deleteConsumer(bytes("idle"))).isZero();
    deleted.save();
    assertThat(stream().group(bytes("g")).consumerCount()).isOne();
    // entries, the group, b, and two rows for each entry that is pending for b
    assertThat(fixture.memory.size(Family.STREAM)).isEqualTo(1500 + 2 + 600);
  }

  @Test
  void deletingTheKeyLeavesNothingAndTakesOneRange() {
    fill(500);
    StreamType stream = stream();
    stream.createGroup(bytes("g"), StreamId.MIN, -1);
    stream.save();
    fixture.rows.reset();
    assertThat(fixture.key().delete()).isTrue();
    assertThat(fixture.rows.writes).isEqualTo(2);
    assertThat(fixture.memory.dump()).isEmpty();
  }

  @Test
  void damageIsNamedAndNotTakenForAStream() {
    fixture.key().replace(KeyType.STREAM, MetaRow.INLINE, new byte[88], 1L << 62);
    assertThatThrownBy(this::stream).isInstanceOf(CorruptStoreException.class);
    fixture.key().replace(KeyType.STREAM, MetaRow.ROWS, new byte[87], 1L << 62);
    assertThatThrownBy(this::stream).isInstanceOf(CorruptStoreException.class);
    byte[] lengthWithoutFirst = new byte[88];
    lengthWithoutFirst[15] = 1;
    fixture.key().replace(KeyType.STREAM, MetaRow.ROWS, lengthWithoutFirst, 1L << 62);
    assertThatThrownBy(this::stream).isInstanceOf(CorruptStoreException.class);
  }

  @Test
  void damagedRowsAreNotTakenForEntriesGroupsOrWhatIsPending() {
    fill(2);
    StreamType stream = stream();
    stream.createGroup(bytes("g"), StreamId.MIN, -1);
    StreamGroup group = stream.group(bytes("g"));
    new StreamDelivery(stream, group, group.askedBy(bytes("c"), 1), 1).deliverNew(9, true);
    stream.save();
    int slot = fixture.key().slot();
    long rowsId = fixture.key().meta().rowsId();

    byte[] owner = StreamRows.consumer(slot, rowsId, 1, bytes("c"));
    byte[] consumer = fixture.memory.get(Family.STREAM, owner);
    fixture.memory.delete(Family.STREAM, owner);
    assertThatThrownBy(() -> stream().group(bytes("g")).pending().acknowledge(List.of(id(1))))
        .isInstanceOf(CorruptStoreException.class);
    fixture.memory.put(Family.STREAM, owner, consumer);

    fixture.memory.delete(Family.STREAM, StreamRows.pending(slot, rowsId, 1, id(2)));
    assertThatThrownBy(
            () -> {
              StreamType read = stream();
              StreamGroup readGroup = read.group(bytes("g"));
              StreamConsumer asking = readGroup.consumer(bytes("c"));
              new StreamDelivery(read, readGroup, asking, 1).deliverAgain(id(1), 9);
            })
        .isInstanceOf(CorruptStoreException.class);

    for (byte[] row :
        List.of(
            StreamRows.entry(slot, rowsId, id(1)),
            StreamRows.group(slot, rowsId, bytes("g")),
            owner,
            StreamRows.pending(slot, rowsId, 1, id(1)))) {
      byte[] value = fixture.memory.get(Family.STREAM, row);
      byte[] otherFormat = value.clone();
      otherFormat[0] = 9;
      for (byte[] damaged : List.of(otherFormat, new byte[] {1})) {
        fixture.memory.put(Family.STREAM, row, damaged);
        assertThatThrownBy(this::readAll).isInstanceOf(CorruptStoreException.class);
      }
      fixture.memory.put(Family.STREAM, row, value);
    }
    readAll();
  }

  private void readAll() {
    StreamType stream = stream();
    stream.range(StreamId.MIN, StreamId.MAX, false, 9);
    for (StreamGroup group : stream.groups()) {
      group.consumers();
      group.pending().range(StreamId.MIN, StreamId.MAX, 9, entry -> true);
    }
  }

  @Test
  void aStreamWithoutTheEntriesThatItsRecordClaimsIsDamaged() {
    fill(3);
    int slot = fixture.key().slot();
    long rowsId = fixture.key().meta().rowsId();
    fixture.memory.delete(Family.STREAM, StreamRows.entry(slot, rowsId, id(2)));
    fixture.memory.delete(Family.STREAM, StreamRows.entry(slot, rowsId, id(3)));
    assertThatThrownBy(() -> stream().delete(List.of(id(1))))
        .isInstanceOf(CorruptStoreException.class);
    fill2();
    assertThatThrownBy(() -> stream().trimToLength(1, StreamType.UNLIMITED))
        .isInstanceOf(CorruptStoreException.class);
  }

  private void fill2() {
    fixture.key().delete();
    fill(3);
    fixture.memory.delete(
        Family.STREAM,
        StreamRows.entry(fixture.key().slot(), fixture.key().meta().rowsId(), id(3)));
  }

  @Test
  void idsOnlyGrow() {
    fill(3);
    assertThatThrownBy(() -> stream().add(new StreamEntry(id(3), list("f", "v"))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theGreatestIdThereIsMayBeAddedTrimmedAndDeleted() {
    StreamType stream = stream();
    stream.add(new StreamEntry(id(1), list("f", "v")));
    stream.add(new StreamEntry(StreamId.MAX, list("f", "v")));
    stream.save();
    assertThat(stream().range(StreamId.MIN, StreamId.MAX, true, 9)).hasSize(2);
    assertThat(stream().hasEntryAfter(StreamId.MAX)).isFalse();
    StreamType trimmed = stream();
    assertThat(trimmed.trimBefore(StreamId.MAX, StreamType.UNLIMITED)).isOne();
    assertThat(trimmed.trimToLength(0, StreamType.UNLIMITED)).isOne();
    assertThat(trimmed.length()).isZero();
    trimmed.save();
    assertThat(fixture.memory.size(Family.STREAM)).isZero();
  }
}

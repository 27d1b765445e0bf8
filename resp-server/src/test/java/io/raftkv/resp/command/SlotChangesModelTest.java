package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.server.Commands;
import io.raftkv.shard.ApplyContext;
import io.raftkv.storage.Family;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.RetainedView;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.Slot;
import io.raftkv.storage.SlotOwnership;
import io.raftkv.storage.SlotSet;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import io.raftkv.storage.row.KeyRows;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two replicas whose slots are fenced and dropped between commands of all types, against plain rows
 * that never heard of slots, and a set of bits that says which of them should be there.
 */
class SlotChangesModelTest {
  private static final long MIB = 1L << 20;
  private static final long START = 1_700_000_000_000L;
  private static final int KEYS = 60;
  private static final int DATABASES = 3;
  private static final int STEPS = 100;
  private static final UUID TARGET = new UUID(1, 2);

  private static final List<CommandSpec> SPECS =
      Commands.dataFamilies().stream().flatMap(Collection::stream).toList();

  private static final CommandTable TABLE = new CommandTable(List.of(SPECS));

  private final CommandEngine engine = new CommandEngine(TABLE);
  private final StoreEnvironment environment =
      new StoreEnvironment(new StoreOptions(8 * MIB, 2 * MIB, 16 * MIB, 64, 2));
  private final List<ShardStore> stores = new ArrayList<>();
  private final CommandRunner plain = new CommandRunner(SPECS);

  private final BitSet away = new BitSet(Slot.COUNT);
  private final BitSet fenced = new BitSet(Slot.COUNT);
  private long epoch;
  private long routingVersion = 1;

  private long index;
  private long time = START;
  private int moved;
  private int served;

  @TempDir private Path directory;

  @AfterEach
  void close() {
    stores.forEach(ShardStore::close);
    environment.close();
  }

  private ShardStore open(int replica) {
    return ShardStore.open(directory.resolve("store" + replica), environment);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2})
  void slotsThatAreNotOwnedAreAsIfTheyWereElsewhere(long seed) {
    Random random = new Random(seed);
    stores.add(open(0));
    stores.add(open(1));
    for (int step = 0; step < STEPS; step++) {
      time += random.nextInt(20);
      if (random.nextInt(12) == 0) {
        changeSlots(random);
      } else {
        command(random);
      }
      if (random.nextInt(25) == 0) {
        reopen(random.nextInt(stores.size()));
      }
    }
    check();
    assertThat(moved).as("commands that met other slots").isGreaterThan(STEPS / 20);
    assertThat(served).as("commands that did not").isGreaterThan(STEPS / 20);
  }

  private void reopen(int replica) {
    stores.get(replica).close();
    stores.set(replica, open(replica));
  }

  // ---- commands on keys ----

  private void command(Random random) {
    int database = random.nextInt(DATABASES);
    String key = key(random);
    String other = key(random);
    String line =
        switch (random.nextInt(18)) {
          case 0 -> "SET " + key + " v" + random.nextInt();
          case 1 -> "SET " + key + " v PX " + (1 + random.nextInt(2_000));
          case 2 -> "RPUSH " + key + " " + many("e", random);
          case 3 -> "SADD " + key + " " + many("m", random);
          case 4, 5 -> "ZADD " + key + " " + scored(random);
          case 6 -> "HSET " + key + " " + many("f", random);
          case 7 -> "HPEXPIRE " + key + " " + (1 + random.nextInt(900)) + " FIELDS 2 f0 f1";
          case 8 -> "XADD " + key + " " + time + "-" + index + " f v";
          case 9 -> "SETRANGE " + key + " " + random.nextInt(30_000) + " x";
          case 10 -> "PEXPIRE " + key + " " + (1 + random.nextInt(2_000));
          case 11 -> "MSET " + key + " a " + other + " b " + key(random) + " c";
          case 12 -> "DEL " + key + " " + other;
          case 13 -> "COPY {" + key + "}1 " + key + " REPLACE";
          case 14 -> "RENAME " + key + " {" + key + "}1";
          case 15 -> "MOVE " + key + " " + (database + 1) % DATABASES;
          case 16 -> "SWAPDB " + random.nextInt(DATABASES) + " " + random.nextInt(DATABASES);
          default -> random.nextInt(6) == 0 ? "FLUSHDB" : "GETSET " + key + " " + random.nextInt();
        };
    CommandSpec spec =
        TABLE.find(line.substring(0, line.indexOf(' ') < 0 ? line.length() : line.indexOf(' ')));
    long routedBy = routingVersion - (random.nextInt(4) == 0 ? 1 : 0);
    String replies = apply(database, routedBy, line);
    if (isServed(spec, routedBy, new Args(words(line)))) {
      served++;
      assertThat(replies).as(line).isEqualTo(plain(database, line));
    } else {
      moved++;
      assertThat(replies).as(line).isEqualTo("MOVED");
    }
  }

  private boolean isServed(CommandSpec spec, long routedBy, Args args) {
    return (routedBy == 0 || (fenced.isEmpty() && routedBy >= routingVersion))
        && Arrays.stream(spec.keys().positions(args))
            .map(position -> Slot.of(args.bytes(position)))
            .allMatch(this::owns);
  }

  private boolean owns(int slot) {
    return !away.get(slot) && !fenced.get(slot);
  }

  private static String key(Random random) {
    return "k" + random.nextInt(KEYS);
  }

  /** Few, or so many that they are rows of their own. */
  private static String many(String name, Random random) {
    int count = 2 * (1 + random.nextInt(random.nextInt(3) > 0 ? 4 : 80));
    return IntStream.range(0, count).mapToObj(i -> name + i).collect(Collectors.joining(" "));
  }

  private static String scored(Random random) {
    int count = 1 + random.nextInt(200);
    return IntStream.range(0, count)
        .mapToObj(i -> random.nextInt(1_000) + " m" + i)
        .collect(Collectors.joining(" "));
  }

  // ---- orders ----

  private void changeSlots(Random random) {
    sweep();
    List<RetainedView> before = stores.stream().map(ShardStore::tryRetain).toList();
    String keysBefore = plain(0, "KEYS *");
    boolean couldShow = fenced.isEmpty();
    long routedBy = routingVersion;
    order(random);
    for (RetainedView view : before) {
      // What was begun before an order sees all as it was, rows that are deleted now among them.
      String keys = view.use(rows -> text(read(rows, 0, routedBy, "KEYS *")));
      assertThat(keys).isEqualTo(couldShow ? keysBefore : "MOVED");
      view.close();
    }
    check();
  }

  private void order(Random random) {
    int first = random.nextInt(Slot.COUNT);
    SlotSet slots = SlotSet.of(first, Math.min(Slot.COUNT - 1, first + random.nextInt(3_000)));
    boolean allOwned = bits(slots).stream().allMatch(this::owns);
    switch (random.nextInt(4)) {
      case 0, 1 -> {
        String reply = apply(0, 0, line(SlotCommands.fence(epoch, TARGET, slots)));
        if (!fenced.isEmpty() || !allOwned) {
          assertThat(reply).startsWith("-ERR");
        } else {
          fenced.or(bits(slots));
          assertThat(reply).isEqualTo(":" + ++epoch);
        }
      }
      case 2 -> {
        byte[][] order = SlotCommands.unfence(epoch, ++routingVersion);
        assertThat(apply(0, 0, line(order))).isEqualTo(":" + ++epoch);
        fenced.clear();
      }
      default -> {
        BitSet kept = (BitSet) away.clone();
        kept.or(bits(slots));
        kept.flip(0, Slot.COUNT);
        routingVersion++;
        byte[][] order = SlotCommands.keep(epoch, routingVersion, slots(kept));
        assertThat(apply(0, 0, line(order))).isEqualTo(":" + ++epoch);
        away.or(bits(slots));
        fenced.clear();
        forgetKeysThatAreAway();
      }
    }
    assertThat(apply(0, 0, line(SlotCommands.unfence(epoch - 1, routingVersion))))
        .as("an order that comes late")
        .isEqualTo("-ERR the slots of this shard are at epoch " + epoch);
  }

  private void forgetKeysThatAreAway() {
    for (int database = 0; database < DATABASES; database++) {
      for (String key : keys(database)) {
        if (away.get(Slot.of(bytes(key)))) {
          plain(database, "DEL " + key);
        }
      }
    }
  }

  private static BitSet bits(SlotSet slots) {
    BitSet bits = new BitSet(Slot.COUNT);
    slots.ranges().forEach(range -> bits.set(range.first(), range.last() + 1));
    return bits;
  }

  private static SlotSet slots(BitSet bits) {
    SlotSet slots = SlotSet.EMPTY;
    for (int first = bits.nextSetBit(0);
        first >= 0;
        first = bits.nextSetBit(bits.nextClearBit(first))) {
      slots = slots.union(SlotSet.of(first, bits.nextClearBit(first) - 1));
    }
    return slots;
  }

  // ---- what has to hold ----

  private void check() {
    sweep();
    BitSet owned = new BitSet(Slot.COUNT);
    owned.or(away);
    owned.or(fenced);
    owned.flip(0, Slot.COUNT);
    for (ShardStore store : stores) {
      SlotOwnership ownership = store.ownership();
      assertThat(ownership.epoch()).isEqualTo(epoch);
      assertThat(ownership.owned()).isEqualTo(slots(owned));
      assertThat(ownership.away()).isEqualTo(slots(away));
    }
    // One for both: that the replicas are equal, their checksums say.
    try (ReadView view = stores.get(0).readSnapshot()) {
      assertThat(view.ownership()).isEqualTo(stores.get(0).ownership());
      for (int database = 0; database < DATABASES; database++) {
        List<String> keys = keys(database);
        checkKeys(view, database, keys);
        checkScans(view, database, keys);
      }
      checkNothingIsLeft(view);
    }
    assertThat(stores.get(1).checksum()).isEqualTo(stores.get(0).checksum());
  }

  /** Until there is nothing left to do; then the numbers of keys are those of live ones. */
  private void sweep() {
    String reply;
    do {
      reply = apply(0, 0, "RAFTKV.SWEEP 40");
      assertThat(reply).startsWith(":");
    } while (reply.equals(":40"));
    plain(0, "RAFTKV.SWEEP 100000");
  }

  private void checkKeys(ReadView view, int database, List<String> keys) {
    for (String line : List.of("DBSIZE", "KEYS *")) {
      assertThat(text(read(view, database, routingVersion, line)))
          .isEqualTo(fenced.isEmpty() ? plain(database, line) : "MOVED");
    }
    for (String key : keys) {
      for (String line : List.of("TYPE " + key, "PTTL " + key, "DUMP " + key)) {
        assertThat(text(read(view, database, 0, line)))
            .as(line)
            .isEqualTo(owns(Slot.of(bytes(key))) ? plain(database, line) : "MOVED");
      }
    }
  }

  private void checkScans(ReadView view, int database, List<String> keys) {
    for (SlotSet.Range range : view.ownership().owned().ranges()) {
      TreeSet<String> found = new TreeSet<>();
      long end = (long) (range.last() + 1) << KeyRows.HASH_BITS;
      long cursor = (long) range.first() << KeyRows.HASH_BITS;
      do {
        Reply page = read(view, database, 0, scan(range.last(), cursor));
        List<Reply> items = ((Reply.Array) page).items();
        cursor = Long.parseLong(text(items.get(0)).replace("'", ""));
        ((Reply.Array) items.get(1)).items().forEach(key -> found.add(unquoted(key)));
      } while (cursor != 0 && cursor < end);
      TreeSet<String> expected = new TreeSet<>(keys);
      expected.removeIf(
          key -> Slot.of(bytes(key)) < range.first() || Slot.of(bytes(key)) > range.last());
      assertThat(found).isEqualTo(expected);
      if (range.last() < Slot.COUNT - 1) {
        long here = (long) range.first() << KeyRows.HASH_BITS;
        assertThat(text(read(view, database, 0, scan(range.last() + 1, here)))).isEqualTo("MOVED");
        assertThat(text(read(view, database, 0, "SCAN " + here))).isEqualTo("MOVED");
      }
    }
  }

  private static String scan(int lastSlot, long cursor) {
    return "RAFTKV.SCAN " + lastSlot + " " + cursor + " COUNT 7";
  }

  private static void checkNothingIsLeft(ReadView view) {
    for (Family family : List.of(Family.META, Family.DATA, Family.SCORE, Family.STREAM)) {
      for (SlotSet.Range range : view.ownership().away().ranges()) {
        byte[] from = KeyRows.slotFrom(range.first());
        try (RowCursor rows = view.ascending(family, from, KeyRows.slotFrom(range.last() + 1))) {
          assertThat(rows.next()).as("%s of %s", family, range).isFalse();
        }
      }
    }
    try (RowCursor rows = view.ascending(Family.EXPIRY, new byte[1], new byte[] {(byte) 0xff})) {
      while (rows.next()) {
        assertThat(view.get(Family.META, KeyRows.metaOfExpiry(rows.key()))).isNotNull();
      }
    }
  }

  // ---- running ----

  /** One command in an entry of its own on all replicas, which have to answer alike. */
  private String apply(int database, long routedBy, String line) {
    index++;
    List<String> replies = new ArrayList<>();
    for (ShardStore store : stores) {
      byte[][] words = words(line);
      ByteBuffer payload = ByteBuffer.allocate(CommandCodec.encodedBytes(routedBy, words));
      CommandCodec.encode(database, routedBy, words, payload);
      try (StoreBatch batch = store.begin(time)) {
        Object[] results =
            engine.apply(new ApplyContext(index, time, index, 1), payload.flip(), batch);
        batch.commit(1, index);
        replies.add(text((Reply) results[0]));
      }
    }
    assertThat(replies).as(line).allMatch(replies.get(0)::equals);
    return replies.get(0);
  }

  private Reply read(ReadView view, int database, long routedBy, String line) {
    byte[][] words = words(line);
    Keyspace keys = Keyspace.forRead(view, database, view.timeMillis(), time, 1);
    return new WholeReplies()
        .whole(CommandEngine.read(TABLE.find(words[0]), new Args(words), routedBy, keys));
  }

  private String plain(int database, String line) {
    plain.timeMillis(time);
    plain.database(database);
    return text(plain.run(words(line)));
  }

  private List<String> keys(int database) {
    plain.timeMillis(time);
    plain.database(database);
    return ((Reply.Array) plain.run("KEYS", "*"))
        .items().stream().map(SlotChangesModelTest::unquoted).toList();
  }

  private static String unquoted(Reply bulk) {
    return new String(((Reply.Bulk) bulk).bytes(), StandardCharsets.ISO_8859_1);
  }

  private static String text(Reply reply) {
    return reply instanceof Reply.Moved ? "MOVED" : ReplyText.of(reply);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** An argument of several words has plus signs between them. */
  private static byte[][] words(String line) {
    return Arrays.stream(line.split(" ", -1))
        .map(word -> bytes(word.replace('+', ' ')))
        .toArray(byte[][]::new);
  }

  private static String line(byte[][] words) {
    return Arrays.stream(words)
        .map(word -> new String(word, StandardCharsets.ISO_8859_1).replace(' ', '+'))
        .collect(Collectors.joining(" "));
  }
}

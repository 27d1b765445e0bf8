package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.Reply;
import io.raftkv.server.Commands;
import io.raftkv.shard.ApplyContext;
import io.raftkv.storage.Family;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.Slot;
import io.raftkv.storage.SlotOwnership;
import io.raftkv.storage.SlotSet;
import io.raftkv.storage.StorageException;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreMerge;
import io.raftkv.storage.StoreOptions;
import io.raftkv.storage.StorePosition;
import io.raftkv.storage.row.KeyRows;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A shard of two replicas that is split in three, whose parts go on by themselves, and are merged
 * again: against plain rows that never heard of shards.
 */
class StoreMergeModelTest {
  private static final long MIB = 1L << 20;
  private static final long START = 1_700_000_000_000L;
  private static final int KEYS = 60;
  private static final int DATABASES = 3;
  private static final int STEPS = 120;
  private static final UUID TARGET = new UUID(1, 2);
  private static final long ROUTING = 9;

  private static final List<CommandSpec> SPECS =
      Commands.dataFamilies().stream().flatMap(Collection::stream).toList();

  private static final CommandTable TABLE = new CommandTable(List.of(SPECS));

  private final CommandEngine engine = new CommandEngine(TABLE);
  private final StoreEnvironment environment =
      new StoreEnvironment(new StoreOptions(8 * MIB, 2 * MIB, 16 * MIB, 64, 2));
  private final CommandRunner plain = new CommandRunner(SPECS);
  private final List<Shard> shards = new ArrayList<>();
  private final List<ShardStore> opened = new ArrayList<>();
  private long time = START;

  @TempDir private Path directory;

  /** Replicas of one shard, which apply the same entries. */
  private static final class Shard {
    private final List<ShardStore> replicas = new ArrayList<>();
    private SlotSet slots;
    private long index;
    private long epoch;

    private Shard(SlotSet slots) {
      this.slots = slots;
    }
  }

  @AfterEach
  void close() {
    opened.forEach(ShardStore::close);
    environment.close();
  }

  private ShardStore open(Path path) {
    ShardStore store = ShardStore.open(path, environment);
    opened.add(store);
    return store;
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2})
  void partsThatAreMergedAreAsIfTheyHadNeverBeenApart(long seed) throws IOException {
    Random random = new Random(seed);
    Shard whole = new Shard(SlotSet.ALL);
    whole.replicas.add(open(directory.resolve("store0")));
    whole.replicas.add(open(directory.resolve("store1")));
    shards.add(whole);
    run(random, STEPS);
    // Slots that lie between each other.
    SlotSet middle = SlotSet.of(3_000, 9_000).union(SlotSet.of(12_000, 13_000));
    split(whole, middle);
    run(random, STEPS / 2);
    split(whole, SlotSet.of(9_001, 11_999).union(SlotSet.of(0, 99)));
    run(random, STEPS);
    merge(random);
    check();
    run(random, STEPS / 2);
    check();
  }

  // ---- what is done to them ----

  /** The child begins with a checkpoint of each replica, as behind a fence. */
  private void split(Shard parent, SlotSet moving) {
    apply(parent, 0, SlotCommands.fence(parent.epoch++, TARGET, moving));
    Shard child = new Shard(moving);
    child.index = parent.index;
    child.epoch = parent.epoch;
    for (ShardStore replica : parent.replicas) {
      Path copy = directory.resolve("child" + opened.size());
      replica.checkpoint(copy);
      child.replicas.add(open(copy));
    }
    parent.slots = parent.slots.minus(moving);
    apply(child, 0, SlotCommands.keep(child.epoch++, ROUTING, moving));
    apply(parent, 0, SlotCommands.keep(parent.epoch++, ROUTING, parent.slots));
    shards.add(child);
  }

  private void merge(Random random) {
    shards.forEach(
        shard -> apply(shard, 0, SlotCommands.fence(shard.epoch++, TARGET, shard.slots)));
    long epoch = shards.stream().mapToLong(shard -> shard.epoch).max().orElseThrow();
    long time = shards.stream().mapToLong(shard -> time(shard)).max().orElseThrow();
    Shard merged = new Shard(SlotSet.ALL);
    merged.epoch = epoch;
    merged.index = shards.stream().mapToLong(shard -> shard.index).max().orElseThrow();
    List<Shard> order = new ArrayList<>(shards);
    Collections.shuffle(order, random);
    for (int replica = 0; replica < 2; replica++) {
      List<ShardStore> stores = new ArrayList<>();
      for (Shard shard : order) {
        Path copy = directory.resolve("cut" + opened.size());
        shard.replicas.get(replica).checkpoint(copy);
        stores.add(open(copy));
      }
      Path target = directory.resolve("merged" + replica);
      assertThat(StoreMerge.merge(stores, target, () -> true))
          .isEqualTo(new StorePosition(1, merged.index, time));
      merged.replicas.add(open(target));
    }
    for (ShardStore replica : merged.replicas) {
      assertThat(replica.ownership())
          .isEqualTo(
              new SlotOwnership(
                  epoch, ROUTING, SlotSet.EMPTY, new SlotOwnership.Fence(TARGET, SlotSet.ALL)));
      assertThat(replica.shardTimeMillis()).isEqualTo(time);
    }
    shards.clear();
    shards.add(merged);
    apply(merged, 0, SlotCommands.keep(merged.epoch++, ROUTING + 1, SlotSet.ALL));
  }

  private static long time(Shard shard) {
    return shard.replicas.get(0).shardTimeMillis();
  }

  private void run(Random random, int steps) {
    for (int step = 0; step < steps; step++) {
      time += random.nextInt(20);
      command(random);
      if (random.nextInt(10) == 0) {
        // Replicas whose files differ.
        Shard shard = shards.get(random.nextInt(shards.size()));
        ShardStore one = shard.replicas.get(random.nextInt(2));
        if (random.nextBoolean()) {
          one.flush();
        } else {
          one.giveBackSpace(() -> Long.MAX_VALUE);
        }
      }
    }
  }

  private void command(Random random) {
    int database = random.nextInt(DATABASES);
    String key = "k" + random.nextInt(KEYS);
    Shard shard = shardOf(key);
    String line =
        switch (random.nextInt(17)) {
          case 0 -> "SET " + key + " v" + random.nextInt();
          case 1 -> "SET " + key + " v PX " + (1 + random.nextInt(2_000));
          case 2 -> "RPUSH " + key + " " + many("e", random);
          case 3 -> "SADD " + key + " " + many("m", random);
          case 4, 5 -> "ZADD " + key + " " + scored(random);
          case 6 -> "HSET " + key + " " + many("f", random);
          case 7 -> "HPEXPIRE " + key + " " + (1 + random.nextInt(900)) + " FIELDS 2 f0 f1";
          case 8 -> "XADD " + key + " " + time + "-1 f v";
          case 9 -> "SETRANGE " + key + " " + random.nextInt(30_000) + " x";
          case 10 -> "PEXPIRE " + key + " " + (1 + random.nextInt(90_000));
          case 11 -> "DEL " + key;
          case 12 -> "COPY {" + key + "}1 " + key + " REPLACE";
          case 13 -> "RENAME " + key + " {" + key + "}1";
          case 14 -> "MOVE " + key + " " + (database + 1) % DATABASES;
          case 15 -> shards.size() == 1 ? "SWAPDB 0 " + random.nextInt(DATABASES) : "GET " + key;
          default -> {
            if (random.nextInt(4) == 0) {
              flush(shard, random.nextInt(3) == 0 ? "FLUSHALL" : "FLUSHDB", database);
            }
            yield "GETSET " + key + " " + random.nextInt();
          }
        };
    assertThat(apply(shard, database, words(line))).as(line).isEqualTo(plain(database, line));
  }

  /** Of one shard only: so the homes of databases may part. */
  private void flush(Shard shard, String command, int of) {
    assertThat(apply(shard, of, words(command))).isEqualTo("OK");
    for (int database = 0; database < DATABASES; database++) {
      if (command.equals("FLUSHALL") || database == of) {
        for (String key : keys(database)) {
          if (shard.slots.contains(Slot.of(bytes(key)))) {
            plain(database, "DEL " + key);
          }
        }
      }
    }
  }

  private Shard shardOf(String key) {
    return shards.stream()
        .filter(shard -> shard.slots.contains(Slot.of(bytes(key))))
        .findFirst()
        .orElseThrow();
  }

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

  // ---- what has to hold ----

  private void check() {
    Shard merged = shards.get(0);
    assertThat(merged.replicas.get(1).checksum()).isEqualTo(merged.replicas.get(0).checksum());
    String reply;
    do {
      reply = apply(merged, 0, words("RAFTKV.SWEEP 40"));
    } while (reply.equals(":40"));
    plain(0, "RAFTKV.SWEEP 100000");
    try (ReadView view = merged.replicas.get(0).readSnapshot()) {
      for (int database = 0; database < DATABASES; database++) {
        for (String line : List.of("DBSIZE", "KEYS *")) {
          assertThat(ReplyText.of(read(view, database, line))).isEqualTo(plain(database, line));
        }
        for (String key : keys(database)) {
          for (String line : List.of("TYPE " + key, "PTTL " + key, "DUMP " + key)) {
            assertThat(ReplyText.of(read(view, database, line)))
                .as(line)
                .isEqualTo(plain(database, line));
          }
        }
        checkScan(view, database);
        int of = database;
        assertThat(view.expiringKeys(view.homes().of(database)))
            .isEqualTo(
                keys(database).stream()
                    .filter(key -> !plain(of, "PTTL " + key).equals(":-1"))
                    .count());
      }
      try (RowCursor rows = view.ascending(Family.EXPIRY, new byte[1], new byte[] {(byte) 0xff})) {
        while (rows.next()) {
          assertThat(view.get(Family.META, KeyRows.metaOfExpiry(rows.key()))).isNotNull();
        }
      }
    }
    assertThat(merged.replicas.get(1).checksum()).isEqualTo(merged.replicas.get(0).checksum());
  }

  private void checkScan(ReadView view, int database) {
    TreeSet<String> found = new TreeSet<>();
    String cursor = "0";
    do {
      List<Reply> page = ((Reply.Array) read(view, database, "SCAN " + cursor)).items();
      cursor = unquoted(page.get(0));
      ((Reply.Array) page.get(1)).items().forEach(key -> found.add(unquoted(key)));
    } while (!cursor.equals("0"));
    assertThat(found).isEqualTo(new TreeSet<>(keys(database)));
  }

  // ---- what cannot be merged ----

  @Test
  void storesMustHaveFencesForOneGroupAndNoSlotTwice() {
    ShardStore open = open(directory.resolve("open"));
    ShardStore low = fenced("low", TARGET, SlotSet.of(0, 99));
    ShardStore other = fenced("other", new UUID(3, 3), SlotSet.of(200, 299));
    ShardStore overlapping = fenced("overlapping", TARGET, SlotSet.of(99, 150));
    for (ShardStore wrong : List.of(open, other, overlapping)) {
      assertThatThrownBy(
              () -> StoreMerge.merge(List.of(low, wrong), directory.resolve("no"), () -> true))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void whatNobodyWantsAnyMoreIsNotCopied() {
    ShardStore low = fenced("low", TARGET, SlotSet.of(0, 8_191));
    ShardStore high = open(directory.resolve("high"));
    Shard shard = new Shard(SlotSet.of(8_192, 16_383));
    shard.replicas.add(high);
    for (int i = 0; i < 2_000; i++) {
      String key = "k" + i;
      if (shard.slots.contains(Slot.of(bytes(key)))) {
        apply(shard, 0, words("SET " + key + " v"));
      }
    }
    apply(shard, 0, SlotCommands.fence(0, TARGET, shard.slots));
    assertThatThrownBy(
            () -> StoreMerge.merge(List.of(low, high), directory.resolve("no"), () -> false))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("not to be merged any more");
  }

  private ShardStore fenced(String name, UUID target, SlotSet slots) {
    Shard shard = new Shard(slots);
    shard.replicas.add(open(directory.resolve(name)));
    apply(shard, 0, SlotCommands.fence(0, target, slots));
    return shard.replicas.get(0);
  }

  // ---- running ----

  private String apply(Shard shard, int database, byte[][] words) {
    shard.index++;
    List<String> replies = new ArrayList<>();
    for (ShardStore store : shard.replicas) {
      ByteBuffer payload = ByteBuffer.allocate(CommandCodec.encodedBytes(0, words));
      CommandCodec.encode(database, 0, words, payload);
      try (StoreBatch batch = store.begin(time)) {
        ApplyContext context = new ApplyContext(shard.index, time, shard.index, 1);
        Object[] results = engine.apply(context, payload.flip(), batch);
        batch.commit(1, shard.index);
        replies.add(ReplyText.of((Reply) results[0]));
      }
    }
    assertThat(replies).allMatch(replies.get(0)::equals);
    return replies.get(0);
  }

  private Reply read(ReadView view, int database, String line) {
    byte[][] words = words(line);
    Keyspace keys = Keyspace.forRead(view, database, view.timeMillis(), time, 1);
    return new WholeReplies()
        .whole(CommandEngine.read(TABLE.find(words[0]), new Args(words), 0, keys));
  }

  private String plain(int database, String line) {
    plain.timeMillis(time);
    plain.database(database);
    return ReplyText.of(plain.run(words(line)));
  }

  private List<String> keys(int database) {
    plain.timeMillis(time);
    plain.database(database);
    return ((Reply.Array) plain.run("KEYS", "*"))
        .items().stream().map(StoreMergeModelTest::unquoted).toList();
  }

  private static String unquoted(Reply bulk) {
    return new String(((Reply.Bulk) bulk).bytes(), StandardCharsets.ISO_8859_1);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[][] words(String line) {
    return Arrays.stream(line.split(" ", -1))
        .map(StoreMergeModelTest::bytes)
        .toArray(byte[][]::new);
  }
}

package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.type.StreamDelivery;
import io.raftkv.storage.type.StreamEntry;
import io.raftkv.storage.type.StreamGroup;
import io.raftkv.storage.type.StreamType;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams on a real store: batches of many changes, views, flushes and restarts. */
class StreamStoreTest {
  private static final long NOW = 1_000;
  private static final byte[] KEY = bytes("stream");
  private static final byte[] GROUP = bytes("g");

  @TempDir Path directory;

  private final StoreEnvironment environment = TestStores.environment();

  @AfterEach
  void close() {
    environment.close();
  }

  /** Several commands in one batch, some taken back, leave the rows that plain maps have. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void theStoreHasTheRowsThatMemoryHas(long seed) {
    MemoryRows memory = new MemoryRows();
    Random random = new Random(seed);
    ShardStore store = open();
    try {
      for (int index = 0; index < 120; index++) {
        try (StoreBatch batch = store.begin(NOW)) {
          for (int command = 0; command < 5; command++) {
            long commandSeed = random.nextLong();
            boolean taken = random.nextInt(6) > 0;
            batch.mark();
            memory.mark();
            change(Keyspace.forApply(batch, 0, NOW, 1), new Random(commandSeed));
            change(Keyspace.forApply(memory, 0, NOW, 1), new Random(commandSeed));
            if (!taken) {
              batch.rollback();
              memory.rollback();
            }
            assertThat(described(batch)).isEqualTo(described(memory));
          }
          batch.commit(1, index);
        }
        if (random.nextInt(10) == 0) {
          store.flush();
        }
        if (random.nextInt(20) == 0) {
          store.flush();
          store.close();
          store = open();
        }
        String where = "seed " + seed + ", index " + index;
        assertThat(store.query(StreamStoreTest::rows)).as(where).isEqualTo(rows(memory));
        assertThat(store.query(StreamStoreTest::described)).as(where).isEqualTo(described(memory));
      }
    } finally {
      store.close();
    }
  }

  private ShardStore open() {
    return ShardStore.open(directory.resolve("store"), environment);
  }

  /** One random command, the same for the same random numbers. */
  private static void change(Keyspace keys, Random random) {
    StreamType stream = new StreamType(keys.key(KEY));
    stream.create();
    stream.createGroup(GROUP, StreamId.MIN, 0);
    StreamGroup group = stream.group(GROUP);
    long top = stream.lastId().millis();
    switch (random.nextInt(9)) {
      case 0, 1, 2 -> {
        for (int i = random.nextInt(60); i >= 0; i--) {
          stream.add(new StreamEntry(new StreamId(++top, 0), List.of(bytes("f"), bytes("v" + i))));
        }
      }
      case 3 -> stream.trimToLength(random.nextInt(150), StreamType.UNLIMITED);
      case 4 -> stream.delete(List.of(near(random, top), near(random, top), stream.firstId()));
      case 5, 6 -> delivery(stream, group, random).deliverNew(random.nextInt(90) + 1, true);
      case 7 -> {
        group.pending().acknowledge(List.of(near(random, top), near(random, top)));
        StreamDelivery.Claim claim = new StreamDelivery.Claim(0, NOW, -1, true, true);
        delivery(stream, group, random).claim(near(random, top), claim);
        delivery(stream, group, random).claimFrom(near(random, top), claim, 20, 30);
      }
      default -> {
        if (random.nextInt(4) == 0) {
          stream.destroyGroup(GROUP);
        } else {
          group.deleteConsumer(consumer(random));
        }
      }
    }
    stream.save();
    if (random.nextInt(40) == 0) {
      keys.key(KEY).delete();
    } else if (random.nextInt(40) == 0) {
      keys.key(KEY).copyTo(keys.key(bytes("copy")));
    }
  }

  private static StreamDelivery delivery(StreamType stream, StreamGroup group, Random random) {
    return new StreamDelivery(stream, group, group.askedBy(consumer(random), NOW), NOW);
  }

  private static byte[] consumer(Random random) {
    return bytes("consumer" + random.nextInt(3));
  }

  private static StreamId near(Random random, long top) {
    return new StreamId(Math.max(0, top - random.nextInt(200)), 0);
  }

  private static String rows(Rows rows) {
    StringBuilder out = new StringBuilder();
    try (RowCursor cursor = rows.ascending(Family.STREAM, new byte[0], bytes("\u00ff"))) {
      while (cursor.next()) {
        out.append(HexFormat.of().formatHex(cursor.key())).append(' ');
        out.append(HexFormat.of().formatHex(cursor.value())).append('\n');
      }
    }
    return out.toString();
  }

  /** What readers see of the stream, in every order there is. */
  private static String described(Rows rows) {
    StreamType stream = new StreamType(Keyspace.forRead(rows, 0, NOW, NOW, 1).key(KEY));
    if (!stream.exists()) {
      return "none";
    }
    StringBuilder out = new StringBuilder();
    out.append(stream.length()).append(' ').append(stream.firstId());
    for (boolean backwards : new boolean[] {false, true}) {
      stream
          .range(StreamId.MIN, StreamId.MAX, backwards, 200)
          .forEach(entry -> out.append(' ').append(entry.id()));
    }
    for (StreamGroup group : stream.groups()) {
      out.append("\ngroup ").append(group.pendingCount()).append(' ').append(group.lag());
      group
          .pending()
          .range(StreamId.MIN, StreamId.MAX, 200, entry -> true)
          .forEach(entry -> out.append(' ').append(entry.id()));
      group
          .consumers()
          .forEach(
              consumer -> {
                out.append("\nconsumer ").append(consumer.pending());
                group
                    .pending()
                    .rangeOf(consumer, StreamId.MIN, StreamId.MAX, 200, entry -> true)
                    .forEach(entry -> out.append(' ').append(entry.id()));
              });
    }
    return out.toString();
  }
}

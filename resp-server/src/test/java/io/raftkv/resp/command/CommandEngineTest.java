package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.ApplyContext;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandEngineTest {
  private static final long MIB = 1L << 20;
  private static final long TIME = 1_700_000_000_000L;

  /** Writes, and then fails as its second argument says. */
  private static final CommandSpec HALF =
      entry("HALF")
          .writes(
              (args, keys) -> {
                StringCommands.ALL.stream()
                    .filter(spec -> spec.name().equals("SET"))
                    .findFirst()
                    .orElseThrow()
                    .handler()
                    .run(new Args(args.bytes(0), args.bytes(1), args.bytes(1)), keys);
                if (args.is(2, "MISTAKE")) {
                  throw new CommandException("ERR halfway");
                }
                throw new IllegalStateException("a bug of the test");
              });

  private static final CommandSpec DICE =
      entry("DICE").writes((args, keys) -> Reply.integer(keys.random().nextLong()));

  private static final CommandTable TABLE =
      new CommandTable(
          List.of(
              StringCommands.ALL,
              BitmapCommands.ALL,
              GenericCommands.ALL,
              DatabaseCommands.ALL,
              SlotCommands.ALL,
              ListCommands.ALL,
              SetCommands.ALL,
              SortCommands.ALL,
              List.of(HALF, DICE, entry("LOCAL").local((args, connection) -> Reply.OK))));

  private final CommandEngine engine = new CommandEngine(TABLE);
  private final StoreEnvironment environment =
      new StoreEnvironment(new StoreOptions(8 * MIB, 2 * MIB, 16 * MIB, 64, 2));
  private ShardStore store;
  private long index;

  @TempDir private Path directory;

  private static CommandSpec.Builder entry(String name) {
    return command(name).arity(-1).docs(Group.GENERIC, "1.0.0", "O(1)", "A command of this test.");
  }

  @BeforeEach
  void open() {
    store = ShardStore.open(directory.resolve("store"), environment);
  }

  @AfterEach
  void close() {
    store.close();
    environment.close();
  }

  private static byte[][] words(String line) {
    return Arrays.stream(line.split(" ", -1))
        .map(word -> word.getBytes(StandardCharsets.US_ASCII))
        .toArray(byte[][]::new);
  }

  private static ByteBuffer payload(int database, String... lines) {
    ByteBuffer payload = ByteBuffer.allocate(1 << 12);
    for (String line : lines) {
      CommandCodec.encode(database, words(line), payload);
    }
    return payload.flip();
  }

  private List<String> apply(int database, String... lines) {
    return apply(Long.MAX_VALUE, database, lines);
  }

  private List<String> apply(long limit, int database, String... lines) {
    return apply(limit, payload(database, lines));
  }

  private List<String> applyRouted(long routedBy, String... lines) {
    ByteBuffer payload = ByteBuffer.allocate(1 << 12);
    for (String line : lines) {
      CommandCodec.encode(0, routedBy, words(line), payload);
    }
    return apply(Long.MAX_VALUE, payload.flip());
  }

  private List<String> apply(long limit, ByteBuffer payload) {
    try (StoreBatch batch = store.begin(TIME)) {
      batch.limit(limit);
      Object[] results = engine.apply(new ApplyContext(++index, TIME, 5, 1), payload, batch);
      batch.commit(1, index);
      return Arrays.stream(results).map(reply -> text((Reply) reply)).toList();
    }
  }

  private String read(int database, String line) {
    return read(database, 0, line);
  }

  private String read(int database, long routedBy, String line) {
    try (ReadView view = store.read()) {
      byte[][] words = words(line);
      Keyspace keys = Keyspace.forRead(view, database, view.timeMillis(), TIME, 1);
      return text(
          new WholeReplies()
              .whole(CommandEngine.read(TABLE.find(words[0]), new Args(words), routedBy, keys)));
    }
  }

  private static String text(Reply reply) {
    return reply instanceof Reply.Moved ? "MOVED" : ReplyText.of(reply);
  }

  private boolean grows(String... lines) {
    return engine.grows(payload(0, lines).asReadOnlyBuffer());
  }

  @Test
  void aReadHoldsNothingWhenItHasEnded() {
    String[] members = IntStream.range(0, 300).mapToObj(i -> " m" + i).toArray(String[]::new);
    apply(0, "SADD s" + String.join("", members), "SADD t x");
    byte[][] words = words("SORT_RO s ALPHA LIMIT 0 1");
    try (ReadView view = store.read()) {
      Keyspace keys = Keyspace.forRead(view, 0, view.timeMillis(), TIME, 1);
      CommandEngine.read(TABLE.find(words[0]), new Args(words), 0, keys);
      assertThat(environment.heldByReadsBytes()).isZero();
      keys.hold(new byte[100]);
      assertThat(environment.heldByReadsBytes()).isGreaterThan(100);
    }
    assertThat(environment.heldByReadsBytes()).isZero();
  }

  @Test
  void readsThatHoldTooMuchTogetherAreTriedAgain() {
    apply(0, "SADD s m1 m2");
    long all = Runtime.getRuntime().maxMemory() / 4;
    byte[][] words = words("SORT_RO s ALPHA");
    try (ReadView other = store.read();
        ReadView view = store.read()) {
      other.hold(all - 10);
      Keyspace keys = Keyspace.forRead(view, 0, view.timeMillis(), TIME, 1);
      assertThat(text(CommandEngine.read(TABLE.find(words[0]), new Args(words), 0, keys)))
          .contains(RespErrors.READS_TOO_LARGE);
    }
    assertThat(read(0, "SORT_RO s ALPHA")).contains("m1");
  }

  /** What goes on while the leader's disk is nearly full: as in Redis under its limit of memory. */
  @Test
  void batchesGrowIfOneOfTheirCommandsIsMadeToStoreSomething() {
    assertThat(grows("DEL k", "UNLINK k", "EXPIRE k 1", "FLUSHALL", "RAFTKV.SWEEP 1")).isFalse();
    assertThat(grows("LPOP k", "LTRIM k 0 1", "GETDEL k", "GET k")).isFalse();
    assertThat(grows("SET k v")).isTrue();
    assertThat(grows("DEL k", "LPUSH k v", "DEL k")).isTrue();
    assertThat(grows("NO.SUCH")).as("of a newer version").isTrue();
  }

  @Test
  void commandsOfABatchSeeEachOther() {
    assertThat(apply(0, "SET k 1", "INCR k", "GET k", "DEL k", "EXISTS k"))
        .containsExactly("OK", ":2", "'2'", ":1", ":0");
  }

  @Test
  void aMistakeLeavesNothingBehindAndStopsNothing() {
    assertThat(
            apply(
                0,
                "SET a 1",
                "HALF x MISTAKE",
                "RPUSH list e",
                "INCR list",
                "EXISTS x",
                "SET a 2 NOPE",
                "GET a"))
        .containsExactly(
            "OK",
            "-ERR halfway",
            ":1",
            "-" + RespErrors.WRONG_TYPE,
            ":0",
            "-" + RespErrors.SYNTAX,
            "'1'");
    assertThat(read(0, "EXISTS a x list")).isEqualTo(":2");
  }

  /**
   * All of an entry is held in memory on every replica: a small request must not fill it. Strings
   * of which little was written count for that.
   */
  @Test
  void anEntryHoldsNoMoreThanItsLimitOfChangesAndReplies() {
    String full = "-" + RespErrors.ENTRY_FULL;
    assertThat(
            apply(
                1_000_000,
                0,
                "SETRANGE s 600000 x",
                "SETRANGE t 1200000 x",
                "BITOP OR a s",
                "BITOP OR b s",
                "EXISTS a",
                "EXISTS b",
                "BITOP OR a s",
                "SET c 1",
                "GET s",
                "GET c",
                "BITOP NOT d t",
                "GET t",
                "SET e 1"))
        .containsExactly(
            ":600001",
            ":1200001",
            ":600001",
            full,
            ":1",
            ":0",
            ":600001",
            "OK",
            full,
            "'1'",
            full,
            "-" + RespErrors.TOO_LARGE_FOR_AN_ENTRY,
            "OK");
    assertThat(apply(1_000_000, 0, "BITOP NOT d t"))
        .as("row by row, so that only alone it is seen to be too large")
        .containsExactly("-" + RespErrors.TOO_LARGE_FOR_AN_ENTRY);
    assertThat(read(0, "STRLEN a")).isEqualTo(":600001");
    assertThat(read(0, "EXISTS b c d e")).isEqualTo(":2");
  }

  /** What a node grants at least: see {@code NodeOptions}. */
  @Test
  void anEntryHasRoomToCutTheLargestValueIntoRows() {
    long value = 4 * MIB;
    apply(0, "SETRANGE sparse " + (value - 1) + " x");
    String change = "BITOP NOT k sparse";
    assertThat(apply(value + (64 << 10), 0, change))
        .as("rows count for more than their bytes")
        .containsExactly("-" + RespErrors.TOO_LARGE_FOR_AN_ENTRY);
    assertThat(apply(value + value / 16, 0, change)).containsExactly(":" + value);
    assertThat(read(0, "BITCOUNT k")).isEqualTo(":" + (value * 8 - 4));
    assertThat(apply(10_000, 0, "SETBIT k 5000000 0", "APPEND k x"))
        .as("from now on a change costs the chunk")
        .containsExactly(":1", ":" + (value + 1));
  }

  @Test
  void databasesAreApart() {
    apply(0, "SET k zero");
    apply(15, "SET k fifteen");
    assertThat(read(0, "GET k")).isEqualTo("'zero'");
    assertThat(read(15, "GET k")).isEqualTo("'fifteen'");
    assertThat(read(1, "GET k")).isEqualTo("nil");
  }

  @Test
  void whatThisVersionCannotApplyStopsTheReplica() {
    for (String line : List.of("FUTURE k", "LOCAL", "")) {
      try (StoreBatch batch = store.begin(TIME)) {
        assertThatThrownBy(
                () -> engine.apply(new ApplyContext(1, TIME, 5, 1), payload(0, line), batch))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("this version cannot apply");
      }
    }
  }

  @Test
  void aBugStopsTheReplicaInsteadOfMakingItDifferent() {
    try (StoreBatch batch = store.begin(TIME)) {
      assertThatThrownBy(
              () -> engine.apply(new ApplyContext(1, TIME, 5, 1), payload(0, "HALF x BUG"), batch))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("a bug of the test");
    }
    assertThat(read(0, "EXISTS x")).isEqualTo(":0");
  }

  @Test
  void aDamagedPayloadStopsTheReplica() {
    ByteBuffer cut = payload(0, "SET k v");
    cut.limit(cut.limit() - 1);
    try (StoreBatch batch = store.begin(TIME)) {
      assertThatThrownBy(() -> engine.apply(new ApplyContext(1, TIME, 5, 1), cut, batch))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void chanceIsTheSameOnEveryReplicaAndNotInEveryCommand() {
    List<String> dice = apply(0, "DICE", "DICE", "SET k 1 NOPE", "DICE");
    assertThat(apply(0, "DICE", "DICE", "GET none", "DICE"))
        .as("the seed and the place of the command decide")
        .element(3)
        .isEqualTo(dice.get(3));
    assertThat(dice).doesNotHaveDuplicates();
  }

  @Test
  void mistakesOfReadsAreReplies() {
    apply(0, "RPUSH list e");
    assertThat(read(0, "GET list")).isEqualTo("-" + RespErrors.WRONG_TYPE);
    assertThat(read(0, "SCAN x")).isEqualTo("-" + RespErrors.INVALID_CURSOR);
  }

  private static final String FENCE =
      "RAFTKV.SLOTS FENCE 0 3937e97c-a730-36da-b4f7-d388d5e3c3dd 0-8191";

  /** Here bar, of slot 5061, is fenced, and foo, of slot 12182, is not. */
  @Test
  void aSlotThatIsAboutToGoIsNotUsedFromTheOrderOn() {
    assertThat(apply(0, "SET bar 1", FENCE, "SET bar 2", "SET foo 2", "GET bar", "DEL bar"))
        .containsExactly("OK", ":1", "MOVED", "OK", "MOVED", "MOVED");
    assertThat(apply(0, "MSET foo 3 bar 3", "GET foo"))
        .as("taken back as a whole")
        .containsExactly("MOVED", "'2'");
    assertThat(read(0, "GET bar")).isEqualTo("MOVED");
    assertThat(read(0, "MGET foo bar")).isEqualTo("MOVED");
    assertThat(read(0, "GET foo")).isEqualTo("'2'");
    assertThat(apply(0, "RAFTKV.SLOTS UNFENCE 1 0", "GET bar")).containsExactly(":2", "'1'");
  }

  @Test
  void whatWasRoutedWaitsForTheFenceToGo() {
    apply(0, "SET foo 1", FENCE);
    for (String line :
        List.of("DBSIZE", "KEYS *", "RANDOMKEY", "FLUSHDB", "FLUSHALL", "SWAPDB 0 1", "GET foo")) {
      assertThat(applyRouted(Long.MAX_VALUE, line)).as(line).containsExactly("MOVED");
    }
    assertThat(read(0, Long.MAX_VALUE, "DBSIZE")).isEqualTo("MOVED");
    assertThat(apply(0, "RAFTKV.SWEEP 10")).as("goes on").containsExactly(":0");
    apply(0, "RAFTKV.SLOTS UNFENCE 1 4");
    assertThat(applyRouted(3, "DBSIZE", "GET foo")).containsExactly("MOVED", "MOVED");
    assertThat(applyRouted(4, "DBSIZE", "SWAPDB 0 1")).containsExactly(":1", "OK");
  }

  @Test
  void whatWasRoutedNeedsARoutingThatKnowsWhereSlotsWent() {
    apply(0, "SET foo 1", "SET bar 1", "RAFTKV.SLOTS KEEP 0 7 8192-16383");
    assertThat(applyRouted(6, "DBSIZE", "FLUSHALL", "SET foo 2"))
        .containsExactly("MOVED", "MOVED", "MOVED");
    assertThat(applyRouted(7, "DBSIZE", "KEYS *")).containsExactly(":1", "['foo']");
    assertThat(read(0, 6, "KEYS *")).isEqualTo("MOVED");
    assertThat(read(0, 7, "KEYS *")).isEqualTo("['foo']");
    assertThat(read(0, "SCAN 0")).isEqualTo("MOVED");
    assertThat(read(0, "RAFTKV.SCAN 16383 " + (8192L << 48))).isEqualTo("['0' ['foo']]");
    assertThat(read(0, "RAFTKV.SCAN 16383 " + (8191L << 48))).isEqualTo("MOVED");
    assertThat(read(0, "SCAN " + (16384L << 48))).as("behind the end").isEqualTo("['0' []]");
    assertThat(applyRouted(7, "FLUSHALL", "DBSIZE")).containsExactly("OK", ":0");
    assertThat(apply(0, "SET bar 1")).as("a flush brings no slots").containsExactly("MOVED");
  }

  @Test
  void resultsTravel() {
    Object[] results = {Reply.OK, Reply.MOVED, Reply.integer(7), Reply.error("ERR no"), Reply.NULL};
    assertThat(engine.decode(engine.encode(results))).isEqualTo(results);
    assertThat(engine.decode(engine.encode(new Object[0]))).isEmpty();
  }
}

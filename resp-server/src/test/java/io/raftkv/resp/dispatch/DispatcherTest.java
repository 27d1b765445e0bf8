package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.command.BitmapCommands;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.DatabaseCommands;
import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.command.SortCommands;
import io.raftkv.resp.command.SortedSetCommands;
import io.raftkv.resp.command.StringCommands;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Slot;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class DispatcherTest {
  private static final long MAX_VALUE_BYTES = 1000;
  private static final List<CommandSpec> SPECS = new ArrayList<>();

  static {
    SPECS.addAll(StringCommands.ALL);
    SPECS.addAll(BitmapCommands.ALL);
    SPECS.addAll(GenericCommands.ALL);
    SPECS.addAll(SortedSetCommands.ALL);
    SPECS.addAll(SortCommands.ALL);
    SPECS.addAll(DatabaseCommands.ALL);
  }

  private static final CommandTable TABLE = new CommandTable(List.of(SPECS));

  private static final Dispatcher DISPATCHER =
      new Dispatcher(new CommandSpec.Limits(MAX_VALUE_BYTES, 16), new SlotLoad());

  /** Collects operations, and runs them when asked to. */
  private static final class Collector implements Dispatcher.Target {
    private final Map<String, List<DataOp>> ops = new LinkedHashMap<>();

    @Override
    public void add(Routing.Shard shard, DataOp op) {
      ops.computeIfAbsent(shard.id(), id -> new ArrayList<>()).add(op);
    }

    @Override
    public Executor executor() {
      return Runnable::run;
    }

    @Override
    public int database() {
      return 0;
    }

    private String text() {
      return ops.entrySet().stream()
          .map(
              entry ->
                  entry.getKey()
                      + entry.getValue().stream()
                          .map(
                              op ->
                                  Arrays.stream(op.words())
                                      .map(word -> new String(word, StandardCharsets.US_ASCII))
                                      .collect(Collectors.joining(" ", "[", "]")))
                          .collect(Collectors.joining()))
          .collect(Collectors.joining(" "));
    }
  }

  private final Map<String, FakeShard> shards = new LinkedHashMap<>();
  private SlotMap routing = SlotMap.evenly("s1", "s2", "s3");

  private Collector dispatch(String line, ReplySink sink) {
    byte[][] words =
        Arrays.stream(line.split(" ", -1))
            .map(word -> word.getBytes(StandardCharsets.US_ASCII))
            .toArray(byte[][]::new);
    Collector collector = new Collector();
    DISPATCHER.dispatch(TABLE.find(words[0]), words, routing, collector, sink);
    return collector;
  }

  private String route(String line) {
    return dispatch(line, reply -> {}).text();
  }

  /** Dispatches to shards that hold data. */
  private Reply run(String line) {
    Reply[] given = new Reply[1];
    dispatch(line, reply -> given[0] = reply)
        .ops
        .forEach(
            (id, ops) -> {
              FakeShard shard = shards.computeIfAbsent(id, made -> new FakeShard(SPECS));
              ops.forEach(op -> op.reply(shard.run(op)));
            });
    return given[0];
  }

  @Test
  void aKeyGoesToTheOwnerOfItsSlot() {
    assertThat(route("GET bar")).isEqualTo("s1[GET bar]"); // slot 5061
    assertThat(route("GET foo")).isEqualTo("s3[GET foo]"); // slot 12182
    assertThat(route("SET {bar}foo 1")).isEqualTo("s1[SET {bar}foo 1]");
  }

  /** Replicas must not look at their own limit: it goes into the log where it matters in apply. */
  @Test
  void theLimitOfThisNodeIsCheckedHereOrTravelsWithTheCall() {
    assertThat(route("APPEND bar x")).isEqualTo("s1[APPEND bar x 1000]");
    assertThat(route("SETRANGE bar 5000 x")).isEqualTo("s1[SETRANGE bar 5000 x 1000]");
    assertThat(route("SETBIT bar 7999 1")).isEqualTo("s1[SETBIT bar 7999 1]");
    assertThatThrownBy(() -> route("SETBIT bar 8000 1"))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining(RespErrors.BIT_OFFSET_OUT_OF_RANGE);
    assertThat(run("APPEND bar x")).isEqualTo(Reply.ONE);
  }

  @Test
  void keysOfOneSlotGoTogether() {
    assertThat(route("MSETNX {a}1 x {a}2 y")).isEqualTo("s3[MSETNX {a}1 x {a}2 y]");
    assertThat(route("ZUNIONSTORE {a}d 2 {a}1 {a}2")).startsWith("s3[");
  }

  @Test
  void keysOfSeveralSlotsAreRefusedEvenOnOneShardOfMany() {
    assertThatThrownBy(() -> route("RENAME foo bar"))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining(RespErrors.CROSS_SLOT);
    assertThatThrownBy(() -> route("COPY foo bar NOPE")).hasMessage(RespErrors.CROSS_SLOT);
    assertThat(routing.shardOf(Slot.of("k1".getBytes(StandardCharsets.US_ASCII)))).isNotNull();
    routing = new SlotMap().give(0, 16382, "s1").give(16383, 16383, "s2");
    assertThatThrownBy(() -> route("RENAME foo bar")).hasMessageContaining(RespErrors.CROSS_SLOT);
  }

  @Test
  void oneShardOfAllSlotsTakesAnyKeysAtOnce() {
    routing = SlotMap.evenly("s1");
    assertThat(route("RENAME foo bar")).isEqualTo("s1[RENAME foo bar]");
    assertThat(route("MSET foo 1 bar 2")).isEqualTo("s1[MSET foo 1 bar 2]");
    assertThat(route("SCAN 0")).isEqualTo("s1[SCAN 0]");
  }

  @Test
  void oneShardOfSomeSlotsDoesNotTakeTheOthers() {
    routing = new SlotMap().give(0, 8191, "s1");
    assertThat(route("GET bar")).isEqualTo("s1[GET bar]");
    assertThatThrownBy(() -> route("GET foo"))
        .hasMessageContaining(RespErrors.slotNotServed(12182));
    assertThatThrownBy(() -> route("MGET bar foo"))
        .hasMessageContaining(RespErrors.slotNotServed(12182));
    assertThatThrownBy(() -> route("RENAME bar foo")).hasMessageContaining(RespErrors.CROSS_SLOT);
  }

  @Test
  void withoutShardsTheClusterIsDown() {
    routing = new SlotMap();
    assertThatThrownBy(() -> route("GET foo")).hasMessageContaining(RespErrors.CLUSTER_NOT_FORMED);
    assertThatThrownBy(() -> route("DBSIZE")).hasMessageContaining(RespErrors.CLUSTER_NOT_FORMED);
  }

  @Test
  void commandsByKeyAreCutUp() {
    assertThat(route("MGET foo bar {foo}2 {bar}2"))
        .isEqualTo("s3[MGET foo {foo}2] s1[MGET bar {bar}2]");
    assertThat(route("MSET foo 1 bar 2 foo 3")).isEqualTo("s3[MSET foo 1 foo 3] s1[MSET bar 2]");
    assertThat(route("DEL foo bar")).isEqualTo("s3[DEL foo] s1[DEL bar]");
  }

  /** As the reply of one shard it may be streamed, however long it is. */
  @Test
  void aCommandByKeyOfOneShardIsNotCutUp() {
    List<Reply> given = new ArrayList<>();
    ReplySink sink =
        new ReplySink() {
          @Override
          public void reply(Reply reply) {
            given.add(reply);
          }

          @Override
          public boolean takesStreams() {
            return true;
          }
        };
    DataOp one = dispatch("MGET bar {bar}2 bar", sink).ops.get("s1").get(0);
    assertThat(one.takesStreams()).isTrue();
    assertThat(route("MGET bar {bar}2 bar")).isEqualTo("s1[MGET bar {bar}2 bar]");
    one.reply(Reply.OK);
    assertThat(given).containsExactly(Reply.OK);
    assertThat(dispatch("MGET bar foo", sink).ops.get("s1").get(0).takesStreams()).isFalse();
  }

  @Test
  void partsAreJoinedInTheOrderOfTheKeys() {
    assertThat(run("MSET foo 1 bar 2 k3 3 k4 4")).isEqualTo(Reply.OK);
    assertThat(text(run("MGET k4 foo none bar k3 foo"))).isEqualTo("4,1,null,2,3,1");
    assertThat(run("EXISTS foo bar none foo")).isEqualTo(Reply.integer(3));
    assertThat(run("DBSIZE")).isEqualTo(Reply.integer(4));
    assertThat(run("DEL foo bar none")).isEqualTo(Reply.integer(2));
    assertThat(run("FLUSHALL")).isEqualTo(Reply.OK);
    assertThat(run("DBSIZE")).isEqualTo(Reply.ZERO);
  }

  @Test
  void valuesWithoutKeysAreAWrongNumberOfArguments() {
    assertThatThrownBy(() -> route("MSET foo 1 bar"))
        .hasMessageContaining(RespErrors.wrongArity("mset"));
    routing = SlotMap.evenly("s1");
    assertThat(run("MSET foo 1 bar")).isEqualTo(Reply.error(RespErrors.wrongArity("mset")));
  }

  @Test
  void commandsWithoutKeysGoToAllShards() {
    assertThat(route("DBSIZE")).isEqualTo("s1[DBSIZE] s2[DBSIZE] s3[DBSIZE]");
    assertThat(route("KEYS *")).isEqualTo("s1[KEYS *] s2[KEYS *] s3[KEYS *]");
    assertThat(route("FLUSHALL")).isEqualTo("s1[FLUSHALL] s2[FLUSHALL] s3[FLUSHALL]");
  }

  @Test
  void aRandomKeyIsFoundWhereverItIs() {
    assertThat(run("RANDOMKEY")).isEqualTo(Reply.NULL);
    run("SET foo 1");
    for (int i = 0; i < 10; i++) {
      assertThat(text(run("RANDOMKEY"))).isEqualTo("foo");
    }
  }

  @Test
  void theKeysOfAllShardsAreListed() {
    run("MSET foo 1 bar 2 k3 3");
    List<Reply> keys = ((Reply.Array) run("KEYS *")).items();
    assertThat(keys).extracting(DispatcherTest::text).containsExactlyInAnyOrder("foo", "bar", "k3");
  }

  @Test
  void aScanGoesThroughAllRunsOfAllShardsOnce() {
    // s1 has two runs, s2 and s3 alternate in small ones, and one slot of s3 is alone.
    routing = new SlotMap().give(0, 5000, "s1").give(9000, 12000, "s1").give(16383, 16383, "s3");
    for (int slot = 5001; slot < 9000; slot += 500) {
      routing.give(slot, Math.min(slot + 499, 8999), slot % 1000 == 1 ? "s2" : "s3");
    }
    routing.give(12001, 16382, "s2");
    Set<String> all = new HashSet<>();
    for (int i = 0; i < 500; i++) {
      run("SET key" + i + " v");
      all.add("key" + i);
    }
    List<String> seen = new ArrayList<>();
    String cursor = "0";
    int calls = 0;
    do {
      List<Reply> page = ((Reply.Array) run("SCAN " + cursor + " COUNT 7")).items();
      cursor = text(page.get(0));
      ((Reply.Array) page.get(1)).items().forEach(key -> seen.add(text(key)));
      assertThat(++calls).isLessThan(1000);
    } while (!cursor.equals("0"));
    assertThat(seen).doesNotHaveDuplicates().hasSameElementsAs(all);
    assertThat(calls).isGreaterThan(500 / 8);
  }

  @Test
  void aScanIsRefusedWhereNobodyOwnsTheSlot() {
    routing = new SlotMap().give(0, 99, "s1").give(200, 16383, "s2");
    assertThat(route("SCAN 0")).isEqualTo("s1[RAFTKV.SCAN 99 0]");
    long cursor = 100L << 48;
    assertThatThrownBy(() -> route("SCAN " + cursor))
        .hasMessageContaining(RespErrors.slotNotServed(100));
    assertThatThrownBy(() -> route("SCAN x")).hasMessageContaining(RespErrors.INVALID_CURSOR);
  }

  @Test
  void aSortThatStoresNothingIsARead() {
    assertThat(route("sort foo LIMIT 0 5")).isEqualTo("s3[SORT_RO foo LIMIT 0 5]");
    assertThat(dispatch("SORT foo", reply -> {}).ops.get("s3").get(0).isWrite()).isFalse();
    assertThat(route("SORT foo STORE {foo}2")).isEqualTo("s3[SORT foo STORE {foo}2]");
    assertThat(dispatch("SORT foo STORE {foo}2", reply -> {}).ops.get("s3").get(0).isWrite())
        .isTrue();
    assertThat(route("SORT foo GET store")).isEqualTo("s3[SORT foo GET store]");
  }

  @Test
  void keysThatASortNamesStayInTheSlotOfItsKeyUnlessThereIsOneShard() {
    assertThatThrownBy(() -> route("SORT foo STORE bar")).hasMessage(RespErrors.CROSS_SLOT);
    for (String pattern : List.of("w_*", "*", "w_*{foo}", "{*foo}", "{}{foo}*", "{bar}*", "{*")) {
      assertThatThrownBy(() -> route("SORT foo BY " + pattern))
          .hasMessage(RespErrors.sortPatternDenied("BY"));
      assertThatThrownBy(() -> route("SORT_RO foo BY {foo}* GET # GET " + pattern + "->f"))
          .hasMessage(RespErrors.sortPatternDenied("GET"));
    }
    assertThat(route("SORT_RO foo BY {foo}* GET # GET x{foo}_*->f LIMIT 0 1"))
        .isEqualTo("s3[SORT_RO foo BY {foo}* GET # GET x{foo}_*->f LIMIT 0 1]");
    assertThat(route("SORT foo BY nosort GET plain")).startsWith("s3[");
    assertThat(route("SORT foo STORE {foo}by")).startsWith("s3[");
    routing = SlotMap.evenly("s1");
    assertThat(route("SORT foo BY w_* GET * STORE bar")).startsWith("s1[");
  }

  @Test
  void databasesAreSwappedOnlyWhereThatIsOneStep() {
    assertThatThrownBy(() -> route("SWAPDB 0 1")).hasMessage(RespErrors.SWAPDB_SEVERAL_SHARDS);
    routing = SlotMap.evenly("s1");
    assertThat(route("SWAPDB 0 1")).isEqualTo("s1[SWAPDB 0 1]");
  }

  /** Where slots have gone meanwhile, what was sent by an older routing must not be done. */
  @Test
  void allSayByWhichRoutingTheyAreSent() {
    routing = routing.next(0, 100, "s4");
    for (String line :
        List.of(
            "DBSIZE", "KEYS *", "FLUSHALL", "GET foo", "SCAN 0", "DEL foo bar", "MSET a 1 b 2")) {
      dispatch(line, reply -> {})
          .ops
          .forEach(
              (id, ops) -> assertThat(ops.get(0).routedBy()).as(line).isEqualTo(routing.version()));
    }
  }

  @Test
  void aCursorBehindTheEndIsTheEnd() {
    assertThat(text(((Reply.Array) run("SCAN 18446744073709551615")).items().get(0)))
        .isEqualTo("0");
  }

  private static String text(Reply reply) {
    if (reply instanceof Reply.Array array) {
      return array.items().stream().map(DispatcherTest::text).collect(Collectors.joining(","));
    }
    return reply instanceof Reply.Bulk bulk
        ? new String(bulk.bytes(), StandardCharsets.US_ASCII)
        : "null";
  }

  /** What is left of a command of all shards when two of them have become one. */
  @Test
  void aPartOfACommandIsForTheSlotsOfItsShard() {
    routing = new SlotMap().give(0, 99, "s1").give(100, 199, "s2").give(200, 16_383, "s3");
    SlotMap merged = routing.next(100, 16_383, "s4"); // of s2 and s3
    for (String command : List.of("DBSIZE", "KEYS a*", "RANDOMKEY", "FLUSHALL", "FLUSHDB ASYNC")) {
      DataOp part = dispatch(command, reply -> {}).ops.get("s2").get(0);
      assertThat(again(part, "s2", routing, merged))
          .isEqualTo("s4[" + within(command, "100-199") + "]");
      SlotMap apart = merged.next(150, 16_383, "s5");
      assertThat(again(part, "s2", routing, apart))
          .isEqualTo(
              "s4[" + within(command, "100-149") + "] s5[" + within(command, "150-199") + "]");
      DataOp all = dispatch(command, reply -> {}).ops.get("s1").get(0);
      String[] parts = {"s1[" + command + "]", "s6[" + command + "]"};
      String heirs = again(all, "s1", routing, routing.next(50, 99, "s6"));
      if (command.equals("RANDOMKEY")) { // which begins with any of them
        assertThat(List.of(heirs.split("(?<=]) "))).containsExactlyInAnyOrder(parts);
      } else {
        assertThat(heirs).as("its heirs have nothing else").isEqualTo(String.join(" ", parts));
      }
    }
  }

  @Test
  void suchAPartIsCutUpAgain() {
    routing = new SlotMap().give(0, 99, "s1").give(100, 199, "s2").give(200, 16_383, "s3");
    SlotMap merged = routing.next(100, 16_383, "s4");
    Collector first = new Collector();
    DataOp op = dispatch("DBSIZE", reply -> {}).ops.get("s2").get(0);
    DISPATCHER.reroute(op, SlotMap.shard("s2"), routing, merged, first, reply -> {});
    DataOp part = first.ops.get("s4").get(0);
    Reply[] sum = new Reply[1];
    Collector second = new Collector();
    DISPATCHER.reroute(
        part,
        SlotMap.shard("s4"),
        merged,
        merged.next(0, 120, "s7"),
        second,
        reply -> sum[0] = reply);
    assertThat(second.text()).isEqualTo("s7[RAFTKV.DBSIZE 100-120] s4[RAFTKV.DBSIZE 121-199]");
    second.ops.values().forEach(ops -> ops.get(0).reply(Reply.integer(4)));
    assertThat(sum[0]).isEqualTo(Reply.integer(8));
  }

  private static String within(String command, String slots) {
    String[] words = command.split(" ", 2);
    return "RAFTKV." + words[0] + " " + slots + (words.length > 1 ? " " + words[1] : "");
  }

  private static String again(DataOp op, String shard, Routing before, Routing now) {
    Collector collector = new Collector();
    DISPATCHER.reroute(op, SlotMap.shard(shard), before, now, collector, reply -> {});
    return collector.text();
  }
}

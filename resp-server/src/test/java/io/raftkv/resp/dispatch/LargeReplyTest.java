package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.metrics.Metrics;
import io.raftkv.resp.codec.ReplyPortions;
import io.raftkv.resp.codec.RespDecoder;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.command.CommandCodec;
import io.raftkv.resp.command.CommandEngine;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.command.HashCommands;
import io.raftkv.resp.command.HashFieldCommands;
import io.raftkv.resp.command.ListCommands;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.command.SetCommands;
import io.raftkv.resp.command.SortCommands;
import io.raftkv.resp.command.SortedSetCommands;
import io.raftkv.resp.command.StreamCommands;
import io.raftkv.resp.command.StringCommands;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.ApplyContext;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.RetainedView;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import io.raftkv.storage.type.StringType;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sessions and the read service together, over a real store and a network that can stand still. */
class LargeReplyTest {
  private static final long MIB = 1L << 20;
  private static final long TIME = 1_700_000_000_000L;
  private static final int FIELDS = 20_000;
  private static final String VALUE = "v".repeat(50);

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(1);

  private final CommandTable table =
      new CommandTable(
          List.of(
              StringCommands.ALL,
              GenericCommands.ALL,
              HashCommands.ALL,
              HashFieldCommands.ALL,
              ListCommands.ALL,
              SetCommands.ALL,
              SortCommands.ALL,
              SortedSetCommands.ALL,
              StreamCommands.ALL));
  private final ArrayDeque<Runnable> pool = new ArrayDeque<>();
  private final ByteArrayOutputStream received = new ByteArrayOutputStream();
  private final SlowNetwork network = new SlowNetwork(received);
  private final Metrics metrics = new Metrics();
  private final List<NodeProposal> writes = new ArrayList<>();
  private StoreEnvironment environment;
  private ShardStore store;
  private EmbeddedChannel channel;
  private Session session;
  private boolean poolIsFull;
  private long clock = TIME;
  private int confirmations;
  private long index;

  @TempDir private Path directory;

  private final class OneReplica implements ReadableReplica {
    @Override
    public boolean isAlive() {
      return true;
    }

    @Override
    public long appliedIndex() {
      return index;
    }

    @Override
    public long leaderSilenceMillis() {
      return 0;
    }

    @Override
    public Runnable whenApplied(long upTo, Runnable action) {
      action.run();
      return () -> {};
    }

    @Override
    public <T> T withStore(Function<ShardStore, T> use) {
      return use.apply(store);
    }
  }

  @BeforeEach
  void open() {
    environment = new StoreEnvironment(new StoreOptions(8 * MIB, 2 * MIB, 16 * MIB, 64, 2));
    store = ShardStore.open(directory.resolve("store"), environment);
    ReadService reads =
        new ReadService(
            group -> new OneReplica(),
            (group, deadline, waiter) -> {
              confirmations++;
              waiter.confirmed(index);
            },
            new ShardTicker(GenericCommands.SWEEP, (group, op) -> writes.add(op)),
            task -> {
              if (poolIsFull) {
                throw new RejectedExecutionException("full");
              }
              pool.add(task);
            },
            (shard, ops, consistency, loop, then) -> {
              throw new AssertionError("not remote");
            },
            () -> clock,
            REQUEST_TIMEOUT.toNanos());
    SlotMap routing = SlotMap.evenly("s1");
    SessionServices services =
        new SessionServices(
            table,
            new RoutingFeed(routing),
            new Dispatcher(
                new CommandSpec.Limits(StringType.MAX_BYTES, Keyspace.DATABASES), new SlotLoad()),
            reads,
            (group, ops) -> writes.addAll(ops),
            () -> false,
            new LongAdder(),
            REQUEST_TIMEOUT,
            metrics,
            ReadConsistency.LINEARIZABLE,
            false,
            RespLimits.DEFAULT,
            PATIENCE);
    RespDecoder decoder = new RespDecoder(RespLimits.DEFAULT);
    session = new Session(new Host(services), 1, decoder);
    channel = new EmbeddedChannel(network, decoder, session);
    channel.freezeTime();
  }

  private record Host(SessionServices services) implements Session.Host {
    @Override
    public boolean opened(Session session) {
      return true;
    }

    @Override
    public void linked(Session session) {}

    @Override
    public void closed(Session session) {}
  }

  @AfterEach
  void close() {
    network.drop();
    channel.finishAndReleaseAll();
    store.close();
    environment.close();
    metrics.close();
  }

  /** An entry in the log, applied here. */
  private void apply(String... words) {
    applyBatch(List.<String[]>of(words));
  }

  private Object[] applyAll(List<String> lines) {
    return applyBatch(lines.stream().map(line -> line.split(" ")).toList());
  }

  private Object[] applyBatch(List<String[]> commands) {
    ByteArrayOutputStream payload = new ByteArrayOutputStream();
    for (String[] words : commands) {
      byte[][] bytes = new byte[words.length][];
      for (int i = 0; i < words.length; i++) {
        bytes[i] = words[i].getBytes(StandardCharsets.US_ASCII);
      }
      ByteBuffer encoded = ByteBuffer.allocate(CommandCodec.encodedBytes(bytes));
      CommandCodec.encode(0, bytes, encoded);
      payload.writeBytes(Arrays.copyOf(encoded.array(), encoded.position()));
    }
    try (StoreBatch batch = store.begin(TIME)) {
      Object[] replies =
          new CommandEngine(table)
              .apply(
                  new ApplyContext(++index, batch.timeMillis(), 1, 1),
                  ByteBuffer.wrap(payload.toByteArray()),
                  batch);
      batch.commit(1, index);
      return replies;
    }
  }

  private void makeHash(String key) {
    List<String> words = new ArrayList<>(List.of("HSET", key));
    for (int i = 0; i < FIELDS; i++) {
      words.add("field" + i);
      words.add(VALUE);
    }
    apply(words.toArray(String[]::new));
  }

  private void send(String... lines) {
    channel.writeInbound(
        Unpooled.copiedBuffer(SessionFixture.wire(lines), StandardCharsets.ISO_8859_1));
  }

  /** All that can happen without the client happens. */
  private void settle() {
    do {
      channel.runPendingTasks();
      Runnable task = pool.poll();
      if (task != null) {
        task.run();
      }
      channel.runPendingTasks();
    } while (!pool.isEmpty());
    channel.checkException();
  }

  private String received() {
    settle();
    String text = received.toString(StandardCharsets.ISO_8859_1);
    received.reset();
    return text;
  }

  private static int count(String text, String part) {
    return (text.length() - text.replace(part, "").length()) / part.length();
  }

  @Test
  void wholeHashComesInOneReply() {
    makeHash("h");
    send("HGETALL h", "HLEN h", "HKEYS h", "HVALS h", "HGET h field7");
    String all = received();
    assertThat(all).startsWith("*" + 2 * FIELDS + "\r\n$");
    assertThat(all).contains("\r\n:" + FIELDS + "\r\n*" + FIELDS + "\r\n");
    assertThat(all).endsWith("$50\r\n" + VALUE + "\r\n");
    assertThat(count(all, VALUE)).isEqualTo(2 * FIELDS + 1);
    assertThat(count(all, "\r\nfield")).isEqualTo(2 * FIELDS);
    assertThat(store.retainedViews()).isZero();
  }

  @Test
  void everyKindOfCollectionComesWhole() {
    for (int from = 0; from < FIELDS; from += 1_000) {
      List<String> pushed = new ArrayList<>(List.of("RPUSH", "l"));
      List<String> added = new ArrayList<>(List.of("SADD", "s"));
      List<String> scored = new ArrayList<>(List.of("ZADD", "z"));
      for (int i = from; i < from + 1_000; i++) {
        String padded = "%06d".formatted(i);
        pushed.add(padded);
        added.add(padded);
        scored.addAll(List.of(Integer.toString(i), padded));
      }
      apply(pushed.toArray(String[]::new));
      apply(added.toArray(String[]::new));
      apply(scored.toArray(String[]::new));
    }
    StringBuilder up = new StringBuilder();
    StringBuilder down = new StringBuilder();
    for (int i = 0; i < FIELDS; i++) {
      up.append("$6\r\n%06d\r\n".formatted(i));
      down.append("$6\r\n%06d\r\n".formatted(FIELDS - 1 - i));
    }
    String ascending = "*" + FIELDS + "\r\n" + up;
    String descending = "*" + FIELDS + "\r\n" + down;
    send("LRANGE l 0 -1");
    assertThat(received()).isEqualTo(ascending);
    send("SMEMBERS s");
    assertThat(received()).hasSameSizeAs(ascending).startsWith("*" + FIELDS + "\r\n");
    send("ZRANGE z 0 -1");
    assertThat(received()).isEqualTo(ascending);
    send("ZREVRANGE z 0 -1");
    assertThat(received()).isEqualTo(descending);
    send("ZRANGEBYSCORE z -inf +inf");
    assertThat(received()).isEqualTo(ascending);
    send("ZRANGE z +inf -inf BYSCORE REV");
    assertThat(received()).isEqualTo(descending);
    send("ZRANGEBYSCORE z 1 +inf LIMIT 9 10000");
    assertThat(received()).startsWith("*10000\r\n$6\r\n000010\r\n").endsWith("$6\r\n010009\r\n");
    assertThat(store.retainedViews()).isZero();
  }

  @Test
  void keysThatMatchComeOutOfOneView() {
    List<String> sought = new ArrayList<>();
    for (int i = 0; i < FIELDS; i++) {
      String key = (i % 2 == 0 ? "some" : "other") + ":" + "k".repeat(30) + i;
      apply("SET", key, "v");
      if (i % 2 == 0) {
        sought.add(key);
      }
    }
    network.stand();
    send("KEYS some:*");
    settle();
    assertThat(store.retainedViews()).as("it is being streamed").isOne();
    while (!network.isEmpty()) {
      network.deliver(100_000);
      settle();
    }
    network.goOn();
    String[] reply = received().split("\r\n", -1);
    assertThat(reply[0]).isEqualTo("*" + sought.size());
    List<String> found = new ArrayList<>();
    for (int i = 2; i < reply.length; i += 2) {
      found.add(reply[i]);
    }
    assertThat(found).containsExactlyInAnyOrderElementsOf(sought);
    send("KEYS other:*1");
    assertThat(received()).startsWith("*" + FIELDS / 10 + "\r\n");
    send("KEYS none:*");
    assertThat(received()).isEqualTo("*0\r\n");
    assertThat(store.retainedViews()).isZero();
  }

  @Test
  void runsOfAStreamOutOfOneView() {
    List<String> entries = new ArrayList<>();
    String value = "v".repeat(100);
    for (int i = 1; i <= FIELDS; i++) {
      String id = i + "-0";
      apply("XADD", "x", id, "f", value);
      entries.add(
          "*2\r\n$%d\r\n%s\r\n*2\r\n$1\r\nf\r\n$100\r\n%s\r\n".formatted(id.length(), id, value));
    }
    send("XRANGE x - +");
    assertThat(received()).isEqualTo("*" + FIELDS + "\r\n" + String.join("", entries));
    List<String> reversed = new ArrayList<>(entries);
    Collections.reverse(reversed);
    send("XREVRANGE x + -");
    assertThat(received()).isEqualTo("*" + FIELDS + "\r\n" + String.join("", reversed));
    send("XRANGE x 11 + COUNT 9000");
    assertThat(received()).isEqualTo("*9000\r\n" + String.join("", entries.subList(10, 9_010)));
    send("XREVRANGE x 10000 5");
    assertThat(received())
        .isEqualTo("*9996\r\n" + String.join("", reversed.subList(FIELDS - 10_000, FIELDS - 4)));
    send("XRANGE x 7 9");
    assertThat(received()).isEqualTo("*3\r\n" + String.join("", entries.subList(6, 9)));
    assertThat(store.retainedViews()).isZero();
  }

  @Test
  void severalStreamsComeInOneReply() {
    List<String> entries = new ArrayList<>();
    for (int i = 1; i <= FIELDS; i++) {
      String id = i + "-0";
      apply("XADD", "x", id, "f", VALUE);
      entries.add(
          "*2\r\n$%d\r\n%s\r\n*2\r\n$1\r\nf\r\n$50\r\n%s\r\n".formatted(id.length(), id, VALUE));
    }
    apply("XADD", "few", "1-0", "f", VALUE);
    apply("XADD", "none", "1-0", "f", VALUE);
    apply("XDEL", "none", "1-0");
    String few = "$3\r\nfew\r\n*1\r\n" + entries.get(0);
    String all = "$1\r\nx\r\n*" + FIELDS + "\r\n" + String.join("", entries);
    String rest = "$1\r\nx\r\n*9000\r\n" + String.join("", entries.subList(11_000, FIELDS));
    String some = "$1\r\nx\r\n*9000\r\n" + String.join("", entries.subList(7, 9_007));
    network.stand();
    send("XREAD STREAMS few none x missing x few 0 0 0 0 11000 0");
    settle();
    assertThat(store.retainedViews()).as("it is being streamed").isOne();
    apply("DEL", "few");
    network.goOn();
    String pair = "*2\r\n";
    assertThat(received()).isEqualTo("*4\r\n" + pair + few + pair + all + pair + rest + pair + few);
    send("XREAD COUNT 9000 STREAMS x none 7 0");
    assertThat(received()).isEqualTo("*1\r\n" + pair + some);
    session.protocol(3);
    send("XREAD STREAMS few x none x 0 0 0 11000");
    assertThat(received()).isEqualTo("%2\r\n" + all + rest);
    send("XREAD STREAMS none x 0 20000");
    assertThat(received()).isEqualTo("_\r\n");
    send("XREAD STREAMS x x 0 nonsense");
    assertThat(received()).startsWith("-ERR Invalid stream ID");
    assertThat(store.retainedViews()).isZero();
  }

  @Test
  void setAlgebraComesOutOfOneView() {
    addMembers("a", 0, 20_000);
    addMembers("b", 10_000, 31_000);
    addMembers("c", 12_000, 29_990);
    apply("SADD", "few", "000007", "000008", "other");
    apply("SADD", "one", "000007");
    apply("SADD", "two", "000008");
    network.stand();
    send("SUNION b few a missing c");
    settle();
    assertThat(store.retainedViews()).as("it is being streamed").isOne();
    apply("DEL", "b");
    addMembers("b", 10_000, 31_000);
    network.goOn();
    Set<String> union = numbers(0, 31_000);
    union.add("other");
    assertThat(members('*')).isEqualTo(union);
    session.protocol(3);
    send("SINTER a b");
    assertThat(members('~')).isEqualTo(numbers(10_000, 20_000));
    send("SINTER b c a b");
    assertThat(members('~')).isEqualTo(numbers(12_000, 20_000));
    send("SDIFF b c few missing");
    assertThat(members('~'))
        .isEqualTo(numbersOf(IntStream.range(10_000, 12_000), IntStream.range(29_990, 31_000)));
    send("SDIFF a few one two b");
    assertThat(members('~'))
        .isEqualTo(numbersOf(IntStream.range(0, 7), IntStream.range(9, 10_000)));
    send("SINTER few a", "SUNION one two missing", "SDIFF a a", "SINTER a missing");
    String two = "~2\r\n$6\r\n000007\r\n$6\r\n000008\r\n";
    assertThat(received()).isEqualTo(two.repeat(2) + "~0\r\n".repeat(2));
    makeHash("h");
    send("SUNION a h", "SINTER missing h", "SDIFF a b h", "SINTERCARD 2 a b");
    String wrongType = "-" + RespErrors.WRONG_TYPE + "\r\n";
    assertThat(received()).isEqualTo(wrongType.repeat(3) + ":10000\r\n");
    assertThat(store.retainedViews()).isZero();
  }

  private void addMembers(String key, int from, int to) {
    for (int next = from; next < to; next += 1_000) {
      List<String> words = new ArrayList<>(List.of("SADD", key));
      words.addAll(numbers(next, Math.min(to, next + 1_000)));
      apply(words.toArray(String[]::new));
    }
  }

  private static Set<String> numbers(int from, int to) {
    return numbersOf(IntStream.range(from, to));
  }

  private static Set<String> numbersOf(IntStream... ranges) {
    return Arrays.stream(ranges)
        .flatMapToInt(range -> range)
        .mapToObj("%06d"::formatted)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The members of a reply, each of which comes once. */
  private Set<String> members(char type) {
    String[] reply = received().split("\r\n", -1);
    Set<String> members = new TreeSet<>();
    for (int i = 2; i < reply.length; i += 2) {
      members.add(reply[i]);
    }
    assertThat(reply[0]).isEqualTo(type + Integer.toString(members.size()));
    assertThat(reply).hasSize(2 * members.size() + 2);
    return members;
  }

  /** The same value as often as it is named, read when it is sent. */
  @Test
  void aLargeValueThatIsNamedOftenIsHeldOnce() {
    int times = 200;
    String large = "l".repeat(100_000);
    apply("SET", "k", large);
    apply("HSET", "h", "f", large, "g", "small");
    apply(
        Stream.concat(Stream.of("RPUSH", "l"), Stream.generate(() -> "k").limit(times))
            .toArray(String[]::new));
    String value = "$100000\r\n" + large + "\r\n";
    network.stand();
    send("MGET none " + "k ".repeat(times - 2) + "h");
    settle();
    assertThat(network.mostUnsentBytes())
        .isLessThan(SlowNetwork.FULL_BYTES + ReplyPortions.BYTES + 2L * large.length());
    network.goOn();
    assertThat(received())
        .isEqualTo("*" + times + "\r\n$-1\r\n" + value.repeat(times - 2) + "$-1\r\n");
    send("HMGET h g" + " f".repeat(times - 2) + " none");
    assertThat(received())
        .isEqualTo("*" + times + "\r\n$5\r\nsmall\r\n" + value.repeat(times - 2) + "$-1\r\n");
    send("SORT_RO l BY none GET * GET #", "MGET k", "MGET none h");
    assertThat(received())
        .isEqualTo(
            ("*" + 2 * times + "\r\n" + (value + "$1\r\nk\r\n").repeat(times))
                + ("*1\r\n" + value + "*2\r\n$-1\r\n$-1\r\n"));
    assertThat(store.retainedViews()).isZero();
  }

  /** A set of one large member is read once or twice for them all. */
  @Test
  void aSetThatIsNamedOftenIsOpenedOnce() {
    String large = "l".repeat(1 << 20);
    apply("SADD", "k", large);
    String names = " k".repeat(10_000);
    for (String command : List.of("SINTERSTORE", "SUNIONSTORE")) {
      assertThat(applyAll(List.of(command + " d" + names))).containsExactly(Reply.ONE);
    }
    assertThat(applyAll(List.of("SDIFFSTORE d none" + names))).containsExactly(Reply.ZERO);
    assertThat(applyAll(List.of("SDIFFSTORE d" + names))).containsExactly(Reply.ZERO);
    String reply = "*1\r\n$1048576\r\n" + large + "\r\n";
    for (String command : List.of("SINTER", "SUNION", "SDIFF k" + " none".repeat(10_000))) {
      send(command.startsWith("SDIFF") ? command : command + names);
      assertThat(received().equals(reply)).as(command.substring(0, 5)).isTrue();
    }
    send("SDIFF" + names, "SINTERCARD 10000" + names);
    assertThat(received()).isEqualTo("*0\r\n:1\r\n");
  }

  @Test
  void aKeyThatIsDueByTheClockMovesShardTimeThoughItIsReadLate() {
    apply("SET", "k", "l".repeat(100_000));
    apply("SET", "due", "v", "PXAT", Long.toString(TIME + 5));
    clock = TIME + 10;
    send("MGET " + "k ".repeat(20) + "due");
    settle();
    assertThat(writes).hasSize(1);
    assertThat(received.size()).isZero();
    try (StoreBatch batch = store.begin(clock)) {
      batch.commit(1, ++index);
    }
    writes.get(0).succeeded(Reply.ONE);
    assertThat(received()).startsWith("*21\r\n").endsWith("l\r\n$-1\r\n");
  }

  /** What has to be sorted is made at once, but need not be written at once. */
  @Test
  void aReplyThatIsMadeAsAWholeIsSentInPortions() {
    List<String> scored = new ArrayList<>(List.of("ZADD", "z"));
    StringBuilder sorted = new StringBuilder();
    for (int i = 0; i < FIELDS; i++) {
      scored.addAll(List.of(Integer.toString(i), "%06d".formatted(i)));
      sorted.append("*2\r\n$6\r\n%06d\r\n,%d\r\n".formatted(i, 2 * i));
    }
    apply(scored.toArray(String[]::new));
    session.protocol(3);
    network.stand();
    send("ZUNION 2 z z WITHSCORES", "ZCARD z", "ZUNION 2 z z WITHSCORES");
    settle();
    assertThat(network.mostUnsentBytes())
        .isLessThan(SlowNetwork.FULL_BYTES + ReplyPortions.BYTES + 2 * 64 * 1024);
    assertThat(store.retainedViews()).as("it needs none").isZero();
    network.goOn();
    String whole = "*" + FIELDS + "\r\n" + sorted;
    assertThat(received()).isEqualTo(whole + ":" + FIELDS + "\r\n" + whole);
    network.stand();
    send("ZUNION 1 z");
    settle();
    store.close();
    network.goOn();
    assertThat(received()).as("it is in memory").startsWith("*" + FIELDS).endsWith("019999\r\n");
  }

  @Test
  void longWorkIsNotDoneOnTheEventLoop() {
    apply("SET", "a", "x".repeat(5_000));
    apply("SADD", "s", "m");
    send("LCS a a LEN", "SMISMEMBER s" + " m".repeat(1_100));
    received();
    send("STRLEN a", "SMISMEMBER s m");
    channel.runPendingTasks();
    assertThat(pool).as("all is in memory").isEmpty();
    assertThat(received()).isEqualTo(":5000\r\n*1\r\n:1\r\n");
    send("LCS a a LEN");
    channel.runPendingTasks();
    assertThat(pool).hasSize(1);
    assertThat(received()).isEqualTo(":5000\r\n");
    send("SMISMEMBER s" + " m".repeat(1_100));
    channel.runPendingTasks();
    assertThat(pool).hasSize(1);
    assertThat(received()).startsWith("*1100\r\n:1\r\n");
  }

  @Test
  void aSlowClientHoldsOnePortionAndAnOutputBuffer() {
    makeHash("h");
    network.stand();
    send("HGETALL h", "HLEN h", "HGETALL h", "STRLEN nothing");
    settle();
    assertThat(pool).isEmpty();
    assertThat(store.retainedViews()).as("for the first reply only").isOne();
    long inFlight = SlowNetwork.FULL_BYTES + ReplyPortions.BYTES + 2 * 64 * 1024;
    assertThat(network.mostUnsentBytes()).isBetween(SlowNetwork.FULL_BYTES, inFlight);
    while (!network.isEmpty()) {
      network.deliver(10_000);
      settle();
      assertThat(store.retainedViews()).isLessThanOrEqualTo(1);
    }
    assertThat(network.mostUnsentBytes()).isLessThan(inFlight);
    String all = received();
    System.out.printf(
        "a reply of %d bytes, most bytes in flight %d%n", all.length(), network.mostUnsentBytes());
    assertThat((long) all.length()).isGreaterThan(4 * inFlight);
    assertThat(count(all, VALUE)).isEqualTo(2 * FIELDS);
    assertThat(all).endsWith("\r\n:0\r\n");
    assertThat(store.retainedViews()).isZero();
  }

  @Test
  void aReplyStaysAtItsMomentWhateverIsWrittenMeanwhile() {
    makeHash("h");
    network.stand();
    send("HGETALL h");
    settle();
    apply("DEL", "h");
    apply("HSET", "h", "other", "hash");
    network.goOn();
    String all = received();
    assertThat(count(all, VALUE)).isEqualTo(FIELDS);
    assertThat(all).doesNotContain("other");
    send("HGETALL h");
    assertThat(received()).isEqualTo("*2\r\n$5\r\nother\r\n$4\r\nhash\r\n");
  }

  @Test
  void aWriteBehindALargeReplyWaitsUntilItIsSent() {
    makeHash("h");
    network.stand();
    send("HGETALL h");
    send("SET k v");
    settle();
    assertThat(writes).isEmpty();
    network.goOn();
    settle();
    assertThat(writes).hasSize(1);
  }

  @Test
  void theViewIsGivenBackWhenTheClientGoesAway() {
    makeHash("h");
    network.stand();
    send("HGETALL h", "HGETALL h");
    settle();
    assertThat(store.retainedViews()).isOne();
    channel.close();
    settle();
    assertThat(store.retainedViews()).isZero();
  }

  @Test
  void theViewIsGivenBackWhenTheClientGoesAwayWhileAPortionIsMade() {
    makeHash("h");
    send("HGETALL h");
    while (received.size() == 0) {
      channel.runPendingTasks();
      pool.remove().run();
    }
    channel.runPendingTasks();
    assertThat(pool).as("the next portion").hasSize(1);
    assertThat(store.retainedViews()).isOne();
    channel.close();
    channel.runPendingTasks();
    settle();
    assertThat(store.retainedViews()).isZero();
  }

  @Test
  void aClientThatDoesNotReadIsClosedInTheEnd() {
    makeHash("h");
    network.stand();
    send("HGETALL h");
    settle();
    channel.advanceTimeBy(PATIENCE.toSeconds() - 1, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
    assertThat(channel.isOpen()).isTrue();
    channel.advanceTimeBy(2, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
    settle();
    assertThat(channel.isOpen()).isFalse();
    assertThat(store.retainedViews()).isZero();
  }

  @Test
  void aFullReadPoolOnlyDelaysAReplyThatHasBegun() {
    makeHash("h");
    network.stand();
    send("HGETALL h");
    settle();
    poolIsFull = true;
    network.goOn();
    settle();
    assertThat(channel.isOpen()).isTrue();
    poolIsFull = false;
    channel.advanceTimeBy(Duration.ofMillis(20).toMillis(), TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
    assertThat(count(received(), VALUE)).isEqualTo(FIELDS);
    assertThat(store.retainedViews()).isZero();
  }

  @Test
  void aStoreThatIsClosedBreaksTheReplyOff() {
    makeHash("h");
    network.stand();
    send("HGETALL h");
    settle();
    store.close();
    network.goOn();
    settle();
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void deadFieldsAreNotAnnounced() {
    makeHash("h");
    apply("HPEXPIREAT", "h", Long.toString(TIME + 5), "FIELDS", "2", "field1", "field2");
    try (StoreBatch batch = store.begin(TIME + 10)) {
      batch.commit(1, ++index);
    }
    send("HGETALL h");
    String all = received();
    assertThat(all).startsWith("*" + 2 * (FIELDS - 2) + "\r\n").doesNotContain("field1\r");
    assertThat(count(all, VALUE)).isEqualTo(FIELDS - 2);
  }

  /** Else it would be counted for as long as nobody writes. */
  @Test
  void aFieldThatIsDueByTheClockMovesShardTimeBeforeTheReplyBegins() {
    makeHash("h");
    apply("HPEXPIREAT", "h", Long.toString(TIME + 5), "FIELDS", "1", "field1");
    clock = TIME + 10;
    send("HGETALL h");
    settle();
    assertThat(writes).hasSize(1);
    assertThat(received.size()).isZero();
    assertThat(store.retainedViews()).isZero();
    try (StoreBatch batch = store.begin(clock)) {
      batch.commit(1, ++index);
    }
    writes.get(0).succeeded(Reply.ONE);
    assertThat(received()).startsWith("*" + 2 * (FIELDS - 1) + "\r\n").doesNotContain("field1\r");
  }

  /** Sending it may take so long that what was confirmed for all is old. */
  @Test
  void whatIsBehindALargeReplyIsConfirmedAnew() {
    makeHash("h");
    network.stand();
    send("HGETALL h", "HLEN h", "HGET h field1");
    settle();
    assertThat(confirmations).isOne();
    apply("HSET", "h", "field1", "new");
    network.goOn();
    assertThat(received()).endsWith("\r\n:" + FIELDS + "\r\n$3\r\nnew\r\n");
    assertThat(confirmations).isEqualTo(2);
  }

  /** They have been confirmed and wait for their turn, for longer than a shard may take. */
  @Test
  void readsBehindALargeReplyHaveTimeUntilItIsSent() {
    makeHash("h");
    network.stand();
    send("HGETALL h");
    send("HLEN h");
    send("HGET h field1");
    for (long elapsed = 0; elapsed < 5 * REQUEST_TIMEOUT.toMillis(); elapsed += 100) {
      elapse(100);
    }
    apply("HSET", "h", "field1", "new");
    network.goOn();
    assertThat(received()).endsWith("\r\n:" + FIELDS + "\r\n$3\r\nnew\r\n");
    assertThat(confirmations).as("those that were late are confirmed anew").isEqualTo(5);
  }

  @Test
  void aReplyKeepsTheProtocolOfItsCommand() {
    makeHash("h");
    network.stand();
    send("HGETALL h");
    settle();
    session.protocol(3);
    send("HGETALL h");
    network.goOn();
    String all = received();
    assertThat(all).startsWith("*" + 2 * FIELDS + "\r\n");
    assertThat(all.substring(all.length() / 2 - 10)).contains("\r\n%" + FIELDS + "\r\n");
    assertThat(count(all, VALUE)).isEqualTo(2 * FIELDS);
  }

  @Test
  void whatIsPushedMeanwhileComesBehindTheReply() {
    makeHash("h");
    network.stand();
    send("HGETALL h", "HLEN h");
    settle();
    session.push(Reply.simple("pushed"));
    network.goOn();
    assertThat(received()).endsWith(VALUE + "\r\n+pushed\r\n:" + FIELDS + "\r\n");
  }

  /** Each is small enough to be held, but not all of them. */
  @Test
  void manySmallRepliesOfOnePipelineDoNotAddUp() {
    List<String> words = new ArrayList<>(List.of("HSET", "h"));
    for (int i = 0; i < 800; i++) {
      words.addAll(List.of("field" + i, VALUE));
    }
    apply(words.toArray(String[]::new));
    int calls = 200;
    network.stand();
    send(Collections.nCopies(calls, "HGETALL h").toArray(String[]::new));
    settle();
    int oneReply = 800 * (4 + 2 + 8 + 2 + 5 + 2 + VALUE.length() + 2);
    assertThat(network.mostUnsentBytes()).isBetween(SlowNetwork.FULL_BYTES, 2 * MIB);
    assertThat(network.mostUnsentBytes()).isLessThan((long) calls * oneReply / 4);
    while (!network.isEmpty()) {
      network.deliver(10_000);
      settle();
    }
    assertThat(network.mostUnsentBytes()).isLessThan(2 * MIB);
    String all = received();
    assertThat(count(all, "*1600\r\n")).isEqualTo(calls);
    assertThat(count(all, VALUE)).isEqualTo(800 * calls);
  }

  @Test
  void aReplyWaitsWhileTooManyOthersAreSentAndIsRefusedInTheEnd() {
    makeHash("h");
    List<RetainedView> others = new ArrayList<>();
    for (int i = 0; i < ShardStore.MAX_RETAINED_VIEWS; i++) {
      others.add(store.tryRetain());
    }
    send("HLEN h", "HGETALL h", "HLEN h");
    settle();
    assertThat(received.size()).isZero();
    others.remove(0).close();
    elapse(20);
    assertThat(count(received(), VALUE)).isEqualTo(FIELDS);

    others.add(store.tryRetain());
    network.stand();
    long sent = System.nanoTime();
    send("HGETALL h");
    settle();
    while (network.isEmpty() && System.nanoTime() - sent < TimeUnit.SECONDS.toNanos(30)) {
      elapse(20);
    }
    assertThat(System.nanoTime() - sent)
        .isBetween(REQUEST_TIMEOUT.toNanos(), TimeUnit.SECONDS.toNanos(30));
    network.goOn();
    assertThat(received()).isEqualTo("-TRYAGAIN this node is sending too many large replies\r\n");
    others.forEach(RetainedView::close);
  }

  private void elapse(long millis) {
    channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
    settle();
  }

  @Test
  void aStoreThatIsClosedBeforeTheFirstByteIsAnError() {
    makeHash("h");
    send("HGETALL h", "PING");
    pool.remove().run(); // finds that it is large
    assertThat(store.retainedViews()).isOne();
    store.close();
    assertThat(received()).startsWith("-TRYAGAIN ");
    assertThat(channel.isOpen()).isTrue();
  }

  @Test
  void repliesThatTravelThroughTheLogAreBoundedTogether() {
    makeHash("h");
    List<String> errors = new ArrayList<>();
    int whole = 0;
    for (Object reply : applyAll(Collections.nCopies(30, "HGETALL h"))) {
      if (reply instanceof Reply.Failure failure) {
        errors.add(failure.line());
      } else {
        whole++;
      }
    }
    assertThat(whole).isBetween(12, 15); // each of 20,000 fields counts 124 bytes
    assertThat(errors).hasSize(30 - whole).containsOnly(RespErrors.REPLIES_TOO_LARGE);
  }
}

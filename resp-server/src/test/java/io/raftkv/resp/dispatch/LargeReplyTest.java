package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
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
import io.raftkv.resp.command.SortedSetCommands;
import io.raftkv.resp.command.StringCommands;
import io.raftkv.shard.ApplyContext;
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
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
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

  /** Unsent bytes from which on the channel is not writable. */
  private static final long FULL_BYTES = 100_000;

  private final CommandTable table =
      new CommandTable(
          List.of(
              StringCommands.ALL,
              GenericCommands.ALL,
              HashCommands.ALL,
              HashFieldCommands.ALL,
              ListCommands.ALL,
              SetCommands.ALL,
              SortedSetCommands.ALL));
  private final ArrayDeque<Runnable> pool = new ArrayDeque<>();
  private final Network network = new Network();
  private final Metrics metrics = new Metrics();
  private final List<DataOp> writes = new ArrayList<>();
  private StoreEnvironment environment;
  private ShardStore store;
  private EmbeddedChannel channel;
  private boolean poolIsFull;
  private long index;

  @TempDir private Path directory;

  /** The way to the client: keeps what is written until it is told to go on. */
  private static final class Network extends ChannelOutboundHandlerAdapter {
    private final ArrayDeque<ByteBuf> unsent = new ArrayDeque<>();
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private boolean stands;
    private long unsentBytes;
    private long mostUnsentBytes;
    private ChannelHandlerContext ctx;

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      ctx = context;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
      ByteBuf bytes = (ByteBuf) message;
      unsent.add(bytes);
      unsentBytes += bytes.readableBytes();
      mostUnsentBytes = Math.max(mostUnsentBytes, unsentBytes);
      if (!stands) {
        deliver(Long.MAX_VALUE);
      } else {
        regulate();
      }
      if (!promise.isVoid()) {
        promise.setSuccess();
      }
    }

    private void deliver(long bytes) {
      for (long left = bytes; left > 0 && !unsent.isEmpty(); ) {
        ByteBuf next = unsent.poll();
        left -= next.readableBytes();
        unsentBytes -= next.readableBytes();
        byte[] copy = new byte[next.readableBytes()];
        next.readBytes(copy);
        received.writeBytes(copy);
        next.release();
      }
      regulate();
    }

    private void regulate() {
      ctx.channel()
          .unsafe()
          .outboundBuffer()
          .setUserDefinedWritability(1, unsentBytes < FULL_BYTES);
    }

    private void drop() {
      unsent.forEach(ByteBuf::release);
      unsent.clear();
    }
  }

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
    public void whenApplied(long upTo, Runnable action) {
      action.run();
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
            (group, deadline, waiter) -> waiter.confirmed(index),
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
            () -> TIME,
            TimeUnit.SECONDS.toNanos(30));
    SlotMap routing = SlotMap.evenly("s1");
    SessionServices services =
        new SessionServices(
            table,
            new Dispatcher(() -> routing, StringType.MAX_BYTES),
            reads,
            (group, ops) -> writes.addAll(ops),
            () -> false,
            metrics,
            ReadConsistency.LINEARIZABLE,
            false,
            RespLimits.DEFAULT);
    RespDecoder decoder = new RespDecoder(RespLimits.DEFAULT);
    Session session = new Session(new Host(services), 1, decoder);
    channel = new EmbeddedChannel(network, decoder, session);
    channel.freezeTime();
  }

  private record Host(SessionServices services) implements Session.Host {
    @Override
    public void opened(Session session) {}

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
    CommandSpec spec = table.find(words[0].getBytes(StandardCharsets.US_ASCII));
    assertThat(spec).isNotNull();
    byte[][] bytes = new byte[words.length][];
    for (int i = 0; i < words.length; i++) {
      bytes[i] = words[i].getBytes(StandardCharsets.US_ASCII);
    }
    ByteBuffer payload = ByteBuffer.allocate(CommandCodec.encodedBytes(bytes) + 16);
    CommandCodec.encode(0, bytes, payload);
    try (StoreBatch batch = store.begin(TIME)) {
      new CommandEngine(table)
          .apply(new ApplyContext(++index, batch.timeMillis(), 1, 1), payload.flip(), batch);
      batch.commit(1, index);
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
    String text = network.received.toString(StandardCharsets.ISO_8859_1);
    network.received.reset();
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
  void aSlowClientHoldsOnePortionAndAnOutputBuffer() {
    makeHash("h");
    network.stands = true;
    send("HGETALL h", "HLEN h", "HGETALL h", "STRLEN nothing");
    settle();
    assertThat(pool).isEmpty();
    assertThat(store.retainedViews()).as("for the first reply only").isOne();
    long inFlight = FULL_BYTES + ReplyPortions.BYTES + 2 * 64 * 1024;
    assertThat(network.mostUnsentBytes).isBetween(FULL_BYTES, inFlight);
    while (!network.unsent.isEmpty()) {
      network.deliver(10_000);
      settle();
      assertThat(store.retainedViews()).isLessThanOrEqualTo(1);
    }
    assertThat(network.mostUnsentBytes).isLessThan(inFlight);
    String all = received();
    System.out.printf(
        "a reply of %d bytes, most bytes in flight %d%n", all.length(), network.mostUnsentBytes);
    assertThat((long) all.length()).isGreaterThan(4 * inFlight);
    assertThat(count(all, VALUE)).isEqualTo(2 * FIELDS);
    assertThat(all).endsWith("\r\n:0\r\n");
    assertThat(store.retainedViews()).isZero();
  }

  @Test
  void aReplyStaysAtItsMomentWhateverIsWrittenMeanwhile() {
    makeHash("h");
    network.stands = true;
    send("HGETALL h");
    settle();
    apply("DEL", "h");
    apply("HSET", "h", "other", "hash");
    network.stands = false;
    network.deliver(Long.MAX_VALUE);
    String all = received();
    assertThat(count(all, VALUE)).isEqualTo(FIELDS);
    assertThat(all).doesNotContain("other");
    send("HGETALL h");
    assertThat(received()).isEqualTo("*2\r\n$5\r\nother\r\n$4\r\nhash\r\n");
  }

  @Test
  void aWriteBehindALargeReplyWaitsUntilItIsSent() {
    makeHash("h");
    network.stands = true;
    send("HGETALL h");
    send("SET k v");
    settle();
    assertThat(writes).isEmpty();
    network.stands = false;
    network.deliver(Long.MAX_VALUE);
    settle();
    assertThat(writes).hasSize(1);
  }

  @Test
  void theViewIsGivenBackWhenTheClientGoesAway() {
    makeHash("h");
    network.stands = true;
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
    while (network.received.size() == 0) {
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
    network.stands = true;
    send("HGETALL h");
    settle();
    channel.advanceTimeBy(LargeReplyWriter.PATIENCE_SECONDS - 1, TimeUnit.SECONDS);
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
    network.stands = true;
    send("HGETALL h");
    settle();
    poolIsFull = true;
    network.stands = false;
    network.deliver(Long.MAX_VALUE);
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
    network.stands = true;
    send("HGETALL h");
    settle();
    store.close();
    network.stands = false;
    network.deliver(Long.MAX_VALUE);
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
}

package io.raftkv.resp.dispatch;

import static io.raftkv.resp.command.CommandSpec.command;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.EventExecutor;
import io.raftkv.metrics.Metrics;
import io.raftkv.resp.codec.RespDecoder;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.command.KeySpec;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.command.StringCommands;
import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.type.StringType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** A session in a channel without a network, over shards in memory. */
final class SessionFixture implements Session.Host, AutoCloseable {
  static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final String NOTHING = "A command of a test.";

  final Map<UUID, FakeShard> shards = new HashMap<>();
  final List<CompletableFuture<Reply>> later = new ArrayList<>();
  final Metrics metrics = new Metrics();
  final EmbeddedChannel channel;
  final Session session;
  final RespDecoder decoder = new RespDecoder(RespLimits.DEFAULT);
  final LongAdder movedBytes = new LongAdder();
  BooleanSupplier saturated = () -> false;
  boolean needsPassword;
  int opened;
  int closed;
  private final RoutingFeed feed;
  SlotMap routing;
  private final List<CommandSpec> data = new ArrayList<>();
  private final Duration requestTimeout;
  private final Predicate<Session> onOpened;
  private final Consumer<Session> onLinked;
  private final Consumer<Session> onClosed;
  private SessionServices services;

  SessionFixture(SlotMap routing) {
    this(routing, false);
  }

  SessionFixture(SlotMap routing, boolean needsPassword) {
    this(routing, needsPassword, PATIENCE);
  }

  SessionFixture(SlotMap routing, boolean needsPassword, Duration requestTimeout) {
    this(routing, needsPassword, requestTimeout, 7, session -> true, session -> {}, session -> {});
  }

  SessionFixture(
      SlotMap routing,
      boolean needsPassword,
      Duration requestTimeout,
      long id,
      Predicate<Session> onOpened,
      Consumer<Session> onLinked,
      Consumer<Session> onClosed) {
    this.onOpened = onOpened;
    this.onLinked = onLinked;
    this.onClosed = onClosed;
    this.routing = routing;
    this.feed = new RoutingFeed(routing);
    this.needsPassword = needsPassword;
    this.requestTimeout = requestTimeout;
    data.addAll(StringCommands.ALL);
    data.addAll(GenericCommands.ALL);
    routing.shards().forEach(shard -> shards.put(shard.group(), new FakeShard(data)));
    session = new Session(this, id, decoder);
    channel = new EmbeddedChannel(decoder, session);
  }

  private void read(
      Routing.Shard shard,
      List<DataOp> ops,
      ReadConsistency consistency,
      EventExecutor loop,
      ReadTurn turn) {
    shard(shard.group()).reads.add(new FakeShard.Reads(ops, consistency, turn));
  }

  @Override
  public SessionServices services() {
    if (services == null) {
      services =
          new SessionServices(
              new CommandTable(List.of(data, local())),
              feed,
              new Dispatcher(new CommandSpec.Limits(StringType.MAX_BYTES, 16), new SlotLoad()),
              this::read,
              (group, ops) -> shard(group).writes.addAll(ops),
              () -> saturated.getAsBoolean(),
              movedBytes,
              requestTimeout,
              metrics,
              ReadConsistency.LINEARIZABLE,
              needsPassword,
              RespLimits.DEFAULT,
              Duration.ofSeconds(30));
    }
    return services;
  }

  @Override
  public boolean opened(Session made) {
    opened++;
    return onOpened.test(made);
  }

  @Override
  public void linked(Session link) {
    onLinked.accept(link);
  }

  @Override
  public void closed(Session gone) {
    closed++;
    onClosed.accept(gone);
  }

  private static CommandSpec.Builder entry(String name) {
    return command(name).arity(-1).docs(Group.CONNECTION, "1.0.0", "O(1)", NOTHING);
  }

  /** Stand-ins for the commands of connections, and some with bugs. */
  private List<CommandSpec> local() {
    return List.of(
        entry("PING").local((args, connection) -> Reply.PONG),
        entry("SELECT")
            .local(
                (args, connection) -> {
                  connection.database((int) args.int64(1));
                  return Reply.OK;
                }),
        entry("HELLO")
            .flags(Flag.NO_AUTH)
            .local(
                (args, connection) -> {
                  connection.protocol((int) args.int64(1));
                  return Reply.map(List.of(Reply.bulk("proto"), Reply.integer(args.int64(1))));
                }),
        entry("AUTH")
            .flags(Flag.NO_AUTH)
            .local(
                (args, connection) -> {
                  connection.authenticated(true);
                  return Reply.OK;
                }),
        entry("QUIT")
            .flags(Flag.NO_AUTH)
            .local(
                (args, connection) -> {
                  connection.closeAfterReply();
                  return Reply.OK;
                }),
        entry("LEAVE")
            .local(
                (args, connection) -> {
                  connection.closeAfterReply();
                  return null;
                }),
        entry("RESET")
            .localAsync(
                (args, connection) -> {
                  connection.reset();
                  return CompletableFuture.completedFuture(Reply.simple("RESET"));
                }),
        entry("EVENTUAL")
            .localAsync(
                (args, connection) -> {
                  connection.consistency(ReadConsistency.EVENTUAL);
                  return CompletableFuture.completedFuture(Reply.OK);
                }),
        entry("WRITTEN")
            .localAsync(
                (args, connection) -> connection.writesAnswered(0).thenApply(done -> Reply.OK)),
        entry("LATER")
            .localAsync(
                (args, connection) -> {
                  CompletableFuture<Reply> answer = new CompletableFuture<>();
                  later.add(answer);
                  return answer;
                }),
        entry("LINK")
            .local(
                (args, connection) -> {
                  connection.becomeLink("n2");
                  return Reply.OK;
                }),
        entry("RAFTKV.LINK")
            .local(
                (args, connection) -> {
                  connection.becomeLink(args.text(2));
                  return Reply.OK;
                }),
        entry("PUSH")
            .local(
                (args, connection) -> {
                  connection.push(
                      new Reply.Push(
                          List.of(Reply.bulk(args.bytes(1)), Reply.bulk(args.bytes(2)))));
                  return null;
                }),
        entry("BUG")
            .local(
                (args, connection) -> {
                  throw new IllegalStateException("a bug of the test");
                }),
        entry("BUGLATER")
            .localAsync(
                (args, connection) -> {
                  throw new IllegalStateException("a bug of the test");
                }),
        entry("NOSTAGE").localAsync((args, connection) -> null),
        entry("NOREPLY").localAsync((args, connection) -> CompletableFuture.completedFuture(null)),
        entry("BUGKEYS")
            .keys(
                KeySpec.movable(
                    1,
                    1,
                    1,
                    args -> {
                      throw new ArrayIndexOutOfBoundsException("a bug of the test");
                    }))
            .reads((args, keys) -> Reply.OK));
  }

  FakeShard shard(String id) {
    return shard(SlotMap.shard(id).group());
  }

  /** The node hears of newer routing. */
  void route(SlotMap next) {
    routing = next;
    feed.update(next);
  }

  /** Made at the first call. */
  private FakeShard shard(UUID group) {
    return shards.computeIfAbsent(group, id -> new FakeShard(data));
  }

  /** Lets some time pass for what is to be done later. */
  void pass(Duration time) {
    for (long millis = 0; millis < time.toMillis(); millis++) {
      channel.advanceTimeBy(1, TimeUnit.MILLISECONDS);
      channel.runScheduledPendingTasks();
      channel.runPendingTasks();
    }
  }

  /** Sends commands, a line each, words separated by blanks; in one piece. */
  void send(String... lines) {
    sendRaw(wire(lines));
  }

  static String wire(String... lines) {
    StringBuilder all = new StringBuilder();
    for (String line : lines) {
      String[] words = line.split(" ", -1);
      all.append('*').append(words.length).append("\r\n");
      for (String word : words) {
        all.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
      }
    }
    return all.toString();
  }

  void sendRaw(String bytes) {
    channel.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1));
    channel.checkException();
  }

  /** What was sent to the client since the last call; line ends are shown as bars. */
  String received() {
    channel.runPendingTasks();
    StringBuilder text = new StringBuilder();
    for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
      text.append(next.toString(StandardCharsets.ISO_8859_1));
      next.release();
    }
    return text.toString().replace("\r\n", "|");
  }

  /** Lets everything that is under way happen. */
  void finish() {
    boolean idle = false;
    while (!idle) {
      idle = true;
      for (FakeShard shard : List.copyOf(shards.values())) {
        idle &= shard.isIdle();
        shard.finish();
      }
      channel.runPendingTasks();
    }
  }

  @Override
  public void close() {
    channel.finishAndReleaseAll();
    metrics.close();
  }
}

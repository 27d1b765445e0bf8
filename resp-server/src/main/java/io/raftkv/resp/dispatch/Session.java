package io.raftkv.resp.dispatch;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.timeout.IdleStateEvent;
import io.raftkv.metrics.Outcome;
import io.raftkv.resp.codec.CommandBatch;
import io.raftkv.resp.codec.ProtocolViolation;
import io.raftkv.resp.codec.RespDecoder;
import io.raftkv.resp.codec.RespEncoder;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Connection;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.link.LinkCommands;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: takes its commands, keeps its state and returns its replies in order.
 *
 * <p>Everything happens on the connection's event loop. Commands under way are bounded: beyond the
 * bound, while the client does not read its replies, or while the node is saturated, the socket is
 * not read.
 */
public final class Session extends ChannelInboundHandlerAdapter
    implements Connection, Dispatcher.Target {
  private static final Logger LOG = LoggerFactory.getLogger(Session.class);
  private static final int MAX_PENDING_COMMANDS = 4096;
  private static final long MAX_PENDING_BYTES = 8L << 20;
  private static final long RESUME_CHECK_MILLIS = 5;

  /** How long a connection beyond the number of clients may take to show that it is a node. */
  private static final long SURPLUS_MILLIS = 1_000;

  /** What a session needs of its node. */
  public interface Host {
    SessionServices services();

    /**
     * @return false if there are as many clients as there may be: this one is told so, unless it is
     *     another node
     */
    boolean opened(Session session);

    /** It has turned out to be another node. On its event loop, once. */
    void linked(Session session);

    void closed(Session session);
  }

  /** A reply's place in the order of the commands. */
  private final class Pending implements ReplySink {
    private final CommandSpec spec;
    private final int version = protocol;
    private final long bytes;
    private final long startedNanos;
    private Reply reply;

    private Pending(CommandSpec spec, long bytes, long startedNanos) {
      this.spec = spec;
      this.bytes = bytes;
      this.startedNanos = startedNanos;
    }

    @Override
    public void reply(Reply given) {
      if (reply != null) {
        return; // a part of a command that has failed as a whole
      }
      reply = given;
      if (spec != null) {
        services
            .metrics()
            .operation(spec.group(), outcomeOf(given), System.nanoTime() - startedNanos);
      }
      scheduleDrain();
    }
  }

  private final SessionServices services;
  private final Host host;
  private final long id;
  private final RespDecoder decoder;
  private final Map<UUID, Lane> lanes = new HashMap<>();
  private final List<Lane> touched = new ArrayList<>();
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();
  private final ArrayDeque<CommandBatch> backlog = new ArrayDeque<>();
  private final OwnWrites writes = new OwnWrites();
  private final long connectedMillis = System.currentTimeMillis();
  private volatile boolean busy;
  private Channel channel;
  private RespOutput out;
  private ProtocolViolation violation;
  private int backlogNext;
  private long pendingBytes;
  private boolean drainScheduled;
  private boolean working;
  private boolean paused;
  private boolean stopped;
  private boolean resumeScheduled;
  private boolean closing;
  private boolean surplus;
  private int stalledLanes;
  private int protocol = 2;
  private int database;
  private String name = "";
  private String libraryName = "";
  private String libraryVersion = "";
  private boolean authenticated;
  private ReadConsistency consistency;
  private volatile String linkedNode; // written by the event loop
  private String lastCommand = "NULL";
  private long lastActiveMillis = connectedMillis;

  /** The decoder stands before this handler in the pipeline. */
  public Session(Host host, long id, RespDecoder decoder) {
    this.host = host;
    this.services = host.services();
    this.id = id;
    this.decoder = decoder;
    this.consistency = services.defaultConsistency();
    authenticated(!services.needsPassword());
  }

  private static Outcome outcomeOf(Reply reply) {
    if (!(reply instanceof Reply.Failure failure)) {
      return Outcome.OK;
    }
    String line = failure.line();
    if (RespErrors.isUncertain(line)) {
      return Outcome.UNCERTAIN;
    }
    return line.startsWith("TRYAGAIN") || line.startsWith("CLUSTERDOWN") || line.startsWith("OOM")
        ? Outcome.REFUSED
        : Outcome.ERROR;
  }

  // ---- the channel ----

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    channel = ctx.channel();
    out = RespOutput.to(channel);
    if (!host.opened(this)) {
      surplus = true;
      channel.eventLoop().schedule(this::refuseSurplus, SURPLUS_MILLIS, TimeUnit.MILLISECONDS);
    }
    ctx.fireChannelActive();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    closing = true;
    backlog.clear();
    out.release();
    host.closed(this);
    ctx.fireChannelInactive();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (closing) {
      return;
    }
    if (message instanceof CommandBatch batch) {
      backlog.add(batch);
    } else {
      violation = (ProtocolViolation) message;
    }
    work();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    work();
    ctx.fireChannelWritabilityChanged();
  }

  /** Nothing has come or gone for long; but a client that waits for us is not idle. */
  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof IdleStateEvent
        && linkedNode == null
        && pending.isEmpty()
        && backlog.isEmpty()
        && channel.isWritable()) {
      LOG.debug("connection {} is idle", id);
      ctx.close();
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof IOException) {
      LOG.debug("connection {} lost", id, cause);
    } else {
      LOG.error("connection {} closed after a fault", id, cause);
    }
    ctx.close();
  }

  // ---- commands in ----

  /** Takes commands from the backlog for as long as the bounds allow. */
  private void work() {
    if (working) {
      return; // writing may change the writability: whoever is at work looks at it again
    }
    working = true;
    boolean held = false;
    try {
      while (!backlog.isEmpty() && !closing && isWithinBounds() && !held) {
        held = acceptFrom(backlog.peek());
      }
      if (violation != null && backlog.isEmpty() && !closing) {
        refuse(null, violation.line());
        closing = true;
      }
    } finally {
      working = false;
    }
    regulateReading(held);
  }

  /** True if it left commands for which the node is too full. */
  private boolean acceptFrom(CommandBatch batch) {
    // Links go on: two full nodes that stop to serve each other would wait for each other.
    boolean saturated = linkedNode == null && services.isSaturated();
    boolean held = false;
    while (backlogNext < batch.size() && !closing && stalledLanes == 0 && !held) {
      byte[][] words = batch.words(backlogNext);
      held = saturated && isForShards(words);
      if (!held) {
        accept(words, batch.cost(backlogNext));
        backlogNext++;
      }
    }
    submitTouched();
    if (backlogNext == batch.size()) {
      backlog.poll();
      backlogNext = 0;
    }
    return held;
  }

  private boolean isForShards(byte[][] words) {
    CommandSpec spec = services.table().find(words[0]);
    return spec != null && spec.access() != CommandSpec.Access.LOCAL;
  }

  /** The bounds whose end this connection is told of. */
  private boolean isWithinBounds() {
    return !stopped
        && stalledLanes == 0
        && pending.size() < MAX_PENDING_COMMANDS
        && pendingBytes < MAX_PENDING_BYTES
        && channel.isWritable();
  }

  private void regulateReading(boolean held) {
    if (!channel.isActive()) {
      return;
    }
    boolean pause = !backlog.isEmpty() || !isWithinBounds();
    if (held && !resumeScheduled) {
      resumeScheduled = true;
      channel.eventLoop().schedule(this::resume, RESUME_CHECK_MILLIS, TimeUnit.MILLISECONDS);
    }
    if (pause != paused) {
      paused = pause;
      channel.config().setAutoRead(!pause); // which may bring the next commands at once
    }
  }

  private void resume() {
    resumeScheduled = false;
    work();
  }

  private void accept(byte[][] words, long bytes) {
    if (surplus && !LinkCommands.isHello(words)) {
      refuseSurplus();
      return;
    }
    lastActiveMillis = System.currentTimeMillis();
    CommandSpec spec = services.table().find(words[0]);
    if (spec == null) {
      refuse(null, RespErrors.unknownCommand(words));
      return;
    }
    lastCommand = spec.name();
    if (!spec.acceptsWords(words.length)) {
      refuse(spec, RespErrors.wrongArity(spec.name()));
    } else if (!authenticated && !spec.flags().contains(Flag.NO_AUTH)) {
      refuse(spec, RespErrors.NO_AUTH);
    } else if (spec.access() == CommandSpec.Access.LOCAL) {
      runLocal(spec, new Args(words), bytes);
    } else {
      Pending place = enqueue(new Pending(spec, bytes, System.nanoTime()));
      try {
        services.dispatcher().dispatch(spec, words, this, place);
      } catch (CommandException mistake) {
        place.reply(Reply.error(mistake.line()));
      } catch (RuntimeException | Error bug) {
        place.reply(internalError(spec, bug));
      }
    }
  }

  private void refuse(CommandSpec spec, String error) {
    enqueue(new Pending(spec, 0, System.nanoTime())).reply(Reply.error(error));
  }

  private void refuseSurplus() {
    if (surplus && !closing) {
      refuse(null, RespErrors.TOO_MANY_CLIENTS);
      closing = true;
    }
  }

  private Pending enqueue(Pending place) {
    busy = true;
    pending.add(place);
    pendingBytes += place.bytes;
    return place;
  }

  private void runLocal(CommandSpec spec, Args args, long bytes) {
    long started = System.nanoTime();
    Reply reply;
    try {
      if (spec.localHandler() == null) {
        // Its meaning may depend on what came before: that must be on its way first.
        submitTouched();
        CompletionStage<Reply> answer = spec.asyncHandler().run(args, this);
        answerLater(answer, enqueue(new Pending(spec, bytes, started)));
        return;
      }
      reply = spec.localHandler().run(args, this);
    } catch (CommandException mistake) {
      reply = Reply.error(mistake.line());
    } catch (RuntimeException | Error bug) {
      reply = internalError(spec, bug);
    }
    if (reply != null) {
      enqueue(new Pending(spec, bytes, started)).reply(reply);
    }
  }

  private void answerLater(CompletionStage<Reply> answer, Pending place) {
    if (answer == null) {
      place.reply(internalError(place.spec, new NullPointerException("no stage")));
      return;
    }
    answer.whenComplete(
        (reply, failure) -> {
          Reply given = reply == null ? failureReply(place.spec, failure) : reply;
          channel.eventLoop().execute(() -> place.reply(given));
        });
  }

  private Reply failureReply(CommandSpec spec, Throwable failure) {
    if (failure == null) {
      return internalError(spec, new NullPointerException("no reply"));
    }
    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
    return cause instanceof CommandException mistake
        ? Reply.error(mistake.line())
        : internalError(spec, cause);
  }

  private Reply internalError(CommandSpec spec, Throwable fault) {
    LOG.error("command {} of connection {} failed", spec.name(), id, fault);
    return Reply.error(RespErrors.INTERNAL);
  }

  // ---- Dispatcher.Target ----

  @Override
  public void add(Routing.Shard shard, DataOp op) {
    Lane lane = lanes.computeIfAbsent(shard.group(), group -> newLane(shard));
    if (op.isWrite()) {
      long number = writes.begin();
      op.onReply(reply -> writes.end(number, mayNotBeDone(reply)));
    }
    if (lane.add(op, consistency)) {
      touched.add(lane);
    }
  }

  @Override
  public Executor executor() {
    return channel.eventLoop();
  }

  private Lane newLane(Routing.Shard shard) {
    Lane[] lane = new Lane[1];
    lane[0] = new Lane(shard, () -> goOn(lane[0]));
    return lane[0];
  }

  private void submitTouched() {
    for (Lane lane : touched) {
      if (!submitAll(lane)) {
        lane.stalled(true);
        stalledLanes++;
      }
    }
    touched.clear();
  }

  /** False if a part has to wait. */
  private boolean submitAll(Lane lane) {
    while (!lane.isEmpty() && !lane.mustWait()) {
      submit(lane);
    }
    return lane.isEmpty();
  }

  private void submit(Lane lane) {
    Lane.Run run = lane.takeRun();
    if (run.throughLog()) {
      services.write(lane.shard(), run.ops());
    } else {
      services
          .reads()
          .read(
              lane.shard(),
              run.ops(),
              run.consistency(),
              channel.eventLoop(),
              lane.reads()
                  .next(
                      () -> {
                        run.ops().forEach(op -> lane.readAnswered());
                        goOn(lane);
                      }));
    }
  }

  /** Unlike a user's mistake, which has been done for what it is. */
  private static boolean mayNotBeDone(Reply reply) {
    Outcome outcome = outcomeOf(reply);
    return outcome == Outcome.UNCERTAIN || outcome == Outcome.REFUSED;
  }

  /** Something that was under way is answered: what waited for it goes out. */
  private void goOn(Lane lane) {
    // Asked twice, for what goes out may be answered at once and come here again.
    if (lane.isStalled() && submitAll(lane) && lane.isStalled()) {
      lane.stalled(false);
      stalledLanes--;
      work();
    }
  }

  // ---- replies out ----

  private void scheduleDrain() {
    if (!drainScheduled) {
      drainScheduled = true;
      channel.eventLoop().execute(this::drain);
    }
  }

  private void drain() {
    drainScheduled = false;
    if (!channel.isActive()) {
      pending.clear();
      busy = false;
      return;
    }
    while (!pending.isEmpty() && pending.peek().reply != null) {
      Pending place = pending.poll();
      pendingBytes -= place.bytes;
      if (!encode(place.reply, place.version)) {
        return;
      }
    }
    out.flush();
    busy = !pending.isEmpty();
    if (closing && pending.isEmpty()) {
      RespOutput.closeWhenSent(channel);
    } else if (paused) {
      work();
    }
  }

  /** False if that failed: what was written then is not a reply, and nothing can follow it. */
  private boolean encode(Reply reply, int version) {
    try {
      RespEncoder.encode(reply, version, out);
      return true;
    } catch (RuntimeException | Error fault) { // also for want of memory
      LOG.error("connection {} closed: a reply cannot be written", id, fault);
      channel.close();
      return false;
    }
  }

  // ---- Connection ----

  @Override
  public long id() {
    return id;
  }

  @Override
  public int protocol() {
    return protocol;
  }

  @Override
  public void protocol(int version) {
    protocol = version;
  }

  @Override
  public int database() {
    return database;
  }

  @Override
  public void database(int index) {
    database = index;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void name(String value) {
    name = value;
  }

  @Override
  public void libraryInfo(String attribute, String value) {
    if (attribute.equals("lib-name")) {
      libraryName = value;
    } else {
      libraryVersion = value;
    }
  }

  @Override
  public boolean isAuthenticated() {
    return authenticated;
  }

  @Override
  public void authenticated(boolean value) {
    authenticated = value;
    // Redis holds strangers to small commands.
    decoder.setUnauthenticated(!value);
  }

  @Override
  public ReadConsistency consistency() {
    return consistency;
  }

  @Override
  public void consistency(ReadConsistency value) {
    consistency = value;
  }

  @Override
  public void closeAfterReply() {
    closing = true;
    scheduleDrain(); // there may be no reply to wait for
  }

  @Override
  public void reset() {
    protocol = 2;
    database = 0;
    name = "";
    authenticated(!services.needsPassword());
    consistency = services.defaultConsistency();
  }

  @Override
  public CompletionStage<Boolean> writesAnswered(long timeoutMillis) {
    CompletableFuture<Boolean> answered = writes.answered().toCompletableFuture();
    if (timeoutMillis == 0 || answered.isDone()) {
      return answered;
    }
    CompletableFuture<Boolean> inTime = new CompletableFuture<>();
    ScheduledFuture<?> late =
        channel
            .eventLoop()
            .schedule(
                () -> {
                  writes.forget(answered);
                  inTime.complete(false);
                },
                timeoutMillis,
                TimeUnit.MILLISECONDS);
    answered.thenAccept(
        done -> {
          late.cancel(false);
          inTime.complete(done);
        });
    return inTime;
  }

  @Override
  public void push(Reply reply) {
    if (!channel.eventLoop().inEventLoop()) {
      channel.eventLoop().execute(() -> push(reply));
      return;
    }
    if (encode(reply, linkedNode == null ? protocol : 3)) {
      out.flush();
    }
  }

  @Override
  public void becomeLink(String nodeId) {
    if (linkedNode == null) {
      surplus = false;
      host.linked(this);
    }
    linkedNode = nodeId;
    decoder.setLimits(services.linkLimits());
  }

  /** Closes the connection now; from any thread. */
  public void kill() {
    channel.close();
  }

  /**
   * Takes no more commands; from any thread.
   *
   * @return done when that is so, and {@link #isBusy} tells of all that were taken
   */
  public CompletableFuture<Void> stopReading() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    onLoop(
        () -> {
          stopped = true;
          work();
          done.complete(null);
        });
    return done;
  }

  /** Closes the connection when all replies that there are have been sent; from any thread. */
  public void closeWhenSent() {
    onLoop(
        () -> {
          closing = true;
          RespOutput.closeWhenSent(channel);
        });
  }

  private void onLoop(Runnable action) {
    if (channel.eventLoop().inEventLoop()) {
      action.run();
    } else {
      channel.eventLoop().execute(action);
    }
  }

  /** True if this is another node's connection; from any thread. */
  public boolean isLink() {
    return linkedNode != null;
  }

  /** True while commands are unanswered; from any thread, as of a moment ago. */
  public boolean isBusy() {
    return busy;
  }

  @Override
  public String describe() {
    long now = System.currentTimeMillis();
    return "id="
        + id
        + " addr="
        + address(channel.remoteAddress())
        + " laddr="
        + address(channel.localAddress())
        + " fd=-1 name="
        + name
        + " age="
        + (now - connectedMillis) / 1000
        + " idle="
        + (now - lastActiveMillis) / 1000
        + " flags="
        + (linkedNode == null ? "N" : "M")
        + " db="
        + database
        + " sub=0 psub=0 ssub=0 multi=-1 qbuf="
        + pendingBytes
        + " qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll="
        + pending.size()
        + " omem=0 tot-mem=0 events=r cmd="
        + lastCommand.toLowerCase(java.util.Locale.ROOT)
        + " user=default redir=-1 resp="
        + protocol
        + " lib-name="
        + libraryName
        + " lib-ver="
        + libraryVersion;
  }

  private static String address(SocketAddress address) {
    return address instanceof InetSocketAddress inet
        ? inet.getAddress().getHostAddress() + ":" + inet.getPort()
        : String.valueOf(address);
  }
}

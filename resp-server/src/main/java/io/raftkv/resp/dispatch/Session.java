package io.raftkv.resp.dispatch;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.timeout.ReadTimeoutException;
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

  /** What a session needs of its node. */
  public interface Host {
    SessionServices services();

    void opened(Session session);

    void closed(Session session);
  }

  /** A reply's place in the order of the commands. */
  private final class Pending implements ReplySink {
    private final CommandSpec spec;
    private final int version = protocol;
    private final long bytes;
    private final long startedNanos;
    private Reply reply;

    /** In place of a reply that is too large. */
    private ReplyStream stream;

    private Pending(CommandSpec spec, long bytes, long startedNanos) {
      this.spec = spec;
      this.bytes = bytes;
      this.startedNanos = startedNanos;
    }

    @Override
    public void reply(Reply given) {
      if (isAnswered()) {
        return; // a part of a command that has failed as a whole
      }
      reply = given;
      answered(outcomeOf(given));
    }

    @Override
    public boolean takesStreams() {
      return true;
    }

    @Override
    public void stream(ReplyStream given) {
      if (isAnswered() || !channel.isActive()) {
        given.close();
        return;
      }
      stream = given;
      answered(Outcome.OK);
    }

    private boolean isAnswered() {
      return reply != null || stream != null;
    }

    private void answered(Outcome outcome) {
      if (spec != null) {
        services.metrics().operation(spec.group(), outcome, System.nanoTime() - startedNanos);
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
  private final List<CompletableFuture<Void>> writeWaiters = new ArrayList<>();

  /** What was pushed while a large reply is being sent. */
  private final ArrayDeque<Reply> heldPushes = new ArrayDeque<>();

  private final long connectedMillis = System.currentTimeMillis();
  private volatile boolean busy;
  private Channel channel;
  private RespOutput out;
  private LargeReplyWriter large;
  private ProtocolViolation violation;
  private int backlogNext;
  private long pendingBytes;
  private int unansweredWrites;
  private boolean drainScheduled;
  private boolean working;
  private boolean paused;
  private boolean stopped;
  private boolean resumeScheduled;
  private boolean closing;
  private int stalledLanes;
  private int protocol = 2;
  private int database;
  private String name = "";
  private String libraryName = "";
  private String libraryVersion = "";
  private boolean authenticated;
  private ReadConsistency consistency;
  private String linkedNode;
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
    large =
        new LargeReplyWriter(
            channel,
            out,
            id,
            this::largeReplySent,
            services.slowReaderTimeout().toNanos(),
            System::nanoTime);
    host.opened(this);
    ctx.fireChannelActive();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    closing = true;
    backlog.clear();
    dropReplies();
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
    large.writabilityChanged();
    work();
    ctx.fireChannelWritabilityChanged();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof IOException || cause instanceof ReadTimeoutException) {
      LOG.debug("connection {} lost or idle", id, cause);
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
        accept(words, batch.bytes(backlogNext));
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
    Lane lane = lanes.computeIfAbsent(shard.group(), group -> new Lane(shard, this::writeAnswered));
    if (op.isWrite()) {
      unansweredWrites++;
    }
    if (lane.add(op)) {
      touched.add(lane);
    }
  }

  @Override
  public Executor executor() {
    return channel.eventLoop();
  }

  private void submitTouched() {
    for (Lane lane : touched) {
      if (lane.mustWait()) {
        stalledLanes++;
      } else if (!lane.isEmpty()) {
        submit(lane);
      }
    }
    touched.clear();
  }

  private void submit(Lane lane) {
    boolean throughLog = lane.goesThroughLog();
    List<DataOp> run = lane.takeRun();
    if (throughLog) {
      for (DataOp op : run) {
        op.onAnswered(lane.onAnswered(op));
      }
      services.write(lane.shard(), run);
    } else {
      services
          .reads()
          .read(
              lane.shard(),
              run,
              consistency,
              channel.eventLoop(),
              () -> {
                for (int i = 0; i < run.size(); i++) {
                  lane.readAnswered();
                }
                afterReads(lane);
              });
    }
  }

  private void writeAnswered() {
    if (--unansweredWrites == 0 && !writeWaiters.isEmpty()) {
      List<CompletableFuture<Void>> waiters = List.copyOf(writeWaiters);
      writeWaiters.clear();
      waiters.forEach(waiter -> waiter.complete(null));
    }
  }

  private void afterReads(Lane lane) {
    if (!lane.isEmpty() && !lane.mustWait() && stalledLanes > 0 && !touched.contains(lane)) {
      stalledLanes--;
      submit(lane);
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
      dropReplies();
      return;
    }
    if (large.isActive()) {
      return; // it calls when it is sent
    }
    while (!pending.isEmpty() && pending.peek().isAnswered()) {
      Pending place = pending.poll();
      pendingBytes -= place.bytes;
      if (place.stream != null) {
        large.begin(place.stream, place.version);
        break;
      }
      if (!encode(place.reply, place.version)) {
        return;
      }
    }
    out.flush();
    busy = !isIdle();
    if (closing && isIdle()) {
      RespOutput.closeWhenSent(channel);
    } else if (paused) {
      work();
    }
  }

  private boolean isIdle() {
    return pending.isEmpty() && !large.isActive();
  }

  private void largeReplySent() {
    while (!heldPushes.isEmpty()) {
      push(heldPushes.poll());
    }
    drain();
  }

  /** Nobody is there any more to take them. */
  private void dropReplies() {
    large.abandon();
    List<Pending> dropped = List.copyOf(pending);
    pending.clear();
    busy = false;
    for (Pending place : dropped) {
      if (place.stream != null) {
        place.stream.close();
      }
    }
  }

  /** False if that failed: what was written then is not a reply, and nothing can follow it. */
  private boolean encode(Reply reply, int version) {
    try {
      RespEncoder.encode(reply, version, out);
      return true;
    } catch (RuntimeException bug) {
      LOG.error("connection {} closed: a reply cannot be written", id, bug);
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
  public CompletionStage<Void> writesAnswered() {
    if (unansweredWrites == 0) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> answered = new CompletableFuture<>();
    writeWaiters.add(answered);
    return answered;
  }

  @Override
  public void push(Reply reply) {
    if (!channel.eventLoop().inEventLoop()) {
      channel.eventLoop().execute(() -> push(reply));
      return;
    }
    if (large.isActive()) {
      heldPushes.add(reply);
    } else if (encode(reply, linkedNode == null ? protocol : 3)) {
      out.flush();
    }
  }

  @Override
  public void becomeLink(String nodeId) {
    linkedNode = nodeId;
    decoder.setLimits(services.linkLimits());
  }

  /** Closes the connection now; from any thread. */
  public void kill() {
    channel.close();
  }

  /** Takes no more commands; from any thread. */
  public void stopReading() {
    channel
        .eventLoop()
        .execute(
            () -> {
              stopped = true;
              work();
            });
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

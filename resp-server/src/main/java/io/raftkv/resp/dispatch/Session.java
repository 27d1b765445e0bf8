package io.raftkv.resp.dispatch;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.timeout.IdleStateEvent;
import io.raftkv.metrics.Outcome;
import io.raftkv.resp.codec.CommandBatch;
import io.raftkv.resp.codec.Oversize;
import io.raftkv.resp.codec.ProtocolViolation;
import io.raftkv.resp.codec.RespDecoder;
import io.raftkv.resp.codec.RespEncoder;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.link.LinkCommands;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.Completion;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: takes its commands, keeps its state and returns its replies in order.
 *
 * <p>Everything happens on the connection's event loop. Commands under way are bounded: beyond the
 * bound, while the client does not read its replies, or while the node is saturated, the socket is
 * not read.
 */
public final class Session extends ClientConnection implements Dispatcher.Target {
  private static final Logger LOG = LoggerFactory.getLogger(Session.class);
  private static final int MAX_PENDING_COMMANDS = 4096;
  private static final long MAX_PENDING_BYTES = 8L << 20;
  private static final long RESUME_CHECK_MILLIS = 5;
  private static final int HTTP_WORD_MAX = 5;
  private static final long HTTP_TELL_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final AtomicLong HTTP_TOLD_NANOS = new AtomicLong();

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
    private final int version = protocol();
    private final long bytes;
    private final long startedNanos;
    private boolean ran = true;
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
      if (given instanceof Reply.Failure failure) {
        services.metrics().commandStats().error(failure.line());
      }
      answered(ReplyOutcome.of(given));
    }

    /** Answers a command that was turned down: nothing of it has happened. */
    private void refuse(String error) {
      ran = false;
      reply(Reply.error(error));
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
        services.metrics().operation(spec, outcome, ran, System.nanoTime() - startedNanos);
      }
      scheduleDrain();
    }
  }

  private final Host host;
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();
  private final ArrayDeque<CommandBatch> backlog = new ArrayDeque<>();

  /** What was pushed while a large reply is being sent. */
  private final ArrayDeque<Reply> heldPushes = new ArrayDeque<>();

  private volatile boolean busy;
  private Channel channel;
  private ShardLanes lanes;
  private RespOutput out;
  private LargeReplyWriter large;
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

  /** The decoder stands before this handler in the pipeline. */
  public Session(Host host, long id, RespDecoder decoder) {
    super(host.services(), id, decoder);
    this.host = host;
  }

  // ---- the channel ----

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    channel = ctx.channel();
    lanes = new ShardLanes(services, channel.eventLoop(), this::consistency, this::work);
    out = RespOutput.to(channel);
    large =
        new LargeReplyWriter(
            channel,
            out,
            id(),
            this::largeReplySent,
            services.slowReaderTimeout().toNanos(),
            System::nanoTime);
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

  /** Nothing has come or gone for long; but a client that waits for us is not idle. */
  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof IdleStateEvent
        && !isLink()
        && isIdle()
        && backlog.isEmpty()
        && channel.isWritable()) {
      LOG.debug("connection {} is idle", id());
      ctx.close();
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof IOException) {
      LOG.debug("connection {} lost", id(), cause);
    } else {
      LOG.error("connection {} closed after a fault", id(), cause);
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
    boolean saturated = !isLink() && services.isSaturated();
    boolean held = false;
    while (backlogNext < batch.size() && !closing && !lanes.areStalled() && !held) {
      byte[][] words = batch.words(backlogNext);
      Oversize oversize = batch.oversize(backlogNext);
      held = saturated && oversize == null && isForShards(words);
      if (!held) {
        accept(words, batch.cost(backlogNext), oversize);
        backlogNext++;
      }
    }
    lanes.submit();
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
        && !lanes.areStalled()
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

  /**
   * Finds out what a command is, and runs or refuses it.
   *
   * @param oversize why it has no arguments; null if it is whole
   */
  private void accept(byte[][] words, long bytes, Oversize oversize) {
    if (surplus && !LinkCommands.isHello(words)) {
      refuseSurplus();
      return;
    }
    CommandSpec spec = services.table().find(words[0]);
    heardOf(spec);
    if (oversize != null) {
      refuse(spec, isAllowed(spec) ? tooLong(oversize) : RespErrors.NO_AUTH);
      return;
    }
    if (spec == null && isHttp(words[0])) {
      tellOfHttp();
      closeAfterReply();
      return;
    }
    if (spec == null) {
      refuse(null, RespErrors.unknownCommand(words));
      return;
    }
    if (!spec.acceptsWords(words.length)) {
      refuse(spec, RespErrors.wrongArity(spec.name()));
    } else if (!isAllowed(spec)) {
      refuse(spec, RespErrors.NO_AUTH);
    } else if (spec.access() == CommandSpec.Access.LOCAL) {
      runLocal(spec, new Args(words), bytes);
    } else {
      Pending place = enqueue(new Pending(spec, bytes, System.nanoTime()));
      try {
        services.dispatcher().dispatch(spec, words, lanes.routing(), this, place);
      } catch (CommandException mistake) {
        place.refuse(mistake.line());
      } catch (RuntimeException | Error bug) {
        place.reply(internalError(spec, bug));
      }
    }
  }

  /**
   * The first word of a line that any web page can have a browser send here, with commands in what
   * follows. As Redis, which closes such a connection without an answer.
   */
  private static boolean isHttp(byte[] word) {
    String text = word.length > HTTP_WORD_MAX ? "" : new String(word, StandardCharsets.ISO_8859_1);
    return text.equalsIgnoreCase("POST") || text.equalsIgnoreCase("Host:");
  }

  private void tellOfHttp() {
    long now = System.nanoTime();
    long last = HTTP_TOLD_NANOS.get();
    if ((last == 0 || now - last >= HTTP_TELL_NANOS) && HTTP_TOLD_NANOS.compareAndSet(last, now)) {
      LOG.warn("closed {}: it speaks HTTP, and may be a browser that was misled", describe());
    }
  }

  /** A stranger may only do what lets it in; {@code spec} may be null. */
  private boolean isAllowed(CommandSpec spec) {
    return isAuthenticated() || (spec != null && spec.flags().contains(Flag.NO_AUTH));
  }

  private static String tooLong(Oversize oversize) {
    return switch (oversize) {
      case WORD -> RespErrors.STRING_TOO_LONG;
      case COMMAND -> RespErrors.COMMAND_TOO_LONG;
    };
  }

  private void refuse(CommandSpec spec, String error) {
    enqueue(new Pending(spec, 0, System.nanoTime())).refuse(error);
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
        lanes.submit();
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
        Completion.loggingFaults(
            "a command",
            (reply, failure) -> {
              Reply given = reply == null ? failureReply(place.spec, failure) : reply;
              channel.eventLoop().execute(() -> place.reply(given));
            }));
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
    LOG.error("command {} of connection {} failed", spec.name(), id(), fault);
    return Reply.error(RespErrors.INTERNAL);
  }

  // ---- Dispatcher.Target ----

  @Override
  public void add(Routing.Shard shard, DataOp op) {
    lanes.add(shard, op);
  }

  @Override
  public Executor executor() {
    return channel.eventLoop();
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
    } catch (RuntimeException | Error fault) { // also for want of memory
      LOG.error("connection {} closed: a reply cannot be written", id(), fault);
      channel.close();
      return false;
    }
  }

  // ---- Connection ----

  @Override
  public String localHost() {
    return channel.localAddress() instanceof InetSocketAddress inet
        ? inet.getAddress().getHostAddress()
        : "";
  }

  @Override
  public void closeAfterReply() {
    closing = true;
    scheduleDrain(); // there may be no reply to wait for
  }

  @Override
  public CompletionStage<Boolean> writesAnswered(long timeoutMillis) {
    return lanes.writesAnswered(timeoutMillis);
  }

  @Override
  public void push(Reply reply) {
    if (!channel.eventLoop().inEventLoop()) {
      channel.eventLoop().execute(() -> push(reply));
      return;
    }
    if (large.isActive()) {
      heldPushes.add(reply);
    } else if (encode(reply, isLink() ? 3 : protocol())) {
      out.flush();
    }
  }

  @Override
  public void becomeLink(String nodeId) {
    if (!isLink()) {
      surplus = false;
      host.linked(this);
    }
    super.becomeLink(nodeId);
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

  /** True while commands are unanswered; from any thread, as of a moment ago. */
  public boolean isBusy() {
    return busy;
  }

  @Override
  public String describe() {
    return describe(channel, pendingBytes, pending.size());
  }
}

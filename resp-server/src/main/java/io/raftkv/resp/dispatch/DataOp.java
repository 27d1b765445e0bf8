package io.raftkv.resp.dispatch;

import io.raftkv.resp.command.CommandCodec;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.ProposalFailure;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;

/** One command, or one shard's part of it, on its way to a shard. */
final class DataOp implements NodeProposal {
  /** Hears of the end of an operation before anybody else, once, on its executor. */
  interface Listener {
    /**
     * It has a reply.
     *
     * @param reply null if it is a stream
     */
    void answered(Reply reply);

    /**
     * The shard did nothing, for it has given away what the operation is about, or is about to: it
     * has to be routed anew, and what comes of that is to be {@link #deliver delivered}.
     */
    void moved();
  }

  private static final int HELD_BYTES = 256;
  private static final int HELD_BYTES_PER_WORD = 24;

  private final CommandSpec spec;
  private final byte[][] words;
  private final int database;
  private final long routedBy;
  private final Executor executor;
  private final ReplySink sink;
  private final int encodedBytes;
  private Runnable onAnswered;
  private Listener listener;

  /** One that is the shard's business, whatever slots that has. */
  DataOp(CommandSpec spec, byte[][] words, int database, Executor executor, ReplySink sink) {
    this(spec, words, database, 0, executor, sink);
  }

  /**
   * One that was routed to its shard.
   *
   * @param routedBy the version of the routing; 0 for one that is the shard's business
   */
  DataOp(
      CommandSpec spec,
      byte[][] words,
      int database,
      long routedBy,
      Executor executor,
      ReplySink sink) {
    this.spec = spec;
    this.words = words;
    this.database = database;
    this.routedBy = routedBy;
    this.executor = executor;
    this.sink = sink;
    this.encodedBytes = CommandCodec.encodedBytes(routedBy, words);
  }

  CommandSpec spec() {
    return spec;
  }

  byte[][] words() {
    return words;
  }

  int database() {
    return database;
  }

  /** The version of the routing by which it was sent to its shard; 0 if it was not routed. */
  long routedBy() {
    return routedBy;
  }

  boolean isWrite() {
    return spec.access() == CommandSpec.Access.WRITE;
  }

  /** {@code action} runs on the executor when the reply has been given. */
  void onAnswered(Runnable action) {
    onAnswered = action;
  }

  /** From now on {@code hears} hears of the end. */
  void listener(Listener hears) {
    listener = hears;
  }

  /** Gives the reply to whoever waits, or tells that the operation was moved; on the executor. */
  void reply(Reply reply) {
    try {
      if (listener == null) {
        deliver(reply);
      } else if (reply instanceof Reply.Moved) {
        listener.moved();
      } else {
        listener.answered(reply);
        deliver(reply);
      }
    } finally {
      if (onAnswered != null) {
        onAnswered.run();
      }
    }
  }

  /** Whether whoever waits takes a stream for a large reply. */
  boolean takesStreams() {
    return sink.takesStreams();
  }

  /** As {@link #reply}, for a read whose reply is a stream. */
  void stream(ReplyStream reply) {
    if (listener != null) {
      listener.answered(null);
    }
    deliver(reply);
  }

  /** Hands the reply to whoever waits, and tells nobody else. */
  void deliver(Reply reply) {
    sink.reply(reply);
  }

  /** As {@link #deliver(Reply)}. */
  void deliver(ReplyStream reply) {
    sink.stream(reply);
  }

  @Override
  public int encodedBytes() {
    return encodedBytes;
  }

  /** Objects and array headers weigh more than the bytes of a small command. */
  @Override
  public long heldBytes() {
    return HELD_BYTES + (long) HELD_BYTES_PER_WORD * words.length + encodedBytes;
  }

  @Override
  public void encode(ByteBuffer out) {
    CommandCodec.encode(database, routedBy, words, out);
  }

  @Override
  public boolean grows() {
    return spec.flags().contains(Flag.DENYOOM);
  }

  @Override
  public Executor executor() {
    return executor;
  }

  @Override
  public void succeeded(Object result) {
    reply((Reply) result);
  }

  @Override
  public void failed(ProposalFailure failure, String detail) {
    reply(Reply.error(isWrite() ? writeError(failure, detail) : readError(failure, detail)));
  }

  private static String writeError(ProposalFailure failure, String detail) {
    return switch (failure) {
      case UNCERTAIN -> RespErrors.uncertain(detail);
      case NO_LEADER -> RespErrors.clusterDown(detail);
      case READ_ONLY -> detail;
      case OVERLOADED -> RespErrors.tryAgain(detail);
    };
  }

  /** A read that travels with a write: what failed is not in doubt, it can only be asked again. */
  private static String readError(ProposalFailure failure, String detail) {
    return switch (failure) {
      case UNCERTAIN -> RespErrors.tryAgain("the outcome of a write before this read is unknown");
      case NO_LEADER -> RespErrors.clusterDown(detail);
      case READ_ONLY -> RespErrors.tryAgain("a write before this read was refused");
      case OVERLOADED -> RespErrors.tryAgain(detail);
    };
  }
}

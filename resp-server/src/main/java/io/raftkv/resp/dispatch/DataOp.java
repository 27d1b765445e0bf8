package io.raftkv.resp.dispatch;

import io.raftkv.resp.command.CommandCodec;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.ProposalFailure;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;

/** One command, or one shard's part of it, on its way to a shard. */
final class DataOp implements NodeProposal {
  private final CommandSpec spec;
  private final byte[][] words;
  private final int database;
  private final Executor executor;
  private final ReplySink sink;
  private final int encodedBytes;
  private Runnable onAnswered;

  DataOp(CommandSpec spec, byte[][] words, int database, Executor executor, ReplySink sink) {
    this.spec = spec;
    this.words = words;
    this.database = database;
    this.executor = executor;
    this.sink = sink;
    this.encodedBytes = CommandCodec.encodedBytes(words);
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

  boolean isWrite() {
    return spec.access() == CommandSpec.Access.WRITE;
  }

  /** {@code action} runs on the executor when the reply has been given. */
  void onAnswered(Runnable action) {
    onAnswered = action;
  }

  /** Gives the reply to whoever waits; on the executor. */
  void reply(Reply reply) {
    try {
      sink.reply(reply);
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
    sink.stream(reply);
  }

  @Override
  public int encodedBytes() {
    return encodedBytes;
  }

  @Override
  public void encode(ByteBuffer out) {
    CommandCodec.encode(database, words, out);
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
    reply(
        Reply.error(
            switch (failure) {
              case UNCERTAIN -> RespErrors.uncertain(detail);
              case NO_LEADER -> RespErrors.clusterDown(detail);
              case READ_ONLY -> detail;
              case OVERLOADED -> RespErrors.tryAgain(detail);
            }));
  }
}

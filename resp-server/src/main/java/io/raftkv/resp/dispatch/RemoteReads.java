package io.raftkv.resp.dispatch;

import io.netty.util.concurrent.EventExecutor;
import io.raftkv.resp.command.CommandCodec;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.link.NotHereException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.ReplyCodec;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.PeerTransport;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads of shards that have no replica on this node: sent to a node that has one, with the same
 * promise, and answered for other nodes.
 *
 * <pre>
 *   request  shard:16  consistency (length:1, text)  commands
 *   answer   replies
 * </pre>
 */
final class RemoteReads implements ShardReads {
  private static final Logger LOG = LoggerFactory.getLogger(RemoteReads.class);
  private static final long RETRY_MILLIS = 50;

  private final PeerTransport transport;
  private final ShardTraffic.Nodes nodes;
  private final CommandTable table;
  private final Function<UUID, ReadableReplica> replicas;
  private final EventExecutor executor;
  private final long timeoutNanos;
  private ShardReads local;

  /**
   * @param executor answers the requests of other nodes
   * @param timeoutNanos from {@link #read} to the deadline
   */
  RemoteReads(
      PeerTransport transport,
      ShardTraffic.Nodes nodes,
      CommandTable table,
      Function<UUID, ReadableReplica> replicas,
      EventExecutor executor,
      long timeoutNanos) {
    this.transport = transport;
    this.nodes = nodes;
    this.table = table;
    this.replicas = replicas;
    this.executor = executor;
    this.timeoutNanos = timeoutNanos;
  }

  /** Who answers the requests of other nodes; once, before the first. */
  void answerFrom(ShardReads service) {
    local = service;
  }

  @Override
  public void read(
      Routing.Shard shard,
      List<DataOp> ops,
      ReadConsistency consistency,
      EventExecutor loop,
      ReadTurn turn) {
    new Request(shard, ops, encode(shard.group(), ops, consistency), loop, turn).begin();
  }

  /** Asked again until the deadline: a read may be. Everything happens on the loop. */
  private final class Request {
    private final Routing.Shard shard;
    private final List<DataOp> ops;
    private final byte[] bytes;
    private final EventExecutor loop;
    private final ReadTurn turn;
    private ScheduledFuture<?> timeout;
    private boolean finished;

    private Request(
        Routing.Shard shard, List<DataOp> ops, byte[] bytes, EventExecutor loop, ReadTurn turn) {
      this.shard = shard;
      this.ops = ops;
      this.bytes = bytes;
      this.loop = loop;
      this.turn = turn;
    }

    private void begin() {
      timeout =
          loop.schedule(
              () -> fail(RespErrors.clusterDown(shard.id())), timeoutNanos, TimeUnit.NANOSECONDS);
      turn.whenFirst(this::send); // there it is answered whenever that node is ready
    }

    private void send() {
      if (finished) {
        return;
      }
      String node = nodes.nodeFor(shard.group());
      if (node == null) {
        sendLater();
        return;
      }
      transport
          .call(node, PeerTransport.Kind.READ, bytes)
          .whenComplete((answer, failure) -> loop.execute(() -> take(node, answer, failure)));
    }

    private void sendLater() {
      loop.schedule(this::send, RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void take(String node, byte[] answer, Throwable failure) {
      if (finished) {
        return;
      }
      if (failure != null) {
        LOG.debug("peer={} does not answer reads of shard={}", node, shard.id(), failure);
        nodes.noAnswerFrom(node, shard.group());
        sendLater();
        return;
      }
      List<Reply> replies;
      try {
        replies = ReplyCodec.decodeAll(answer);
      } catch (RuntimeException malformed) {
        LOG.error("peer={} answered reads of shard={} with nonsense", node, shard.id(), malformed);
        fail(RespErrors.INTERNAL);
        return;
      }
      if (replies.size() != ops.size()) {
        LOG.error("peer={} gave {} replies to {} reads", node, replies.size(), ops.size());
        fail(RespErrors.INTERNAL);
        return;
      }
      finish(replies);
    }

    private void fail(String line) {
      if (!finished) {
        finish(Collections.nCopies(ops.size(), Reply.error(line)));
      }
    }

    private void finish(List<Reply> replies) {
      finished = true;
      timeout.cancel(false);
      for (int i = 0; i < ops.size(); i++) {
        ops.get(i).reply(replies.get(i));
      }
      turn.done();
    }
  }

  /** Answers another node's {@link PeerTransport.Kind#READ} request. */
  CompletableFuture<byte[]> answer(byte[] request) {
    ByteBuffer in = ByteBuffer.wrap(request);
    UUID shard = new UUID(in.getLong(), in.getLong());
    byte[] text = new byte[in.get()];
    in.get(text);
    ReadConsistency consistency =
        ReadConsistency.parse(new String(text, StandardCharsets.US_ASCII));
    List<CommandCodec.Call> calls = new ArrayList<>();
    while (in.hasRemaining()) {
      calls.add(CommandCodec.decode(in));
    }
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    ReadableReplica replica = replicas.apply(shard);
    if (replica == null || !replica.isAlive()) {
      // Not forwarded again: two nodes with different routing must not play ball.
      answer.completeExceptionally(new NotHereException("no replica of " + shard + " here"));
      return answer;
    }
    Reply[] replies = new Reply[calls.size()];
    List<DataOp> ops = new ArrayList<>();
    for (int i = 0; i < replies.length; i++) {
      int place = i;
      CommandCodec.Call call = calls.get(i);
      byte[][] words = call.args().words();
      CommandSpec named = table.find(words[0]);
      CommandSpec reader = named == null ? null : named.readerOf(words);
      CommandSpec spec = reader == null ? named : reader;
      if (spec == null || spec.access() != CommandSpec.Access.READ) {
        answer.completeExceptionally(new IllegalArgumentException("not a read of this version"));
        return answer;
      }
      ops.add(
          new DataOp(
              spec,
              words,
              call.database(),
              call.routedBy(),
              executor,
              reply -> replies[place] = reply));
    }
    local.read(
        new Routing.Shard(shard, nodes.name(shard)),
        ops,
        consistency,
        executor,
        ReadTurn.alone(() -> complete(answer, replies)));
    return answer;
  }

  private static void complete(CompletableFuture<byte[]> answer, Reply[] replies) {
    try {
      answer.complete(ReplyCodec.encodeAll(Arrays.asList(replies)));
    } catch (RuntimeException bug) {
      answer.completeExceptionally(bug);
    }
  }

  private static byte[] encode(UUID shard, List<DataOp> ops, ReadConsistency consistency) {
    byte[] text = consistency.toString().getBytes(StandardCharsets.US_ASCII);
    int size = 2 * Long.BYTES + 1 + text.length;
    for (DataOp op : ops) {
      size += op.encodedBytes();
    }
    ByteBuffer out = ByteBuffer.allocate(size);
    out.putLong(shard.getMostSignificantBits()).putLong(shard.getLeastSignificantBits());
    out.put((byte) text.length).put(text);
    ops.forEach(op -> op.encode(out));
    return out.array();
  }
}

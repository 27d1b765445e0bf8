package io.raftkv.resp.dispatch;

import io.netty.util.concurrent.EventExecutor;
import io.raftkv.metrics.Metrics;
import io.raftkv.raft.Replica;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.command.SlotCommands;
import io.raftkv.resp.reply.Reply;
import io.raftkv.shard.PeerTransport;
import io.raftkv.shard.ReadBarrier;
import io.raftkv.shard.ShardHost;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * How commands reach the shards, put together from its parts: what sessions use, and what the node
 * needs to answer others and to keep shards clean. Thread-safe.
 */
public final class ShardTraffic {
  /** Picks a node for reads of a shard that has no replica here. */
  public interface Nodes {
    /** The leader if it is known, else any node with a replica; null if there is none. */
    String nodeFor(UUID shard);

    /** The node that was picked did not answer: another one may. */
    void unanswered(UUID shard, String nodeId);

    /** The shard's name for messages. */
    String name(UUID shard);
  }

  private final ShardHost<NodeProposal> shards;
  private final RemoteReads remote;
  private final SessionServices services;
  private final SlotLoad load = new SlotLoad();

  /**
   * @param clock by which a key is found to be due, milliseconds since the epoch
   * @param requestMemoryBytes of commands to all shards together; beyond it no client is read
   */
  public ShardTraffic(
      CommandTable table,
      RoutingFeed routing,
      Function<UUID, Replica> replicas,
      ShardHost<NodeProposal> shards,
      ReadBarrier barrier,
      PeerTransport transport,
      Nodes nodes,
      Executor readPool,
      EventExecutor executor,
      LongSupplier clock,
      long timeoutNanos,
      long requestMemoryBytes,
      Metrics metrics,
      ReadConsistency defaultConsistency,
      boolean needsPassword,
      CommandSpec.Limits limits,
      RespLimits linkLimits,
      Duration slowReaderTimeout) {
    this.shards = shards;
    ShardTicker ticker =
        new ShardTicker(
            GenericCommands.SWEEP, (group, op) -> shards.client(group).submit(List.of(op)));
    Function<UUID, ReadableReplica> readable = id -> ReadableReplica.of(replicas.apply(id));
    this.remote = new RemoteReads(transport, nodes, table, readable, executor, timeoutNanos);
    ReadService reads =
        new ReadService(readable, barrier::confirm, ticker, readPool, remote, clock, timeoutNanos);
    remote.answerFrom(reads);
    LongAdder movedBytes = new LongAdder();
    this.services =
        new SessionServices(
            table,
            routing,
            new Dispatcher(limits, load),
            reads,
            (group, ops) -> shards.client(group).submit(List.copyOf(ops)),
            new RecentAnswer(() -> shards.heldBytes() + movedBytes.sum() > requestMemoryBytes),
            movedBytes,
            Duration.ofNanos(timeoutNanos),
            metrics,
            defaultConsistency,
            needsPassword,
            linkLimits,
            slowReaderTimeout);
  }

  /** Asked for every read of every connection, while the answer changes slowly. */
  private static final class RecentAnswer implements BooleanSupplier {
    private static final long LIFETIME_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final BooleanSupplier source;
    private volatile long askedNanos = System.nanoTime() - LIFETIME_NANOS;
    private volatile boolean answer;

    private RecentAnswer(BooleanSupplier source) {
      this.source = source;
    }

    @Override
    public boolean getAsBoolean() {
      long now = System.nanoTime();
      if (now - askedNanos >= LIFETIME_NANOS) {
        askedNanos = now;
        answer = source.getAsBoolean();
      }
      return answer;
    }
  }

  /** What sessions share. */
  public SessionServices services() {
    return services;
  }

  /** What the clients of this node use. */
  public SlotLoad load() {
    return load;
  }

  /** Answers another node's {@link PeerTransport.Kind#READ} request. */
  public CompletableFuture<byte[]> answerRead(byte[] request) {
    return remote.answer(request);
  }

  /**
   * Has the shard's leader change which slots it has.
   *
   * @param order the words of one of {@link SlotCommands}
   * @param done takes the epoch that was made, or why nothing was changed
   */
  public void changeSlots(UUID shard, byte[][] order, Executor executor, Consumer<Reply> done) {
    shards
        .client(shard)
        .submit(List.of(new DataOp(SlotCommands.SLOTS, order, 0, executor, done::accept)));
  }

  /**
   * Has the shard's leader delete up to {@code limit} keys and hash fields that are due.
   *
   * @param done takes how many it was, less than the limit if nothing is left; or the failure
   */
  public void sweep(UUID shard, int limit, Executor executor, Consumer<Reply> done) {
    byte[][] words = {
      GenericCommands.SWEEP.name().getBytes(StandardCharsets.US_ASCII),
      Integer.toString(limit).getBytes(StandardCharsets.US_ASCII)
    };
    shards
        .client(shard)
        .submit(List.of(new DataOp(GenericCommands.SWEEP, words, 0, executor, done::accept)));
  }
}

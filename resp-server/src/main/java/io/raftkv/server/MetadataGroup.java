package io.raftkv.server;

import io.netty.util.concurrent.EventExecutor;
import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCodec;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaHistory;
import io.raftkv.meta.MetaRecords;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.MetaStore;
import io.raftkv.meta.control.RoutingCache;
import io.raftkv.raft.Replica;
import io.raftkv.resp.dispatch.NodeProposal;
import io.raftkv.shard.Applier;
import io.raftkv.shard.ApplyContext;
import io.raftkv.shard.ProposalFailure;
import io.raftkv.shard.ShardClient;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;

/**
 * The metadata group on this node: what its entries mean, and the newest state that they led to,
 * which the log brings to every node. Thread-safe.
 */
final class MetadataGroup implements Applier {
  /** The Raft group; one cluster has one. */
  static final UUID GROUP = DerivedIds.METADATA_GROUP;

  static final String NAME = "metadata";

  private final RoutingCache cache = new RoutingCache();
  private final EventExecutor executor;
  private final List<MetaChange> applied = new ArrayList<>();

  /** What the store and the batch in the making hold together; of the apply thread. */
  private ClusterState working = ClusterState.EMPTY;

  /** {@code executor} takes the outcomes of proposals. */
  MetadataGroup(EventExecutor executor) {
    this.executor = executor;
  }

  RoutingCache cache() {
    return cache;
  }

  ClusterState state() {
    return cache.state();
  }

  // ---- Applier ----

  @Override
  public void opened(ShardStore store) {
    applied.clear();
    working = store.query(view -> new MetaStore(reading(view)).load());
    cache.push(working);
  }

  @Override
  public Object[] apply(ApplyContext context, ByteBuffer payload, StoreBatch batch) {
    MetaStore store = new MetaStore(writing(batch));
    List<Object> replies = new ArrayList<>();
    while (payload.hasRemaining()) {
      byte[] bytes = next(payload);
      MetaChange change = MetaApplier.apply(working, MetaCodec.decode(bytes), context.timeMillis());
      store.save(working, change);
      working = change.state();
      applied.add(change);
      replies.add(change.reply());
    }
    return replies.toArray();
  }

  /** Small and seldom, and without it no fault of the cluster is mended. */
  @Override
  public boolean grows(ByteBuffer payload) {
    return false;
  }

  @Override
  public void committed() {
    for (MetaChange change : applied) {
      cache.push(change.state());
    }
    applied.clear();
  }

  @Override
  public long bytes(Object[] results) {
    return encode(results).length;
  }

  @Override
  public byte[] encode(Object[] results) {
    int size = 0;
    List<byte[]> encoded = new ArrayList<>();
    for (Object result : results) {
      byte[] bytes = MetaCodec.encode((MetaReply) result);
      size += Integer.BYTES + bytes.length;
      encoded.add(bytes);
    }
    ByteBuffer out = ByteBuffer.allocate(size);
    encoded.forEach(bytes -> out.putInt(bytes.length).put(bytes));
    return out.array();
  }

  @Override
  public Object[] decode(byte[] results) {
    List<Object> replies = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(results);
    while (in.hasRemaining()) {
      replies.add(MetaCodec.decodeReply(next(in)));
    }
    return replies.toArray();
  }

  /** Lengths come from the log or another node; a damaged one must not allocate without bound. */
  private static byte[] next(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(
          "length " + length + " with " + in.remaining() + " bytes left");
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  private static MetaRecords writing(StoreBatch batch) {
    return new MetaRecords() {
      @Override
      public byte[] get(String name) {
        return batch.record(name);
      }

      @Override
      public void put(String name, byte[] value) {
        batch.putRecord(name, value);
      }

      @Override
      public void delete(String name) {
        batch.deleteRecord(name);
      }
    };
  }

  private static MetaRecords reading(ReadView view) {
    return new MetaRecords() {
      @Override
      public byte[] get(String name) {
        return view.record(name);
      }

      @Override
      public void put(String name, byte[] value) {
        throw new IllegalStateException("a view for reading");
      }

      @Override
      public void delete(String name) {
        throw new IllegalStateException("a view for reading");
      }
    };
  }

  /** Version of the state in this node's replica; null while it has none. May block on the disk. */
  static Long storedVersion(Replica replica) {
    return replica.withStore(
        store -> {
          try (ReadView view = store.readSnapshot()) {
            return new MetaStore(reading(view)).load().version();
          }
        });
  }

  /** Reads the history on this node's replica; null while it has none. May block on the disk. */
  static <T> T history(Replica replica, Function<MetaHistory, T> read) {
    return replica == null
        ? null
        : replica.withStore(
            store -> {
              try (ReadView view = store.readSnapshot()) {
                return read.apply(new MetaHistory(reading(view)));
              }
            });
  }

  // ---- proposals ----

  /** Proposes a command; fails if no leader takes it in time, or if the outcome is unknown. */
  CompletableFuture<MetaReply> propose(ShardClient<NodeProposal> client, MetaCommand command) {
    CompletableFuture<MetaReply> reply = new CompletableFuture<>();
    client.submit(List.of(new Proposal(MetaCodec.encode(command), reply)));
    return reply;
  }

  private final class Proposal implements NodeProposal {
    private static final int HELD_BYTES = 256; // the objects around the bytes

    private final byte[] bytes;
    private final CompletableFuture<MetaReply> reply;

    private Proposal(byte[] bytes, CompletableFuture<MetaReply> reply) {
      this.bytes = bytes;
      this.reply = reply;
    }

    @Override
    public int encodedBytes() {
      return Integer.BYTES + bytes.length;
    }

    @Override
    public long heldBytes() {
      return HELD_BYTES + (long) bytes.length;
    }

    @Override
    public void encode(ByteBuffer out) {
      out.putInt(bytes.length).put(bytes);
    }

    @Override
    public boolean grows() {
      return false;
    }

    @Override
    public Executor executor() {
      return executor;
    }

    @Override
    public void succeeded(Object result) {
      reply.complete((MetaReply) result);
    }

    @Override
    public void failed(ProposalFailure failure, String detail) {
      reply.completeExceptionally(new IllegalStateException(failure + ": " + detail));
    }
  }
}

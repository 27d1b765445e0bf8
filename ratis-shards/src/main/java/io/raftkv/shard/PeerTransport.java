package io.raftkv.shard;

import java.util.concurrent.CompletableFuture;

/** Carries requests between nodes; the module above plugs it in. Thread-safe, never blocks. */
public interface PeerTransport {
  /** What a request is about; the codes travel. */
  enum Kind {
    /** A batch for the leader of a shard: {@link ShardHost} answers. */
    PROPOSE,
    /** Entries for a follower: {@link io.raftkv.raft.RaftNode} answers. */
    APPEND,
    /** A part of a checkpoint for a follower: {@link io.raftkv.raft.RaftNode} answers. */
    CHECKPOINT,
    /** Terms and leaderships of shards: {@link ReadBarrier} answers. */
    TERMS,
    /** How far a follower's log goes: {@link LeaderSuccession} answers. */
    LOG_END,
    /** Read-only commands for a node that has a replica of the shard. */
    READ,
    /** A request of the node's own management. */
    CONTROL
  }

  /**
   * Sends a request. The future fails if the peer cannot be reached or the link breaks before the
   * answer; then the peer may or may not have seen the request. Requests to one peer arrive in
   * order.
   */
  CompletableFuture<byte[]> call(String nodeId, Kind kind, byte[] request);

  /** True if a call to the peer has a chance to get there now. */
  boolean isConnected(String nodeId);
}

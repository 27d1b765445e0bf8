package io.raftkv.server;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Bytes of the requests by which nodes manage each other, and of their answers. */
final class ControlRequests {
  static final byte HEARTBEAT = 1;
  static final byte REPLICA_STATUS = 2;

  private ControlRequests() {}

  /**
   * What a node answers to a heartbeat.
   *
   * @param clockMillis its clock, since the epoch
   * @param clientHost the host that clients are to reach it by, if it has one to announce
   */
  record Heartbeat(long clockMillis, Optional<String> clientHost) {}

  /** Answered with {@link #encode(Heartbeat)}. */
  static byte[] heartbeat() {
    return new byte[] {HEARTBEAT};
  }

  /** The clock, 8 bytes, then the host as UTF-8 to the end. */
  static byte[] encode(Heartbeat heartbeat) {
    byte[] host = heartbeat.clientHost().orElse("").getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + host.length)
        .putLong(heartbeat.clockMillis())
        .put(host)
        .array();
  }

  /** Inverse of {@link #encode(Heartbeat)}. */
  static Heartbeat decodeHeartbeat(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    long clock = in.getLong();
    String host = StandardCharsets.UTF_8.decode(in).toString();
    return new Heartbeat(clock, host.isEmpty() ? Optional.empty() : Optional.of(host));
  }

  /**
   * Answered with {@link #encode(NodeStatus.ReplicaStatus)}, or nothing if the peer has no such
   * replica.
   */
  static byte[] replicaStatus(UUID group) {
    return ByteBuffer.allocate(1 + 2 * Long.BYTES)
        .put(REPLICA_STATUS)
        .putLong(group.getMostSignificantBits())
        .putLong(group.getLeastSignificantBits())
        .array();
  }

  static byte[] encode(NodeStatus.ReplicaStatus status) {
    byte[] node = status.nodeId().getBytes(StandardCharsets.UTF_8);
    byte[] leader = status.leader().getBytes(StandardCharsets.UTF_8);
    ByteBuffer out =
        ByteBuffer.allocate(
            3 + node.length + leader.length + (5 + 3 * status.databases().size()) * Long.BYTES);
    out.put((byte) node.length).put(node).put((byte) leader.length).put(leader);
    out.put((byte) (status.leads() ? 1 : 0));
    out.putLong(status.term())
        .putLong(status.commitIndex())
        .putLong(status.appliedIndex())
        .putLong(status.silenceMillis())
        .putLong(status.diskBytes());
    for (NodeStatus.DatabaseSize size : status.databases()) {
      out.putLong(size.keys()).putLong(size.expiring()).putLong(size.averageTtlMillis());
    }
    return out.array();
  }

  static NodeStatus.ReplicaStatus decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    String node = text(in);
    String leader = text(in);
    boolean leads = in.get() != 0;
    long term = in.getLong();
    long commit = in.getLong();
    long applied = in.getLong();
    long silence = in.getLong();
    long disk = in.getLong();
    List<NodeStatus.DatabaseSize> databases = new ArrayList<>();
    while (in.hasRemaining()) {
      databases.add(new NodeStatus.DatabaseSize(in.getLong(), in.getLong(), in.getLong()));
    }
    return new NodeStatus.ReplicaStatus(
        node, leader, leads, term, commit, applied, silence, disk, databases);
  }

  private static String text(ByteBuffer in) {
    byte[] bytes = new byte[in.get() & 0xff];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}

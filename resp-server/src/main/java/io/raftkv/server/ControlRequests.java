package io.raftkv.server;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Bytes of the requests by which nodes manage each other, and of their answers. */
final class ControlRequests {
  static final byte HEARTBEAT = 1;
  static final byte REPLICA_STATUS = 2;

  private ControlRequests() {}

  /** Answered with the peer's clock, 8 bytes. */
  static byte[] heartbeat() {
    return new byte[] {HEARTBEAT};
  }

  /** Answered with {@link #encode}, or nothing if the peer has no such replica. */
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

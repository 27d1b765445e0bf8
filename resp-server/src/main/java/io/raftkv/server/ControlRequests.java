package io.raftkv.server;

import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.ClusterFacts.ReplicaLoad;
import io.raftkv.meta.job.JobAction;
import io.raftkv.meta.job.Members;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Bytes of the requests by which nodes manage each other, and of their answers. */
final class ControlRequests {
  static final byte HEARTBEAT = 1;
  static final byte REPLICA_STATUS = 2;
  static final byte NODE_FACTS = 3;
  static final byte CHANGE_MEMBERS = 4;
  static final byte HAND_OVER = 5;
  static final byte START_JOINING = 6;

  /** See {@link JoinExchange}. */
  static final byte JOIN = 7;

  static final byte FENCE = 8;
  static final byte SEED = 9;
  static final byte KEEP = 10;
  static final byte UNFENCE = 11;
  static final byte FLUSH = 12;
  static final byte LEAD = 13;
  static final byte BALANCE = 32;
  static final byte SLOT_LOAD = 14;
  static final byte PART_STARTS = 15;
  static final byte MAY_LEAD = 16;
  static final byte JOIN_METADATA = 20;
  static final byte NEWS = 21;

  private ControlRequests() {}

  /**
   * What a node says of itself when it sends a heartbeat.
   *
   * @param clusterId its cluster; empty if it is of none yet
   * @param nodeId its id there
   * @param memberSince see {@link io.raftkv.meta.NodeInfo}
   */
  record Greeting(String clusterId, String nodeId, long memberSince) {}

  /**
   * What a node answers to a heartbeat.
   *
   * @param clockMillis its clock, since the epoch
   * @param clusterId its cluster; empty if it is of none yet
   * @param removed whether it knows that who asks is no part of this cluster any more
   * @param clientHost the host that clients are to reach it by, if it has one to announce
   */
  record Heartbeat(
      long clockMillis, String clusterId, boolean removed, Optional<String> clientHost) {}

  /** Answered with {@link #encode(Heartbeat)}. */
  static byte[] heartbeat(Greeting greeting) {
    return bytes(
        HEARTBEAT,
        out -> {
          out.writeUTF(greeting.clusterId());
          out.writeUTF(greeting.nodeId());
          out.writeLong(greeting.memberSince());
        });
  }

  /** Inverse of {@link #heartbeat}, behind the kind. */
  static Greeting decodeGreeting(DataInputStream in) throws IOException {
    return new Greeting(in.readUTF(), in.readUTF(), in.readLong());
  }

  /** The clock, 8 bytes; 1 if the asker was removed; cluster and host, each behind its length. */
  static byte[] encode(Heartbeat heartbeat) {
    byte[] cluster = heartbeat.clusterId().getBytes(StandardCharsets.UTF_8);
    byte[] host = heartbeat.clientHost().orElse("").getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + 3 + cluster.length + host.length)
        .putLong(heartbeat.clockMillis())
        .put((byte) (heartbeat.removed() ? 1 : 0))
        .put((byte) cluster.length)
        .put(cluster)
        .put((byte) host.length)
        .put(host)
        .array();
  }

  /** Inverse of {@link #encode(Heartbeat)}. */
  static Heartbeat decodeHeartbeat(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    long clock = in.getLong();
    boolean removed = in.get() == 1;
    String cluster = text(in);
    String host = text(in);
    return new Heartbeat(
        clock, cluster, removed, host.isEmpty() ? Optional.empty() : Optional.of(host));
  }

  /**
   * To whoever drives jobs: what clients may be waiting for is done here. Answered with nothing.
   */
  static byte[] news() {
    return new byte[] {NEWS};
  }

  /**
   * Answered with {@link #encode(NodeStatus.ReplicaStatus)}, or nothing if the peer has no such
   * replica.
   */
  static byte[] replicaStatus(UUID group) {
    return bytes(REPLICA_STATUS, out -> NodeFactsCodec.write(out, group));
  }

  static byte[] encode(NodeStatus.ReplicaStatus status) {
    byte[] node = status.nodeId().getBytes(StandardCharsets.UTF_8);
    byte[] leader = status.leader().getBytes(StandardCharsets.UTF_8);
    ByteBuffer out =
        ByteBuffer.allocate(
            3 + node.length + leader.length + (7 + 3 * status.databases().size()) * Long.BYTES);
    out.put((byte) node.length).put(node).put((byte) leader.length).put(leader);
    out.put((byte) (status.leads() ? 1 : 0));
    out.putLong(status.term())
        .putLong(status.commitIndex())
        .putLong(status.appliedIndex())
        .putLong(status.silenceMillis())
        .putLong(status.diskBytes())
        .putDouble(status.load().readsPerSecond())
        .putDouble(status.load().writesPerSecond());
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
    ReplicaLoad load = new ReplicaLoad(in.getDouble(), in.getDouble());
    List<NodeStatus.DatabaseSize> databases = new ArrayList<>();
    while (in.hasRemaining()) {
      databases.add(new NodeStatus.DatabaseSize(in.getLong(), in.getLong(), in.getLong()));
    }
    return new NodeStatus.ReplicaStatus(
        node, leader, leads, term, commit, applied, silence, disk, load, databases);
  }

  /** Answered as {@link NodeFactsCodec} says. */
  static byte[] nodeFacts() {
    return new byte[] {NODE_FACTS};
  }

  /** The same of some groups only, see {@link NodeView#facts(Set)}. */
  static byte[] nodeFacts(Set<UUID> groups) {
    return bytes(NODE_FACTS, out -> NodeFactsCodec.writeGroups(out, groups));
  }

  /** Inverse of {@link #nodeFacts(Set)}, behind the kind; empty if all groups are meant. */
  static Optional<Set<UUID>> decodeNodeFacts(DataInputStream in) throws IOException {
    return in.available() == 0
        ? Optional.empty()
        : Optional.of(Set.copyOf(NodeFactsCodec.groups(in)));
  }

  /** Answered with {@link #outcome}. */
  static byte[] changeMembers(JobAction.ChangeMembers change) {
    return bytes(
        CHANGE_MEMBERS,
        out -> {
          NodeFactsCodec.write(out, change.group());
          NodeFactsCodec.write(out, change.expected().voters());
          NodeFactsCodec.write(out, change.expected().listeners());
          NodeFactsCodec.write(out, change.next().voters());
          NodeFactsCodec.write(out, change.next().listeners());
          out.writeUTF(change.heir());
        });
  }

  /** Inverse of {@link #changeMembers}, behind the kind. */
  static JobAction.ChangeMembers decodeChangeMembers(String self, DataInputStream in)
      throws IOException {
    return new JobAction.ChangeMembers(
        self,
        group(in),
        new Members(NodeFactsCodec.names(in), NodeFactsCodec.names(in)),
        new Members(NodeFactsCodec.names(in), NodeFactsCodec.names(in)),
        in.available() > 0 ? in.readUTF() : ""); // a node of an older version does not say
  }

  /** Answered with {@link #outcome}. */
  static byte[] handOver(JobAction.HandOver handOver) {
    return bytes(
        HAND_OVER,
        out -> {
          NodeFactsCodec.write(out, handOver.group());
          out.writeUTF(handOver.to());
        });
  }

  /** Inverse of {@link #handOver}, behind the kind. */
  static JobAction.HandOver decodeHandOver(String self, DataInputStream in) throws IOException {
    return new JobAction.HandOver(self, group(in), in.readUTF());
  }

  /** Whether a node's replica would do as leader; answered with {@link #outcome}. */
  static byte[] mayLead(UUID group) {
    return bytes(MAY_LEAD, out -> NodeFactsCodec.write(out, group));
  }

  /** Answered with {@link #outcome}. */
  static byte[] startJoining(JobAction.StartJoining joining) {
    return bytes(
        START_JOINING,
        out -> {
          NodeFactsCodec.write(out, joining.group());
          out.writeLong(joining.term());
        });
  }

  /** Inverse of {@link #startJoining}, behind the kind. */
  static JobAction.StartJoining decodeStartJoining(String self, DataInputStream in)
      throws IOException {
    return new JobAction.StartJoining(self, group(in), in.readLong());
  }

  /** Answered with {@link #outcome}. */
  static byte[] fence(JobAction.Fence fence) {
    return bytes(
        FENCE,
        out -> {
          NodeFactsCodec.write(out, fence.group());
          out.writeLong(fence.epoch());
          NodeFactsCodec.write(out, fence.target());
          NodeFactsCodec.write(out, fence.slots());
        });
  }

  /** Inverse of {@link #fence}, behind the kind. */
  static JobAction.Fence decodeFence(String self, DataInputStream in) throws IOException {
    UUID group = group(in);
    long epoch = in.readLong();
    return new JobAction.Fence(self, group, epoch, group(in), NodeFactsCodec.slots(in));
  }

  /** Answered with {@link #outcome}. */
  static byte[] seed(JobAction.Seed seed) {
    return bytes(
        SEED,
        out -> {
          NodeFactsCodec.writeGroups(out, seed.targets());
          NodeFactsCodec.writeGroups(out, seed.sources());
        });
  }

  /** Inverse of {@link #seed}, behind the kind. */
  static JobAction.Seed decodeSeed(String self, DataInputStream in) throws IOException {
    return new JobAction.Seed(self, NodeFactsCodec.groups(in), NodeFactsCodec.groups(in));
  }

  /** Answered with {@link #outcome}. */
  static byte[] keep(JobAction.Keep keep) {
    return bytes(
        KEEP,
        out -> {
          NodeFactsCodec.write(out, keep.group());
          out.writeLong(keep.epoch());
          out.writeLong(keep.routingVersion());
          NodeFactsCodec.write(out, keep.slots());
        });
  }

  /** Inverse of {@link #keep}, behind the kind. */
  static JobAction.Keep decodeKeep(String self, DataInputStream in) throws IOException {
    UUID group = group(in);
    long epoch = in.readLong();
    return new JobAction.Keep(self, group, epoch, in.readLong(), NodeFactsCodec.slots(in));
  }

  /** Answered with {@link #outcome}. */
  static byte[] unfence(JobAction.Unfence unfence) {
    return bytes(
        UNFENCE,
        out -> {
          NodeFactsCodec.write(out, unfence.group());
          out.writeLong(unfence.epoch());
          out.writeLong(unfence.routingVersion());
        });
  }

  /** Inverse of {@link #unfence}, behind the kind. */
  static JobAction.Unfence decodeUnfence(String self, DataInputStream in) throws IOException {
    return new JobAction.Unfence(self, group(in), in.readLong(), in.readLong());
  }

  /** For a store to be flushed; answered with {@link #outcome}. */
  static byte[] flush(UUID group) {
    return bytes(FLUSH, out -> NodeFactsCodec.write(out, group));
  }

  /** Answered with {@link #outcome}. */
  static byte[] lead(JobAction.Lead lead) {
    return bytes(LEAD, out -> NodeFactsCodec.write(out, lead.group()));
  }

  /** Inverse of {@link #lead}, behind the kind. */
  static JobAction.Lead decodeLead(String self, DataInputStream in) throws IOException {
    return new JobAction.Lead(self, group(in));
  }

  /** Answered as {@link BalanceReportCodec} says, by the leader of the metadata group. */
  static byte[] balance(int maxMoves) {
    return bytes(BALANCE, out -> out.writeInt(maxMoves));
  }

  /** Answered with {@link SplitPoints#encodeLoad}. */
  static byte[] slotLoad() {
    return new byte[] {SLOT_LOAD};
  }

  /**
   * For where slots come apart in parts that have about as many bytes; answered with {@link
   * SplitPoints#encodeStarts}.
   */
  record PartStarts(UUID group, List<SlotRange> slots, int parts) {}

  static byte[] partStarts(PartStarts asked) {
    return bytes(
        PART_STARTS,
        out -> {
          NodeFactsCodec.write(out, asked.group());
          NodeFactsCodec.write(out, asked.slots());
          out.writeInt(asked.parts());
        });
  }

  /** Inverse of {@link #partStarts}, behind the kind. */
  static PartStarts decodePartStarts(DataInputStream in) throws IOException {
    return new PartStarts(group(in), NodeFactsCodec.slots(in), in.readInt());
  }

  /**
   * For a replica of the metadata group that is to become a voter; answered with {@link #outcome}.
   *
   * @param term the leader's: none of an earlier term is followed
   * @param leftAt index of the entry from which on the group is without the node
   */
  record JoinMetadata(long term, long leftAt) {}

  static byte[] joinMetadata(JoinMetadata joining) {
    return bytes(
        JOIN_METADATA,
        out -> {
          out.writeLong(joining.term());
          out.writeLong(joining.leftAt());
        });
  }

  /** Inverse of {@link #joinMetadata}, behind the kind. */
  static JoinMetadata decodeJoinMetadata(DataInputStream in) throws IOException {
    return new JoinMetadata(in.readLong(), in.readLong());
  }

  /** Why something was not done; empty if it was. */
  static byte[] outcome(String why) {
    return why.getBytes(StandardCharsets.UTF_8);
  }

  /** Inverse of {@link #outcome}. */
  static String decodeOutcome(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private interface Body {
    void writeTo(DataOutputStream out) throws IOException;
  }

  private static byte[] bytes(byte kind, Body body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(kind);
      body.writeTo(out);
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return bytes.toByteArray();
  }

  /** Reads the id of a group. */
  static UUID group(DataInputStream in) throws IOException {
    return NodeFactsCodec.group(in);
  }

  private static String text(ByteBuffer in) {
    byte[] bytes = new byte[in.get() & 0xff];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}

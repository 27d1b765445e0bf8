package io.raftkv.server;

import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.Members;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Bytes of {@link NodeFacts}, which travel between nodes of one release only.
 *
 * <pre>
 *   stateVersion:8  count:4  { group:16 open:1 leads:1 term:8 voters listeners changing:1
 *                              bytes:8 }
 * </pre>
 *
 * Names are in Java's modified UTF-8 with a length of two bytes, lists lead with a count of four.
 */
final class NodeFactsCodec {
  private NodeFactsCodec() {}

  static byte[] encode(NodeFacts facts) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeLong(facts.stateVersion());
      out.writeInt(facts.replicas().size());
      for (Map.Entry<UUID, ReplicaFacts> entry : facts.replicas().entrySet()) {
        out.writeLong(entry.getKey().getMostSignificantBits());
        out.writeLong(entry.getKey().getLeastSignificantBits());
        write(out, entry.getValue());
      }
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, ReplicaFacts replica) throws IOException {
    out.writeBoolean(replica.open());
    out.writeBoolean(replica.leads());
    out.writeLong(replica.term());
    write(out, replica.members().voters());
    write(out, replica.members().listeners());
    out.writeBoolean(replica.changing());
    out.writeLong(replica.bytes());
  }

  /** Writes a list of names. */
  static void write(DataOutputStream out, SortedSet<String> names) throws IOException {
    out.writeInt(names.size());
    for (String name : names) {
      out.writeUTF(name);
    }
  }

  /** Inverse of {@link #encode}. */
  static NodeFacts decode(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      long version = in.readLong();
      Map<UUID, ReplicaFacts> replicas = new HashMap<>();
      for (int left = in.readInt(); left > 0; left--) {
        UUID group = new UUID(in.readLong(), in.readLong());
        replicas.put(group, replica(in));
      }
      return new NodeFacts(version, replicas);
    } catch (IOException cut) {
      throw new IllegalArgumentException("facts of a node are cut short", cut);
    }
  }

  private static ReplicaFacts replica(DataInputStream in) throws IOException {
    boolean open = in.readBoolean();
    boolean leads = in.readBoolean();
    long term = in.readLong();
    Members members = new Members(names(in), names(in));
    boolean changing = in.readBoolean();
    return new ReplicaFacts(open, leads, term, members, changing, in.readLong());
  }

  /** Reads a list of names. */
  static SortedSet<String> names(DataInputStream in) throws IOException {
    SortedSet<String> names = new TreeSet<>();
    for (int left = in.readInt(); left > 0; left--) {
      names.add(in.readUTF());
    }
    return names;
  }
}

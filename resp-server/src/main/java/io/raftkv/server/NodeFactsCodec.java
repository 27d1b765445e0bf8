package io.raftkv.server;

import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import io.raftkv.meta.job.ClusterFacts.NodeLoad;
import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.ClusterFacts.ReplicaLoad;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import io.raftkv.meta.job.Members;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Bytes of {@link NodeFacts}, which travel between nodes of one release only.
 *
 * <pre>
 *   stateVersion:8  memberSince:8  arrived:1  noRoom  count:4  { group:16 open:1 leads:1 term:8 voters listeners changing:1
 *                              bytes:8 ownedBytes:8 epoch:8 isFenced:1 [target:16] fenceMillis:8 slots }
 *   count:4  { target:16  count:4 { source:16 } }   the cuts
 *   count:4  { target:16 }   the replicas that are being made
 *   count:4  { target:16 why }   those that could not be made
 *   freeBytes:8  count:4  { group:16 readsPerSecond:8 writesPerSecond:8 }   the load
 *   slots  =  count:4  { first:2 last:2 }
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
      out.writeLong(facts.memberSince());
      out.writeBoolean(facts.arrived());
      out.writeUTF(facts.noRoom());
      out.writeInt(facts.replicas().size());
      for (Map.Entry<UUID, ReplicaFacts> entry : facts.replicas().entrySet()) {
        write(out, entry.getKey());
        write(out, entry.getValue());
      }
      out.writeInt(facts.cuts().size());
      for (Map.Entry<UUID, Set<UUID>> cut : facts.cuts().entrySet()) {
        write(out, cut.getKey());
        writeGroups(out, cut.getValue());
      }
      writeGroups(out, facts.seeding());
      out.writeInt(facts.unseeded().size());
      for (Map.Entry<UUID, String> failure : facts.unseeded().entrySet()) {
        write(out, failure.getKey());
        out.writeUTF(failure.getValue());
      }
      write(out, facts.load());
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, NodeLoad load) throws IOException {
    out.writeLong(load.freeBytes());
    out.writeInt(load.replicas().size());
    for (Map.Entry<UUID, ReplicaLoad> entry : load.replicas().entrySet()) {
      write(out, entry.getKey());
      out.writeDouble(entry.getValue().readsPerSecond());
      out.writeDouble(entry.getValue().writesPerSecond());
    }
  }

  private static void write(DataOutputStream out, ReplicaFacts replica) throws IOException {
    out.writeBoolean(replica.open());
    out.writeBoolean(replica.leads());
    out.writeLong(replica.term());
    write(out, replica.members().voters());
    write(out, replica.members().listeners());
    out.writeBoolean(replica.changing());
    out.writeLong(replica.bytes());
    out.writeLong(replica.ownedBytes());
    write(out, replica.slots());
  }

  private static void write(DataOutputStream out, SlotFacts slots) throws IOException {
    out.writeLong(slots.epoch());
    out.writeBoolean(slots.fenceTarget().isPresent());
    if (slots.fenceTarget().isPresent()) {
      write(out, slots.fenceTarget().get());
    }
    out.writeLong(slots.fenceMillis());
    write(out, slots.owned());
  }

  /** Writes the id of a group. */
  static void write(DataOutputStream out, UUID group) throws IOException {
    out.writeLong(group.getMostSignificantBits());
    out.writeLong(group.getLeastSignificantBits());
  }

  /** Writes a list of ids of groups. */
  static void writeGroups(DataOutputStream out, Collection<UUID> groups) throws IOException {
    out.writeInt(groups.size());
    for (UUID group : groups) {
      write(out, group);
    }
  }

  /** Writes ranges of slots. */
  static void write(DataOutputStream out, List<SlotRange> slots) throws IOException {
    out.writeInt(slots.size());
    for (SlotRange range : slots) {
      out.writeShort(range.first());
      out.writeShort(range.last());
    }
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
      long memberSince = in.readLong();
      boolean arrived = in.readBoolean();
      String noRoom = in.readUTF();
      Map<UUID, ReplicaFacts> replicas = new HashMap<>();
      for (int left = in.readInt(); left > 0; left--) {
        UUID group = group(in);
        replicas.put(group, replica(in));
      }
      Map<UUID, Set<UUID>> cuts = new HashMap<>();
      for (int left = in.readInt(); left > 0; left--) {
        UUID target = group(in);
        cuts.put(target, Set.copyOf(groups(in)));
      }
      Set<UUID> seeding = Set.copyOf(groups(in));
      Map<UUID, String> unseeded = new HashMap<>();
      for (int left = in.readInt(); left > 0; left--) {
        unseeded.put(group(in), in.readUTF());
      }
      return new NodeFacts(
          version, memberSince, arrived, noRoom, replicas, cuts, seeding, unseeded, load(in));
    } catch (IOException cut) {
      throw new IllegalArgumentException("facts of a node are cut short", cut);
    }
  }

  private static NodeLoad load(DataInputStream in) throws IOException {
    long freeBytes = in.readLong();
    Map<UUID, ReplicaLoad> replicas = new HashMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      replicas.put(group(in), new ReplicaLoad(in.readDouble(), in.readDouble()));
    }
    return new NodeLoad(freeBytes, replicas);
  }

  private static ReplicaFacts replica(DataInputStream in) throws IOException {
    boolean open = in.readBoolean();
    boolean leads = in.readBoolean();
    long term = in.readLong();
    Members members = new Members(names(in), names(in));
    boolean changing = in.readBoolean();
    long bytes = in.readLong();
    return new ReplicaFacts(
        open, leads, term, members, changing, bytes, in.readLong(), slotFacts(in));
  }

  private static SlotFacts slotFacts(DataInputStream in) throws IOException {
    long epoch = in.readLong();
    Optional<UUID> target = in.readBoolean() ? Optional.of(group(in)) : Optional.empty();
    return new SlotFacts(epoch, target, in.readLong(), slots(in));
  }

  /** Reads the id of a group. */
  static UUID group(DataInputStream in) throws IOException {
    return new UUID(in.readLong(), in.readLong());
  }

  /** Reads a list of ids of groups. */
  static List<UUID> groups(DataInputStream in) throws IOException {
    List<UUID> groups = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      groups.add(group(in));
    }
    return groups;
  }

  /** Reads ranges of slots. */
  static List<SlotRange> slots(DataInputStream in) throws IOException {
    List<SlotRange> slots = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      slots.add(new SlotRange(in.readUnsignedShort(), in.readUnsignedShort()));
    }
    return slots;
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

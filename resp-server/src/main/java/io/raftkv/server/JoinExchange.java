package io.raftkv.server;

import io.raftkv.meta.NodeSpec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a node that joins a cluster and a node of that cluster say to each other.
 *
 * <pre>
 *   request  JOIN:1  id host respPort:4 raftPort:4 httpPort:4 version incarnation:8
 *            clusterId  count:4 { setting value }  founder:1
 *   answer   outcome:1  text  term:8  memberSince:8  count:4 { member }  leftAt:8
 * </pre>
 *
 * A member is as {@link ClusterMember} writes it. Texts are in Java's modified UTF-8 with a length
 * of two bytes.
 */
final class JoinExchange {
  /** Bound what an entry may hold and when a leader counts as gone: nodes must agree on that. */
  private static final List<Setting<?>> COMMON =
      List.of(
          ClientSettings.MAX_VALUE_BYTES,
          ClientSettings.MAX_COMMAND_BYTES,
          ClientSettings.BATCH_BYTES,
          ShardSettings.ELECTION_TIMEOUT_MIN,
          ShardSettings.ELECTION_TIMEOUT_MAX);

  private JoinExchange() {}

  /**
   * A node asks to join, or what has become of the cluster that it is to begin.
   *
   * @param node what it says of itself
   * @param clusterId of its data directory, if it was admitted before
   * @param settings those that must be the same on all nodes, by name
   * @param founder whether it does not join, but is one of those that begin the cluster, and has
   *     nothing of the metadata: it is its first start, or its data are lost
   */
  record Request(
      NodeSpec node, Optional<String> clusterId, Map<String, String> settings, boolean founder) {}

  /** What became of it. */
  enum Outcome {
    /** The node is one of the cluster; its leader will bring it the metadata. */
    ADMITTED,
    /** Not now: to ask again, here or elsewhere, may help. */
    LATER,
    /** Nothing but another configuration helps. */
    REFUSED,
    /** To a founder: the node that answers is one too, and knows of no formed cluster. */
    UNFORMED,
    /** To a founder: it was removed, and its id is not given again. */
    REMOVED
  }

  /**
   * The answer.
   *
   * @param text the cluster's id if the node is admitted, else why it is not
   * @param term of the metadata group; the node is to follow no leader of an earlier one
   * @param memberSince version of the metadata that made the node one of the cluster
   * @param leftAt index of the metadata group's log up to which that speaks of the time before
   * @param members all nodes of the cluster, for as long as the metadata is not there
   */
  record Answer(
      Outcome outcome,
      String text,
      long term,
      long memberSince,
      long leftAt,
      List<ClusterMember> members) {
    static Answer admitted(
        String clusterId, long term, long memberSince, long leftAt, List<ClusterMember> members) {
      return new Answer(Outcome.ADMITTED, clusterId, term, memberSince, leftAt, members);
    }

    static Answer later(String why) {
      return new Answer(Outcome.LATER, why, 0, 0, 0, List.of());
    }

    static Answer refused(String why) {
      return new Answer(Outcome.REFUSED, why, 0, 0, 0, List.of());
    }

    static Answer unformed() {
      return new Answer(Outcome.UNFORMED, "", 0, 0, 0, List.of());
    }

    static Answer removed(String why) {
      return new Answer(Outcome.REMOVED, why, 0, 0, 0, List.of());
    }
  }

  /** The values of this node for {@link Request#settings}. */
  static Map<String, String> settings(ServerConfig config) {
    Map<String, String> values = new TreeMap<>();
    COMMON.forEach(setting -> values.put(setting.name(), setting.format(config)));
    return values;
  }

  static byte[] encode(Request request) {
    NodeSpec node = request.node();
    return bytes(
        out -> {
          out.writeByte(ControlRequests.JOIN);
          out.writeUTF(node.id());
          out.writeUTF(node.host());
          out.writeInt(node.respPort());
          out.writeInt(node.raftPort());
          out.writeInt(node.httpPort());
          out.writeUTF(node.softwareVersion());
          out.writeLong(node.incarnation());
          out.writeUTF(request.clusterId().orElse(""));
          out.writeInt(request.settings().size());
          for (Map.Entry<String, String> setting : request.settings().entrySet()) {
            out.writeUTF(setting.getKey());
            out.writeUTF(setting.getValue());
          }
          out.writeBoolean(request.founder());
        });
  }

  /** Inverse of {@link #encode(Request)}, behind the kind. */
  static Request decodeRequest(DataInputStream in) throws IOException {
    NodeSpec node =
        new NodeSpec(
            in.readUTF(),
            in.readUTF(),
            in.readInt(),
            in.readInt(),
            in.readInt(),
            in.readUTF(),
            in.readLong());
    String clusterId = in.readUTF();
    Map<String, String> settings = new TreeMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      settings.put(in.readUTF(), in.readUTF());
    }
    return new Request(
        node,
        clusterId.isEmpty() ? Optional.empty() : Optional.of(clusterId),
        settings,
        in.readBoolean());
  }

  static byte[] encode(Answer answer) {
    return bytes(
        out -> {
          out.writeByte(answer.outcome().ordinal());
          out.writeUTF(answer.text());
          out.writeLong(answer.term());
          out.writeLong(answer.memberSince());
          out.writeInt(answer.members().size());
          for (ClusterMember member : answer.members()) {
            out.writeUTF(member.toString());
          }
          out.writeLong(answer.leftAt());
        });
  }

  /** Inverse of {@link #encode(Answer)}. */
  static Answer decodeAnswer(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int outcome = in.readUnsignedByte();
      if (outcome >= Outcome.values().length) {
        throw new IllegalArgumentException("outcome " + outcome + " of another version");
      }
      String text = in.readUTF();
      long term = in.readLong();
      long memberSince = in.readLong();
      List<ClusterMember> members = new ArrayList<>();
      for (int left = in.readInt(); left > 0; left--) {
        members.add(ClusterMember.parse(in.readUTF()));
      }
      return new Answer(Outcome.values()[outcome], text, term, memberSince, in.readLong(), members);
    } catch (IOException cut) {
      throw new IllegalArgumentException("answer is cut short", cut);
    }
  }

  private interface Body {
    void writeTo(DataOutputStream out) throws IOException;
  }

  private static byte[] bytes(Body body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      body.writeTo(out);
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return bytes.toByteArray();
  }
}

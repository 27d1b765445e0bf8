package io.raftkv.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The file {@code NODE} of a data directory: lines of {@code name value}, the format's number
 * first, so that every later version can tell at least that.
 *
 * @param nodeId whose it is
 * @param clusterId the cluster it is part of, once that is known
 * @param joinedBy where it asked to join a cluster; empty if it began with its cluster
 * @param memberSince of a node that joined, once it has the metadata that admitted it, see {@link
 *     io.raftkv.meta.NodeInfo}
 * @param removed why it is no part of its cluster any more, if it is not
 * @param created when it was made
 */
record NodeFile(
    String nodeId,
    Optional<String> clusterId,
    Optional<HostPort> joinedBy,
    Optional<Long> memberSince,
    Optional<String> removed,
    Instant created) {
  static final String NAME = "NODE";
  static final String TEMPORARY_NAME = "NODE.tmp";

  /** Of a node that began with its cluster. */
  private static final int FIRST_FORMAT = 1;

  /** Has {@code joined-by}: an older version would begin a cluster of its own. */
  private static final int SECOND_FORMAT = 2;

  /** Has {@code member-since} or {@code removed}: an older version would forget that. */
  private static final int FORMAT = 3;

  private static final long MAX_BYTES = 4096;

  /** Of a node that has not been started before. */
  static NodeFile fresh(String nodeId) {
    return new NodeFile(
        nodeId,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Instant.now());
  }

  NodeFile withClusterId(String id) {
    return new NodeFile(nodeId, Optional.of(id), joinedBy, memberSince, removed, created);
  }

  NodeFile withJoinedBy(Optional<HostPort> seed) {
    return new NodeFile(nodeId, clusterId, seed, memberSince, removed, created);
  }

  NodeFile withMemberSince(Optional<Long> version) {
    return new NodeFile(nodeId, clusterId, joinedBy, version, removed, created);
  }

  NodeFile withRemoved(String why) {
    return new NodeFile(nodeId, clusterId, joinedBy, memberSince, Optional.of(why), created);
  }

  /** The file of this directory, if there is one. */
  static Optional<NodeFile> read(Path directory) throws IOException, StartupException {
    Path file = directory.resolve(NAME);
    Map<String, String> values = new HashMap<>();
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw damaged(file, "too large");
      }
      for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
        int blank = line.indexOf(' ');
        if (blank <= 0 || values.put(line.substring(0, blank), line.substring(blank + 1)) != null) {
          throw damaged(file, "line '" + line + "'");
        }
      }
    } catch (NoSuchFileException fresh) {
      return Optional.empty();
    }
    String format = values.getOrDefault("format", "");
    if (!format.matches("[0-9]{1,9}")) {
      throw damaged(file, "no format number");
    }
    if (Integer.parseInt(format) > FORMAT) {
      throw new StartupException(
          "data directory "
              + directory
              + " has format "
              + format
              + ", this version reads up to "
              + FORMAT
              + ": a newer RaftKV wrote it; run that version");
    }
    String nodeId = values.get("node-id");
    String created = values.get("created");
    if (nodeId == null || created == null) {
      throw damaged(file, "no node-id or no created");
    }
    try {
      return Optional.of(
          new NodeFile(
              nodeId,
              Optional.ofNullable(values.get("cluster-id")),
              Optional.ofNullable(values.get("joined-by")).map(HostPort::parse),
              Optional.ofNullable(values.get("member-since")).map(Long::valueOf),
              Optional.ofNullable(values.get("removed")),
              Instant.parse(created)));
    } catch (DateTimeException notATime) {
      throw damaged(file, "created '" + created + "'");
    } catch (NumberFormatException notANumber) {
      throw damaged(file, "member-since '" + values.get("member-since") + "'");
    } catch (IllegalArgumentException notAnAddress) {
      throw damaged(file, "joined-by '" + values.get("joined-by") + "'");
    }
  }

  private static StartupException damaged(Path file, String why) {
    return new StartupException(file + " is damaged (" + why + "): restore it from a copy");
  }

  /** Replaces the file; after a crash either the old or the new one is there, whole. */
  void write(Path directory) throws IOException {
    int format =
        memberSince.isPresent() || removed.isPresent()
            ? FORMAT
            : joinedBy.isPresent() ? SECOND_FORMAT : FIRST_FORMAT;
    StringBuilder text = new StringBuilder("format " + format + "\nnode-id " + nodeId + "\n");
    clusterId.ifPresent(id -> text.append("cluster-id ").append(id).append('\n'));
    joinedBy.ifPresent(seed -> text.append("joined-by ").append(seed).append('\n'));
    memberSince.ifPresent(version -> text.append("member-since ").append(version).append('\n'));
    removed.ifPresent(why -> text.append("removed ").append(why).append('\n'));
    text.append("created ").append(created).append('\n');
    Path temporary = directory.resolve(TEMPORARY_NAME);
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(
        temporary,
        directory.resolve(NAME),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true); // the rename itself must survive
    }
  }
}

package io.raftkv.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The directory of one node. While this is open, no other process can open it, and it belongs to
 * the same node and cluster for good. Thread-safe.
 */
public final class DataDirectory implements AutoCloseable {
  private static final String LOCK = "LOCK";
  private static final int MAX_LOCK_BYTES = 64;

  /** Where replicas have their files, by group in {@code groups}. */
  static final String REPLICAS = "raft";

  /** Names that may be there before the node file is: ours, and a file system's own. */
  private static final Set<String> NOT_DATA =
      Set.of(LOCK, NodeFile.NAME, NodeFile.TEMPORARY_NAME, "lost+found");

  private final Path path;
  private final FileChannel lockChannel;

  /** As it is on the disk; read by threads that must not wait for a write. */
  private volatile NodeFile node;

  private DataDirectory(Path path, FileChannel lockChannel, NodeFile node) {
    this.path = path;
    this.lockChannel = lockChannel;
    this.node = node;
  }

  /**
   * Takes the directory, which is created if it is missing.
   *
   * @throws StartupException if it cannot be used: another process has it, it belongs to another
   *     node, or it was written by a newer version
   */
  public static DataDirectory open(Path directory, String nodeId) throws StartupException {
    Path path = directory.toAbsolutePath().normalize();
    FileChannel channel = null;
    boolean opened = false;
    try {
      Files.createDirectories(path);
      channel =
          FileChannel.open(
              path.resolve(LOCK),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      lock(path, channel);
      DataDirectory taken = new DataDirectory(path, channel, nodeFile(path, nodeId));
      opened = true;
      return taken;
    } catch (IOException unusable) {
      throw new StartupException(
          "cannot use data directory "
              + path
              + ": "
              + FileTrouble.reason(unusable)
              + "; choose another one with --data-dir",
          unusable);
    } finally {
      if (!opened && channel != null) {
        closeAfterFailure(channel);
      }
    }
  }

  private static void closeAfterFailure(FileChannel channel) throws StartupException {
    try {
      channel.close();
    } catch (IOException leaked) {
      throw new StartupException("cannot close the lock file: " + leaked, leaked);
    }
  }

  private static void lock(Path path, FileChannel channel) throws IOException, StartupException {
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException sameProcess) {
      throw new StartupException(
          "data directory " + path + " is in use by this very process", sameProcess);
    }
    if (lock == null) {
      throw new StartupException(
          "data directory "
              + path
              + " is in use by another process"
              + readPid(channel).map(pid -> " (pid " + pid + ")").orElse("")
              + ": stop it, or choose another directory with --data-dir");
    }
    byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII);
    channel.truncate(0);
    channel.write(ByteBuffer.wrap(pid), 0);
  }

  private static Optional<String> readPid(FileChannel channel) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(MAX_LOCK_BYTES);
    channel.read(buffer, 0);
    String text =
        new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII).strip();
    boolean number = !text.isEmpty() && text.chars().allMatch(Character::isDigit);
    return number ? Optional.of(text) : Optional.empty();
  }

  private static NodeFile nodeFile(Path path, String nodeId) throws IOException, StartupException {
    Optional<NodeFile> found = NodeFile.read(path);
    if (found.isPresent()) {
      if (!found.get().nodeId().equals(nodeId)) {
        throw new StartupException(
            "data directory "
                + path
                + " belongs to node "
                + found.get().nodeId()
                + ", not "
                + nodeId
                + ": start with --node-id "
                + found.get().nodeId()
                + " or another --data-dir");
      }
      if (found.get().removed().isPresent()) {
        throw new StartupException(
            "data directory %s is of a node that was removed from its cluster: %s; to join again, node %s needs an empty --data-dir"
                .formatted(path, found.get().removed().get(), nodeId));
      }
      return found.get();
    }
    List<String> strangers = strangers(path);
    if (!strangers.isEmpty()) {
      throw new StartupException(
          "data directory "
              + path
              + " has files ("
              + String.join(", ", strangers)
              + ") but no "
              + NodeFile.NAME
              + " file: it is not RaftKV's, or is damaged; choose an empty one");
    }
    NodeFile fresh = NodeFile.fresh(nodeId);
    fresh.write(path);
    return fresh;
  }

  private static List<String> strangers(Path path) throws IOException {
    int shown = 3;
    try (Stream<Path> files = Files.list(path)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !NOT_DATA.contains(name))
          .sorted()
          .limit(shown)
          .toList();
    }
  }

  /** Absolute path of the directory. */
  public Path path() {
    return path;
  }

  /** A path inside; nothing is created. */
  public Path resolve(String name) {
    return path.resolve(name);
  }

  public String nodeId() {
    return nodeFile().nodeId();
  }

  /** The cluster this node has been part of, once it is known. */
  public Optional<String> clusterId() {
    return nodeFile().clusterId();
  }

  /** When the directory was first used. */
  public Instant created() {
    return nodeFile().created();
  }

  /** Where this node asked to join its cluster; empty if it began with it. */
  public Optional<HostPort> joinedBy() {
    return nodeFile().joinedBy();
  }

  private NodeFile nodeFile() {
    return node;
  }

  /**
   * Notes, durably, the cluster this node is part of.
   *
   * @throws StartupException if it is part of another already, or the note cannot be written
   */
  public synchronized void rememberClusterId(String clusterId) throws StartupException {
    if (node.clusterId().isPresent()) {
      if (!node.clusterId().get().equals(clusterId)) {
        throw new StartupException(
            "data directory "
                + path
                + " is of cluster "
                + node.clusterId().get()
                + ", but the other nodes are of cluster "
                + clusterId
                + ": the directory or the list of nodes is the wrong one");
      }
      return;
    }
    replace(node.withClusterId(clusterId));
  }

  /**
   * Notes, durably, that this node does not begin a cluster but joins one. One that has joined asks
   * the last seed if it has lost its replicas.
   *
   * @param seed a node of that cluster
   * @throws StartupException if it is part of a cluster that it did not join, or has begun to form
   *     one, or the note cannot be written
   */
  public synchronized void rememberJoining(HostPort seed) throws StartupException {
    boolean joins = node.joinedBy().isPresent();
    if (!joins && (node.clusterId().isPresent() || hasReplicas())) {
      throw new StartupException(
          "data directory "
              + path
              + node.clusterId().map(id -> " is of cluster " + id).orElse(" has been used")
              + ", which this node did not join: to join another one it needs an empty --data-dir;"
              + " to go on with this one, start it without --join");
    }
    if (!joins || !node.joinedBy().get().equals(seed)) {
      replace(node.withJoinedBy(Optional.of(seed)));
    }
  }

  private boolean hasReplicas() throws StartupException {
    Path groups = path.resolve(REPLICAS).resolve("groups");
    if (!Files.exists(groups)) {
      return false;
    }
    try (Stream<Path> replicas = Files.list(groups)) {
      return replicas.findAny().isPresent();
    } catch (IOException unreadable) {
      throw new StartupException("cannot read " + groups + ": " + unreadable, unreadable);
    }
  }

  /** Takes that back, for a node that was refused: its directory is as good as new. */
  public synchronized void forgetJoining() throws StartupException {
    if (node.clusterId().isEmpty()) {
      replace(node.withJoinedBy(Optional.empty()));
    }
  }

  /**
   * Whether this node has, durably, the metadata that made it one of its cluster. One that joined
   * has not at first: what it has of the metadata group until then counts for nothing, and may be
   * of a node that had its id before.
   */
  public boolean hasArrived() {
    return joinedBy().isEmpty() || nodeFile().memberSince().isPresent();
  }

  /**
   * Version of the metadata that made it one; 0 if it began with its cluster or has not arrived.
   */
  public long memberSince() {
    return nodeFile().memberSince().orElse(0L);
  }

  /** Notes, durably, that it has arrived; nothing if that is noted. */
  public synchronized void rememberArrival(long memberSince) throws StartupException {
    if (!node.memberSince().equals(Optional.of(memberSince))) {
      replace(node.withMemberSince(Optional.of(memberSince)));
    }
  }

  /** Notes, durably, that it has not arrived: it is about to begin the metadata group anew. */
  public synchronized void forgetArrival() throws StartupException {
    if (node.memberSince().isPresent()) {
      replace(node.withMemberSince(Optional.empty()));
    }
  }

  /**
   * Notes, durably, that this node is no part of its cluster any more: with this directory it does
   * not start again.
   *
   * @param why for the operator, in one line
   */
  public synchronized void rememberRemoval(String why) throws StartupException {
    replace(node.withRemoved(why));
  }

  private void replace(NodeFile next) throws StartupException {
    try {
      next.write(path);
    } catch (IOException failed) {
      throw new StartupException("cannot write in data directory " + path + ": " + failed, failed);
    }
    node = next;
  }

  /** Lets other processes have the directory. The lock file stays: removing it would race. */
  @Override
  public void close() {
    try {
      lockChannel.close();
    } catch (IOException failed) {
      throw new java.io.UncheckedIOException("cannot release " + path, failed);
    }
  }
}

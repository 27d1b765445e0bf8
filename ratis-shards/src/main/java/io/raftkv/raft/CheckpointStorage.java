package io.raftkv.raft;

import io.raftkv.storage.ShardStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.SnapshotRetentionPolicy;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.impl.FileListSnapshotInfo;

/**
 * Snapshots of one group: RocksDB checkpoints, directories of hard links, named by the log position
 * that they hold. A checkpoint appears under its name only when it is complete and durable, since
 * the log is purged by it.
 *
 * <p>While the latest one is being sent no other is taken ({@link CheckpointHold}). The one before
 * it is kept too. When Ratis installs a snapshot it replaces the whole directory.
 */
final class CheckpointStorage implements StateMachineStorage {
  private static final Pattern NAME = Pattern.compile("checkpoint\\.(\\d+)_(\\d+)");
  private static final String UNFINISHED = "unfinished";
  private static final String DIGEST_SUFFIX = ".md5";
  private static final int KEPT = 2;

  /** How Ratis names the directory that it is about to replace, and what it receives. */
  private static final String REPLACED_SUFFIX = ".tmp";

  private static final String INCOMING_PREFIX = "snapshot-";

  private volatile Path directory;
  private volatile Path incoming;
  private volatile SnapshotInfo latest;

  @Override
  public void init(RaftStorage storage) throws IOException {
    directory = storage.getStorageDir().getStateMachineDir().toPath();
    incoming = storage.getStorageDir().getTmpDir().toPath();
    repair();
    Files.createDirectories(directory);
    DurableFiles.deleteTree(directory.resolve(UNFINISHED));
    refresh();
  }

  /** A crash may leave the directory renamed but not yet replaced. */
  private void repair() throws IOException {
    List<Path> siblings = new ArrayList<>(DurableFiles.list(directory.getParent()));
    Collections.reverse(siblings); // the newest first: their names end with the time
    for (Path sibling : siblings) {
      if (sibling.getFileName().toString().startsWith(directory.getFileName() + REPLACED_SUFFIX)) {
        if (Files.exists(directory)) {
          DurableFiles.deleteTree(sibling);
        } else {
          DurableFiles.move(sibling, directory);
        }
      }
    }
    for (Path received : DurableFiles.list(incoming)) {
      if (received.getFileName().toString().startsWith(INCOMING_PREFIX)
          && !received.equals(arrivingDirectory())) {
        DurableFiles.deleteTree(received);
      }
    }
  }

  /** From where Ratis takes the snapshot that it is to install. */
  Path arrivingDirectory() {
    return incoming.resolve(INCOMING_PREFIX + CheckpointArrivals.REQUEST_ID);
  }

  /** The latest checkpoint; null if there is none. */
  Path latestDirectory() {
    SnapshotInfo known = latest;
    return known == null ? null : directory.resolve(nameOf(known.getTerm(), known.getIndex()));
  }

  /**
   * Looks again for the latest checkpoint, after Ratis has installed one, and makes it durable
   * where it is now: Ratis does not, and then purges the log.
   */
  void refresh() throws IOException {
    DurableFiles.force(directory.getParent());
    List<Path> found = checkpoints();
    latest = found.isEmpty() ? null : describe(found.get(found.size() - 1));
  }

  /** Takes a checkpoint of the store, whose flushed state is at this position. */
  void take(ShardStore store, TermIndex at) throws IOException {
    Path target = directory.resolve(nameOf(at.getTerm(), at.getIndex()));
    if (!Files.exists(target)) {
      Path unfinished = directory.resolve(UNFINISHED);
      DurableFiles.deleteTree(unfinished);
      store.checkpoint(unfinished);
      DurableFiles.forceTreeOfLinks(unfinished);
      DurableFiles.move(unfinished, target);
    }
    latest = describe(target);
  }

  /** Index of the latest checkpoint, -1 if there is none. */
  long latestIndex() {
    SnapshotInfo known = latest;
    return known == null ? -1 : known.getIndex();
  }

  /**
   * Makes {@code live} a copy of the latest checkpoint. Table files never change, so they are
   * linked; the few others are copied. A crash leaves {@code live} as it was, or missing, or new.
   */
  void restoreTo(Path live) throws IOException {
    restoreTo(live, checkpoints());
  }

  /**
   * The same for a replica that has not started, if it has no store yet.
   *
   * @param checkpoints directory of its checkpoints; nothing is done if there are none
   */
  static void restore(Path checkpoints, Path live) throws IOException {
    List<Path> found = checkpoints(checkpoints);
    if (!Files.exists(live) && !found.isEmpty()) {
      restoreTo(live, found);
    }
  }

  private static void restoreTo(Path live, List<Path> found) throws IOException {
    cleanUp(live);
    Path building = building(live);
    copy(found.get(found.size() - 1), building);
    DurableFiles.forceTreeOfLinks(building);
    if (Files.exists(live)) {
      DurableFiles.move(live, replaced(live));
    }
    DurableFiles.move(building, live);
    cleanUp(live);
  }

  /** Makes a copy that shares the table files, in a new directory; does not make it durable. */
  static void copy(Path checkpoint, Path copy) throws IOException {
    Files.createDirectories(copy);
    for (Path file : files(checkpoint)) {
      Path target = copy.resolve(file.getFileName());
      if (file.getFileName().toString().endsWith(DurableFiles.TABLE_SUFFIX)) {
        Files.createLink(target, file);
      } else {
        Files.copy(file, target);
      }
    }
  }

  /** Deletes what a crash during {@link #restoreTo} has left beside {@code live}. */
  static void cleanUp(Path live) throws IOException {
    DurableFiles.deleteTree(building(live));
    DurableFiles.deleteTree(replaced(live));
  }

  private static Path building(Path live) {
    return live.resolveSibling(live.getFileName() + ".restoring");
  }

  private static Path replaced(Path live) {
    return live.resolveSibling(live.getFileName() + ".replaced");
  }

  @Override
  public SnapshotInfo getLatestSnapshot() {
    return latest;
  }

  @Override
  public void format() {
    // Ratis formats the directory itself.
  }

  @Override
  public void cleanupOldSnapshots(SnapshotRetentionPolicy policy) throws IOException {
    keep(KEPT);
  }

  /**
   * For want of space deletes the one before the latest, too, which holds on to the files of what
   * was deleted since. Whoever is just getting it has to begin again, with the latest.
   */
  void keepLatestOnly() throws IOException {
    keep(1);
  }

  private synchronized void keep(int kept) throws IOException {
    List<Path> found = checkpoints();
    for (Path old : found.subList(0, Math.max(0, found.size() - kept))) {
      DurableFiles.deleteTree(old);
    }
  }

  private List<Path> checkpoints() throws IOException {
    return checkpoints(directory);
  }

  private static List<Path> checkpoints(Path directory) throws IOException {
    return DurableFiles.list(directory).stream()
        .filter(path -> NAME.matcher(path.getFileName().toString()).matches())
        .sorted(Comparator.comparingLong(path -> positionOf(path).getIndex()))
        .toList();
  }

  static String nameOf(long term, long index) {
    return "checkpoint." + term + "_" + index;
  }

  static TermIndex positionOf(Path checkpoint) {
    Matcher name = NAME.matcher(checkpoint.getFileName().toString());
    if (!name.matches()) {
      throw new IllegalArgumentException(checkpoint.toString());
    }
    return TermIndex.valueOf(Long.parseLong(name.group(1)), Long.parseLong(name.group(2)));
  }

  private static SnapshotInfo describe(Path checkpoint) throws IOException {
    List<FileInfo> infos = new ArrayList<>();
    for (Path file : files(checkpoint)) {
      infos.add(new FileInfo(file, null)); // Ratis computes the digest while it sends
    }
    return new FileListSnapshotInfo(infos, positionOf(checkpoint));
  }

  /** Files of the store itself; beside them are the digests that Ratis writes when it receives. */
  private static List<Path> files(Path checkpoint) throws IOException {
    return DurableFiles.list(checkpoint).stream()
        .filter(path -> !path.getFileName().toString().endsWith(DIGEST_SUFFIX))
        .toList();
  }
}

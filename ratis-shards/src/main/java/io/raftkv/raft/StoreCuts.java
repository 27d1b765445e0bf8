package io.raftkv.raft;

import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StorePosition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Checkpoints of stores that give slots to new groups, each of the moment from which on they do
 * nothing in those slots any more: what the replicas of the new group begin with. Links to the same
 * files, whatever their size.
 *
 * <p>All replicas that have a cut for a group have the same one, for it is that of one entry of the
 * log. So the new group begins as one whose members have all installed the same snapshot.
 *
 * <p>Thread-safe.
 */
final class StoreCuts {
  private static final String UNFINISHED_SUFFIX = ".unfinished";

  private final Path directory;
  private final Path groups;

  /**
   * @param directory of the cuts
   * @param groups where the directories of groups are
   */
  StoreCuts(Path directory, Path groups) {
    this.directory = directory;
    this.groups = groups;
  }

  /**
   * Cuts the store as it is, durably; while nothing is committed to it. Does nothing if there is a
   * cut for that group.
   */
  synchronized void take(UUID group, ShardStore store) throws IOException {
    Path cut = cut(group);
    if (Files.exists(cut)) {
      return;
    }
    Path building = cut.resolveSibling(cut.getFileName() + UNFINISHED_SUFFIX);
    DurableFiles.deleteTree(building);
    Files.createDirectories(building);
    StorePosition at = store.position();
    try {
      store.checkpoint(building.resolve(CheckpointStorage.nameOf(at.term(), at.index())));
      DurableFiles.forceTree(building);
      DurableFiles.move(building, cut);
    } finally {
      DurableFiles.deleteTree(building); // links would keep the files of what is deleted later
    }
  }

  /** Deletes what a crash has left unfinished; before anything is cut. */
  synchronized void clean() throws IOException {
    for (Path cut : DurableFiles.list(directory)) {
      if (groupOf(cut) == null) {
        DurableFiles.deleteTree(cut);
      }
    }
  }

  private static UUID groupOf(Path cut) {
    try {
      return UUID.fromString(cut.getFileName().toString());
    } catch (IllegalArgumentException unfinished) {
      return null;
    }
  }

  /** The groups for which there are cuts. */
  synchronized Set<UUID> groups() throws IOException {
    Set<UUID> found = new HashSet<>();
    for (Path cut : DurableFiles.list(directory)) {
      UUID group = groupOf(cut);
      if (group != null) {
        found.add(group);
      }
    }
    return found;
  }

  /**
   * Makes the files of a replica that begins with its cut, which is not needed then. Does nothing
   * if there are files of the group.
   *
   * @throws IOException if there is no cut either, or it cannot be done
   */
  synchronized void seed(UUID group) throws IOException {
    Path target = groups.resolve(group.toString());
    if (Files.exists(target)) {
      return;
    }
    List<Path> checkpoints = DurableFiles.list(cut(group));
    if (checkpoints.size() != 1) {
      throw new IOException("no cut for group " + group);
    }
    RaftMetaFiles.beginWith(target, checkpoints.get(0));
    drop(group);
  }

  /** Deletes the cut for a group, if there is one. */
  synchronized void drop(UUID group) throws IOException {
    DurableFiles.deleteTree(cut(group));
  }

  private Path cut(UUID group) {
    return directory.resolve(group.toString());
  }
}

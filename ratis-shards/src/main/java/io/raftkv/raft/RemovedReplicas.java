package io.raftkv.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/**
 * Deletes the files of replicas that are removed for good, whatever happens meanwhile: a mark says
 * so before the first of them is gone, and goes when none is left. Without it a crash in between
 * would leave a replica that has lost its log, but believes to be a voter.
 */
final class RemovedReplicas {
  private final Path marks;
  private final Path groups;
  private final Path stores;

  /**
   * @param marks directory of the marks
   * @param groups directory of the logs and snapshots
   * @param stores directory of the live stores
   */
  RemovedReplicas(Path marks, Path groups, Path stores) {
    this.marks = marks;
    this.groups = groups;
    this.stores = stores;
  }

  /** Whether there is anything of a group to remove. */
  boolean isHere(UUID group) {
    return isMarked(group)
        || Files.exists(groups.resolve(group.toString()))
        || Files.exists(stores.resolve(group.toString()));
  }

  boolean isMarked(UUID group) {
    return Files.exists(mark(group));
  }

  /** From now on the replica is never started again; it may still run. */
  void mark(UUID group, String name) throws IOException {
    Files.createDirectories(marks);
    DurableFiles.force(marks.getParent());
    Files.writeString(mark(group), name);
    DurableFiles.force(mark(group));
    DurableFiles.force(marks);
  }

  /** Deletes what there is of a marked replica, which does not run. */
  void delete(UUID group) throws IOException {
    deleteFiles(group);
    Files.deleteIfExists(mark(group));
    DurableFiles.force(marks);
  }

  /** Deletes what there is of a replica that something else keeps from being started again. */
  void deleteFiles(UUID group) throws IOException {
    Path store = stores.resolve(group.toString());
    CheckpointStorage.cleanUp(store);
    DurableFiles.deleteTree(store);
    DurableFiles.deleteTree(groups.resolve(group.toString()));
    DurableFiles.force(stores);
    DurableFiles.force(groups);
  }

  /** The marks, named by group: of replicas that were perhaps not deleted before a crash. */
  List<Path> left() throws IOException {
    return DurableFiles.list(marks);
  }

  private Path mark(UUID group) {
    return marks.resolve(group.toString());
  }
}

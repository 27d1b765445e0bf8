package io.raftkv.raft;

import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StorageException;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreMerge;
import io.raftkv.storage.StorePosition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checkpoints of stores that give slots to new groups, each of the moment from which on they do
 * nothing in those slots any more: what the replicas of the new group begin with. Links to the same
 * files, whatever their size.
 *
 * <p>All replicas that have a cut for a group have the same one, for it is that of one entry of the
 * log. So the new group begins as one whose members have all installed the same snapshot; also if
 * it is made of the cuts of several groups, which does not depend on how their files look.
 *
 * <p>Thread-safe.
 */
final class StoreCuts {
  private static final Logger LOG = LoggerFactory.getLogger(StoreCuts.class);
  private static final String UNFINISHED_SUFFIX = ".unfinished";

  /** Of the directory in which the cuts for a group are merged. */
  private static final String MERGING_SUFFIX = ".merging";

  private final Path directory;
  private final Path groups;
  private final StoreEnvironment environment;

  /** Held while stores are open that are merged. */
  private final Object merging = new Object();

  private volatile boolean closed;

  /**
   * @param directory of the cuts
   * @param groups where the directories of groups are
   * @param environment of stores that are merged
   */
  StoreCuts(Path directory, Path groups, StoreEnvironment environment) {
    this.directory = directory;
    this.groups = groups;
    this.environment = environment;
  }

  /**
   * Cuts the store as it is, durably; while nothing is committed to it. Does nothing if there is a
   * cut of it for that group.
   *
   * @param source the group of the store
   */
  synchronized void take(UUID group, UUID source, ShardStore store) throws IOException {
    Path cut = cut(group, source);
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
      DurableFiles.force(directory);
    } finally {
      DurableFiles.deleteTree(building); // links would keep the files of what is deleted later
    }
  }

  /** Deletes what a crash has left unfinished; before anything is cut. */
  synchronized void clean() throws IOException {
    for (Path cuts : DurableFiles.list(directory)) {
      if (groupOf(cuts) == null) {
        DurableFiles.deleteTree(cuts);
        continue;
      }
      for (Path cut : DurableFiles.list(cuts)) {
        if (groupOf(cut) == null) {
          DurableFiles.deleteTree(cut);
        }
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

  /** The groups for which there are cuts, each with those that were cut. */
  synchronized Map<UUID, Set<UUID>> sources() throws IOException {
    Map<UUID, Set<UUID>> found = new HashMap<>();
    for (Path cuts : DurableFiles.list(directory)) {
      UUID group = groupOf(cuts);
      if (group != null) {
        Set<UUID> sources = new HashSet<>();
        for (Path cut : DurableFiles.list(cuts)) {
          UUID source = groupOf(cut);
          if (source != null) {
            sources.add(source);
          }
        }
        found.put(group, sources);
      }
    }
    return found;
  }

  /**
   * Makes the files of a replica that begins with its cuts, which are not needed then. Does nothing
   * if there are files of the group. With several cuts it takes as long as it takes to copy all but
   * the first one, and holds up nobody else but those who merge.
   *
   * @param sources the groups that were cut; of the first one the files become the new replica's
   * @param wanted asked now and then; false if nobody wants it any more
   * @throws IOException if there are no such cuts either, or it cannot be done
   */
  void seed(UUID group, List<UUID> sources, BooleanSupplier wanted) throws IOException {
    Path target = groups.resolve(group.toString());
    if (Files.exists(target)) {
      return;
    }
    if (sources.size() == 1) {
      begin(target, checkpoint(group, sources.get(0)));
      drop(group);
      return;
    }
    Path work = directory.resolve(group + MERGING_SUFFIX);
    synchronized (merging) {
      if (Files.exists(target)) {
        return;
      }
      DurableFiles.deleteTree(work);
      try {
        begin(target, merged(group, sources, work, () -> !closed && wanted.getAsBoolean()));
        drop(group);
      } catch (IllegalArgumentException | StorageException failed) {
        throw new IOException("cannot merge stores for group " + group, failed);
      } finally {
        DurableFiles.deleteTree(work);
      }
    }
  }

  /** Ends what is being merged, and merges nothing any more. */
  void close() {
    closed = true;
    synchronized (merging) {
      LOG.debug("no stores are being merged any more");
    }
  }

  private synchronized void begin(Path target, Path checkpoint) throws IOException {
    RaftMetaFiles.beginWith(target, checkpoint);
  }

  private Path checkpoint(UUID group, UUID source) throws IOException {
    List<Path> checkpoints = DurableFiles.list(cut(group, source));
    if (checkpoints.size() != 1) {
      throw new IOException("no cut of group " + source + " for group " + group);
    }
    return checkpoints.get(0);
  }

  /** A checkpoint of all cuts together. They are opened as copies: to open a store changes it. */
  private Path merged(UUID group, List<UUID> sources, Path work, BooleanSupplier wanted)
      throws IOException {
    List<ShardStore> stores = new ArrayList<>();
    try {
      for (UUID source : sources) {
        if (!wanted.getAsBoolean()) {
          throw new IOException("stores are not to be merged any more for group " + group);
        }
        Path copy = work.resolve(source.toString());
        CheckpointStorage.copy(checkpoint(group, source), copy);
        stores.add(ShardStore.open(copy, environment));
      }
      Path unnamed = work.resolve("merged");
      StorePosition at = StoreMerge.merge(stores, unnamed, wanted);
      Path named = work.resolve(CheckpointStorage.nameOf(at.term(), at.index()));
      Files.move(unnamed, named);
      return named;
    } finally {
      stores.forEach(ShardStore::close);
    }
  }

  /** Deletes the cuts for a group, if there are any. */
  synchronized void drop(UUID group) throws IOException {
    DurableFiles.deleteTree(directory.resolve(group.toString()));
  }

  private Path cut(UUID group, UUID source) {
    return directory.resolve(group.toString()).resolve(source.toString());
  }
}

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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BooleanSupplier;
import org.apache.ratis.server.protocol.TermIndex;
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
 * <p>Each cut is the directory of a group's replica from the beginning: to begin with one takes a
 * new name.
 *
 * <p>Thread-safe.
 */
final class StoreCuts {
  private static final Logger LOG = LoggerFactory.getLogger(StoreCuts.class);
  private static final String UNFINISHED_SUFFIX = ".unfinished";

  /** Of the directory in which the cuts for a group are merged, or copied for it. */
  private static final String MERGING_SUFFIX = ".merging";

  /** Of the directory of cuts that are being deleted. */
  private static final String DROPPED_SUFFIX = ".dropped";

  private final Path directory;
  private final StoreEnvironment environment;

  /** The sources of complete cuts, by target: who asks must not wait for a disk. */
  private final Map<UUID, Set<UUID>> sources = new ConcurrentHashMap<>();

  /** Stores may be cut at the same time, but not while cuts go. */
  private final ReadWriteLock lock = new ReentrantReadWriteLock();

  /** Held while stores are open that are merged. */
  private final Object merging = new Object();

  private volatile boolean closed;

  /**
   * @param directory of the cuts
   * @param environment of stores that are merged
   */
  StoreCuts(Path directory, StoreEnvironment environment) {
    this.directory = directory;
    this.environment = environment;
  }

  /**
   * Cuts the store as it is, durably; while nothing is committed to it. Does nothing if there is a
   * cut of it for that group. One call at a time for each source.
   *
   * @param source the group of the store
   */
  void take(UUID group, UUID source, ShardStore store) throws IOException {
    lock.readLock().lock();
    try {
      Path cut = cut(group, source);
      if (Files.exists(cut)) {
        return;
      }
      Path building = cut.resolveSibling(cut.getFileName() + UNFINISHED_SUFFIX);
      DurableFiles.deleteTree(building);
      try {
        StorePosition at = store.position();
        store.checkpoint(RaftMetaFiles.layOut(building, at.term(), at.index()));
        DurableFiles.forceTreeOfLinks(building);
        DurableFiles.move(building, cut);
        DurableFiles.force(directory);
      } finally {
        DurableFiles.deleteTree(building); // links would keep the files of what is deleted later
      }
      sources.computeIfAbsent(group, any -> ConcurrentHashMap.newKeySet()).add(source);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Deletes what a crash has left unfinished, and finds the rest; before anything is cut. */
  void clean() throws IOException {
    for (Path cuts : DurableFiles.list(directory)) {
      UUID group = groupOf(cuts);
      if (group == null) {
        DurableFiles.deleteTree(cuts);
        continue;
      }
      Set<UUID> complete = ConcurrentHashMap.newKeySet();
      for (Path cut : DurableFiles.list(cuts)) {
        UUID source = groupOf(cut);
        if (source == null) {
          DurableFiles.deleteTree(cut);
        } else {
          complete.add(source);
        }
      }
      if (complete.isEmpty()) {
        Files.delete(cuts);
      } else {
        sources.put(group, complete);
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

  /** The groups for which there are cuts, each with those that were cut. Never blocks. */
  Map<UUID, Set<UUID>> sources() {
    Map<UUID, Set<UUID>> found = new HashMap<>();
    sources.forEach((group, of) -> found.put(group, Set.copyOf(of)));
    return found;
  }

  /**
   * The directory of a replica that begins with its cuts, durable, for {@link #takeOver}; {@link
   * #discard} it in any case. With several cuts it takes as long as it takes to copy all but the
   * first one, and holds up nobody else but those who merge.
   *
   * @param sources the groups that were cut; of the first one the files become the new replica's
   * @param wanted asked now and then; false if nobody wants it any more
   * @throws IOException if there are no such cuts, or it cannot be done
   */
  Path prepare(UUID group, List<UUID> sources, BooleanSupplier wanted) throws IOException {
    if (sources.size() == 1) {
      checkpoint(group, sources.get(0));
      return cut(group, sources.get(0));
    }
    synchronized (merging) {
      discard(group);
      try {
        return merged(group, sources, work(group), () -> !closed && wanted.getAsBoolean());
      } catch (IllegalArgumentException | StorageException failed) {
        throw new IOException("cannot merge stores for group " + group, failed);
      }
    }
  }

  /**
   * The directory of a replica of another group that begins with the same cut, durable, for {@link
   * #takeOver}; {@link #discard} it in any case. It shares the tables with the cut, which stays.
   *
   * @param group that the cut was made for
   * @param source the group that was cut
   * @param other the group of the replica
   * @throws IOException if there is no such cut, or it cannot be done
   */
  Path copy(UUID group, UUID source, UUID other) throws IOException {
    Path checkpoint = checkpoint(group, source);
    discard(other);
    Path made = work(other);
    TermIndex at = CheckpointStorage.positionOf(checkpoint);
    CheckpointStorage.copy(checkpoint, RaftMetaFiles.layOut(made, at.getTerm(), at.getIndex()));
    DurableFiles.forceTreeOfLinks(made);
    return made;
  }

  /**
   * Makes what was prepared the directory of its group, as one step; the cuts are not needed then.
   *
   * @param target of the group, which does not exist
   */
  void takeOver(Path prepared, Path target) throws IOException {
    lock.writeLock().lock();
    try {
      DurableFiles.move(prepared, target);
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Deletes what is left of what was prepared for a group, but for the cuts themselves. */
  void discard(UUID group) throws IOException {
    DurableFiles.deleteTree(work(group));
  }

  /** Deletes the cuts for a group, if there are any. */
  void drop(UUID group) throws IOException {
    Path cuts = directory.resolve(group.toString());
    // Who waits for the lock waits for no file to go; what cannot be deleted goes at the next
    // start.
    Path dropped = directory.resolve(group + DROPPED_SUFFIX + UUID.randomUUID());
    lock.writeLock().lock();
    try {
      if (Files.exists(cuts)) {
        Files.move(cuts, dropped);
      }
      sources.remove(group);
    } finally {
      lock.writeLock().unlock();
    }
    DurableFiles.deleteTree(dropped);
  }

  /** Ends what is being merged, and merges nothing any more. */
  void close() {
    closed = true;
    synchronized (merging) {
      LOG.debug("no stores are being merged any more");
    }
  }

  private Path checkpoint(UUID group, UUID source) throws IOException {
    List<Path> checkpoints = DurableFiles.list(RaftMetaFiles.checkpoints(cut(group, source)));
    if (checkpoints.size() != 1) {
      throw new IOException("no cut of group " + source + " for group " + group);
    }
    return checkpoints.get(0);
  }

  /** A replica of all cuts together. They are opened as copies: to open a store changes it. */
  private Path merged(UUID group, List<UUID> sources, Path work, BooleanSupplier wanted)
      throws IOException {
    Path made = work.resolve("merged");
    try (OpenStores stores = new OpenStores()) {
      for (UUID source : sources) {
        if (!wanted.getAsBoolean()) {
          throw new IOException("stores are not to be merged any more for group " + group);
        }
        Path copy = work.resolve(source.toString());
        CheckpointStorage.copy(checkpoint(group, source), copy);
        stores.opened.add(ShardStore.open(copy, environment));
      }
      StorePosition at = StoreMerge.merge(stores.opened, work.resolve("rows"), wanted);
      Path checkpoint = RaftMetaFiles.layOut(made, at.term(), at.index());
      Files.move(work.resolve("rows"), checkpoint);
      DurableFiles.forceTreeOfLinks(made);
    }
    return made;
  }

  /** All of them are closed, though one may fail. */
  private static final class OpenStores implements AutoCloseable {
    private final List<ShardStore> opened = new ArrayList<>();

    @Override
    public void close() {
      RuntimeException first = null;
      for (ShardStore store : opened) {
        try {
          store.close();
        } catch (RuntimeException failed) {
          if (first == null) {
            first = failed;
          } else {
            first.addSuppressed(failed);
          }
        }
      }
      if (first != null) {
        throw first;
      }
    }
  }

  private Path cut(UUID group, UUID source) {
    return directory.resolve(group.toString()).resolve(source.toString());
  }

  private Path work(UUID group) {
    return directory.resolve(group + MERGING_SUFFIX);
  }
}

package io.raftkv.raft;

import io.raftkv.raft.CheckpointCodec.Has;
import io.raftkv.raft.CheckpointCodec.Refusal;
import io.raftkv.raft.CheckpointCodec.Transfer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of the one checkpoint that a replica is just receiving. What has arrived outlives a
 * break and the end of the process: the leader asks what is there, file by file, and sends the
 * rest. A file that is whole is on the disk, and its digest is that of what was read back from
 * there: the leader compares it with its own.
 *
 * <p>The directory is the one that Ratis renames when it installs a snapshot. From {@link
 * #beginInstall} to {@link #endInstall} nothing in it changes.
 *
 * <p>A file that is the same as one of the replica's own last checkpoint is linked. So a whole file
 * is never written to: it is only replaced.
 *
 * <p>Thread-safe. Most calls wait for the disk.
 */
final class CheckpointArrivals {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointArrivals.class);

  /** Where Ratis looks for what it is to install, by the id of its request. */
  static final String REQUEST_ID = "arriving";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}");
  private static final String PART_SUFFIX = ".part";

  /** Why a request is not served. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;
    private final Refusal why;

    RefusedException(Refusal why, String detail) {
      super(detail);
      this.why = why;
    }

    Refusal why() {
      return why;
    }
  }

  private record Expected(Transfer transfer, Map<String, Long> files) {}

  private final Path directory;
  private final Supplier<Path> ownCheckpoint;

  /** Names this replica, since it was started. */
  private final UUID receiver = UUID.randomUUID();

  private final ReentrantLock lock = new ReentrantLock();

  /** Of the files that are whole, as far as they were read since the start; guarded by the lock. */
  private final Map<String, String> digests = new HashMap<>();

  /** Null before a leader has begun; guarded by the lock. */
  private Expected expected;

  /** Guarded by the lock. */
  private boolean installing;

  /** Guarded by the lock. */
  private boolean closed;

  /**
   * @param directory what arrives; nobody else uses it
   * @param ownCheckpoint the replica's latest one, on the same file system; null if there is none
   */
  CheckpointArrivals(Path directory, Supplier<Path> ownCheckpoint) {
    this.directory = directory;
    this.ownCheckpoint = ownCheckpoint;
  }

  /**
   * These files are about to come. Keeps what is there of them, and deletes the rest.
   *
   * @param transfer whose receiver does not matter
   * @param files bytes of each, by name
   * @param room how many bytes may still come; if it is too little for the rest, nothing stays
   * @return who receives them
   */
  UUID begin(Transfer transfer, Map<String, Long> files, LongSupplier room) throws IOException {
    files.forEach(CheckpointArrivals::requireSound);
    return locked(
        () -> {
          requireIdle();
          if (expected != null && transfer.term() < expected.transfer.term()) {
            throw new RefusedException(Refusal.OTHER_TERM, "a later leader has begun");
          }
          Transfer ours =
              new Transfer(
                  transfer.group(),
                  transfer.term(),
                  transfer.checkpointTerm(),
                  transfer.checkpointIndex(),
                  receiver);
          expected = null;
          makeRoomFor(ours, files);
          requireRoom(ours, files, room);
          expected = new Expected(ours, Map.copyOf(files));
          return receiver;
        });
  }

  private static void requireSound(String name, long bytes) {
    if (!NAME.matcher(name).matches() || name.endsWith(PART_SUFFIX) || bytes < 0) {
      throw new IllegalArgumentException("no file of a checkpoint: " + name + " of " + bytes);
    }
  }

  private void makeRoomFor(Transfer transfer, Map<String, Long> files) throws IOException {
    Path target = checkpoint(transfer);
    for (Path other : DurableFiles.list(directory)) {
      if (!other.equals(target)) {
        if (Files.exists(target)) {
          DurableFiles.deleteTree(other);
        } else {
          Files.move(other, target); // checkpoints of one leader have most files in common
          deleteParts(target);
        }
      }
    }
    Files.createDirectories(target);
    for (Path file : DurableFiles.list(target)) {
      String name = file.getFileName().toString();
      boolean part = name.endsWith(PART_SUFFIX);
      Long bytes = files.get(part ? name.substring(0, name.length() - PART_SUFFIX.length()) : name);
      long there = Files.size(file);
      if (bytes == null || (part ? there > bytes : there != bytes)) {
        Files.delete(file);
        digests.remove(name);
      }
    }
    digests.keySet().retainAll(files.keySet());
  }

  /** What cannot become whole would only keep the room from what can be written there. */
  private void requireRoom(Transfer transfer, Map<String, Long> files, LongSupplier room)
      throws IOException {
    Path target = checkpoint(transfer);
    long missing = 0;
    for (Map.Entry<String, Long> file : files.entrySet()) {
      String name = file.getKey();
      if (!Files.exists(target.resolve(name)) && !hasOwn(name, file.getValue())) {
        missing += file.getValue() - target.resolve(name + PART_SUFFIX).toFile().length();
      }
    }
    if (missing > room.getAsLong()) {
      digests.clear();
      DurableFiles.deleteTree(target);
      throw new RefusedException(
          Refusal.NO_SPACE, "the disk has no room for " + missing + " bytes more");
    }
  }

  private static void deleteParts(Path of) throws IOException {
    for (Path file : DurableFiles.list(of)) {
      if (file.getFileName().toString().endsWith(PART_SUFFIX)) {
        Files.delete(file);
      }
    }
  }

  /** What is there of a file that is expected. */
  Has have(Transfer transfer, String name) throws IOException {
    return locked(
        () -> {
          requireExpected(transfer, name);
          return have(name);
        });
  }

  private Has have(String name) throws IOException {
    Path whole = whole(name);
    long bytes = expected.files.get(name);
    if (!Files.exists(whole)) {
      long there = sizeOfPart(name);
      if (there > 0 || !linkOwn(name, bytes)) {
        return there > 0 && there == bytes ? complete(name) : new Has(there, "");
      }
    }
    return new Has(bytes, digest(name));
  }

  private String digest(String name) throws IOException {
    String known = digests.get(name);
    if (known == null) {
      known = FileDigest.of(whole(name));
      digests.put(name, known);
    }
    return known;
  }

  private boolean linkOwn(String name, long bytes) throws IOException {
    if (!hasOwn(name, bytes)) {
      return false;
    }
    Files.createLink(whole(name), ownCheckpoint.get().resolve(name));
    return true;
  }

  private boolean hasOwn(String name, long bytes) throws IOException {
    Path own = ownCheckpoint.get();
    Path file = own == null ? null : own.resolve(name);
    return file != null && name.endsWith(".sst") && Files.exists(file) && Files.size(file) == bytes;
  }

  /**
   * Adds to a file what follows all that is there of it; at 0 the file begins anew. Does nothing if
   * something else is there than the leader believes.
   *
   * @return what is there now
   */
  Has write(Transfer transfer, String name, long offset, byte[] bytes) throws IOException {
    return locked(
        () -> {
          requireExpected(transfer, name);
          long total = expected.files.get(name);
          if (offset < 0 || offset + bytes.length > total) {
            throw new IllegalArgumentException(
                "%d bytes at %d of %s, which has %d".formatted(bytes.length, offset, name, total));
          }
          if (offset == 0) {
            forget(name);
          } else if (Files.exists(whole(name)) || sizeOfPart(name) != offset) {
            return have(name);
          }
          append(part(name), bytes);
          return offset + bytes.length == total
              ? complete(name)
              : new Has(offset + bytes.length, "");
        });
  }

  private void forget(String name) throws IOException {
    digests.remove(name);
    Files.deleteIfExists(whole(name)); // it may be linked to: never to be written to
    Files.deleteIfExists(part(name));
  }

  private static void append(Path file, byte[] bytes) throws IOException {
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      ByteBuffer left = ByteBuffer.wrap(bytes);
      while (left.hasRemaining()) {
        out.write(left);
      }
    }
  }

  private Has complete(String name) throws IOException {
    DurableFiles.force(part(name));
    DurableFiles.move(part(name), whole(name));
    return new Has(expected.files.get(name), digest(name));
  }

  /**
   * From now on nothing changes here, until {@link #endInstall}.
   *
   * @param digest of all files, as the leader has them
   * @throws RefusedException if these are not the files that are here
   */
  void beginInstall(Transfer transfer, String digest) throws IOException {
    locked(
        () -> {
          requireTransfer(transfer);
          if (!digests.keySet().equals(expected.files.keySet())
              || !FileDigest.ofAll(digests).equals(digest)) {
            throw new RefusedException(Refusal.OTHER_TRANSFER, "not all files are there");
          }
          Path files = checkpoint(expected.transfer);
          deleteParts(files);
          DurableFiles.force(files);
          DurableFiles.force(directory);
          DurableFiles.force(directory.getParent());
          installing = true;
          return null;
        });
  }

  /** Ratis has taken the files away, or they are to stay. */
  void endInstall() {
    lock.lock();
    try {
      installing = false;
      if (!Files.exists(directory)) {
        expected = null;
        digests.clear();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Deletes what nobody will install, since the replica has all of it. While it is in use, or if it
   * cannot be done, it is left to the next call.
   */
  void dropUpTo(long index) {
    if (!lock.tryLock()) {
      return;
    }
    try {
      for (Path arriving : installing ? List.<Path>of() : DurableFiles.list(directory)) {
        if (CheckpointStorage.positionOf(arriving).getIndex() <= index) {
          LOG.info("what has arrived of a checkpoint is not needed any more: {}", arriving);
          expected = null;
          digests.clear();
          DurableFiles.deleteTree(arriving);
        }
      }
    } catch (IOException
        | IllegalArgumentException failed) { // also for a file that is none of ours
      LOG.warn("what has arrived of a checkpoint cannot be deleted: {}", directory, failed);
    } finally {
      lock.unlock();
    }
  }

  /** Bytes that have arrived and are not installed. Waits for nobody who receives some. */
  long bytes() throws IOException {
    long bytes = 0;
    for (Path arriving : DurableFiles.list(directory)) {
      for (Path file : DurableFiles.list(arriving)) {
        bytes += file.toFile().length(); // 0 if it is renamed just now
      }
    }
    return bytes;
  }

  /** The replica has stopped: nothing is written for it any more when this returns. */
  void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
  }

  @FunctionalInterface
  private interface Work<T> {
    T run() throws IOException;
  }

  private <T> T locked(Work<T> work) throws IOException {
    lock.lock();
    try {
      if (closed) {
        throw new RefusedException(Refusal.NOT_OPEN, "the replica has stopped");
      }
      return work.run();
    } finally {
      lock.unlock();
    }
  }

  private void requireIdle() throws RefusedException {
    if (installing) {
      throw new RefusedException(Refusal.BUSY, "a checkpoint is being installed");
    }
  }

  private void requireTransfer(Transfer transfer) throws RefusedException {
    requireIdle();
    if (expected == null || !expected.transfer.equals(transfer)) {
      throw new RefusedException(Refusal.OTHER_TRANSFER, "not begun");
    }
  }

  private void requireExpected(Transfer transfer, String name) throws RefusedException {
    requireTransfer(transfer);
    if (!expected.files.containsKey(name)) {
      throw new IllegalArgumentException("not a file of this checkpoint: " + name);
    }
  }

  private Path checkpoint(Transfer transfer) {
    return directory.resolve(
        CheckpointStorage.nameOf(transfer.checkpointTerm(), transfer.checkpointIndex()));
  }

  private Path whole(String name) {
    return checkpoint(expected.transfer).resolve(name);
  }

  private Path part(String name) {
    return checkpoint(expected.transfer).resolve(name + PART_SUFFIX);
  }

  private long sizeOfPart(String name) throws IOException {
    Path part = part(name);
    return Files.exists(part) ? Files.size(part) : 0;
  }
}

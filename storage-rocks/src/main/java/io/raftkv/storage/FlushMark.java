package io.raftkv.storage;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A small file beside RocksDB's that tells what surely is on disk. The Raft log is purged up to a
 * flushed index, so a store must never come back older than that; RocksDB, though, takes a manifest
 * whose end is missing for a crash while writing it and silently goes back.
 *
 * @param index the applied index that a flush has made durable
 * @param manifest RocksDB's manifest at that time, by name
 * @param manifestBytes its length at that time, 0 if it was just being replaced
 */
record FlushMark(long index, String manifest, long manifestBytes) {
  private static final String FILE = "FLUSHED";
  private static final String HEADER = "raftkv-flushed 1";
  private static final int LINES = 4;

  /** The mark to write after a flush of the database in {@code directory}. */
  static FlushMark of(Path directory, String manifest, long index) {
    try {
      return new FlushMark(index, manifest, Files.size(directory.resolve(manifest)));
    } catch (IOException replaced) {
      return new FlushMark(index, manifest, 0);
    }
  }

  /** The mark in {@code directory}, or null if there is none. */
  static FlushMark read(Path directory) {
    Path file = directory.resolve(FILE);
    if (!Files.exists(file)) {
      return null;
    }
    try {
      List<String> lines = Files.readAllLines(file, US_ASCII);
      if (lines.size() == LINES && lines.get(0).equals(HEADER)) {
        return new FlushMark(
            Long.parseLong(lines.get(1)), lines.get(2), Long.parseLong(lines.get(3)));
      }
      throw damaged(directory, FILE, "unknown content");
    } catch (NumberFormatException e) {
      throw damaged(directory, FILE, "not a number");
    } catch (IOException e) {
      throw new StorageException("cannot read " + file, e);
    }
  }

  /** Replaces the mark in {@code directory} as a whole; durable on return. */
  void write(Path directory) {
    String content =
        String.join("\n", HEADER, Long.toString(index), manifest, Long.toString(manifestBytes), "");
    DurableMark.write(directory, FILE, content.getBytes(US_ASCII));
  }

  /**
   * Before RocksDB opens and replaces its manifest: the one in use must not have become shorter.
   */
  void checkManifest(Path directory, String manifestInUse) {
    if (!manifest.equals(manifestInUse)) {
      return;
    }
    Path file = directory.resolve(manifest);
    try {
      if (Files.size(file) < manifestBytes) {
        throw damaged(
            directory, manifest, Files.size(file) + " bytes left of at least " + manifestBytes);
      }
    } catch (IOException e) {
      throw new CorruptStoreException("store %s misses %s".formatted(directory, manifest), e);
    }
  }

  /** After RocksDB opened: the store must not have gone back. */
  void checkIndex(Path directory, long appliedIndex) {
    if (appliedIndex < index) {
      throw damaged(
          directory,
          manifest,
          "it leads to index %d, but %d was flushed".formatted(appliedIndex, index));
    }
  }

  private static CorruptStoreException damaged(Path directory, String file, String what) {
    return new CorruptStoreException(
        "store %s is damaged in %s: %s".formatted(directory, file, what));
  }
}

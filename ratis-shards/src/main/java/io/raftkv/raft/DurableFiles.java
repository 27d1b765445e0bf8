package io.raftkv.raft;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Changes of files and directories that survive a loss of power. */
final class DurableFiles {
  /** Of the files of a store that RocksDB makes durable itself, and never changes. */
  static final String TABLE_SUFFIX = ".sst";

  private DurableFiles() {}

  /** Makes a file's content, or a directory's entries, durable. */
  static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Makes a directory with all that is below it durable. */
  static void forceTree(Path root) throws IOException {
    for (Path path : tree(root)) {
      force(path);
    }
  }

  /**
   * The same of a directory with a store, whose tables are links to files that are durable already:
   * so it takes no longer if there are many of those. Their new names are durable with the
   * directories.
   */
  static void forceTreeOfLinks(Path root) throws IOException {
    for (Path path : tree(root)) {
      if (!path.getFileName().toString().endsWith(TABLE_SUFFIX)) {
        force(path);
      }
    }
  }

  /** Renames within a file system, as one step. */
  static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    force(to.getParent());
  }

  /** Deletes a directory with all that is below it, if it exists. */
  static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    for (Path path : tree(root)) {
      Files.deleteIfExists(path);
    }
  }

  /** Entries of a directory by name; none if it does not exist. */
  static List<Path> list(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.sorted().toList();
    }
  }

  /** Children before their parents. */
  private static List<Path> tree(Path root) throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      return paths.sorted(Comparator.reverseOrder()).toList();
    }
  }
}

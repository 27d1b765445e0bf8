package io.raftkv.raft;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.Set;

/** How many bytes the files below some directories have. */
final class DiskUsage extends SimpleFileVisitor<Path> {
  private final Set<Object> counted = new HashSet<>();
  private long bytes;

  private DiskUsage() {}

  /**
   * The lengths of all files, each once, whatever the number of its links; directories that do not
   * exist, and files that go meanwhile, have none.
   */
  static long of(Path... directories) throws IOException {
    DiskUsage usage = new DiskUsage();
    for (Path directory : directories) {
      Files.walkFileTree(directory, usage);
    }
    return usage.bytes;
  }

  @Override
  public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
    Object inode = attributes.fileKey(); // null where the file system has none
    if (inode == null || counted.add(inode)) {
      bytes += attributes.size();
    }
    return FileVisitResult.CONTINUE;
  }

  @Override
  public FileVisitResult visitFileFailed(Path file, IOException failed) throws IOException {
    return skipIfGone(failed);
  }

  @Override
  public FileVisitResult postVisitDirectory(Path directory, IOException failed) throws IOException {
    return skipIfGone(failed);
  }

  private static FileVisitResult skipIfGone(IOException failed) throws IOException {
    if (failed != null && !(failed instanceof NoSuchFileException)) {
      throw failed;
    }
    return FileVisitResult.CONTINUE;
  }
}

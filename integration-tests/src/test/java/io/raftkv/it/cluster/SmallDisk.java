package io.raftkv.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file system of a few megabytes, in memory, that can be filled up. Needs root. */
public final class SmallDisk implements AutoCloseable {
  private static final int CHUNK_BYTES = 1 << 16;

  private final Path directory;
  private final Path ballast;
  private final Thread cleanup = new Thread(this::unmount, "unmount a small disk");

  private SmallDisk(Path directory) {
    this.directory = directory;
    this.ballast = directory.resolve("ballast");
  }

  /** Why there can be none here, or null. */
  static String unavailable() {
    try {
      Path probe = Files.createTempDirectory("raftkv-disk");
      try {
        if (!mount(probe, 1)) {
          return "mounting is not permitted";
        }
        Shell.run("umount", probe.toString());
        return null;
      } finally {
        Files.delete(probe);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean mount(Path directory, int megabytes) {
    return Shell.succeeds(
        "mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "raftkv-it", directory.toString());
  }

  /** Mounts one. Only after {@link #unavailable} said null. */
  static SmallDisk create(Path directory, int megabytes) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (!mount(directory, megabytes)) {
      throw new IllegalStateException("cannot mount " + directory);
    }
    SmallDisk disk = new SmallDisk(directory);
    Runtime.getRuntime().addShutdownHook(disk.cleanup);
    return disk;
  }

  public long freeBytes() {
    try {
      return Files.getFileStore(directory).getUsableSpace();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes space until no more than this is free, or as much as there is. */
  public void fillUpTo(long leftBytes) {
    try (FileChannel file =
        FileChannel.open(
            ballast,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.APPEND)) {
      for (long free = freeBytes(); free > leftBytes; free = freeBytes()) {
        file.write(ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, free - leftBytes)));
      }
    } catch (IOException full) {
      if (freeBytes() > 0) {
        throw new UncheckedIOException(full); // else somebody else took the rest: it is full
      }
    }
  }

  /** Gives back what {@link #fillUpTo} has taken. */
  public void release() {
    try {
      Files.deleteIfExists(ballast);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void unmount() {
    Shell.succeeds("umount", "-l", directory.toString());
  }

  /** Unmounts it; what it held is gone. */
  @Override
  public void close() {
    unmount();
    Runtime.getRuntime().removeShutdownHook(cleanup);
  }
}

package io.raftkv.it;

import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds files of a node that is down, and damages them. */
final class DataFiles {
  private static final String METADATA_GROUP =
      UUID.nameUUIDFromBytes("raftkv-metadata".getBytes(StandardCharsets.US_ASCII)).toString();

  private DataFiles() {}

  /**
   * The largest file of a shard whose path ends in the pattern; that there is one is the caller's
   * business.
   */
  static Path largest(TestNode node, String pattern) {
    Pattern wanted = Pattern.compile(".*" + pattern);
    try (Stream<Path> files = Files.walk(node.dataDirectory())) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.toString().contains(METADATA_GROUP))
          .filter(file -> wanted.matcher(file.toString()).matches())
          .max(Comparator.comparingLong(file -> file.toFile().length()))
          .orElseThrow(() -> new IllegalStateException("no file " + pattern));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Changes one byte of the file. */
  static void flip(Path file, long at) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      bytes[Math.toIntExact(at)] ^= 0x55;
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

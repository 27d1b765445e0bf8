package io.raftkv.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What the tests of stores share. */
final class TestStores {
  private static final int COPY_ATTEMPTS = 1_000;
  private static final long MIB = 1L << 20;

  static final StoreOptions OPTIONS = new StoreOptions(8 * MIB, 2 * MIB, 16 * MIB, 64, 2);

  private TestStores() {}

  static StoreEnvironment environment() {
    return new StoreEnvironment(OPTIONS);
  }

  static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  static String text(byte[] bytes) {
    return bytes == null ? null : new String(bytes, UTF_8);
  }

  /** Commits one entry with one row. */
  static void put(ShardStore store, long index, Family family, String row, String value) {
    try (StoreBatch batch = store.begin(0)) {
      batch.put(family, bytes(row), bytes(value));
      batch.commit(1, index);
    }
  }

  static String get(ShardStore store, Family family, String row) {
    return store.query(view -> text(view.get(family, bytes(row))));
  }

  /**
   * What a crash leaves: the files as they are, without what is only in memory. Copied again if
   * RocksDB's background work changed files meanwhile, for a crash leaves one moment.
   */
  static void crashCopy(Path store, Path target) throws IOException {
    for (int attempt = 0; attempt < COPY_ATTEMPTS; attempt++) {
      Map<String, Long> before = sizes(store);
      try {
        Files.createDirectories(target);
        for (String name : before.keySet()) {
          Files.copy(store.resolve(name), target.resolve(name));
        }
        if (sizes(store).equals(before)) {
          return;
        }
      } catch (NoSuchFileException changed) {
        assertThat(sizes(store)).isNotEqualTo(before);
      }
      for (Path file : files(target)) {
        Files.delete(file);
      }
    }
    throw new AssertionError("files of " + store + " never stood still");
  }

  private static Map<String, Long> sizes(Path store) throws IOException {
    Map<String, Long> sizes = new TreeMap<>();
    for (Path file : files(store)) {
      String name = file.getFileName().toString();
      if (!name.equals("LOCK") && !name.startsWith("LOG")) {
        sizes.put(name, file.toFile().length());
      }
    }
    return sizes;
  }

  static List<Path> files(Path store) throws IOException {
    try (Stream<Path> files = Files.list(store)) {
      return files.sorted().toList();
    }
  }
}

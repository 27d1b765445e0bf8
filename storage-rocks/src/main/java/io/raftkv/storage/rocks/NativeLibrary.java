package io.raftkv.storage.rocks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.RocksDB;

/**
 * RocksDB's native library. It comes in a jar, and RocksDB writes it to a file to load it, which it
 * deletes when the process ends in order: one that is killed would leave 17 MB among the temporary
 * files each time. Nobody needs the file once it is loaded.
 */
final class NativeLibrary {
  private NativeLibrary() {}

  /**
   * Loads it, if that was not done yet. To be called before anything else of RocksDB. Thread-safe.
   *
   * @throws UncheckedIOException if there is no room for temporary files, or none may be made
   */
  static synchronized void load() {
    try {
      Path directory = Files.createTempDirectory("raftkv");
      try {
        NativeLibraryLoader.getInstance().loadLibrary(directory.toString());
      } finally {
        delete(directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot load RocksDB's library", e);
    }
    RocksDB.loadLibrary(); // finds it loaded
  }

  private static void delete(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> list = Files.list(directory)) {
      files = list.toList();
    }
    for (Path file : files) {
      Files.delete(file);
    }
    Files.delete(directory);
  }
}

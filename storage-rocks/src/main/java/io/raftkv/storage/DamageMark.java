package io.raftkv.storage;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A small file beside RocksDB's that tells which damage was found while the store was open. To open
 * a store checks little: without the mark it would be taken for whole until the same block is read
 * again. The mark goes with the store's directory; a checkpoint does not have it.
 */
final class DamageMark {
  private static final String FILE = "DAMAGED";

  private DamageMark() {}

  /**
   * @throws CorruptStoreException if there is a mark in {@code directory}
   */
  static void check(Path directory) {
    Path file = directory.resolve(FILE);
    if (!Files.exists(file)) {
      return;
    }
    String found;
    try {
      found = new String(Files.readAllBytes(file), UTF_8).strip();
    } catch (IOException unreadable) {
      throw new CorruptStoreException("store %s has %s".formatted(directory, FILE), unreadable);
    }
    throw new CorruptStoreException("%s (found before, as %s says)".formatted(found, file));
  }

  /** Durable on return. */
  static void write(Path directory, CorruptStoreException found) {
    DurableMark.write(directory, FILE, (found.getMessage() + "\n").getBytes(UTF_8));
  }
}

package io.raftkv.storage;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Small files beside RocksDB's, which leaves them alone. */
final class DurableMark {
  private DurableMark() {}

  /** Replaces the file in {@code directory} as a whole; durable on return. */
  static void write(Path directory, String file, byte[] content) {
    Path next = directory.resolve(file + ".tmp");
    try {
      try (FileChannel out = FileChannel.open(next, CREATE, TRUNCATE_EXISTING, WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(next, directory.resolve(file), StandardCopyOption.ATOMIC_MOVE);
      try (FileChannel parent = FileChannel.open(directory, READ)) {
        parent.force(true);
      }
    } catch (IOException e) {
      throw new StorageException("cannot write " + next, e);
    }
  }
}

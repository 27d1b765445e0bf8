package io.raftkv.storage.rocks;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.DamagedFileException;
import io.raftkv.storage.OutOfSpaceException;
import io.raftkv.storage.StorageException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/** The one place where RocksDB's errors become ours. */
final class RocksErrors {
  /** A file of a RocksDB directory, as its messages name them. */
  private static final Pattern FILE =
      Pattern.compile("\\b(\\d{6,}\\.(?:sst|blob|log)|MANIFEST-\\d+|OPTIONS-\\d+|CURRENT)\\b");

  private RocksErrors() {}

  /**
   * @param doing what failed, as in "cannot {doing} store ..."
   */
  static StorageException translate(Path directory, String doing, RocksDBException cause) {
    String file = fileIn(cause.getMessage());
    if (isCorruption(cause)) {
      return file == null
          ? new CorruptStoreException(
              "store %s is damaged: %s".formatted(directory, cause.getMessage()), cause)
          : new DamagedFileException(
              "store %s is damaged in %s: %s".formatted(directory, file, cause.getMessage()),
              cause);
    }
    String message = "cannot %s store %s: %s".formatted(doing, directory, cause.getMessage());
    return isOutOfSpace(cause)
        ? new OutOfSpaceException(message, cause)
        : new StorageException(message, cause);
  }

  private static boolean isOutOfSpace(RocksDBException e) {
    Status status = e.getStatus();
    return status != null && status.getSubCode() == Status.SubCode.NoSpace;
  }

  /**
   * For errors while a store is opened: there a missing file is damage too, and a message without a
   * file comes from reading the manifest.
   */
  static StorageException translateOpen(Path directory, String manifest, RocksDBException cause) {
    String file = fileIn(cause.getMessage());
    boolean missing =
        file != null && cause.getMessage().contains("No such file") && !file.startsWith("OPTIONS");
    if (isCorruption(cause) || missing) {
      return new CorruptStoreException(
          "store %s is damaged in %s: %s"
              .formatted(directory, file == null ? manifest : file, cause.getMessage()),
          cause);
    }
    return translate(directory, "open", cause);
  }

  private static boolean isCorruption(RocksDBException e) {
    Status status = e.getStatus();
    return status != null
        ? status.getCode() == Status.Code.Corruption
        : e.getMessage().startsWith("Corruption");
  }

  private static String fileIn(String message) {
    Matcher matcher = FILE.matcher(message == null ? "" : message);
    return matcher.find() ? matcher.group(1) : null;
  }
}

package io.raftkv.storage.rocks;

import io.raftkv.storage.Family;
import io.raftkv.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.EnvOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileWriter;

/**
 * Many rows for one family, in ascending order, past the memory: they are written to tables, which
 * the database takes as they are. Much faster than writing them row by row. None is there before
 * {@link #finish}. Not thread-safe.
 */
public final class TableLoad implements AutoCloseable {
  /** A table ends here: of larger ones each compaction would have to rewrite all. */
  private static final long TABLE_BYTES = 16L << 20;

  /** To ask for the size of a table costs a call. */
  private static final int ROWS_PER_LOOK = 256;

  private final RocksHandles store;
  private final Family family;
  private final Path directory;
  private final EnvOptions environment = new EnvOptions();
  private final Options options;
  private final List<String> tables = new ArrayList<>();
  private SstFileWriter table;
  private long bytes;
  private long rows;

  TableLoad(RocksHandles store, Family family, RocksResources shared) {
    this.store = store;
    this.family = family;
    this.directory = store.directory().resolve("load-" + family.columnFamily());
    try (DBOptions database = new DBOptions();
        ColumnFamilyOptions columns = RocksTuning.family(shared, family)) {
      options = new Options(database, columns);
    }
  }

  /**
   * Adds a row behind all others.
   *
   * @throws StorageException if the disk does not take it, or the row is not behind the last one
   */
  public void add(byte[] row, byte[] value) {
    try {
      if (table == null) {
        begin();
      }
      table.put(row, value);
      bytes += row.length + value.length;
      if (++rows % ROWS_PER_LOOK == 0 && table.fileSize() >= TABLE_BYTES) {
        end();
      }
    } catch (RocksDBException e) {
      throw RocksErrors.translate(store.directory(), "load rows into", e);
    }
  }

  /** Bytes of all rows so far. */
  public long bytes() {
    return bytes;
  }

  /** Has the database take all rows, durably. */
  public void finish() {
    try {
      end();
      if (!tables.isEmpty()) {
        store.ingest(family, tables);
      }
    } catch (RocksDBException e) {
      throw RocksErrors.translate(store.directory(), "load rows into", e);
    }
  }

  private void begin() throws RocksDBException {
    Path file = directory.resolve(tables.size() + ".sst");
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new StorageException("cannot make " + directory, e);
    }
    table = new SstFileWriter(environment, options);
    table.open(file.toString());
    tables.add(file.toString());
  }

  private void end() throws RocksDBException {
    if (table != null) {
      table.finish();
      table.close();
      table = null;
    }
  }

  /** Forgets what was not finished. */
  @Override
  public void close() {
    if (table != null) {
      table.close();
    }
    options.close();
    environment.close();
    try {
      for (String file : tables) {
        Files.deleteIfExists(Path.of(file));
      }
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      throw new StorageException("cannot delete " + directory, e);
    }
  }
}

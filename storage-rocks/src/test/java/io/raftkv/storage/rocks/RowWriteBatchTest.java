package io.raftkv.storage.rocks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.Family;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

class RowWriteBatchTest {
  @BeforeAll
  static void load() {
    NativeLibrary.load();
  }

  @TempDir Path directory;

  /** Lengths on both sides of each step of a varint, and many families, for their ids are too. */
  @Test
  void bytesAreThoseOfTheLibrary() throws RocksDBException {
    int[] lengths = {0, 1, 127, 128, 300, 16_383, 16_384, 70_000};
    List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
    descriptors.add(new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY));
    for (int i = 0; i < 130; i++) {
      descriptors.add(new ColumnFamilyDescriptor(("family" + i).getBytes(UTF_8)));
    }
    Random random = new Random(5);
    List<ColumnFamilyHandle> families = new ArrayList<>();
    try (DBOptions options =
            new DBOptions().setCreateIfMissing(true).setCreateMissingColumnFamilies(true);
        RocksDB database = RocksDB.open(options, directory.toString(), descriptors, families);
        WriteBatch expected = new WriteBatch()) {
      List<byte[][]> pairs = new ArrayList<>();
      for (int length : lengths) {
        byte[][] pair = {new byte[length], new byte[lengths.length + length]};
        random.nextBytes(pair[0]);
        random.nextBytes(pair[1]);
        pairs.add(pair);
      }
      ColumnFamilyHandle[] used = {families.get(1), families.get(6), families.get(130)};
      for (byte[][] pair : pairs) {
        for (ColumnFamilyHandle family : used) {
          expected.put(family, pair[0], pair[1]);
          expected.delete(family, pair[1]);
          expected.deleteRange(family, pair[0], pair[1]);
        }
      }
      byte[] actual =
          RowWriteBatch.encode(
              batch -> {
                for (byte[][] pair : pairs) {
                  for (ColumnFamilyHandle family : used) {
                    batch.put(family.getID(), pair[0], pair[1]);
                    batch.delete(family.getID(), pair[1]);
                    batch.deleteRange(family.getID(), pair[0], pair[1]);
                  }
                }
              });
      assertThat(actual).isEqualTo(expected.data());
      families.forEach(ColumnFamilyHandle::close);
      assertThat(database).isNotNull();
    }
  }

  @Test
  void emptyBatchIsTheLibrarysToo() throws RocksDBException {
    try (WriteBatch expected = new WriteBatch()) {
      assertThat(RowWriteBatch.encode(batch -> {})).isEqualTo(expected.data());
    }
  }

  @Test
  void familiesOfAStoreAreNeverTheDefaultOne() {
    // Records of the default family have other codes, which the encoder does not know.
    for (Family family : Family.values()) {
      assertThat(family.columnFamily()).isNotEqualTo("default");
    }
  }
}

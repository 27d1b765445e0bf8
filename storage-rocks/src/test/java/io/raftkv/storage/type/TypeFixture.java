package io.raftkv.storage.type;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.raftkv.storage.DatabaseHomes;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.MemoryRows;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.SlotOwnership;
import io.raftkv.storage.WritableRows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** One key on rows in memory, which count what is done to them. */
final class TypeFixture {
  static final byte[] KEY = bytes("key");

  static final long TIME_MILLIS = 1_700_000_000_000L;

  final MemoryRows memory = new MemoryRows();
  final CountingRows rows = new CountingRows(memory);

  /** Shard time of the next commands. */
  long timeMillis = TIME_MILLIS;

  /** The key as the next command sees it. */
  KeyHandle key() {
    return keys().key(KEY);
  }

  Keyspace keys() {
    return Keyspace.forApply(rows, 0, timeMillis, 1);
  }

  HashType hash() {
    return new HashType(key());
  }

  SetType set() {
    return new SetType(key());
  }

  int encoding() {
    return key().meta().encoding();
  }

  static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  static String text(byte[] bytes) {
    return new String(bytes, ISO_8859_1);
  }

  static List<byte[]> list(String... texts) {
    List<byte[]> list = new ArrayList<>();
    for (String text : texts) {
      list.add(bytes(text));
    }
    return list;
  }

  static List<String> texts(Iterable<byte[]> list) {
    List<String> texts = new ArrayList<>();
    list.forEach(bytes -> texts.add(text(bytes)));
    return texts;
  }

  /**
   * Counts what is done to rows that work as usual. It also remembers the rows that were deleted
   * one by one, for a cursor of RocksDB steps over each of them that lies on its way.
   */
  static final class CountingRows implements WritableRows {
    private final WritableRows rows;
    private final Map<Family, TreeSet<byte[]>> deleted = new EnumMap<>(Family.class);
    int cursors;
    int gets;
    int writes;

    /** Deleted rows that cursors stepped over. */
    int skipped;

    CountingRows(WritableRows rows) {
      this.rows = rows;
      for (Family family : Family.values()) {
        deleted.put(family, new TreeSet<>(Arrays::compareUnsigned));
      }
    }

    void reset() {
      cursors = 0;
      gets = 0;
      writes = 0;
      skipped = 0;
    }

    @Override
    public byte[] get(Family family, byte[] row) {
      gets++;
      return rows.get(family, row);
    }

    @Override
    public RowCursor cursor(Family family, byte[] from, byte[] to, boolean ascending) {
      cursors++;
      RowCursor cursor = rows.cursor(family, from, to, ascending);
      return new RowCursor() {
        private byte[] last = ascending ? from : to;

        @Override
        public boolean next() {
          boolean found = cursor.next();
          byte[] here = found ? cursor.key() : ascending ? to : from;
          byte[] low = ascending ? last : here;
          byte[] high = ascending ? here : last;
          if (Arrays.compareUnsigned(low, high) < 0) {
            skipped += deleted.get(family).subSet(low, high).size();
          }
          last = here;
          return found;
        }

        @Override
        public byte[] key() {
          return cursor.key();
        }

        @Override
        public byte[] value() {
          return cursor.value();
        }

        @Override
        public void close() {
          cursor.close();
        }
      };
    }

    @Override
    public void charge(long bytes) {
      rows.charge(bytes);
    }

    @Override
    public DatabaseHomes homes() {
      return rows.homes();
    }

    @Override
    public long keysInSlot(int slot, int home) {
      return rows.keysInSlot(slot, home);
    }

    @Override
    public long keys(int home) {
      return rows.keys(home);
    }

    @Override
    public long expiringKeys(int home) {
      return rows.expiringKeys(home);
    }

    @Override
    public void put(Family family, byte[] row, byte[] value) {
      writes++;
      deleted.get(family).remove(row);
      rows.put(family, row, value);
    }

    @Override
    public void delete(Family family, byte[] row) {
      writes++;
      deleted.get(family).add(row);
      rows.delete(family, row);
    }

    @Override
    public void deleteRange(Family family, byte[] from, byte[] to) {
      writes++;
      deleted.get(family).subSet(from, to).clear();
      rows.deleteRange(family, from, to);
    }

    @Override
    public long nextId() {
      return rows.nextId();
    }

    @Override
    public void orphansFrom(byte[] expiryRow) {
      rows.orphansFrom(expiryRow);
    }

    @Override
    public void addKeys(int slot, int home, int keys, int expiring) {
      rows.addKeys(slot, home, keys, expiring);
    }

    @Override
    public void forgetKeys(int slot, int home) {
      rows.forgetKeys(slot, home);
    }

    @Override
    public void homes(DatabaseHomes next) {
      rows.homes(next);
    }

    @Override
    public SlotOwnership ownership() {
      return rows.ownership();
    }

    @Override
    public void ownership(SlotOwnership next) {
      rows.ownership(next);
    }
  }
}

package io.raftkv.storage;

import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.SysRows;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * Hot rows of all stores of a process, bounded by bytes: those of keys, those of rank nodes, of
 * which a change to a large sorted set reads six that it mostly shares with other changes, and
 * those of proposers, which every batch reads. A lookup costs about a tenth of a read through JNI.
 * Elements are left to RocksDB: there are too many, and each is read too seldom.
 *
 * <p>It stays coherent by log indexes. Each entry carries the index of the commit that wrote it, or
 * of the view that read it from the store, and is valid for views at that index or later: any later
 * write replaces it before it becomes visible. A view may add what it read only if nothing was
 * written since to the row's stripe, a small group of rows that share one last-written index; that
 * also holds when the written row itself is no longer in the cache.
 *
 * <p>Thread-safe. Each segment has a lock of its own, held for one lookup or update; a store's
 * writes come from one thread at a time.
 */
final class RowCache {
  /** Larger values are not worth their place; they are read from the store. */
  static final int MAX_VALUE_BYTES = 16 << 10;

  /** Stands for "there is no such row"; compared by identity. */
  static final byte[] ABSENT = new byte[0];

  private static final int SEGMENT_BITS = 5;
  private static final int SEGMENTS = 1 << SEGMENT_BITS;
  private static final int STRIPES_PER_SEGMENT = 32;

  /** Rough size of an entry beside the bytes of row and value: objects, headers, table slot. */
  private static final long ENTRY_OVERHEAD_BYTES = 112;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long MULTIPLIER = 0x9e3779b97f4a7c15L;

  /** Makes chosen keys useless for filling one chain; differs from process to process. */
  private final long hashSeed = MULTIPLIER * (System.identityHashCode(this) | 1L);

  private final Segment[] segments = new Segment[SEGMENTS];

  /** Those that have rows which are kept here. */
  static final List<Family> FAMILIES = List.of(Family.META, Family.SCORE, Family.SYS);

  /** Whether rows like this one are kept here. */
  static boolean keeps(Family family, byte[] row) {
    return switch (family) {
      case META -> true;
      case SCORE -> ElementRows.isRankNode(row);
      case SYS -> SysRows.isProposer(row);
      default -> false;
    };
  }

  RowCache(long capacityBytes) {
    Arrays.setAll(segments, i -> new Segment(capacityBytes / SEGMENTS));
  }

  /** A place for the rows of one store. */
  Region newRegion() {
    return new Region();
  }

  /** Bytes in use, lookups answered and not answered, in this order. */
  long[] statistics() {
    long[] sums = new long[3];
    for (Segment segment : segments) {
      segment.addStatistics(sums);
    }
    return sums;
  }

  private long hash(Family family, byte[] row) {
    long h = hashSeed ^ row.length ^ ((long) family.ordinal() << 32);
    int at = 0;
    for (; at + Long.BYTES <= row.length; at += Long.BYTES) {
      h = mix(h ^ (long) LONGS.get(row, at));
    }
    for (; at < row.length; at++) {
      h = mix(h ^ row[at]);
    }
    return h;
  }

  private static long mix(long h) {
    long product = h * MULTIPLIER;
    return product ^ (product >>> 32);
  }

  private Segment segment(long hash) {
    return segments[(int) (hash >>> (Long.SIZE - SEGMENT_BITS))];
  }

  private static int stripe(long hash) {
    return (int) (hash >>> (Long.SIZE - SEGMENT_BITS)) * STRIPES_PER_SEGMENT
        + ((int) (hash >>> 40) & (STRIPES_PER_SEGMENT - 1));
  }

  /** The rows of one store. */
  final class Region {
    /** By stripe, the index of the last commit that wrote to it; guarded by the segment's lock. */
    private final long[] lastWrite = new long[SEGMENTS * STRIPES_PER_SEGMENT];

    /** Entries of earlier indexes than this are void. */
    private volatile long floor = Long.MIN_VALUE;

    private Region() {
      Arrays.fill(lastWrite, Long.MIN_VALUE);
    }

    /** The row's value for a view at index {@code at}, {@link #ABSENT}, or null if not known. */
    byte[] get(Family family, byte[] row, long at) {
      long hash = hash(family, row);
      return segment(hash).get(this, family, row, hash, at);
    }

    /** Commit {@code index} is about to write this row; null deletes it. */
    void written(Family family, byte[] row, byte[] value, long index) {
      long hash = hash(family, row);
      segment(hash).written(this, family, row, hash, value, index);
    }

    /** A view at index {@code at} read this row from the store; null if it was not there. */
    void loaded(Family family, byte[] row, byte[] value, long at) {
      long hash = hash(family, row);
      segment(hash).loaded(this, family, row, hash, value, at);
    }

    /** Commit {@code index} is about to delete ranges of keys. Rows it also writes follow. */
    void clear(long index) {
      floor = index;
    }

    /** Drops all entries at once; the region is not used any more. */
    void retire() {
      floor = Long.MAX_VALUE;
      for (Segment segment : segments) {
        segment.dropAll(this);
      }
    }
  }

  private static final class Entry {
    final Region region;
    final Family family;
    final byte[] row;
    final long hash;
    byte[] value;
    long index;
    boolean used;
    Entry chain;
    Entry newer;
    Entry older;

    Entry(Region region, Family family, byte[] row, long hash) {
      this.region = region;
      this.family = family;
      this.row = row;
      this.hash = hash;
    }

    long bytes() {
      return ENTRY_OVERHEAD_BYTES + row.length + value.length;
    }
  }

  /**
   * A hash table with second-chance eviction: the oldest entry goes, unless it was used since it
   * became the oldest or was added; then it counts as new again.
   */
  private static final class Segment {
    private static final int INITIAL_TABLE = 64;

    private final long capacityBytes;

    /** Ends of the list by age; {@code ends.older} is the newest, {@code ends.newer} the oldest. */
    private final Entry ends = new Entry(null, Family.META, ABSENT, 0);

    private Entry[] table = new Entry[INITIAL_TABLE];
    private int size;
    private long usedBytes;
    private long hits;
    private long misses;

    Segment(long capacityBytes) {
      this.capacityBytes = capacityBytes;
      ends.older = ends;
      ends.newer = ends;
    }

    synchronized byte[] get(Region region, Family family, byte[] row, long hash, long at) {
      Entry entry = find(region, family, row, hash);
      if (entry != null && entry.index <= at && entry.index >= region.floor) {
        entry.used = true;
        hits++;
        return entry.value;
      }
      misses++;
      return null;
    }

    synchronized void written(
        Region region, Family family, byte[] row, long hash, byte[] value, long index) {
      region.lastWrite[stripe(hash)] = index;
      set(region, family, row, hash, value, index);
    }

    synchronized void loaded(
        Region region, Family family, byte[] row, long hash, byte[] value, long at) {
      if (region.lastWrite[stripe(hash)] <= at && region.floor <= at) {
        set(region, family, row, hash, value, at);
      }
    }

    private void set(
        Region region, Family family, byte[] row, long hash, byte[] value, long index) {
      Entry entry = find(region, family, row, hash);
      byte[] kept = value == null ? ABSENT : value;
      if (kept.length > MAX_VALUE_BYTES || ENTRY_OVERHEAD_BYTES + row.length > capacityBytes) {
        if (entry != null) {
          remove(entry);
        }
        return;
      }
      if (entry == null) {
        entry = new Entry(region, family, row, hash);
        entry.value = kept;
        add(entry);
      } else {
        usedBytes += kept.length - entry.value.length;
        entry.value = kept;
        entry.used = true;
      }
      entry.index = index;
      evict();
    }

    private void evict() {
      while (usedBytes > capacityBytes) {
        Entry oldest = ends.newer;
        if (oldest.used) {
          oldest.used = false;
          unlink(oldest);
          linkNewest(oldest);
        } else {
          remove(oldest);
        }
      }
    }

    private Entry find(Region region, Family family, byte[] row, long hash) {
      Entry entry = table[slot(hash)];
      while (entry != null
          && (entry.hash != hash
              || entry.region != region
              || entry.family != family
              || !Arrays.equals(entry.row, row))) {
        entry = entry.chain;
      }
      return entry;
    }

    private void add(Entry entry) {
      if (size >= table.length) {
        grow();
      }
      int slot = slot(entry.hash);
      entry.chain = table[slot];
      table[slot] = entry;
      size++;
      usedBytes += entry.bytes();
      linkNewest(entry);
    }

    private void remove(Entry entry) {
      int slot = slot(entry.hash);
      Entry before = null;
      for (Entry e = table[slot]; e != entry; e = e.chain) {
        before = e;
      }
      if (before == null) {
        table[slot] = entry.chain;
      } else {
        before.chain = entry.chain;
      }
      size--;
      usedBytes -= entry.bytes();
      unlink(entry);
    }

    synchronized void dropAll(Region region) {
      for (Entry entry = ends.newer; entry != ends; ) {
        Entry next = entry.newer;
        if (entry.region == region) {
          remove(entry);
        }
        entry = next;
      }
    }

    synchronized void addStatistics(long[] sums) {
      sums[0] += usedBytes;
      sums[1] += hits;
      sums[2] += misses;
    }

    private void grow() {
      Entry[] old = table;
      table = new Entry[old.length * 2];
      for (Entry chain : old) {
        while (chain != null) {
          Entry next = chain.chain;
          int slot = slot(chain.hash);
          chain.chain = table[slot];
          table[slot] = chain;
          chain = next;
        }
      }
    }

    private int slot(long hash) {
      return (int) hash & (table.length - 1);
    }

    private void linkNewest(Entry entry) {
      entry.older = ends.older;
      entry.newer = ends;
      ends.older.newer = entry;
      ends.older = entry;
    }

    private static void unlink(Entry entry) {
      entry.newer.older = entry.older;
      entry.older.newer = entry.newer;
      entry.newer = null;
      entry.older = null;
    }
  }
}

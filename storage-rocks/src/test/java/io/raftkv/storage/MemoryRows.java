package io.raftkv.storage;

import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.row.SysRows;
import io.raftkv.storage.row.SysRows.Count;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.ConcurrentModificationException;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Rows in memory, for tests of what is built on {@link WritableRows}. Stricter than it has to be: a
 * cursor fails once rows of its family change, and {@link #verify} finds what a handler forgot.
 */
public final class MemoryRows implements WritableRows {
  private final Map<Family, TreeMap<byte[], byte[]>> families = new EnumMap<>(Family.class);
  private final Map<Family, Integer> changes = new EnumMap<>(Family.class);
  private final TreeMap<Integer, Count> keyCounts = new TreeMap<>();
  private final Deque<Runnable> undo = new ArrayDeque<>();
  private DatabaseHomes homes = DatabaseHomes.INITIAL;
  private SlotOwnership ownership = SlotOwnership.ALL;
  private long charged;
  private long limit = Long.MAX_VALUE;
  private long lastId;
  private boolean reading;
  private long held;

  public MemoryRows() {
    for (Family family : Family.values()) {
      families.put(family, new TreeMap<>(Arrays::compareUnsigned));
      changes.put(family, 0);
    }
  }

  /** Remembers this state, and only this one, for {@link #rollback}. */
  public void mark() {
    undo.clear();
  }

  /** Back to the last {@link #mark}. */
  public void rollback() {
    while (!undo.isEmpty()) {
      undo.pop().run();
    }
  }

  @Override
  public byte[] get(Family family, byte[] row) {
    return families.get(family).get(row);
  }

  @Override
  public void put(Family family, byte[] row, byte[] value) {
    if (value == null) {
      throw new IllegalArgumentException("no value");
    }
    restoreLater(family, row, families.get(family).put(row, value));
  }

  @Override
  public void delete(Family family, byte[] row) {
    restoreLater(family, row, families.get(family).remove(row));
  }

  @Override
  public void deleteRange(Family family, byte[] from, byte[] to) {
    if (Arrays.compareUnsigned(from, to) > 0) {
      throw new IllegalArgumentException("range ends before it begins");
    }
    NavigableMap<byte[], byte[]> range = families.get(family).subMap(from, true, to, false);
    TreeMap<byte[], byte[]> deleted = new TreeMap<>(range);
    range.clear();
    changed(family);
    undo.push(
        () -> {
          families.get(family).putAll(deleted);
          changed(family);
        });
  }

  @Override
  public void charge(long bytes) {
    charged += bytes;
    if (charged > limit) {
      throw new EntryFullException(limit, true);
    }
  }

  /** Whether what is held from now on is held by a read, or charged. */
  public void reading(boolean read) {
    reading = read;
    held = 0;
  }

  @Override
  public void hold(long bytes) {
    if (!reading) {
      charge(bytes);
    } else if (held + bytes > limit) {
      throw new HeldTooMuchException(limit, true);
    } else {
      held += bytes;
    }
  }

  /** How much may be charged or held; changes themselves are not counted here. */
  public void limit(long bytes) {
    limit = bytes;
  }

  /** What was charged and not given back. */
  public long charged() {
    return charged;
  }

  @Override
  public long nextId() {
    long before = lastId;
    undo.push(() -> lastId = before);
    return ++lastId;
  }

  @Override
  public void addKeys(int slot, int home, int keys, int expiring) {
    Count before = keyCounts.getOrDefault(place(slot, home), Count.NONE);
    keyCounts.put(place(slot, home), before.plus(keys, expiring));
    undo.push(() -> keyCounts.put(place(slot, home), before));
  }

  @Override
  public void forgetKeys(int slot, int home) {
    Count before = keyCounts.getOrDefault(place(slot, home), Count.NONE);
    keyCounts.put(place(slot, home), Count.NONE);
    undo.push(() -> keyCounts.put(place(slot, home), before));
  }

  private static int place(int slot, int home) {
    return slot << Byte.SIZE | home;
  }

  @Override
  public DatabaseHomes homes() {
    return homes;
  }

  @Override
  public void orphansFrom(byte[] expiryRow) {
    TreeMap<byte[], byte[]> sys = families.get(Family.SYS);
    byte[] row = SysRows.orphans();
    byte[] before = expiryRow == null ? sys.remove(row) : sys.put(row, expiryRow);
    undo.push(before == null ? () -> sys.remove(row) : () -> sys.put(row, before));
  }

  @Override
  public void homes(DatabaseHomes next) {
    DatabaseHomes before = homes;
    homes = next;
    undo.push(() -> homes = before);
  }

  @Override
  public SlotOwnership ownership() {
    return ownership;
  }

  @Override
  public void ownership(SlotOwnership next) {
    SlotOwnership before = ownership;
    ownership = next;
    undo.push(() -> ownership = before);
  }

  @Override
  public long keysInSlot(int slot, int home) {
    return keyCounts.getOrDefault(place(slot, home), Count.NONE).keys();
  }

  @Override
  public long keys(int home) {
    return counts(home).mapToLong(Count::keys).sum();
  }

  @Override
  public long expiringKeys(int home) {
    return counts(home).mapToLong(Count::expiring).sum();
  }

  private Stream<Count> counts(int home) {
    return keyCounts.entrySet().stream()
        .filter(count -> (count.getKey() & 0xff) == home)
        .map(Map.Entry::getValue);
  }

  /** Number of rows of a family. */
  public int size(Family family) {
    return families.get(family).size();
  }

  /** All rows as text, for comparing two states. */
  public String dump() {
    HexFormat hex = HexFormat.of();
    StringBuilder out = new StringBuilder();
    if (!homes.equals(DatabaseHomes.INITIAL)) {
      out.append("homes = ").append(homes).append('\n');
    }
    if (!ownership.equals(SlotOwnership.ALL)) {
      out.append(ownership).append('\n');
    }
    families.forEach(
        (family, rows) ->
            rows.forEach(
                (row, value) ->
                    out.append(family.columnFamily())
                        .append(' ')
                        .append(hex.formatHex(row))
                        .append(" = ")
                        .append(hex.formatHex(value))
                        .append('\n')));
    return out.toString();
  }

  /**
   * Checks what holds between commands: the key counts are the numbers of keys, every expiry has
   * its one row, and no element rows are left of a collection that is gone.
   *
   * @throws AssertionError if any of it does not hold
   */
  public void verify() {
    TreeMap<Integer, Count> counted = new TreeMap<>();
    TreeSet<byte[]> expiries = new TreeSet<>(Arrays::compareUnsigned);
    TreeSet<byte[]> collections = new TreeSet<>(Arrays::compareUnsigned);
    families
        .get(Family.META)
        .forEach(
            (row, value) -> {
              MetaRow meta = MetaRow.decode(value);
              int slot = KeyRows.slotOf(row);
              boolean expires = meta.expireAtMillis() != MetaRow.NO_EXPIRY;
              counted.merge(
                  place(slot, KeyRows.homeOf(row)),
                  new Count(1, expires ? 1 : 0),
                  (before, more) -> before.plus(more.keys(), more.expiring()));
              if (meta.dueAtMillis() != MetaRow.NO_EXPIRY) {
                expiries.add(KeyRows.expiry(meta.dueAtMillis(), row));
              }
              if (meta.encoding() == MetaRow.ROWS) {
                require(
                    collections.add(ElementRows.from(slot, meta.rowsId())), "rows with two owners");
              }
            });
    keyCounts.values().removeIf(Count.NONE::equals);
    require(counted.equals(keyCounts), "key counts " + keyCounts + " instead of " + counted);
    Set<byte[]> index = families.get(Family.EXPIRY).keySet();
    boolean orphansToSweep = families.get(Family.SYS).containsKey(SysRows.orphans());
    require(
        orphansToSweep ? index.containsAll(expiries) : expiries.equals(index),
        "expiry rows do not match the metadata");
    for (Family family : new Family[] {Family.DATA, Family.SCORE, Family.STREAM}) {
      byte[] row = families.get(family).ceilingKey(new byte[0]);
      while (row != null) {
        ByteBuffer prefix = ByteBuffer.wrap(row);
        int slot = prefix.getShort() & 0xffff;
        long id = prefix.getLong();
        require(collections.contains(ElementRows.from(slot, id)), "orphans in " + family);
        row = families.get(family).ceilingKey(ElementRows.to(slot, id));
      }
    }
  }

  /**
   * Checks what holds of hashes between commands: see {@link HashDeadlinesCheck}.
   *
   * @throws AssertionError if it does not hold
   */
  public void verifyHashes() {
    families
        .get(Family.META)
        .forEach(
            (row, value) -> {
              MetaRow meta = MetaRow.decode(value);
              if (meta.type() == KeyType.HASH) {
                HashDeadlinesCheck.verify(this, KeyRows.slotOf(row), meta);
              }
            });
  }

  /**
   * Checks what holds of streams between commands: see {@link StreamPendingCheck}.
   *
   * @throws AssertionError if it does not hold
   */
  public void verifyStreams() {
    families
        .get(Family.META)
        .forEach(
            (row, value) -> {
              MetaRow meta = MetaRow.decode(value);
              if (meta.type() == KeyType.STREAM && meta.encoding() == MetaRow.ROWS) {
                StreamPendingCheck.verify(this, KeyRows.slotOf(row), meta);
              }
            });
  }

  static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  private void restoreLater(Family family, byte[] row, byte[] before) {
    changed(family);
    undo.push(
        () -> {
          if (before == null) {
            families.get(family).remove(row);
          } else {
            families.get(family).put(row, before);
          }
          changed(family);
        });
  }

  private void changed(Family family) {
    changes.merge(family, 1, Integer::sum);
  }

  @Override
  public RowCursor cursor(Family family, byte[] from, byte[] to, boolean ascending) {
    // An empty range is legal for the caller, but not for subMap.
    NavigableMap<byte[], byte[]> range =
        Arrays.compareUnsigned(from, to) >= 0
            ? new TreeMap<>(Arrays::compareUnsigned)
            : families.get(family).subMap(from, true, to, false);
    Iterator<Map.Entry<byte[], byte[]>> entries =
        (ascending ? range : range.descendingMap()).entrySet().iterator();
    int atOpening = changes.get(family);
    return new RowCursor() {
      private Map.Entry<byte[], byte[]> current;
      private boolean closed;

      @Override
      public boolean next() {
        requireUnchanged();
        current = entries.hasNext() ? entries.next() : null;
        return current != null;
      }

      @Override
      public byte[] key() {
        return current().getKey();
      }

      @Override
      public byte[] value() {
        return current().getValue();
      }

      @Override
      public void close() {
        closed = true;
      }

      private Map.Entry<byte[], byte[]> current() {
        requireUnchanged();
        if (current == null) {
          throw new NoSuchElementException("not on a row");
        }
        return current;
      }

      private void requireUnchanged() {
        if (closed) {
          throw new IllegalStateException("the cursor is closed");
        }
        if (atOpening != changes.get(family)) {
          throw new ConcurrentModificationException(family + " changed under a cursor");
        }
      }
    };
  }
}

package io.raftkv.storage;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;

/**
 * Walks over the keys of one database in the order of their rows. A place in that order is a
 * <i>position</i>, the number {@code slot << 48 | hash}: it means the same on every replica and
 * after every move of the slot, so it serves as the cursor of SCAN.
 */
public final class KeyScan {
  /** The position behind all keys. */
  public static final long END = (long) Slot.COUNT << KeyRows.HASH_BITS;

  /** Up to this many keys of a slot, RANDOMKEY passes over them one by one and is exactly even. */
  private static final int FEW_KEYS = 64;

  /** Keys that RANDOMKEY tries before it takes whatever is alive. */
  private static final int TRIES = 16;

  private KeyScan() {}

  /** Is told of keys, one after the other. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * One key.
     *
     * @param metaRow its row in {@link Family#META}
     * @param header its record, as {@link MetaRow#decodeHeader} reads it
     * @return false to end the walk behind the last key of this position
     */
    boolean visit(byte[] metaRow, MetaRow header);
  }

  /** The position of a {@code meta} row. */
  public static long positionOf(byte[] metaRow) {
    return position(KeyRows.slotOf(metaRow), KeyRows.hashOf(metaRow));
  }

  /** The position of a slot and hash. */
  public static long position(int slot, long hash) {
    return (long) slot << KeyRows.HASH_BITS | hash;
  }

  /** Visits the keys that {@link #isLive}; otherwise as {@link #walk}. */
  public static long live(Keyspace keys, long from, int lastSlot, Visitor visitor) {
    return walk(
        keys, from, lastSlot, (row, header) -> !isLive(keys, header) || visitor.visit(row, header));
  }

  /** True if a key met on a walk has not expired; notes, as every read, if it is due. */
  public static boolean isLive(Keyspace keys, MetaRow header) {
    return !keys.isDead(header.diesAtMillis());
  }

  /**
   * Visits the keys of a database, with the dead ones that are not swept yet.
   *
   * @param from the first position
   * @param lastSlot the slot after whose keys the walk ends, 0 to 16383
   * @return where to go on: the position of the first key not seen, or that of the slot behind
   *     {@code lastSlot}
   */
  public static long walk(Keyspace keys, long from, int lastSlot, Visitor visitor) {
    int home = keys.home();
    long end = position(lastSlot + 1, 0);
    if (from >= end || keys.rows().keys(home) == 0) {
      return Math.max(from, end);
    }
    long position = from;
    long stopBehind = -1;
    while (position < end) {
      try (RowCursor cursor =
          keys.rows().ascending(Family.META, row(position, home), row(end, 0))) {
        boolean foreign = false;
        while (!foreign) {
          if (!cursor.next()) {
            return end;
          }
          byte[] row = cursor.key();
          if (KeyRows.homeOf(row) == home) {
            position = positionOf(row);
            if (stopBehind >= 0 && position != stopBehind) {
              return position;
            }
            if (!visitor.visit(row, MetaRow.decodeHeader(cursor.value()))) {
              stopBehind = position;
            }
          } else {
            foreign = true;
            int slot = KeyRows.slotOf(row);
            slot = KeyRows.homeOf(row) < home ? slot : slot + 1;
            position = position(keys.rows().slotWithKeys(home, slot, lastSlot), 0);
          }
        }
      }
      if (stopBehind >= 0) {
        return Math.min(position, end);
      }
    }
    return end;
  }

  /**
   * A random live key, or null if there is none. All keys have the same chance, but in slots of
   * many: there a key is the more likely the wider the gap of hashes before it, which is a matter
   * of chance. Only the rows of one slot are walked over, with what was deleted among them.
   */
  public static byte[] random(Keyspace keys) {
    long count = keys.rows().keys(keys.home());
    if (count == 0) {
      return null;
    }
    int slot = 0;
    for (int i = 0; i < TRIES; i++) {
      slot = keys.rows().slotOfKey(keys.home(), keys.random().nextLong(count));
      byte[] found = randomInSlot(keys, slot);
      if (found != null) {
        return found;
      }
    }
    // Nearly all are dead, and will be swept within moments.
    byte[] near = firstLive(keys, position(slot, 0), Slot.COUNT - 1);
    return near != null ? near : firstLive(keys, 0, slot);
  }

  /** A random key of a slot that has some; null if it is dead. */
  private static byte[] randomInSlot(Keyspace keys, int slot) {
    long count = keys.rows().keysInSlot(slot, keys.home());
    boolean few = count <= FEW_KEYS;
    long steps = few ? keys.random().nextLong(count) : 0;
    long hash = few ? 0 : keys.random().nextLong(KeyRows.HASH_MAX + 1);
    Steps target = new Steps(steps);
    walk(keys, position(slot, hash), slot, target);
    if (target.row == null) {
      walk(keys, position(slot, 0), slot, target);
    }
    if (target.row == null) {
      throw new CorruptStoreException(count + " keys in slot " + slot + ", but no metadata");
    }
    return isLive(keys, target.header) ? KeyRows.keyOf(target.row) : null;
  }

  /** Takes the key behind so many others. */
  private static final class Steps implements Visitor {
    private long left;
    private byte[] row;
    private MetaRow header;

    Steps(long left) {
      this.left = left;
    }

    @Override
    public boolean visit(byte[] metaRow, MetaRow seen) {
      if (row == null && left-- == 0) {
        row = metaRow;
        header = seen;
      }
      return row == null;
    }
  }

  private static byte[] firstLive(Keyspace keys, long from, int lastSlot) {
    byte[][] found = new byte[1][];
    live(
        keys,
        from,
        lastSlot,
        (row, header) -> {
          found[0] = found[0] == null ? KeyRows.keyOf(row) : found[0];
          return false;
        });
    return found[0];
  }

  private static byte[] row(long position, int home) {
    return KeyRows.metaFrom(
        (int) (position >>> KeyRows.HASH_BITS), home, position & KeyRows.HASH_MAX);
  }
}

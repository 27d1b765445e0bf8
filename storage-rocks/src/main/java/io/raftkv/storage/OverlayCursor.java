package io.raftkv.storage;

import java.util.Arrays;
import java.util.Map;

/**
 * Merges the rows of the store with the pending changes of a batch. Changes made while the cursor
 * is open show if they lie ahead of it. Not thread-safe.
 */
final class OverlayCursor implements RowCursor {
  private final FamilyOverlay overlay;

  /** Null if the store surely has no rows here. */
  private final SeekableCursor stored;

  private final byte[] from;
  private final byte[] to;
  private final boolean ascending;

  /** Key of the store's next row; null when it must be fetched, or with {@link #storedEnd}. */
  private byte[] storedKey;

  private boolean storedEnd;

  /** The row seen last, shown or not; null before the first. */
  private byte[] last;

  /** Pending value of the current row, or null if the row is the store's. */
  private byte[] pendingValue;

  private boolean onStoredRow;
  private boolean onRow;

  OverlayCursor(
      FamilyOverlay overlay, SeekableCursor stored, byte[] from, byte[] to, boolean ascending) {
    this.overlay = overlay;
    this.stored = stored;
    this.storedEnd = stored == null;
    this.from = from;
    this.to = to;
    this.ascending = ascending;
  }

  @Override
  public boolean next() {
    onRow = false;
    while (true) {
      Map.Entry<byte[], byte[]> pending = nextPending();
      fetchStored();
      if (pending == null && storedEnd) {
        return false;
      }
      int order = pending == null ? 1 : storedEnd ? -1 : compare(pending.getKey(), storedKey);
      if (order > 0) {
        last = storedKey;
        storedKey = null;
        onStoredRow = true;
        onRow = true;
        return true;
      }
      if (order == 0) {
        storedKey = null;
      }
      last = pending.getKey();
      if (pending.getValue() != FamilyOverlay.DELETED) {
        pendingValue = pending.getValue();
        onStoredRow = false;
        onRow = true;
        return true;
      }
    }
  }

  /** Looks the pending rows up again for each step: they may have changed since the last. */
  private Map.Entry<byte[], byte[]> nextPending() {
    Map.Entry<byte[], byte[]> entry;
    if (ascending) {
      entry =
          last == null ? overlay.pending().ceilingEntry(from) : overlay.pending().higherEntry(last);
      return entry == null || Arrays.compareUnsigned(entry.getKey(), to) >= 0 ? null : entry;
    }
    entry = overlay.pending().lowerEntry(last == null ? to : last);
    return entry == null || Arrays.compareUnsigned(entry.getKey(), from) < 0 ? null : entry;
  }

  /** Finds the store's next row that no deleted range hides; jumps over ranges. */
  private void fetchStored() {
    if (storedEnd) {
      return;
    }
    if (storedKey == null) {
      step(stored.next());
    }
    Map.Entry<byte[], byte[]> hiding;
    while (!storedEnd && (hiding = overlay.rangeWith(storedKey)) != null) {
      byte[] edge = ascending ? hiding.getValue() : hiding.getKey();
      step(stored.seek(edge));
      if (!ascending && !storedEnd && Arrays.equals(storedKey, edge)) {
        step(stored.next());
      }
    }
  }

  private void step(boolean found) {
    storedEnd = !found;
    storedKey = found ? stored.key() : null;
  }

  private int compare(byte[] a, byte[] b) {
    int order = Arrays.compareUnsigned(a, b);
    return ascending ? order : -order;
  }

  @Override
  public byte[] key() {
    requireRow();
    return last;
  }

  @Override
  public byte[] value() {
    requireRow();
    return onStoredRow ? stored.value() : pendingValue;
  }

  @Override
  public void close() {
    if (stored != null) {
      stored.close();
    }
  }

  private void requireRow() {
    if (!onRow) {
      throw new IllegalStateException("cursor is not on a row");
    }
  }
}

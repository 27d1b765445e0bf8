package io.raftkv.storage;

import io.raftkv.storage.RowCache.Region;
import io.raftkv.storage.rocks.RocksHandles;
import io.raftkv.storage.rocks.RocksSnapshot;
import io.raftkv.storage.row.SysRows;
import io.raftkv.storage.row.SysRows.Count;

/**
 * The committed rows of a shard at one applied index. Any thread may make one; it is used by one
 * thread at a time and must be closed.
 *
 * <p>How it stays at one moment: rows come from the cache, which knows the index of each entry, and
 * from RocksDB, as long as no commit has begun since the view's index. From the second use of
 * RocksDB on it reads from a snapshot. If a commit has begun before the view had one, the view
 * moves to the newer moment if nothing was read from it yet; else {@link StaleViewException} is
 * thrown.
 */
public final class ReadView implements Rows, AutoCloseable {
  /** More work than this is not for an event loop, which has others to serve. */
  private static final long MOST_STEPS_IN_MEMORY = 1024;

  private final ShardStore store;
  private final RocksHandles rocks;
  private final boolean memoryOnly;
  private StorePosition position;
  private DatabaseHomes homes;
  private SlotOwnership ownership;
  private Region cache;
  private RocksSnapshot snapshot;

  /** Something of this moment is in the caller's hands: the view cannot move any more. */
  private boolean served;

  private boolean rocksUsed;
  private boolean closed;

  /** What is counted in the budget of all reads. */
  private long heldBytes;

  private ReadView(ShardStore store, boolean memoryOnly) {
    this.store = store;
    this.rocks = store.rocks();
    this.memoryOnly = memoryOnly;
    moveTo(store.state());
  }

  static ReadView lazy(ShardStore store) {
    return new ReadView(store, false);
  }

  static ReadView inMemory(ShardStore store) {
    return new ReadView(store, true);
  }

  static ReadView pinned(ShardStore store) {
    ReadView view = new ReadView(store, false);
    view.pin();
    return view;
  }

  /** Index of the last entry in this view. May still grow before anything else was asked. */
  public long appliedIndex() {
    return position.index();
  }

  /** Shard time of exactly {@link #appliedIndex}, in milliseconds since the epoch. */
  public long timeMillis() {
    requireOpen();
    served = true;
    return position.timeMillis();
  }

  @Override
  public byte[] get(Family family, byte[] row) {
    requireOpen();
    if (!RowCache.keeps(family, row)) {
      byte[] value = fetch(family, row);
      served = true;
      return value;
    }
    byte[] value = cache.get(family, row, position.index());
    if (value == null) {
      value = fetch(family, row);
      cache.loaded(family, row, value, position.index());
    } else if (value == RowCache.ABSENT) {
      value = null;
    }
    served = true;
    return value;
  }

  private byte[] fetch(Family family, byte[] row) {
    requireDiskAllowed();
    if (snapshot == null && !rocksUsed) {
      // Most reads need RocksDB once; a snapshot would cost as much again.
      rocksUsed = true;
      byte[] value = rocks.get(family, row);
      if (store.nothingBegunSince(position.index())) {
        return value;
      }
    }
    pin();
    return rocks.get(family, row, snapshot);
  }

  @Override
  public RowCursor cursor(Family family, byte[] from, byte[] to, boolean ascending) {
    requireOpen();
    requireDiskAllowed();
    if (snapshot == null && !rocksUsed) {
      rocksUsed = true;
      RowCursor rows = store.rows(family, from, to, ascending, position.index(), null);
      if (store.nothingBegunSince(position.index())) {
        served = true;
        return rows;
      }
      rows.close();
    }
    pin();
    served = true;
    return store.rows(family, from, to, ascending, position.index(), snapshot);
  }

  @Override
  public void mayTakeLong(long steps) {
    if (steps > MOST_STEPS_IN_MEMORY) {
      requireDiskAllowed();
    }
  }

  @Override
  public DatabaseHomes homes() {
    requireOpen();
    served = true;
    return homes;
  }

  @Override
  public SlotOwnership ownership() {
    requireOpen();
    served = true;
    return ownership;
  }

  @Override
  public long keysInSlot(int slot, int home) {
    requireOpen();
    if (snapshot == null) {
      Count count = store.counts().of(slot, home);
      if (countsHold()) {
        return count.keys();
      }
    }
    byte[] row = rocks.get(Family.SYS, SysRows.count(slot, home), snapshot);
    return row == null ? 0 : Count.decode(row).keys();
  }

  @Override
  public int slotWithKeys(int home, int first, int last) {
    requireOpen();
    if (first > last) {
      return first;
    }
    if (snapshot == null) {
      int slot = store.counts().slotWithKeys(home, first, last);
      if (countsHold()) {
        return slot;
      }
    }
    // One walk: a row for each slot would be asked for thousands of times.
    byte[] from = SysRows.count(first, home);
    byte[] to = SysRows.count(last + 1, 0);
    try (RowCursor rows = rocks.cursor(Family.SYS, from, to, true, snapshot)) {
      while (rows.next()) {
        if (SysRows.homeOfCount(rows.key()) == home) {
          return SysRows.slotOfCount(rows.key());
        }
      }
    }
    return last + 1;
  }

  @Override
  public int slotOfKey(int home, long index) {
    requireOpen();
    if (snapshot == null) {
      int slot = store.counts().slotOfKey(home, index);
      if (countsHold() && slot < Slot.COUNT) {
        return slot;
      }
    }
    long left = index;
    try (RowCursor rows =
        rocks.cursor(Family.SYS, SysRows.countsFrom(), SysRows.countsTo(), true, snapshot)) {
      while (rows.next()) {
        if (SysRows.homeOfCount(rows.key()) == home) {
          left -= Count.decode(rows.value()).keys();
          if (left < 0) {
            return SysRows.slotOfCount(rows.key());
          }
        }
      }
    }
    throw new CorruptStoreException("fewer keys in the slots than in all, at index " + index);
  }

  @Override
  public long keys(int home) {
    return count(home).keys();
  }

  @Override
  public long expiringKeys(int home) {
    return count(home).expiring();
  }

  private Count count(int home) {
    requireOpen();
    if (snapshot == null) {
      Count count = store.counts().of(home);
      if (countsHold()) {
        return count;
      }
    }
    Count sum = Count.NONE;
    try (RowCursor rows =
        rocks.cursor(Family.SYS, SysRows.countsFrom(), SysRows.countsTo(), true, snapshot)) {
      while (rows.next()) {
        if (SysRows.homeOfCount(rows.key()) == home) {
          Count count = Count.decode(rows.value());
          sum = sum.plus(count.keys(), count.expiring());
        }
      }
    }
    return sum;
  }

  /** Whether numbers just read from memory are of this view's moment; else there is a snapshot. */
  private boolean countsHold() {
    boolean hold = store.nothingBegunSince(position.index());
    if (!hold) {
      requireDiskAllowed();
      pin();
    }
    served = true;
    return hold;
  }

  /** The named record, or null. */
  public byte[] record(String name) {
    return get(Family.SYS, SysRows.record(name));
  }

  @Override
  public void hold(long bytes) {
    if (bytes > 0) {
      store.holdBudget().take(bytes, heldBytes);
    } else {
      store.holdBudget().give(-bytes);
    }
    heldBytes += bytes;
  }

  /** Takes a snapshot of this view's moment, or moves the view to the snapshot's moment. */
  private void pin() {
    if (snapshot != null) {
      return;
    }
    RocksSnapshot taken = rocks.snapshot();
    try {
      if (!store.nothingBegunSince(position.index())) {
        if (served) {
          throw new StaleViewException();
        }
        // The snapshot itself says what moment it is, even if a commit is not yet published. The
        // cache is asked for after it: it then knows of all commits up to that moment.
        StorePosition moment =
            ShardStore.positionOf(rocks.get(Family.SYS, SysRows.position(), taken));
        DatabaseHomes then = ShardStore.homesOf(rocks.get(Family.SYS, SysRows.homes(), taken));
        SlotOwnership owned =
            ShardStore.ownershipOf(rocks.get(Family.SYS, SysRows.ownership(), taken));
        moveTo(new ShardStore.State(moment, then, owned, store.state().cache()));
      }
      snapshot = taken;
    } finally {
      if (snapshot == null) {
        taken.close();
      }
    }
  }

  private void moveTo(ShardStore.State state) {
    position = state.position();
    homes = state.homes();
    ownership = state.ownership();
    cache = state.cache();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      hold(-heldBytes);
      if (snapshot != null) {
        snapshot.close();
      }
    }
  }

  private void requireDiskAllowed() {
    if (memoryOnly) {
      throw new NotInMemoryException();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("view is closed");
    }
  }
}

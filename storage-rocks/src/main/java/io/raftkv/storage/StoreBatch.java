package io.raftkv.storage;

import io.raftkv.storage.rocks.RowWriter;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.SysRows;
import io.raftkv.storage.row.SysRows.Count;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.ToLongFunction;

/**
 * All changes of one log entry: kept in memory, visible to this batch's own reads, and written as
 * one by {@link #commit}. A batch closed without commit leaves nothing behind.
 *
 * <p>A cursor shows changes that are made ahead of it while it is open. Used by the shard's apply
 * thread only.
 *
 * <p>No row of the store can belong to a collection whose id this batch has given: there the batch
 * alone is asked. So to make a collection, of any size, costs no reads.
 */
public final class StoreBatch implements WritableRows, AutoCloseable {
  /** What is known of a proposer is forgotten when it has been silent for so long. */
  static final long PROPOSER_MEMORY_MILLIS = TimeUnit.HOURS.toMillis(24);

  /**
   * So much of an entry's step of shard time counts as silence of the proposers. A clock that jumps
   * ahead by a day must not make all of them strangers.
   */
  static final long MAX_SILENT_STEP_MILLIS = TimeUnit.HOURS.toMillis(1);

  private final ShardStore store;
  private final long timeMillis;
  private final UndoLog undo = new UndoLog();
  private final Map<Family, FamilyOverlay> overlays = new EnumMap<>(Family.class);

  /** New numbers of keys, by {@link #countKey}. Only looked up and summed, never in order. */
  private final Map<Integer, Count> counts = new HashMap<>();

  /** Ids above this one were given by this batch. */
  private final long storedId;

  private DatabaseHomes homes;
  private SlotOwnership ownership;

  private long limitBytes = Long.MAX_VALUE;
  private long usedBytes;
  private long markedBytes;
  private long lastId;
  private long markedId;
  private boolean jumpBridged;
  private boolean open = true;

  StoreBatch(ShardStore store, long timeMillis, long lastId) {
    this.store = store;
    this.timeMillis = timeMillis;
    this.storedId = lastId;
    this.lastId = lastId;
    this.markedId = lastId;
    this.homes = store.state().homes();
    this.ownership = store.state().ownership();
  }

  /** Shard time of this entry: its stamp, or the last shard time if that is later. */
  public long timeMillis() {
    return timeMillis;
  }

  /**
   * From now on this holds so many bytes of changes, and of what else is {@link #charge charged},
   * at most. All replicas have to set the same: what an entry does must not depend on a node.
   */
  public void limit(long bytes) {
    limitBytes = bytes;
  }

  @Override
  public void charge(long bytes) {
    usedBytes += bytes;
    if (bytes > 0 && usedBytes > limitBytes) {
      throw new EntryFullException(limitBytes, usedBytes - markedBytes > limitBytes);
    }
  }

  /** What has changed so far stays, whatever {@link #rollback} does later. */
  public void mark() {
    requireOpen();
    undo.mark();
    markedId = lastId;
    markedBytes = usedBytes;
  }

  /** Takes back all changes, ids and records since the last {@link #mark}, or since the start. */
  public void rollback() {
    requireOpen();
    undo.rollback();
    lastId = markedId;
    usedBytes = markedBytes;
  }

  @Override
  public byte[] get(Family family, byte[] row) {
    requireOpen();
    FamilyOverlay overlay = overlays.get(family);
    byte[] pending = overlay == null ? null : overlay.get(row);
    if (pending == null) {
      return isOfNewCollection(family, row) ? null : store.committed(family, row);
    }
    return pending == FamilyOverlay.DELETED ? null : pending;
  }

  @Override
  public RowCursor cursor(Family family, byte[] from, byte[] to, boolean ascending) {
    requireOpen();
    boolean ofNew =
        isOfNewCollection(family, from)
            && Arrays.compareUnsigned(to, ElementRows.behindAllOf(from)) <= 0;
    SeekableCursor stored = ofNew ? null : store.committedRows(family, from, to, ascending);
    return new OverlayCursor(overlay(family), stored, from, to, ascending);
  }

  private boolean isOfNewCollection(Family family, byte[] row) {
    if (lastId == storedId || !family.isByCollection()) {
      return false;
    }
    long id = ElementRows.idOf(row);
    return id > storedId && id <= lastId;
  }

  @Override
  public void put(Family family, byte[] row, byte[] value) {
    writable(family).put(row, value);
  }

  @Override
  public void delete(Family family, byte[] row) {
    writable(family).delete(row);
  }

  @Override
  public void deleteRange(Family family, byte[] from, byte[] to) {
    writable(family).deleteRange(from, to);
  }

  @Override
  public long nextId() {
    requireOpen();
    return ++lastId;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException if there would be fewer than none
   */
  @Override
  public void addKeys(int slot, int home, int keys, int expiring) {
    requireOpen();
    count(slot, home, countOf(slot, home).plus(keys, expiring));
  }

  @Override
  public void forgetKeys(int slot, int home) {
    requireOpen();
    if (countOf(slot, home).keys() > 0) {
      count(slot, home, Count.NONE);
    }
  }

  private void count(int slot, int home, Count count) {
    Integer key = countKey(slot, home);
    Count before = counts.put(key, count);
    undo.add(before == null ? () -> counts.remove(key) : () -> counts.put(key, before));
  }

  private Count countOf(int slot, int home) {
    Count count = counts.get(countKey(slot, home));
    return count != null ? count : store.counts().of(slot, home);
  }

  @Override
  public long keysInSlot(int slot, int home) {
    requireOpen();
    return countOf(slot, home).keys();
  }

  @Override
  public long keys(int home) {
    return sum(home, Count::keys);
  }

  @Override
  public long expiringKeys(int home) {
    return sum(home, Count::expiring);
  }

  private long sum(int home, ToLongFunction<Count> number) {
    requireOpen();
    long sum = number.applyAsLong(store.counts().of(home));
    for (Map.Entry<Integer, Count> count : counts.entrySet()) {
      if (homeOf(count.getKey()) == home) {
        sum += number.applyAsLong(count.getValue());
        sum -= number.applyAsLong(store.counts().of(slotOf(count.getKey()), home));
      }
    }
    return sum;
  }

  @Override
  public DatabaseHomes homes() {
    requireOpen();
    return homes;
  }

  @Override
  public void homes(DatabaseHomes next) {
    requireOpen();
    DatabaseHomes before = homes;
    homes = next;
    undo.add(() -> homes = before);
  }

  @Override
  public SlotOwnership ownership() {
    requireOpen();
    return ownership;
  }

  @Override
  public void ownership(SlotOwnership next) {
    requireOpen();
    SlotOwnership before = ownership;
    ownership = next;
    undo.add(() -> ownership = before);
  }

  @Override
  public void orphansFrom(byte[] expiryRow) {
    requireOpen();
    if (expiryRow == null) {
      overlay(Family.SYS).delete(SysRows.orphans());
    } else {
      overlay(Family.SYS).put(SysRows.orphans(), expiryRow);
    }
  }

  /** Sequence number of the proposer's last applied proposal, 0 if nothing is known of it. */
  public long lastProposal(long proposer) {
    byte[] known = get(Family.SYS, SysRows.proposer(proposer));
    return known == null ? 0 : SysRows.Proposer.decode(known).sequence();
  }

  /**
   * Remembers the proposer's last proposal. When a new proposer appears, those not heard of for 24
   * hours of shard time are forgotten; of the step of one entry one hour counts at most.
   */
  public void noteProposal(long proposer, long sequence) {
    bridgeJump();
    byte[] row = SysRows.proposer(proposer);
    if (get(Family.SYS, row) == null) {
      forgetSilentProposers();
    }
    overlay(Family.SYS).put(row, new SysRows.Proposer(sequence, timeMillis).encode());
  }

  /** Once per entry: proposers are not silent while time stands still and then jumps. */
  private void bridgeJump() {
    long beyond = timeMillis - store.shardTimeMillis() - MAX_SILENT_STEP_MILLIS;
    if (jumpBridged || beyond <= 0) {
      return;
    }
    jumpBridged = true;
    try (RowCursor known = ascending(Family.SYS, SysRows.proposersFrom(), SysRows.proposersTo())) {
      while (known.next()) {
        SysRows.Proposer last = SysRows.Proposer.decode(known.value());
        overlay(Family.SYS)
            .put(
                known.key(),
                new SysRows.Proposer(last.sequence(), last.timeMillis() + beyond).encode());
      }
    }
  }

  private void forgetSilentProposers() {
    try (RowCursor known = ascending(Family.SYS, SysRows.proposersFrom(), SysRows.proposersTo())) {
      while (known.next()) {
        long heard = SysRows.Proposer.decode(known.value()).timeMillis();
        if (timeMillis - heard >= PROPOSER_MEMORY_MILLIS) {
          overlay(Family.SYS).delete(known.key());
        }
      }
    }
  }

  /** The named record, or null. */
  public byte[] record(String name) {
    return get(Family.SYS, SysRows.record(name));
  }

  public void putRecord(String name, byte[] value) {
    requireOpen();
    overlay(Family.SYS).put(SysRows.record(name), value);
  }

  public void deleteRecord(String name) {
    requireOpen();
    overlay(Family.SYS).delete(SysRows.record(name));
  }

  /**
   * Writes all changes atomically, makes them visible to readers and closes the batch. They are
   * durable after the next {@link ShardStore#flush}; until then the log must keep the entry.
   *
   * @throws IllegalArgumentException if an entry of this index or a later one was applied already
   * @throws StorageException if the disk does not take them: nothing has changed then, and the same
   *     commit may be tried again
   */
  public void commit(long term, long index) {
    requireOpen();
    undo.mark();
    bridgeJump();
    counts.forEach(
        (key, count) -> {
          byte[] row = SysRows.count(slotOf(key), homeOf(key));
          if (count.keys() == 0) {
            overlay(Family.SYS).delete(row);
          } else {
            overlay(Family.SYS).put(row, count.encode());
          }
        });
    if (!homes.equals(store.state().homes())) {
      writeHomes();
    }
    if (!ownership.equals(store.state().ownership())) {
      overlay(Family.SYS).put(SysRows.ownership(), ownership.encode());
    }
    undo.mark();
    store.commit(this, new SysRows.Position(term, index, timeMillis, lastId));
    close();
  }

  /** No row for the homes that every store begins with: to swap back leaves no trace. */
  private void writeHomes() {
    if (homes.equals(DatabaseHomes.INITIAL)) {
      overlay(Family.SYS).delete(SysRows.homes());
    } else {
      overlay(Family.SYS).put(SysRows.homes(), homes.encode());
    }
  }

  /** The first row of the {@code expiry} family that this writes, null if there is none. */
  byte[] firstExpiry() {
    FamilyOverlay expiries = overlays.get(Family.EXPIRY);
    return expiries == null ? null : expiries.firstPut();
  }

  /** Adds all pending rows. */
  void writeTo(RowWriter out) {
    overlays.values().forEach(overlay -> overlay.writeTo(out));
  }

  /**
   * Tells the cache what commit {@code index} is about to change.
   *
   * <p>A range with rank nodes is all of a collection. Its id is never used again, so nobody asks
   * for what the cache still has of it. There are no ranges of proposers.
   */
  void announceTo(RowCache.Region cache, long index) {
    FamilyOverlay meta = overlays.get(Family.META);
    if (meta != null && meta.hasRanges()) {
      cache.clear(index);
    }
    for (Family family : RowCache.FAMILIES) {
      FamilyOverlay overlay = overlays.get(family);
      if (overlay != null) {
        announceTo(cache, index, overlay);
      }
    }
  }

  private static void announceTo(RowCache.Region cache, long index, FamilyOverlay overlay) {
    Family family = overlay.family();
    overlay
        .pending()
        .forEach(
            (row, value) -> {
              if (RowCache.keeps(family, row)) {
                cache.written(family, row, value == FamilyOverlay.DELETED ? null : value, index);
              }
            });
  }

  /** Hands over the new numbers of keys of slots and homes. */
  void countInto(KeyCounts target) {
    counts.forEach((key, count) -> target.set(slotOf(key), homeOf(key), count));
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      overlays.clear();
      counts.clear();
      store.batchClosed();
    }
  }

  private FamilyOverlay writable(Family family) {
    requireOpen();
    if (family == Family.SYS) {
      throw new IllegalArgumentException("sys rows have methods of their own");
    }
    return overlay(family);
  }

  private FamilyOverlay overlay(Family family) {
    return overlays.computeIfAbsent(
        family,
        name -> {
          // What belongs to the entry itself must always have room.
          LongConsumer growth = name == Family.SYS ? bytes -> {} : this::charge;
          return new FamilyOverlay(name, undo, growth);
        });
  }

  private void requireOpen() {
    if (!open) {
      throw new IllegalStateException("batch is closed");
    }
  }

  private static int slotOf(int countKey) {
    return countKey / KeyCounts.HOMES;
  }

  private static int homeOf(int countKey) {
    return countKey % KeyCounts.HOMES;
  }

  private static Integer countKey(int slot, int home) {
    return slot * KeyCounts.HOMES + home;
  }
}

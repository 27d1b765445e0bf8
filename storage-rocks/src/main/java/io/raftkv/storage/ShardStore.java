package io.raftkv.storage;

import io.raftkv.storage.rocks.RocksCursor;
import io.raftkv.storage.rocks.RocksHandles;
import io.raftkv.storage.rocks.RocksSnapshot;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.SysRows;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data of one shard replica. One thread applies log entries through {@link #begin}; any thread
 * reads. The log is the write-ahead log: what was committed since the last {@link #flush} is gone
 * after a crash and {@link #appliedIndex} then tells from where to replay.
 *
 * <p>A commit goes through three steps: its index is noted as begun and the cache learns the new
 * rows; RocksDB writes them; position, counts and cache state are published. Readers rely on that
 * order, see {@link ReadView}, {@link RowCache} and {@link ExpiryFloor}.
 */
public final class ShardStore implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ShardStore.class);

  /** Version of the storage format: goes up when an older RaftKV could not read the rows. */
  static final int FORMAT_VERSION = 7;

  /** Most views of {@link #tryRetain} at one time: compactions look at every snapshot. */
  public static final int MAX_RETAINED_VIEWS = 512;

  /** What readers start from; published as one. */
  record State(
      StorePosition position,
      DatabaseHomes homes,
      SlotOwnership ownership,
      RowCache.Region cache) {}

  /** What {@link #ownedBytes} found. */
  private record OwnedBytes(SlotSet slots, long flushedIndex, long bytes, long atNanos) {}

  private static final long OWNED_BYTES_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final RocksHandles rocks;
  private final RowCache rowCache;
  private final HoldBudget holdBudget;
  private final KeyCounts counts;
  private final AtomicBoolean batchOpen = new AtomicBoolean();
  private final Object flushLock = new Object();
  private volatile State state;
  private volatile OwnedBytes ownedBytes;

  private final ExpiryFloor expiryFloor = new ExpiryFloor(this::nothingBegunSince);

  /** Index of the commit that is under way, or of the last one. */
  private volatile long begun;

  private volatile long flushedIndex;
  private final Set<RetainedView> retained = ConcurrentHashMap.newKeySet();
  private final Semaphore retainable = new Semaphore(MAX_RETAINED_VIEWS);
  private volatile boolean closing;

  /** Touched by the apply thread only. */
  private long lastId;

  private ShardStore(RocksHandles rocks, StoreEnvironment environment) {
    this.rocks = rocks;
    this.rowCache = environment.rowCache();
    this.holdBudget = environment.holdBudget();
    checkFormat();
    byte[] row = rocks.get(Family.SYS, SysRows.position());
    StorePosition position = positionOf(row);
    this.lastId = row == null ? 0 : SysRows.Position.decode(row).lastId();
    this.counts = KeyCounts.load(rocks);
    this.begun = position.index();
    this.flushedIndex = position.index();
    DatabaseHomes homes = homesOf(rocks.get(Family.SYS, SysRows.homes()));
    SlotOwnership ownership = ownershipOf(rocks.get(Family.SYS, SysRows.ownership()));
    this.state = new State(position, homes, ownership, rowCache.newRegion());
  }

  /**
   * Opens the store in {@code directory}, or makes an empty one there.
   *
   * @throws CorruptStoreException if files are missing, cut off or altered, as far as that shows
   *     without reading all data; later reads throw it for the rest. Also if {@link #keepDamage}
   *     has noted that
   * @throws UnsupportedFormatException if a newer version wrote it
   */
  public static ShardStore open(Path directory, StoreEnvironment environment) {
    DamageMark.check(directory);
    FlushMark mark = FlushMark.read(directory);
    if (mark != null) {
      mark.checkManifest(directory, RocksHandles.currentManifest(directory));
    }
    RocksHandles rocks = RocksHandles.open(directory, environment.resources());
    try {
      ShardStore store = new ShardStore(rocks, environment);
      if (mark != null) {
        mark.checkIndex(directory, store.appliedIndex());
      }
      return store;
    } catch (RuntimeException | Error e) {
      rocks.close();
      throw e;
    }
  }

  private void checkFormat() {
    byte[] row = rocks.get(Family.SYS, SysRows.format());
    int version = row == null ? 0 : SysRows.formatOf(row);
    if (version > FORMAT_VERSION) {
      throw new UnsupportedFormatException(
          "store %s has format %d, this version of RaftKV reads up to format %d"
              .formatted(rocks.directory(), version, FORMAT_VERSION));
    }
    if (!rocks.unknownFamilies().isEmpty()) {
      throw new CorruptStoreException(
          "store %s has unknown families %s".formatted(rocks.directory(), rocks.unknownFamilies()));
    }
    if (row == null) {
      if (rocks.get(Family.SYS, SysRows.position()) != null) {
        throw new CorruptStoreException("store " + rocks.directory() + " has no format version");
      }
      writeFormat();
    } else if (version < FORMAT_VERSION) {
      // Rows that older versions cannot read may follow from now on.
      if (version == 1) {
        StoreUpgrade.fromFormat1(rocks, SysRows.formatValue(FORMAT_VERSION));
      } else {
        writeFormat();
      }
      LOG.info("store upgraded from format {} dir={}", version, rocks.directory());
    }
  }

  private void writeFormat() {
    rocks.write(out -> out.put(Family.SYS, SysRows.format(), SysRows.formatValue(FORMAT_VERSION)));
  }

  static StorePosition positionOf(byte[] row) {
    if (row == null) {
      return StorePosition.NONE;
    }
    SysRows.Position position = SysRows.Position.decode(row);
    return new StorePosition(position.term(), position.index(), position.timeMillis());
  }

  static DatabaseHomes homesOf(byte[] row) {
    return row == null ? DatabaseHomes.INITIAL : DatabaseHomes.decode(row);
  }

  static SlotOwnership ownershipOf(byte[] row) {
    return row == null ? SlotOwnership.ALL : SlotOwnership.decode(row);
  }

  /** Which slots this store has, as last committed. Thread-safe. */
  public SlotOwnership ownership() {
    return state.ownership();
  }

  /** Where this store stands: term, index and time of the same entry. Thread-safe. */
  public StorePosition position() {
    return state.position();
  }

  /** Term of the entry applied last, 0 if none. Thread-safe. */
  public long appliedTerm() {
    return state.position().term();
  }

  /** Index of the entry applied last, -1 if none. Thread-safe. */
  public long appliedIndex() {
    return state.position().index();
  }

  /** Shard time, in milliseconds since the epoch. Thread-safe. */
  public long shardTimeMillis() {
    return state.position().timeMillis();
  }

  /**
   * Starts the changes of one log entry. One batch at a time, on the apply thread.
   *
   * @param stampMillis the entry's time; shard time never goes back, whatever it says
   */
  public StoreBatch begin(long stampMillis) {
    takeBatch();
    return new StoreBatch(this, Math.max(stampMillis, shardTimeMillis()), lastId);
  }

  /**
   * Notes an entry that has no data, on the apply thread. Returns false and does nothing if that
   * index or a later one was applied already.
   */
  public boolean skipTo(long term, long index) {
    try (StoreBatch batch = begin(0)) {
      if (index <= appliedIndex()) {
        return false;
      }
      batch.commit(term, index);
      return true;
    }
  }

  void commit(StoreBatch batch, SysRows.Position next) {
    State before = state;
    if (next.index() <= before.position().index()) {
      throw new IllegalArgumentException(
          "index %d was applied already, store is at %d"
              .formatted(next.index(), before.position().index()));
    }
    begun = next.index();
    batch.announceTo(before.cache(), next.index());
    byte[] firstExpiry = batch.firstExpiry();
    if (firstExpiry != null) {
      expiryFloor.lower(firstExpiry);
    }
    byte[] position = next.encode();
    try {
      rocks.write(
          out -> {
            batch.writeTo(out);
            out.put(Family.SYS, SysRows.position(), position);
          });
    } catch (RuntimeException | Error e) {
      // The cache has rows that do not exist: readers get a new one.
      state =
          new State(before.position(), before.homes(), before.ownership(), rowCache.newRegion());
      begun = before.position().index();
      before.cache().retire();
      throw e;
    }
    batch.countInto(counts);
    lastId = next.lastId();
    StorePosition reached = new StorePosition(next.term(), next.index(), next.timeMillis());
    state = new State(reached, batch.homes(), batch.ownership(), before.cache());
  }

  /**
   * A view of this moment that goes to disk only for what is not in memory. Thread-safe; may block
   * on the disk.
   *
   * @see #query
   */
  public ReadView read() {
    return ReadView.lazy(this);
  }

  /**
   * A view of this moment that throws {@link NotInMemoryException} instead of going to disk: for
   * threads that must not block. Thread-safe.
   */
  public ReadView readInMemory() {
    return ReadView.inMemory(this);
  }

  /** A view of this moment that never becomes stale. Thread-safe; may block on the disk. */
  public ReadView readSnapshot() {
    return ReadView.pinned(this);
  }

  /**
   * A view of this moment that may be kept for a while; close it. Null if {@link
   * #MAX_RETAINED_VIEWS} are open. Thread-safe; may block on the disk.
   *
   * @throws StorageException if the store is closed
   */
  public RetainedView tryRetain() {
    if (!retainable.tryAcquire()) {
      return null;
    }
    RetainedView view = null;
    try {
      view = new RetainedView(this, readSnapshot());
      retained.add(view);
    } finally {
      if (view == null) {
        retainable.release();
      }
    }
    if (closing) {
      // Who closes the store may have looked before this view was there.
      view.close();
      throw new StorageException("store " + rocks.directory() + " is closed");
    }
    return view;
  }

  HoldBudget holdBudget() {
    return holdBudget;
  }

  void forget(RetainedView view) {
    if (retained.remove(view)) {
      retainable.release();
    }
  }

  /** How many views of {@link #tryRetain} are open. */
  public int retainedViews() {
    return retained.size();
  }

  /** Runs a read on {@link #read} and, if commits disturb it, again on {@link #readSnapshot}. */
  public <T> T query(Function<ReadView, T> read) {
    try (ReadView view = read()) {
      return read.apply(view);
    } catch (StaleViewException e) {
      try (ReadView view = readSnapshot()) {
        return read.apply(view);
      }
    }
  }

  /**
   * Makes durable all that was committed before the call, and returns its index. Thread-safe;
   * blocks on the disk while commits go on.
   *
   * @throws StorageException if the disk does not take it, at once while not {@link #isWritable}
   */
  public long flush() {
    synchronized (flushLock) {
      long index = appliedIndex();
      if (index > flushedIndex) {
        requireWritable("flush");
        rocks.flush();
        FlushMark.of(rocks.directory(), rocks.currentManifest(), index).write(rocks.directory());
        flushedIndex = index;
      }
      return flushedIndex;
    }
  }

  /**
   * Makes durable all that was committed before the call, has the files give back the room of what
   * was deleted, and returns the index up to which. Blocks for long if that is much; commits go on.
   *
   * @param roomBytes how much may be written before anything is given back
   * @throws StorageException if the disk does not take it
   */
  public long giveBackSpace(LongSupplier roomBytes) {
    long index = flush();
    rocks.compactDeleted(roomBytes);
    return index;
  }

  /** What the store may write by itself, now. Cheap. Thread-safe. */
  public OwnWrites ownWrites() {
    return rocks.ownWrites();
  }

  /** Ends {@link #giveBackSpace}, from now on: the store is about to be closed. */
  public void closeSoon() {
    rocks.endCompactions();
  }

  /** A flush while RocksDB recovers from an error would undo the recovery. */
  private void requireWritable(String doing) {
    String error = rocks.error();
    rocks.requireUndamaged();
    if (error != null) {
      throw new StorageException(
          "cannot %s store %s: %s".formatted(doing, rocks.directory(), error));
    }
  }

  /** An index that is surely on disk; more may be. Thread-safe. */
  long flushedIndex() {
    return flushedIndex;
  }

  /**
   * Makes {@code target}, which must not exist and lies on the same file system, a store of its own
   * that shares the files of this one. Commits may go on; what was committed before the call is in
   * it. Returns the index it has at least, and exactly if no commit ran meanwhile.
   */
  public long checkpoint(Path target) {
    requireWritable("make a checkpoint of");
    long index = appliedIndex();
    rocks.checkpoint(target);
    FlushMark.of(target, RocksHandles.currentManifest(target), index).write(target);
    return index;
  }

  /** Digest of all replicated rows at one moment; reads everything. Thread-safe. */
  public StoreChecksum checksum() {
    MessageDigest digest = sha256();
    byte[] localRow = SysRows.format();
    try (RocksSnapshot snapshot = rocks.snapshot()) {
      for (Family family : Family.values()) {
        update(digest, family.columnFamily().getBytes(StandardCharsets.US_ASCII));
        try (RocksCursor rows = rocks.scan(family, snapshot)) {
          while (rows.next()) {
            byte[] row = rows.key();
            // Replicas may run different versions for a while.
            if (family != Family.SYS || !Arrays.equals(row, localRow)) {
              update(digest, row);
              update(digest, rows.value());
            }
          }
        }
      }
      long index = positionOf(rocks.get(Family.SYS, SysRows.position(), snapshot)).index();
      return new StoreChecksum(index, HexFormat.of().formatHex(digest.digest()));
    }
  }

  private static void update(MessageDigest digest, byte[] bytes) {
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
    digest.update(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Bytes of all files in the store's directory; those shared with checkpoints count too. */
  public long diskUsageBytes() {
    try (Stream<Path> files = Files.list(rocks.directory())) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException e) {
      throw new StorageException("cannot list " + rocks.directory(), e);
    }
  }

  /**
   * Where the slots come apart in parts that have about as many bytes: the first slot of each but
   * the lowest one; empty if there are no bytes. Flushes. Blocks on the disk while commits go on.
   * Thread-safe.
   *
   * @param slots which to look at, at least as many as there are to be parts
   * @param parts two at least
   */
  public List<Integer> partStarts(SlotSet slots, int parts) {
    flush();
    return SlotParts.starts(slots, parts, last -> bytesOf(slots.minus(above(last))));
  }

  private static SlotSet above(int slot) {
    return slot == Slot.COUNT - 1 ? SlotSet.EMPTY : SlotSet.of(slot + 1, Slot.COUNT - 1);
  }

  /**
   * About how many bytes are of slots that the store has, in its files and in memory. Unlike {@link
   * #diskUsageBytes} without those of slots that went away, which are there until they are
   * compacted. Some seconds old at most, but never of other slots, nor of before the last {@link
   * #flush}. May block on the disk. Thread-safe.
   *
   * @param nowNanos as of {@link System#nanoTime}
   */
  public long ownedBytes(long nowNanos) {
    SlotSet owned = ownership().owned();
    long flushed = flushedIndex;
    OwnedBytes known = ownedBytes;
    if (known == null
        || known.flushedIndex != flushed
        || !known.slots.equals(owned)
        || nowNanos - known.atNanos > OWNED_BYTES_NANOS) {
      known = new OwnedBytes(owned, flushed, bytesOf(owned), nowNanos);
      ownedBytes = known;
    }
    return known.bytes;
  }

  private long bytesOf(SlotSet slots) {
    long bytes = 0;
    for (SlotSet.Range range : slots.ranges()) {
      byte[] from = KeyRows.slotFrom(range.first());
      byte[] to = KeyRows.slotFrom(range.last() + 1);
      for (Family family : Family.values()) {
        bytes += family.isBySlot() ? rocks.approximateBytes(family, from, to) : 0;
      }
    }
    return bytes;
  }

  /** Gauges for metrics by name; those of caches are sums over all stores of the process. */
  public Map<String, Long> properties() {
    Map<String, Long> gauges = rocks.properties();
    long[] cache = rowCache.statistics();
    gauges.put("row_cache_bytes", cache[0]);
    gauges.put("row_cache_hits", cache[1]);
    gauges.put("row_cache_misses", cache[2]);
    gauges.put("retained_views", (long) retained.size());
    return gauges;
  }

  /**
   * False while RocksDB cannot write to disk, be it full or broken: refuse writes before they reach
   * the log. Commits fail then, or fit into memory for a while, but nothing becomes durable. Costs
   * a call into RocksDB. Thread-safe.
   */
  public boolean isWritable() {
    return rocks.error() == null;
  }

  /**
   * Finds out whether the store can write again, and returns that. From a full disk RocksDB
   * recovers by itself within seconds after there is space, and what is in memory stays; after
   * other errors of the disk this may stay false until the store is closed and opened again.
   * Thread-safe.
   *
   * @throws CorruptStoreException if it is not the disk: RocksDB met damaged files, for example in
   *     a compaction, and never writes again
   */
  public boolean tryResume() {
    if (isWritable()) {
      return true;
    }
    rocks.requireUndamaged(); // RocksDB itself may write on if it was a read that met the damage
    synchronized (flushLock) {
      try {
        // Refused while RocksDB is stopped. Only then flush: before, it would undo the recovery.
        writeFormat();
        rocks.flush();
      } catch (CorruptStoreException damaged) {
        throw damaged;
      } catch (StorageException e) {
        LOG.debug("store still cannot write dir={}", rocks.directory(), e);
      }
    }
    return isWritable();
  }

  /**
   * Notes, durably, what was found, if it is a damaged file: {@link #open} then throws the same,
   * until the directory is removed. Other faults may be of this version of RaftKV, and not of the
   * files. Thread-safe; blocks on the disk.
   *
   * @throws StorageException if it cannot be written
   */
  public void keepDamage(CorruptStoreException found) {
    if (found instanceof DamagedFileException) {
      DamageMark.write(rocks.directory(), found);
    }
  }

  /**
   * Flushes and closes; waits for open views that use the disk, takes retained ones back. A flush
   * that fails is logged only: the log still has what is lost.
   */
  @Override
  public void close() {
    if (rocks.isClosed()) {
      return;
    }
    try {
      flush();
    } catch (StorageException e) {
      LOG.warn("store closed without flush dir={}", rocks.directory(), e);
    }
    closeWithoutFlush();
  }

  private void closeWithoutFlush() {
    closing = true;
    retained.forEach(RetainedView::close);
    rocks.close();
    state.cache().retire();
  }

  RocksHandles rocks() {
    return rocks;
  }

  KeyCounts counts() {
    return counts;
  }

  ExpiryFloor expiryFloor() {
    return expiryFloor;
  }

  State state() {
    return state;
  }

  /** True if a view at {@code index} may still trust what it just read without a snapshot. */
  boolean nothingBegunSince(long index) {
    return begun == index;
  }

  /** Rows as last committed, for the apply thread. */
  SeekableCursor committedRows(Family family, byte[] from, byte[] to, boolean ascending) {
    return rows(family, from, to, ascending, appliedIndex(), null);
  }

  /**
   * Rows as the moment of an index has them.
   *
   * @param snapshot of that moment, or null if it is the newest; then the caller has to see to it
   *     that it still is
   */
  SeekableCursor rows(
      Family family,
      byte[] from,
      byte[] to,
      boolean ascending,
      long index,
      RocksSnapshot snapshot) {
    if (family != Family.EXPIRY || !ascending) {
      return rocks.cursor(family, from, to, ascending, snapshot);
    }
    return expiryFloor.walk(
        from, to, index, begin -> rocks.cursor(Family.EXPIRY, begin, to, true, snapshot));
  }

  /** A row as last committed, for the apply thread. */
  byte[] committed(Family family, byte[] row) {
    if (!RowCache.keeps(family, row)) {
      return rocks.get(family, row);
    }
    State now = state;
    byte[] value = now.cache().get(family, row, now.position().index());
    if (value == null) {
      value = rocks.get(family, row);
      now.cache().loaded(family, row, value, now.position().index());
      return value;
    }
    return value == RowCache.ABSENT ? null : value;
  }

  void batchClosed() {
    batchOpen.set(false);
  }

  private void takeBatch() {
    if (!batchOpen.compareAndSet(false, true)) {
      throw new IllegalStateException("another batch is open");
    }
  }
}

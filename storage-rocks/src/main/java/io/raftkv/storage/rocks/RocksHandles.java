package io.raftkv.storage.rocks;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.DamagedFileException;
import io.raftkv.storage.Family;
import io.raftkv.storage.OutOfSpaceException;
import io.raftkv.storage.OwnWrites;
import io.raftkv.storage.StorageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.rocksdb.Checkpoint;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompactRangeOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.IngestExternalFileOptions;
import org.rocksdb.Options;
import org.rocksdb.Range;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.SizeApproximationFlag;
import org.rocksdb.Slice;
import org.rocksdb.Snapshot;
import org.rocksdb.Status;
import org.rocksdb.TableProperties;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One open RocksDB database with the column families of {@link Family}: rows in, rows out, and the
 * one owner of its native objects.
 *
 * <p>Thread-safe. After {@link #close} every call fails with {@link StorageException}; snapshots
 * and cursors count as use, closing waits for them.
 */
public final class RocksHandles implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RocksHandles.class);

  private static final Family[] FAMILIES = Family.values();
  private static final String DEFAULT_FAMILY =
      new String(RocksDB.DEFAULT_COLUMN_FAMILY, StandardCharsets.UTF_8);
  private static final String CURRENT = "CURRENT";
  private static final String FIRST_MANIFEST = "MANIFEST-000001";
  private static final long CLOSE_TIMEOUT_MILLIS = 30_000;

  /** One of so many rows that is deleted makes a family worth a compaction. */
  private static final int MUCH_DELETED = 4;

  /** Pause of a write while a flush is behind. */
  private static final long STALL_NANOS = 1_000_000;

  private static final long SCAN_READAHEAD_BYTES = 256 << 10;

  private final Path directory;
  private final StoreHealth health;
  private final UseGate gate = new UseGate();
  private final List<AutoCloseable> owned = new ArrayList<>();
  private final Map<Family, ColumnFamilyHandle> families = new EnumMap<>(Family.class);
  private final Map<Family, Integer> familyIds = new EnumMap<>(Family.class);
  private final List<ColumnFamilyHandle> allFamilies = new ArrayList<>();
  private final List<String> unknownFamilies = new ArrayList<>();
  private final ReadOptions plainRead = own(new ReadOptions());
  private final WriteOptions noWal =
      own(new WriteOptions().setDisableWAL(true).setNoSlowdown(true));
  private final Object compactionLock = new Object();
  private CompactRangeOptions compaction; // under way; guarded by its lock, as is the next one
  private boolean compactionsEnd;
  private final RocksResources shared;
  private RocksDB database;

  private RocksHandles(Path directory, RocksResources shared) {
    this.directory = directory;
    this.shared = shared;
    this.health = new StoreHealth(directory);
  }

  /**
   * Opens the database in {@code directory}, which is made if it does not exist.
   *
   * @throws CorruptStoreException if files are missing, cut off or altered, as far as that shows
   *     without reading all data
   */
  public static RocksHandles open(Path directory, RocksResources shared) {
    RocksHandles handles = new RocksHandles(directory, shared);
    try {
      handles.openDatabase();
      return handles;
    } catch (RuntimeException | Error e) {
      handles.closeOwned();
      throw e;
    }
  }

  private void openDatabase() {
    boolean fresh = prepareDirectory();
    DBOptions options = own(RocksTuning.database(shared, health));
    List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
    List<String> names = familyNames(fresh);
    for (String name : names) {
      descriptors.add(
          new ColumnFamilyDescriptor(
              name.getBytes(StandardCharsets.UTF_8), own(familyOptions(name, shared))));
    }
    String manifest = currentManifest();
    try {
      database = RocksDB.open(options, directory.toString(), descriptors, allFamilies);
    } catch (RocksDBException e) {
      throw RocksErrors.translateOpen(directory, manifest, e);
    }
    for (int i = 0; i < names.size(); i++) {
      Family family = familyNamed(names.get(i));
      if (family != null) {
        families.put(family, allFamilies.get(i));
        familyIds.put(family, allFamilies.get(i).getID());
      } else if (!names.get(i).equals(DEFAULT_FAMILY)) {
        unknownFamilies.add(names.get(i));
      }
    }
  }

  /**
   * Returns whether there is no database yet. One that lost its CURRENT file must not pass for
   * that: RocksDB would start an empty one and delete the old files. The very first manifest alone
   * is what an interrupted first start leaves, before anything was stored.
   */
  private boolean prepareDirectory() {
    try {
      Files.createDirectories(directory);
      if (Files.exists(directory.resolve(CURRENT))) {
        return false;
      }
      try (Stream<Path> files = Files.list(directory)) {
        files
            .map(file -> file.getFileName().toString())
            .filter(name -> name.endsWith(".sst") || name.startsWith("MANIFEST-"))
            .filter(name -> !name.equals(FIRST_MANIFEST))
            .findFirst()
            .ifPresent(
                name -> {
                  throw new CorruptStoreException(
                      "store %s is damaged: %s is there, but %s is missing"
                          .formatted(directory, name, CURRENT));
                });
      }
      return true;
    } catch (IOException e) {
      throw new StorageException("cannot open store " + directory, e);
    }
  }

  /** All families of the database: a newer version may have added some, and all must be opened. */
  private List<String> familyNames(boolean fresh) {
    List<String> names = new ArrayList<>();
    if (!fresh) {
      try (Options options = new Options()) {
        for (byte[] name : RocksDB.listColumnFamilies(options, directory.toString())) {
          names.add(new String(name, StandardCharsets.UTF_8));
        }
      } catch (RocksDBException e) {
        throw RocksErrors.translateOpen(directory, currentManifest(), e);
      }
    }
    // Of a damaged database the binding lists no families; opening it then tells what is wrong.
    if (!names.contains(DEFAULT_FAMILY)) {
      names.add(DEFAULT_FAMILY);
    }
    for (Family family : FAMILIES) {
      if (!names.contains(family.columnFamily())) {
        names.add(family.columnFamily());
      }
    }
    return names;
  }

  private static ColumnFamilyOptions familyOptions(String name, RocksResources shared) {
    Family family = familyNamed(name);
    // The default family stays empty; one we do not know is only opened to find out that it is so.
    return RocksTuning.family(shared, family == null ? Family.SYS : family);
  }

  private static Family familyNamed(String name) {
    for (Family family : FAMILIES) {
      if (family.columnFamily().equals(name)) {
        return family;
      }
    }
    return null;
  }

  /** Name of the manifest in use, or CURRENT itself if that cannot be told. */
  public String currentManifest() {
    return currentManifest(directory);
  }

  /** Name of the manifest in use in {@code directory}, or CURRENT itself if that cannot be told. */
  public static String currentManifest(Path directory) {
    Path current = directory.resolve(CURRENT);
    try {
      String content = Files.readString(current, StandardCharsets.ISO_8859_1);
      return content.startsWith("MANIFEST-") ? content.strip() : CURRENT;
    } catch (IOException e) {
      LOG.debug("cannot read {}", current, e);
      return CURRENT;
    }
  }

  public Path directory() {
    return directory;
  }

  /** Column families in the database that this version has no use for. */
  public List<String> unknownFamilies() {
    return List.copyOf(unknownFamilies);
  }

  /** The newest value of a row, or null. */
  public byte[] get(Family family, byte[] row) {
    return get(family, row, null);
  }

  /** The value of a row at a snapshot, or now if that is null; null if there is no such row. */
  public byte[] get(Family family, byte[] row, RocksSnapshot snapshot) {
    enter();
    try {
      return database.get(
          families.get(family), snapshot == null ? plainRead : snapshot.options(), row);
    } catch (RocksDBException e) {
      throw readFailed(e);
    } finally {
      leave();
    }
  }

  /**
   * Rows of a family at a snapshot, or at the moment of this call if that is null.
   *
   * @param from first row
   * @param to the row behind the last one, or null for no bound
   */
  public RocksCursor cursor(
      Family family, byte[] from, byte[] to, boolean ascending, RocksSnapshot snapshot) {
    return cursor(family, from, to, ascending, newReadOptions(snapshot), this::readFailed);
  }

  /**
   * All rows of a family, for one pass that shall not displace what the block cache holds. To find
   * damage is then a matter of who asked for the pass: others go on with the rest.
   */
  public RocksCursor scan(Family family, RocksSnapshot snapshot) {
    return scan(family, new byte[0], null, snapshot);
  }

  /**
   * Rows of a family, as {@link #scan(Family, RocksSnapshot)}.
   *
   * @param from first row
   * @param to the row behind the last one, or null for no bound
   */
  public RocksCursor scan(Family family, byte[] from, byte[] to, RocksSnapshot snapshot) {
    ReadOptions options =
        newReadOptions(snapshot).setFillCache(false).setReadaheadSize(SCAN_READAHEAD_BYTES);
    return cursor(
        family, from, to, true, options, e -> RocksErrors.translate(directory, "read", e));
  }

  private static ReadOptions newReadOptions(RocksSnapshot snapshot) {
    return snapshot == null ? new ReadOptions() : new ReadOptions(snapshot.options());
  }

  private RocksCursor cursor(
      Family family,
      byte[] from,
      byte[] to,
      boolean ascending,
      ReadOptions options,
      Function<RocksDBException, StorageException> failure) {
    try {
      enter();
    } catch (StorageException e) {
      options.close();
      throw e;
    }
    // Bounds keep the iterator from wading through deleted rows of its neighbours.
    Slice lower = new Slice(from);
    Slice upper = to == null ? null : new Slice(to);
    options.setIterateLowerBound(lower);
    if (upper != null) {
      options.setIterateUpperBound(upper);
    }
    RocksIterator iterator = database.newIterator(families.get(family), options);
    return new RocksCursor(this, failure, iterator, options, lower, upper, ascending);
  }

  /** This moment, readable until closed. */
  public RocksSnapshot snapshot() {
    enter();
    return new RocksSnapshot(this, database.getSnapshot());
  }

  /**
   * Writes rows atomically, without a write-ahead log: they are durable after the next {@link
   * #flush}. After a failure nothing of them is visible and the same may be written again.
   *
   * @param records adds the rows to write; called twice, must add the same both times
   */
  public void write(Consumer<RowWriter> records) {
    byte[] encoded = RowWriteBatch.encode(batch -> records.accept(new RowWriter(batch, familyIds)));
    enter();
    try (WriteBatch batch = new WriteBatch(encoded)) {
      while (!tryToWrite(batch)) {
        String error = error();
        requireUndamaged();
        if (error != null) {
          throw new OutOfSpaceException(
              "cannot write to store %s: %s".formatted(directory, error), null);
        }
        LockSupport.parkNanos(STALL_NANOS);
      }
    } catch (RocksDBException e) {
      throw failed("write to", e);
    } finally {
      leave();
    }
  }

  /** What a read finds damaged nobody can use any more: it counts as if a write had found it. */
  private StorageException readFailed(RocksDBException cause) {
    StorageException failure = RocksErrors.translate(directory, "read", cause);
    if (failure instanceof DamagedFileException damage) {
      health.damaged(damage);
    }
    return failure;
  }

  private StorageException failed(String doing, RocksDBException cause) {
    StorageException failure = RocksErrors.translate(directory, doing, cause);
    if (failure instanceof CorruptStoreException damage) {
      health.damaged(damage);
    } else {
      health.failed(cause.getMessage());
    }
    return failure;
  }

  /**
   * @throws CorruptStoreException if a read, or a write or flush, also one that RocksDB began by
   *     itself, has met damaged files
   */
  public void requireUndamaged() {
    CorruptStoreException damage = health.damage();
    if (damage != null) {
      throw damage instanceof DamagedFileException
          ? new DamagedFileException(damage.getMessage(), damage)
          : new CorruptStoreException(damage.getMessage(), damage);
    }
  }

  /**
   * Returns false while too much is in memory that is not on the disk. A write that waited for that
   * inside of RocksDB would wait for ever if the flush has failed, as on a full disk: the recovery
   * queues behind the write.
   */
  private boolean tryToWrite(WriteBatch batch) throws RocksDBException {
    try {
      database.write(noWal, batch);
      return true;
    } catch (RocksDBException e) {
      Status status = e.getStatus();
      if (status != null && status.getCode() == Status.Code.Incomplete) {
        return false;
      }
      throw e;
    }
  }

  /**
   * Writes what is in memory of all families to disk, as one moment; returns when it is durable.
   *
   * <p>Not to be called while there is an {@link #error}: it would disturb RocksDB's own recovery.
   */
  public void flush() {
    enter();
    try (FlushOptions options = new FlushOptions().setWaitForFlush(true)) {
      database.flush(options, allFamilies);
      health.recovered();
    } catch (RocksDBException e) {
      throw failed("flush", e);
    } finally {
      leave();
    }
  }

  /** The way to add many rows to a family at once. */
  public TableLoad load(Family family) {
    return new TableLoad(this, family, shared);
  }

  /** Takes tables that lie on the same file system; they are gone where they were. */
  void ingest(Family family, List<String> tables) throws RocksDBException {
    enter();
    try (IngestExternalFileOptions options = new IngestExternalFileOptions().setMoveFiles(true)) {
      database.ingestExternalFile(families.get(family), tables, options);
    } finally {
      leave();
    }
  }

  /**
   * Makes {@code target}, which must not exist, a copy of this moment by hard links; flushes first.
   *
   * <p>RocksDB flushes for a checkpoint, too. But while it flushes for want of memory, it leaves
   * out what was written since then.
   */
  public void checkpoint(Path target) {
    flush();
    enter();
    try (Checkpoint checkpoint = Checkpoint.create(database)) {
      checkpoint.createCheckpoint(target.toString());
    } catch (RocksDBException e) {
      throw RocksErrors.translate(directory, "make checkpoint " + target + " of", e);
    } finally {
      leave();
    }
  }

  /**
   * Rewrites the families in which something is deleted, so that the files give back the room of
   * that; RocksDB by itself does so only as it writes more. Call it after {@link #flush}. Blocks
   * for as long as that takes, with much to give back many seconds.
   *
   * <p>Until the new files of a family are complete the old ones stay. A family of which more may
   * be left than there is room for, or of which little is deleted, stays as it is.
   *
   * @param roomBytes how much may be written before the old files go; asked before each family
   * @return false if nothing was rewritten, or if {@link #endCompactions} was called
   */
  public boolean compactDeleted(LongSupplier roomBytes) {
    enter();
    try (CompactRangeOptions options = new CompactRangeOptions()) {
      options.setExclusiveManualCompaction(false);
      try {
        return begin(options) && compactDeleted(options, roomBytes);
      } finally {
        begin(null); // before they are closed: nobody may cancel them then
      }
    } catch (RocksDBException e) {
      if (compactionsEnd()) {
        return false;
      }
      throw RocksErrors.translate(directory, "compact", e);
    } finally {
      leave();
    }
  }

  /** About how many bytes the rows from one to another take, in files and in memory. */
  public long approximateBytes(Family family, byte[] from, byte[] to) {
    enter();
    try (Slice first = new Slice(from);
        Slice end = new Slice(to)) {
      long[] sizes =
          database.getApproximateSizes(
              families.get(family),
              List.of(new Range(first, end)),
              SizeApproximationFlag.INCLUDE_FILES,
              SizeApproximationFlag.INCLUDE_MEMTABLES);
      return sizes[0];
    } finally {
      leave();
    }
  }

  private boolean compactDeleted(CompactRangeOptions options, LongSupplier roomBytes)
      throws RocksDBException {
    boolean any = false;
    for (ColumnFamilyHandle family : families.values()) {
      long ranges = 0;
      long deletions = 0;
      long entries = 0;
      for (TableProperties table : database.getPropertiesOfAllTables(family).values()) {
        ranges += table.getNumRangeDeletions();
        deletions += table.getNumDeletions();
        entries += table.getNumEntries();
      }
      // A range may be all that is left of millions. Of a row that is deleted nothing stays.
      boolean isMuch = ranges > 0 || deletions * MUCH_DELETED > entries;
      double kept = Math.max(0, 1 - 2.0 * deletions / Math.max(1, entries));
      long size = database.getLongProperty(family, "rocksdb.total-sst-files-size");
      if (isMuch && (long) (kept * size) <= roomBytes.getAsLong()) {
        any = true;
        database.compactRange(family, null, null, options);
      }
    }
    return any;
  }

  private boolean begin(CompactRangeOptions options) {
    synchronized (compactionLock) {
      compaction = options;
      return !compactionsEnd;
    }
  }

  private boolean compactionsEnd() {
    synchronized (compactionLock) {
      return compactionsEnd;
    }
  }

  /** Ends {@link #compactDeleted}, for good: the store is about to be closed. */
  public void endCompactions() {
    synchronized (compactionLock) {
      compactionsEnd = true;
      if (compaction != null) {
        compaction.setCanceled(true);
      }
    }
  }

  /** What stops the database from writing to disk, or null. */
  public String error() {
    if (!gate.enter()) {
      return "store is closed";
    }
    try {
      health.observe(database.getLongProperty("rocksdb.background-errors"));
    } catch (RocksDBException e) {
      throw RocksErrors.translate(directory, "read properties of", e);
    } finally {
      leave();
    }
    return health.error();
  }

  /** What the database may write by itself. */
  public OwnWrites ownWrites() {
    enter();
    try {
      return new OwnWrites(
          database.getAggregatedLongProperty("rocksdb.cur-size-all-mem-tables"),
          Math.min(
              database.getAggregatedLongProperty("rocksdb.live-sst-files-size"),
              RocksTuning.COMPACTION_BYTES));
    } catch (RocksDBException e) {
      throw RocksErrors.translate(directory, "read properties of", e);
    } finally {
      leave();
    }
  }

  /** Gauges for metrics, by name; cheap enough for every scrape. */
  public Map<String, Long> properties() {
    Map<String, Long> gauges = new TreeMap<>();
    BiConsumer<String, String> aggregated =
        (name, property) -> {
          try {
            gauges.put(name, database.getAggregatedLongProperty(property));
          } catch (RocksDBException e) {
            throw RocksErrors.translate(directory, "read property " + property + " of", e);
          }
        };
    enter();
    try {
      aggregated.accept("memtable_bytes", "rocksdb.cur-size-all-mem-tables");
      aggregated.accept("pending_compaction_bytes", "rocksdb.estimate-pending-compaction-bytes");
      aggregated.accept("live_sst_bytes", "rocksdb.live-sst-files-size");
      aggregated.accept("estimated_rows", "rocksdb.estimate-num-keys");
      gauges.put(
          "estimated_keys",
          database.getLongProperty(families.get(Family.META), "rocksdb.estimate-num-keys"));
      gauges.put("block_cache_bytes", database.getLongProperty("rocksdb.block-cache-usage"));
      gauges.put("background_errors", database.getLongProperty("rocksdb.background-errors"));
      gauges.put("write_stopped", database.getLongProperty("rocksdb.is-write-stopped"));
      return gauges;
    } catch (RocksDBException e) {
      throw RocksErrors.translate(directory, "read properties of", e);
    } finally {
      leave();
    }
  }

  /**
   * Closes the database once all snapshots and cursors are closed. What is only in memory is
   * flushed by RocksDB if it can be.
   *
   * @throws StorageException if somebody still used it after 30 seconds; it then stays open
   */
  @Override
  public void close() {
    if (!gate.close()) {
      return;
    }
    endCompactions();
    try {
      if (!gate.awaitDrained(CLOSE_TIMEOUT_MILLIS)) {
        throw new StorageException("store " + directory + " is still in use, left open");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StorageException("interrupted while closing store " + directory, e);
    }
    closeOwned();
  }

  /** True once {@link #close} was called. */
  public boolean isClosed() {
    return gate.isClosed();
  }

  void release(Snapshot snapshot) {
    database.releaseSnapshot(snapshot);
    snapshot.close();
    leave();
  }

  void leave() {
    gate.leave();
  }

  private void enter() {
    if (!gate.enter()) {
      throw new StorageException("store " + directory + " is closed");
    }
  }

  private <T extends AutoCloseable> T own(T object) {
    owned.add(object);
    return object;
  }

  /** Families first, then the database, then what it refers to. */
  private void closeOwned() {
    for (ColumnFamilyHandle family : allFamilies) {
      family.close();
    }
    if (database != null) {
      try {
        database.closeE();
      } catch (RocksDBException e) {
        LOG.warn("store closed with an error dir={}", directory, e);
      }
    }
    for (int i = owned.size() - 1; i >= 0; i--) {
      closeQuietly(owned.get(i));
    }
    health.close();
  }

  private void closeQuietly(AutoCloseable object) {
    try {
      object.close();
    } catch (Exception e) {
      LOG.warn("native object not closed dir={}", directory, e);
    }
  }
}

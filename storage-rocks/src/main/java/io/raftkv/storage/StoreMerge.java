package io.raftkv.storage;

import io.raftkv.storage.rocks.RocksCursor;
import io.raftkv.storage.rocks.RocksHandles;
import io.raftkv.storage.rocks.TableLoad;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.SysRows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * One store of several, for a group that takes over what is behind their fences. What comes out
 * follows from the rows of the stores and their order alone: replicas whose files differ get the
 * same rows.
 *
 * <p>The first store is the beginning, with all its files; the rows of the others are copied into
 * it. So the cost is that of the others.
 *
 * <ul>
 *   <li>Rows that a slot leads cannot meet: no two stores have a slot behind their fence.
 *   <li>The log position and the ids given go on behind those of all stores, and so does time.
 *   <li>A database may have another home in each store, for FLUSHALL brings homes back where it
 *       gets to: all rows go to the home that their database has in the first one.
 *   <li>Proposers are those of the first one. Nobody sends the new group a batch that was made for
 *       another.
 *   <li>It begins with a fence around all that it has, at the highest epoch of the stores.
 * </ul>
 */
public final class StoreMerge {
  private static final byte[] FIRST_ROW = {0};

  /** Where the home is in rows of these families, and in those of counts. */
  private static final int HOME_IN_META = Short.BYTES;

  private static final int HOME_IN_EXPIRY = Long.BYTES + Short.BYTES;
  private static final int HOME_IN_COUNT = 1 + Short.BYTES;

  /** Of rows that are not written as tables. */
  private static final int BATCH_BYTES = 1 << 20;

  private static final int ROWS_PER_LOOK = 1_024;

  private final ShardStore first;
  private final UUID target;
  private final BooleanSupplier wanted;
  private SlotSet slots = SlotSet.EMPTY;
  private long epoch;
  private long routingVersion;
  private SysRows.Position position = new SysRows.Position(0, 0, 0, 0);
  private byte[] orphans;
  private long rows;

  /** Takes the rows of one family. */
  private interface Sink extends AutoCloseable {
    void add(byte[] row, byte[] value);

    void finish();

    @Override
    void close();
  }

  private StoreMerge(ShardStore first, BooleanSupplier wanted) {
    this.first = first;
    this.target = fence(first).target();
    this.wanted = wanted;
  }

  /**
   * Makes a store of all that the given ones have behind their fences. The first one can only be
   * closed then, and thrown away: it is what the others are copied into. They stay as they are.
   *
   * @param stores at least one, each with a fence for slots that go to the same group; nobody else
   *     uses them
   * @param checkpoint where to put the result: a directory, which must not exist, on the same file
   *     system as the first store
   * @param wanted asked now and then; false if nobody wants it any more
   * @return the position that the result has
   * @throws IllegalArgumentException if fences are missing, for different groups, or overlap
   * @throws StorageException if it cannot be read or written, or is not wanted any more
   */
  public static StorePosition merge(
      List<ShardStore> stores, Path checkpoint, BooleanSupplier wanted) {
    StoreMerge merge = new StoreMerge(stores.get(0), wanted);
    stores.forEach(merge::note);
    merge.dropTheRest();
    stores.stream().skip(1).forEach(merge::copy);
    return merge.finish(checkpoint);
  }

  private static SlotOwnership.Fence fence(ShardStore store) {
    SlotOwnership.Fence fence = store.ownership().fence();
    if (fence == null) {
      throw new IllegalArgumentException("no fence in " + store.rocks().directory());
    }
    return fence;
  }

  /** What is one number, or record, for the whole store. */
  private void note(ShardStore store) {
    SlotOwnership ownership = store.ownership();
    SlotOwnership.Fence fence = fence(store);
    if (!fence.target().equals(target) || fence.slots().overlaps(slots)) {
      throw new IllegalArgumentException(
          "%s has slots %s for group %s, there are %s for group %s"
              .formatted(store.rocks().directory(), fence.slots(), fence.target(), slots, target));
    }
    slots = slots.union(fence.slots());
    epoch = Math.max(epoch, ownership.epoch());
    routingVersion = Math.max(routingVersion, ownership.routingVersion());
    SysRows.Position at =
        SysRows.Position.decode(store.rocks().get(Family.SYS, SysRows.position()));
    position =
        new SysRows.Position(
            Math.max(position.term(), at.term()),
            Math.max(position.index(), at.index()),
            Math.max(position.timeMillis(), at.timeMillis()),
            Math.max(position.lastId(), at.lastId()));
    byte[] begin = store.rocks().get(Family.SYS, SysRows.orphans());
    if (begin != null) {
      orphansFrom(newHomes(store) == null ? begin : FIRST_ROW);
    }
  }

  private void orphansFrom(byte[] row) {
    if (orphans == null || Arrays.compareUnsigned(row, orphans) < 0) {
      orphans = row;
    }
  }

  /** What the first store has beside what is behind its fence; it should be nothing. */
  private void dropTheRest() {
    SlotOwnership ownership = first.ownership();
    SlotSet rest = fence(first).slots().complement().minus(ownership.away());
    for (SlotSet.Range range : rest.ranges()) {
      for (Family family : SlotChanges.BY_SLOT) {
        drop(family, KeyRows.slotFrom(range.first()), KeyRows.slotFrom(range.last() + 1));
      }
      drop(Family.SYS, SysRows.count(range.first(), 0), SysRows.count(range.last() + 1, 0));
    }
  }

  /** A range that is deleted costs the reads of its neighbours: so not where there is nothing. */
  private void drop(Family family, byte[] from, byte[] to) {
    boolean any;
    try (RocksCursor cursor = first.rocks().scan(family, from, to, null)) {
      any = cursor.next();
    }
    if (any) {
      orphansFrom(FIRST_ROW);
      first.rocks().write(out -> out.deleteRange(family, from, to));
    }
  }

  private void copy(ShardStore other) {
    RocksHandles from = other.rocks();
    SlotSet own = fence(other).slots();
    byte[] homes = newHomes(other);
    for (Family family : SlotChanges.BY_SLOT) {
      boolean hasHomes = family == Family.META;
      try (Sink sink = sink(family, !hasHomes || homes == null)) {
        for (SlotSet.Range range : own.ranges()) {
          RocksCursor cursor =
              from.scan(
                  family,
                  KeyRows.slotFrom(range.first()),
                  KeyRows.slotFrom(range.last() + 1),
                  null);
          copy(cursor, row -> true, hasHomes ? homes : null, HOME_IN_META, sink);
        }
        sink.finish();
      }
    }
    try (Sink sink = sink(Family.EXPIRY, homes == null)) {
      copy(
          from.scan(Family.EXPIRY, null),
          row -> own.contains(KeyRows.slotOf(KeyRows.metaOfExpiry(row))),
          homes,
          HOME_IN_EXPIRY,
          sink);
      sink.finish();
    }
    try (Sink sink = sink(Family.SYS, false)) {
      copy(
          from.scan(Family.SYS, SysRows.countsFrom(), SysRows.countsTo(), null),
          row -> own.contains(SysRows.slotOfCount(row)),
          homes,
          HOME_IN_COUNT,
          sink);
      sink.finish();
    }
  }

  /**
   * @param homes the new home by the old one; null if they are the same
   * @param homeAt where the home is in a row
   */
  private void copy(
      RocksCursor cursor, Predicate<byte[]> taken, byte[] homes, int homeAt, Sink sink) {
    try (cursor) {
      while (cursor.next()) {
        if (++rows % ROWS_PER_LOOK == 0 && !wanted.getAsBoolean()) {
          throw new StorageException("stores are not to be merged any more for group " + target);
        }
        byte[] row = cursor.key();
        if (taken.test(row)) {
          if (homes != null) {
            row[homeAt] = homes[row[homeAt]];
          }
          sink.add(row, cursor.value());
        }
      }
    }
  }

  /** By home in another store the home in the first one; null if they are the same. */
  private byte[] newHomes(ShardStore other) {
    DatabaseHomes from = other.state().homes();
    DatabaseHomes to = first.state().homes();
    if (to.equals(from)) {
      return null;
    }
    byte[] homes = new byte[Keyspace.DATABASES];
    for (int database = 0; database < homes.length; database++) {
      homes[from.of(database)] = (byte) to.of(database);
    }
    return homes;
  }

  /**
   * @param inOrder false if rows come in any order
   */
  private Sink sink(Family family, boolean inOrder) {
    return inOrder ? new Tables(first.rocks().load(family)) : new Batches(family);
  }

  private record Tables(TableLoad load) implements Sink {
    @Override
    public void add(byte[] row, byte[] value) {
      load.add(row, value);
    }

    @Override
    public void finish() {
      load.finish();
    }

    @Override
    public void close() {
      load.close();
    }
  }

  private final class Batches implements Sink {
    private final Family family;
    private final List<byte[][]> batch = new ArrayList<>();
    private long bytes;

    private Batches(Family family) {
      this.family = family;
    }

    @Override
    public void add(byte[] row, byte[] value) {
      batch.add(new byte[][] {row, value});
      bytes += row.length + value.length;
      if (bytes >= BATCH_BYTES) {
        finish();
      }
    }

    @Override
    public void finish() {
      first.rocks().write(out -> batch.forEach(one -> out.put(family, one[0], one[1])));
      batch.clear();
      bytes = 0;
    }

    @Override
    public void close() {
      batch.clear();
    }
  }

  private StorePosition finish(Path checkpoint) {
    SlotOwnership ownership =
        new SlotOwnership(
            epoch, routingVersion, slots.complement(), new SlotOwnership.Fence(target, slots));
    RocksHandles rocks = first.rocks();
    rocks.write(
        out -> {
          out.put(Family.SYS, SysRows.position(), position.encode());
          out.put(Family.SYS, SysRows.ownership(), ownership.encode());
          if (orphans != null) {
            out.put(Family.SYS, SysRows.orphans(), orphans);
          }
        });
    rocks.checkpoint(checkpoint);
    FlushMark.of(checkpoint, RocksHandles.currentManifest(checkpoint), position.index())
        .write(checkpoint);
    return new StorePosition(position.term(), position.index(), position.timeMillis());
  }
}

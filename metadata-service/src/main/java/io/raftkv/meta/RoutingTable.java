package io.raftkv.meta;

import io.raftkv.storage.Slot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;

/**
 * Which shard owns which slot.
 *
 * <p>Immutable. A lookup is two array reads; equality is that of version and owners. Every slot has
 * at most one owner.
 */
public final class RoutingTable {
  /** What there is before the cluster is bootstrapped: version 0, no slot has an owner. */
  public static final RoutingTable EMPTY = new RoutingTable(0, new String[Slot.COUNT]);

  private static final short NOBODY = -1;

  private final long version;

  /** Sorted ranges, neighbours of one owner joined. */
  private final List<Entry> entries;

  /** Owners in natural order of their ids; a shard without slots is not among them. */
  private final List<String> shardIds;

  /** For each slot the index of its owner in {@link #shardIds}, or {@link #NOBODY}. */
  private final short[] ordinals;

  private final int assignedSlots;

  /**
   * Slots and their owner.
   *
   * @param range neighbouring slots
   * @param shardId their owner
   */
  public record Entry(SlotRange range, String shardId) {
    public Entry {
      Objects.requireNonNull(range, "range");
      Ids.shardNumber(shardId);
    }
  }

  private RoutingTable(long version, String[] owners) {
    this.version = version;
    this.entries = entriesOf(owners);
    TreeSet<String> ids = new TreeSet<>(Ids.NATURAL);
    entries.forEach(entry -> ids.add(entry.shardId()));
    this.shardIds = List.copyOf(ids);
    this.ordinals = new short[Slot.COUNT];
    Arrays.fill(ordinals, NOBODY);
    int assigned = 0;
    for (Entry entry : entries) {
      SlotRange range = entry.range();
      short ordinal = (short) Collections.binarySearch(shardIds, entry.shardId(), Ids.NATURAL);
      Arrays.fill(ordinals, range.first(), range.last() + 1, ordinal);
      assigned += range.size();
    }
    this.assignedSlots = assigned;
  }

  /**
   * The table that follows from what each shard owns.
   *
   * @throws IllegalArgumentException if a slot has two owners
   */
  public static RoutingTable of(long version, Collection<ShardInfo> shards) {
    String[] owners = new String[Slot.COUNT];
    for (ShardInfo shard : shards) {
      for (SlotRange range : shard.slots()) {
        claim(owners, range, shard.id());
      }
    }
    return new RoutingTable(version, owners);
  }

  /** Goes up by one whenever a slot changes hands; 0 before the first owner. */
  public long version() {
    return version;
  }

  /** All owned slots, ascending. */
  public List<Entry> entries() {
    return entries;
  }

  /** The owner of a slot, or null if it has none. */
  public String shardOf(int slot) {
    int ordinal = ordinals[slot];
    return ordinal == NOBODY ? null : shardIds.get(ordinal);
  }

  /** What a shard owns, ascending; empty for an unknown shard. */
  public List<SlotRange> slotsOf(String shardId) {
    return entries.stream().filter(e -> e.shardId().equals(shardId)).map(Entry::range).toList();
  }

  /** Shards that own at least one slot, in natural order. */
  public List<String> shardIds() {
    return shardIds;
  }

  /** How many slots have an owner. */
  public int assignedSlots() {
    return assignedSlots;
  }

  /** True if every slot has an owner. */
  public boolean isComplete() {
    return assignedSlots == Slot.COUNT;
  }

  /** Index of the slot's owner in {@link #shardIds}, or -1. */
  int ordinalOf(int slot) {
    return ordinals[slot];
  }

  /** What changes hands between this table and {@code next}. */
  public List<RoutingChange.Move> movesTo(RoutingTable next) {
    List<RoutingChange.Move> moves = new ArrayList<>();
    int slot = 0;
    while (slot < Slot.COUNT) {
      String from = nameOf(shardOf(slot));
      String to = nameOf(next.shardOf(slot));
      int first = slot;
      do {
        slot++;
      } while (slot < Slot.COUNT
          && nameOf(shardOf(slot)).equals(from)
          && nameOf(next.shardOf(slot)).equals(to));
      if (!from.equals(to)) {
        moves.add(new RoutingChange.Move(new SlotRange(first, slot - 1), from, to));
      }
    }
    return moves;
  }

  /**
   * The table before {@code change}.
   *
   * @throws IllegalArgumentException if the change did not lead to this table
   */
  public RoutingTable undo(RoutingChange change) {
    if (change.version() != version) {
      throw new IllegalArgumentException(
          "change to routing version " + change.version() + " undone on version " + version);
    }
    String[] owners = new String[Slot.COUNT];
    for (int slot = 0; slot < Slot.COUNT; slot++) {
      owners[slot] = shardOf(slot);
    }
    for (RoutingChange.Move move : change.moves()) {
      for (int slot = move.range().first(); slot <= move.range().last(); slot++) {
        if (!nameOf(owners[slot]).equals(move.to())) {
          throw new IllegalArgumentException(
              "slot " + slot + " belongs to '" + nameOf(owners[slot]) + "', not as in " + move);
        }
        owners[slot] = move.from().isEmpty() ? null : move.from();
      }
    }
    return new RoutingTable(version - 1, owners);
  }

  private static String nameOf(String owner) {
    return owner == null ? "" : owner;
  }

  private static void claim(String[] owners, SlotRange range, String shardId) {
    for (int slot = range.first(); slot <= range.last(); slot++) {
      if (owners[slot] != null) {
        throw new IllegalArgumentException(
            "slot " + slot + " is claimed by " + owners[slot] + " and " + shardId);
      }
      owners[slot] = shardId;
    }
  }

  private static List<Entry> entriesOf(String[] owners) {
    List<Entry> entries = new ArrayList<>();
    int slot = 0;
    while (slot < Slot.COUNT) {
      int first = slot;
      String owner = owners[slot];
      do {
        slot++;
      } while (slot < Slot.COUNT && Objects.equals(owners[slot], owner));
      if (owner != null) {
        entries.add(new Entry(new SlotRange(first, slot - 1), owner));
      }
    }
    return List.copyOf(entries);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RoutingTable that
        && version == that.version
        && entries.equals(that.entries);
  }

  @Override
  public int hashCode() {
    return Objects.hash(version, entries);
  }

  @Override
  public String toString() {
    return "RoutingTable[version=" + version + ", entries=" + entries + "]";
  }
}

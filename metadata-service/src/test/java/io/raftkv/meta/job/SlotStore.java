package io.raftkv.meta.job;

import io.raftkv.meta.SlotRange;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A model of what a shard's store says of slots: which it answers for, and what is written to some
 * of them. Immutable; each order counts at one epoch only, else the store stays as it is.
 *
 * @param epoch one more with each change of slots
 * @param routingVersion commands must be routed by this version at least
 * @param away slots that are not here any more
 * @param target where fenced slots are about to go, if there is a fence
 * @param fenced slots behind it
 * @param rows what was written, by slot
 */
record SlotStore(
    long epoch,
    long routingVersion,
    BitSet away,
    Optional<UUID> target,
    BitSet fenced,
    Map<Integer, List<Integer>> rows) {
  static final int SLOTS = 16_384;

  /** A store that nothing was ever done to. */
  static final SlotStore ALL =
      new SlotStore(0, 0, new BitSet(), Optional.empty(), new BitSet(), Map.of());

  boolean owns(int slot) {
    return !away.get(slot) && !fenced.get(slot);
  }

  /** Whether it does anything that was routed by this version. */
  boolean serves(long version) {
    return target.isEmpty() && version >= routingVersion;
  }

  BitSet owned() {
    BitSet owned = new BitSet();
    owned.set(0, SLOTS);
    owned.andNot(away);
    owned.andNot(fenced);
    return owned;
  }

  SlotStore fence(long atEpoch, UUID to, List<SlotRange> slots) {
    BitSet wanted = bits(slots);
    BitSet notOwned = bits(slots);
    notOwned.andNot(owned());
    return atEpoch != epoch || target.isPresent() || !notOwned.isEmpty()
        ? this
        : new SlotStore(epoch + 1, routingVersion, away, Optional.of(to), wanted, rows);
  }

  SlotStore unfence(long atEpoch, long version) {
    return atEpoch != epoch
        ? this
        : new SlotStore(
            epoch + 1,
            Math.max(routingVersion, version),
            away,
            Optional.empty(),
            new BitSet(),
            rows);
  }

  SlotStore keep(long atEpoch, long version, List<SlotRange> slots) {
    if (atEpoch != epoch) {
      return this;
    }
    BitSet others = bits(slots);
    others.flip(0, SLOTS);
    Map<Integer, List<Integer>> rest = new TreeMap<>(rows);
    rest.keySet().removeIf(others::get);
    return new SlotStore(
        epoch + 1, Math.max(routingVersion, version), others, Optional.empty(), new BitSet(), rest);
  }

  /** What a group begins with that takes over what is behind the fences of these stores. */
  static SlotStore merged(List<SlotStore> cuts) {
    if (cuts.size() == 1) {
      return cuts.get(0);
    }
    long epoch = 0;
    long version = 0;
    BitSet slots = new BitSet();
    Map<Integer, List<Integer>> rows = new TreeMap<>();
    for (SlotStore cut : cuts) {
      epoch = Math.max(epoch, cut.epoch);
      version = Math.max(version, cut.routingVersion);
      slots.or(cut.fenced);
      cut.rows.forEach(
          (slot, row) -> {
            if (cut.fenced.get(slot)) {
              rows.put(slot, row);
            }
          });
    }
    BitSet away = (BitSet) slots.clone();
    away.flip(0, SLOTS);
    return new SlotStore(epoch, version, away, cuts.get(0).target, slots, rows);
  }

  SlotStore write(int slot, int value) {
    Map<Integer, List<Integer>> more = new TreeMap<>(rows);
    List<Integer> longer = new ArrayList<>(row(slot));
    longer.add(value);
    more.put(slot, List.copyOf(longer));
    return new SlotStore(epoch, routingVersion, away, target, fenced, more);
  }

  List<Integer> row(int slot) {
    return rows.getOrDefault(slot, List.of());
  }

  static BitSet bits(List<SlotRange> slots) {
    BitSet bits = new BitSet();
    slots.forEach(range -> bits.set(range.first(), range.last() + 1));
    return bits;
  }

  static List<SlotRange> ranges(BitSet bits) {
    List<SlotRange> ranges = new ArrayList<>();
    for (int first = bits.nextSetBit(0); first >= 0; ) {
      int end = bits.nextClearBit(first);
      ranges.add(new SlotRange(first, end - 1));
      first = bits.nextSetBit(end);
    }
    return ranges;
  }
}

package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.Slot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RoutingTableTest {
  @Test
  void everySlotHasTheOwnerOfItsRange() {
    RoutingTable table =
        RoutingTable.of(
            3,
            List.of(
                shard(10, new SlotRange(0, 99), new SlotRange(200, 200)),
                shard(2, new SlotRange(100, 199), new SlotRange(16_383, 16_383))));
    assertThat(table.version()).isEqualTo(3);
    assertThat(table.shardOf(0)).isEqualTo("s10");
    assertThat(table.shardOf(99)).isEqualTo("s10");
    assertThat(table.shardOf(100)).isEqualTo("s2");
    assertThat(table.shardOf(199)).isEqualTo("s2");
    assertThat(table.shardOf(200)).isEqualTo("s10");
    assertThat(table.shardOf(201)).isNull();
    assertThat(table.shardOf(16_383)).isEqualTo("s2");
    assertThat(table.shardIds()).containsExactly("s2", "s10");
    assertThat(table.slotsOf("s10")).containsExactly(new SlotRange(0, 99), new SlotRange(200, 200));
    assertThat(table.slotsOf("s3")).isEmpty();
    assertThat(table.assignedSlots()).isEqualTo(202);
    assertThat(table.isComplete()).isFalse();
  }

  @Test
  void oneShardMayOwnEverySlotAndEverySlotMayHaveItsShard() {
    RoutingTable one = RoutingTable.of(1, List.of(shard(1, new SlotRange(0, 16_383))));
    assertThat(one.isComplete()).isTrue();
    assertThat(one.entries()).hasSize(1);

    List<ShardInfo> shards = new ArrayList<>();
    for (int slot = 0; slot < Slot.COUNT; slot++) {
      shards.add(shard(slot + 1, new SlotRange(slot, slot)));
    }
    RoutingTable all = RoutingTable.of(1, shards);
    assertThat(all.isComplete()).isTrue();
    for (int slot = 0; slot < Slot.COUNT; slot++) {
      assertThat(all.shardOf(slot)).isEqualTo("s" + (slot + 1));
    }
  }

  @Test
  void slotClaimedTwiceIsRefused() {
    List<ShardInfo> shards = List.of(shard(1, new SlotRange(0, 5)), shard(2, new SlotRange(5, 6)));
    assertThatThrownBy(() -> RoutingTable.of(1, shards))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("slot 5 is claimed by s1 and s2");
  }

  @Test
  void slotOutsideTheTableIsAProgrammingError() {
    assertThatThrownBy(() -> RoutingTable.EMPTY.shardOf(Slot.COUNT))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  /** What ROLLBACK will rest on: any earlier table is the newest with the later steps undone. */
  @Test
  void undoingEveryStepLeadsBackThroughEveryTable() {
    long seed = 4711;
    Random random = new Random(seed);
    int[] owners = new int[Slot.COUNT];
    List<RoutingTable> tables = new ArrayList<>();
    List<RoutingChange> steps = new ArrayList<>();
    tables.add(RoutingTable.EMPTY);
    for (int version = 1; version <= 40; version++) {
      RoutingTable previous = tables.get(tables.size() - 1);
      while (table(version, owners).entries().equals(previous.entries())) {
        int first = random.nextInt(Slot.COUNT);
        int last = Math.min(Slot.COUNT - 1, first + random.nextInt(3_000));
        Arrays.fill(owners, first, last + 1, random.nextInt(12));
      }
      RoutingTable next = table(version, owners);
      steps.add(new RoutingChange(version, version, 0, previous.movesTo(next)));
      tables.add(next);
    }
    RoutingTable back = tables.get(40);
    for (int version = 40; version >= 1; version--) {
      back = back.undo(steps.get(version - 1));
      assertThat(back)
          .as("seed %s version %s", seed, version - 1)
          .isEqualTo(tables.get(version - 1));
    }
  }

  @Test
  void movesNameOnlyWhatChangesHands() {
    RoutingTable before = RoutingTable.of(1, List.of(shard(1, new SlotRange(0, 99))));
    RoutingTable after =
        RoutingTable.of(
            2, List.of(shard(1, new SlotRange(0, 49)), shard(2, new SlotRange(50, 79))));
    assertThat(before.movesTo(after))
        .containsExactly(
            new RoutingChange.Move(new SlotRange(50, 79), "s1", "s2"),
            new RoutingChange.Move(new SlotRange(80, 99), "s1", ""));
    assertThat(before.movesTo(before)).isEmpty();
  }

  @Test
  void stepIsNotUndoneOnATableItDidNotLeadTo() {
    RoutingTable table = RoutingTable.of(2, List.of(shard(1, new SlotRange(0, 99))));
    RoutingChange.Move move = new RoutingChange.Move(new SlotRange(0, 9), "s1", "s2");
    assertThatThrownBy(() -> table.undo(new RoutingChange(3, 3, 0, List.of(move))))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> table.undo(new RoutingChange(2, 2, 0, List.of(move))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("slot 0 belongs to 's1'");
  }

  private static RoutingTable table(long version, int[] owners) {
    Map<Integer, List<SlotRange>> slots = new TreeMap<>();
    for (int slot = 0; slot < owners.length; slot++) {
      if (owners[slot] != 0) {
        slots.computeIfAbsent(owners[slot], id -> new ArrayList<>()).add(new SlotRange(slot, slot));
      }
    }
    return RoutingTable.of(
        version,
        slots.entrySet().stream()
            .map(entry -> shard(entry.getKey(), entry.getValue().toArray(SlotRange[]::new)))
            .toList());
  }

  private static ShardInfo shard(int number, SlotRange... slots) {
    ShardSpec spec =
        new ShardSpec(
            "s" + number, new UUID(0, number), List.of(slots), List.of(Replica.voter("n1")), "n1");
    return new ShardInfo(spec, ShardState.ACTIVE, 1, 0, 0);
  }
}

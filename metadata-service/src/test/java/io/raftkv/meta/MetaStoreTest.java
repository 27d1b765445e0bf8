package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.MetaCommand.RegisterNode;
import io.raftkv.meta.MetaCommand.SetNodeState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MetaStoreTest {
  private final MapRecords records = new MapRecords();
  private final MetaStore store = new MetaStore(records);
  private ClusterState state = ClusterState.EMPTY;

  @BeforeEach
  void bootstrap() {
    apply(Samples.bootstrap(3, 4, 3));
  }

  @Test
  void nothingStoredIsTheEmptyState() {
    assertThat(new MetaStore(new MapRecords()).load()).isSameAs(ClusterState.EMPTY);
  }

  @Test
  void everythingHasItsOwnRecord() {
    assertThat(records.names())
        .containsExactly(
            "cluster",
            "event/0000000000000000001",
            "event/0000000000000000002",
            "node/n1",
            "node/n2",
            "node/n3",
            "nodes",
            "routing/0000000000000000001",
            "shard/0000000001",
            "shard/0000000002",
            "shard/0000000003",
            "shard/0000000004");
    assertThat(store.load()).isEqualTo(state);
  }

  @Test
  void changeWritesOnlyWhatItTouched() {
    records.takeWritten();
    apply(new SetNodeState("n2", Optional.empty(), NodeState.ONLINE, ""));
    assertThat(records.takeWritten())
        .containsExactly("node/n2", "event/0000000000000000003", "cluster");

    apply(new RegisterNode(Samples.node(4, 1)));
    assertThat(records.takeWritten())
        .containsExactly("node/n4", "nodes", "event/0000000000000000004", "cluster");

    apply(new SetNodeState("n2", Optional.empty(), NodeState.ONLINE, ""));
    assertThat(records.takeWritten()).isEmpty();
  }

  @Test
  void changeInALargeClusterIsSmall() {
    MapRecords large = new MapRecords();
    MetaChange founded =
        MetaApplier.apply(ClusterState.EMPTY, Samples.bootstrap(10, 10_000, 3), Samples.TIME);
    new MetaStore(large).save(ClusterState.EMPTY, founded);
    ClusterState loaded = new MetaStore(large).load();
    assertThat(loaded).isEqualTo(founded.state());

    large.takeWritten();
    SetNodeState online = new SetNodeState("n2", Optional.empty(), NodeState.ONLINE, "");
    new MetaStore(large).save(loaded, MetaApplier.apply(loaded, online, Samples.TIME));
    List<String> written = large.takeWritten();
    assertThat(written).hasSize(3);
    assertThat(written.stream().mapToInt(name -> large.get(name).length).sum()).isLessThan(1_000);
  }

  @Test
  void shardsAndJobsComeAndGoWithTheirRecords() {
    records.takeWritten();
    List<ShardInfo> shards = new ArrayList<>(state.shards().values());
    ShardInfo emptied = Samples.withSlots(shards.get(1), List.of());
    ShardInfo grown =
        Samples.withSlots(
            shards.get(0), List.of(new SlotRange(0, shards.get(1).slots().get(0).last())));
    save(
        Samples.change(
            state,
            List.of(grown, emptied, shards.get(2), shards.get(3)),
            List.of(Samples.job(1, JobState.RUNNING), Samples.job(2, JobState.UNDOING))));
    assertThat(records.takeWritten())
        .containsExactly(
            "shard/0000000001",
            "shard/0000000002",
            "job/0000000001",
            "job/0000000002",
            "event/0000000000000000003",
            "routing/0000000000000000002",
            "cluster");

    ShardInfo added =
        new ShardInfo(
            new ShardSpec("s9", new UUID(1, 9), List.of(), List.of(Replica.voter("n1")), ""),
            ShardState.CREATING,
            1,
            5,
            5);
    save(
        Samples.change(
            state,
            List.of(grown, shards.get(2), shards.get(3), added),
            List.of(Samples.job(2, JobState.FAILED))));
    assertThat(records.takeWritten())
        .containsExactly(
            "-shard/0000000002",
            "shard/0000000009",
            "-job/0000000001",
            "job/0000000002",
            "cluster");
    assertThat(state.counters().lastShard()).isEqualTo(9);
    assertThat(state.jobs().keySet()).containsExactly("j2");

    save(Samples.change(state, List.of(grown, shards.get(2), shards.get(3)), List.of()));
    assertThat(state.counters().lastShard()).as("numbers are not used twice").isEqualTo(9);
  }

  @Test
  void missingRecordIsNamed() {
    records.delete("node/n2");
    assertThatThrownBy(store::load)
        .isInstanceOf(MetaFormatException.class)
        .hasMessage("metadata record node/n2 is missing");
  }

  @Test
  void missingShardIsNoticed() {
    records.delete("shard/0000000003");
    assertThatThrownBy(store::load)
        .isInstanceOf(MetaFormatException.class)
        .hasMessage("3 shard records, there should be 4");
  }

  @Test
  void recordsThatContradictEachOtherAreRefused() {
    records.put("shard/0000000003", records.get("shard/0000000002"));
    assertThatThrownBy(store::load).isInstanceOf(MetaFormatException.class);
  }

  @Test
  void changeOfAnotherStateIsNotSaved() {
    MetaChange change =
        MetaApplier.apply(
            state, new SetNodeState("n2", Optional.empty(), NodeState.ONLINE, ""), Samples.TIME);
    store.save(state, change);
    assertThatThrownBy(() -> store.save(change.state(), change))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("version 2 does not follow 2");
  }

  private void apply(MetaCommand command) {
    save(MetaApplier.apply(state, command, Samples.TIME));
  }

  private void save(MetaChange change) {
    store.save(state, change);
    state = change.state();
    assertThat(store.load()).isEqualTo(state);
  }
}

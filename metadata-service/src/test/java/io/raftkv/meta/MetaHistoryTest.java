package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.MetaCommand.SetNodeState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MetaHistoryTest {
  private final MapRecords records = new MapRecords();
  private final MetaStore store = new MetaStore(records);
  private ClusterState state = ClusterState.EMPTY;

  @Test
  void nothingHappenedYet() {
    MetaHistory history = new MetaHistory(records);
    assertThat(history.newest(10)).isEmpty();
    assertThat(history.since(0, 10)).isEmpty();
    assertThat(history.routingChanges(10)).isEmpty();
  }

  @Test
  void eventsAreFoundByVersionAndFromTheEnd() {
    save(MetaApplier.apply(state, Samples.bootstrap(3, 2, 3), 5));
    flap("n1", 3);
    MetaHistory history = new MetaHistory(records);
    assertThat(history.newest(2)).extracting(HistoryEvent::version).containsExactly(4L, 3L);
    assertThat(history.newest(99))
        .extracting(HistoryEvent::version)
        .containsExactly(4L, 3L, 2L, 1L, 1L);
    assertThat(history.newest(0)).isEmpty();
    assertThat(history.since(0, 99))
        .extracting(HistoryEvent::version)
        .containsExactly(1L, 1L, 2L, 3L, 4L);
    assertThat(history.since(3, 99)).extracting(HistoryEvent::version).containsExactly(3L, 4L);
    assertThat(history.since(1, 2)).extracting(HistoryEvent::version).containsExactly(1L, 1L);
    assertThat(history.since(5, 99)).isEmpty();
  }

  @Test
  void onlyTheNewestEventsAreKept() {
    save(MetaApplier.apply(state, Samples.bootstrap(1, 1, 1), 5));
    flap("n1", MetaApplier.MAX_EVENTS + 7);
    MetaHistory history = new MetaHistory(records);
    List<HistoryEvent> all = history.newest(Integer.MAX_VALUE);
    assertThat(all).hasSize(MetaApplier.MAX_EVENTS);
    assertThat(all.get(0).version()).isEqualTo(state.version());
    assertThat(history.since(0, 1).get(0)).isEqualTo(all.get(all.size() - 1));
    assertThat(records.names().stream().filter(name -> name.startsWith("event/")))
        .hasSize(MetaApplier.MAX_EVENTS);
    assertThat(store.load()).isEqualTo(state);
  }

  @Test
  void everyKeptRoutingTableComesBack() {
    save(MetaApplier.apply(state, Samples.bootstrap(3, 2, 3), 5));
    List<RoutingTable> tables = new ArrayList<>(List.of(RoutingTable.EMPTY, state.routing()));
    for (int cut = 1; cut <= MetaApplier.MAX_ROUTING_CHANGES + 5; cut++) {
      List<ShardInfo> shards = List.copyOf(state.shards().values());
      save(
          Samples.change(
              state,
              List.of(
                  Samples.withSlots(shards.get(0), List.of(new SlotRange(0, cut))),
                  Samples.withSlots(shards.get(1), List.of(new SlotRange(cut + 1, 16_383)))),
              List.of()));
      tables.add(state.routing());
    }
    MetaHistory history = new MetaHistory(records);
    long newest = state.routing().version();
    long oldest = newest - MetaApplier.MAX_ROUTING_CHANGES;
    assertThat(history.routingChanges(Integer.MAX_VALUE)).hasSize(MetaApplier.MAX_ROUTING_CHANGES);
    assertThat(history.routingChanges(3))
        .extracting(RoutingChange::version)
        .containsExactly(newest, newest - 1, newest - 2);
    assertThat(records.names().stream().filter(name -> name.startsWith("routing/")))
        .hasSize(MetaApplier.MAX_ROUTING_CHANGES);
    RoutingTable table = state.routing();
    for (RoutingChange change : history.routingChanges(Integer.MAX_VALUE)) {
      table = table.undo(change);
      assertThat(table).isEqualTo(tables.get((int) table.version()));
    }
    assertThat(table.version()).isEqualTo(oldest);
  }

  private void flap(String nodeId, int times) {
    for (int i = 0; i < times; i++) {
      NodeState next = i % 2 == 0 ? NodeState.ONLINE : NodeState.UNHEALTHY;
      save(MetaApplier.apply(state, new SetNodeState(nodeId, Optional.empty(), next, ""), 5));
    }
  }

  private void save(MetaChange change) {
    assertThat(change.isChange()).isTrue();
    store.save(state, change);
    state = change.state();
  }
}

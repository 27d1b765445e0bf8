package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import io.raftkv.meta.MetaCommand.AdvanceJob.Progress;
import io.raftkv.meta.MetaCommand.CancelJob;
import io.raftkv.meta.MetaCommand.RegisterNode;
import io.raftkv.meta.MetaCommand.SetNodeState;
import io.raftkv.meta.MetaCommand.StartJob;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same log gives the same state and the same bytes, whoever applies it and however often. */
class MetaReplayTest {
  private record Entry(byte[] command, long timeMillis) {}

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 20_261_121, 987_654_321})
  void replicasAgreeWithAndWithoutRestartAtEveryStep(long seed) {
    List<Entry> log = log(seed, 600);
    MapRecords steadyRecords = new MapRecords();
    MapRecords restartedRecords = new MapRecords();
    ClusterState steady = ClusterState.EMPTY;
    int changes = 0;
    List<HistoryEvent> history = new ArrayList<>();
    for (int i = 0; i < log.size(); i++) {
      Entry entry = log.get(i);
      MetaChange change = apply(steadyRecords, steady, entry);
      history.addAll(change.events());
      // The other replica knows nothing but its records.
      ClusterState loaded = new MetaStore(restartedRecords).load();
      assertThat(loaded).as("seed %s entry %s", seed, i).isEqualTo(steady);
      MetaChange again = apply(restartedRecords, loaded, entry);
      assertThat(again).as("seed %s entry %s", seed, i).isEqualTo(change);
      assertThat(MetaCodec.encode(again.reply())).isEqualTo(MetaCodec.encode(change.reply()));
      changes += change.isChange() ? 1 : 0;
      assertThat(change.state().version()).isEqualTo(changes);
      steady = change.state();
    }
    assertThat(changes).as("a log that changes something").isBetween(50, log.size() - 50);
    assertThat(restartedRecords.dump()).isEqualTo(steadyRecords.dump());
    assertThat(new MetaHistory(steadyRecords).since(0, Integer.MAX_VALUE)).isEqualTo(history);
  }

  private static MetaChange apply(MapRecords records, ClusterState state, Entry entry) {
    MetaChange change =
        MetaApplier.apply(state, MetaCodec.decode(entry.command()), entry.timeMillis());
    new MetaStore(records).save(state, change);
    return change;
  }

  private static List<Entry> log(long seed, int length) {
    Random random = new Random(seed);
    List<Entry> log = new ArrayList<>();
    long time = Samples.TIME;
    for (int i = 0; i < length; i++) {
      time += random.nextInt(2_000) - 300; // a new leader's clock may be behind
      log.add(new Entry(MetaCodec.encode(command(random)), time));
    }
    return log;
  }

  private static MetaCommand command(Random random) {
    int node = 1 + random.nextInt(12);
    return switch (random.nextInt(14)) {
      case 0 -> {
        int nodes = 1 + random.nextInt(6);
        yield Samples.bootstrap(nodes, 1 + random.nextInt(40), 1 + random.nextInt(nodes));
      }
      case 1, 2 -> {
        int host = random.nextInt(10) == 0 ? 1 + random.nextInt(12) : node;
        yield new RegisterNode(
            new NodeSpec(
                "n" + node, "host" + host, 6379, 9870, 0, "0.1.0", 1 + random.nextInt(40)));
      }
      case 3 -> new StartJob(Samples.plan("s" + (1 + random.nextInt(9))), List.of(edit(random)));
      case 4, 5, 6 -> advance(random);
      case 7 -> new CancelJob("j" + (1 + random.nextInt(9)));
      default -> {
        NodeState[] states = NodeState.values();
        yield new SetNodeState(
            "n" + node,
            random.nextBoolean()
                ? Optional.empty()
                : Optional.of(states[random.nextInt(states.length)]),
            states[1 + random.nextInt(states.length - 1)],
            "entry of a test");
      }
    };
  }

  private static StateEdit edit(Random random) {
    int shard = 1 + random.nextInt(9);
    if (random.nextInt(4) == 0) {
      return new StateEdit.DropShard("s" + shard, random.nextInt(3));
    }
    int first = random.nextInt(16_000);
    ShardSpec spec =
        new ShardSpec(
            "s" + shard,
            DerivedIds.groupId(Samples.CLUSTER, "s" + shard, 1),
            List.of(new SlotRange(first, first + random.nextInt(300))),
            List.of(Replica.voter("n" + (1 + random.nextInt(6)))),
            "");
    ShardState[] states = ShardState.values();
    return new StateEdit.PutShard(spec, states[random.nextInt(states.length)], random.nextInt(3));
  }

  private static AdvanceJob advance(Random random) {
    JobState[] states = JobState.values();
    Place seen = new Place(random.nextInt(4) == 0 ? JobState.UNDOING : JobState.RUNNING, 0);
    Place next = new Place(states[random.nextInt(states.length)], random.nextInt(4));
    return new AdvanceJob(
        "j" + (1 + random.nextInt(9)),
        seen,
        new Progress(next, random.nextInt(100), 100, next.state().isFinal() ? "why" : ""),
        new TreeMap<>(Map.of("key" + random.nextInt(3), "value")),
        random.nextBoolean() ? List.of() : List.of(edit(random)));
  }
}

package io.raftkv.bench;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.InitialPlacement;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCodec;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeSpec;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.meta.job.JobRefusedException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What a change of the metadata costs each node that applies it, by the size of the cluster. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MetadataBenchmark {
  private static final long TIME_MILLIS = 1_700_000_000_000L;

  /** With ten shards to a node, of three replicas each. */
  @Param({"3", "30", "300", "1000"})
  public int nodes;

  private ClusterState state;
  private MetaCommand.SetNodeState lost;
  private MetaCommand.StartJob transfer;

  @Setup
  public void form() throws JobRefusedException {
    List<String> ids = IntStream.rangeClosed(1, nodes).mapToObj(n -> "n" + n).toList();
    MetaCommand.Bootstrap bootstrap =
        new MetaCommand.Bootstrap(
            "c",
            ids.stream()
                .map(id -> new NodeSpec(id, "host-" + id, 6379, 9870, 9090, "0.1.0", 1))
                .toList(),
            InitialPlacement.plan("c", ids, 10 * nodes, 3),
            ids.subList(0, 3));
    state = MetaApplier.apply(ClusterState.EMPTY, bootstrap, TIME_MILLIS).state();
    for (String id : ids) {
      state =
          apply(new MetaCommand.SetNodeState(id, Optional.empty(), NodeState.ONLINE, "")).state();
    }
    System.out.printf(
        "%d nodes, %d shards: bootstrap entry of %d bytes%n",
        nodes, state.shards().size(), MetaCodec.encode(bootstrap).length);
    lost = new MetaCommand.SetNodeState("n2", Optional.empty(), NodeState.UNHEALTHY, "silent");
    String shard = state.shards().firstKey();
    transfer =
        JobPlans.transfer(state, shard, state.shards().get(shard).voters().iterator().next());
  }

  private MetaChange apply(MetaCommand command) {
    MetaChange change = MetaApplier.apply(state, command, TIME_MILLIS);
    if (change.reply().outcome() == MetaReply.Outcome.REFUSED) {
      throw new IllegalStateException(change.reply().text());
    }
    return change;
  }

  /** A node is found to be silent. */
  @Benchmark
  public MetaChange nodeChange() {
    return apply(lost);
  }

  /** A job begins, which changes the record of a shard. */
  @Benchmark
  public MetaChange jobStart() {
    return apply(transfer);
  }
}

package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.raftkv.meta.Balancing;
import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeSpec;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.meta.job.JobRefusedException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ClusterMetersTest {
  private static final long CREATED = 1_000_000;

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private long clock = CREATED;
  private final ClusterMeters meters = new ClusterMeters(registry, () -> clock);

  private static ClusterState cluster() {
    List<NodeSpec> nodes =
        List.of(
            new NodeSpec("n1", "host", 6379, 16379, 0, "", 0),
            new NodeSpec("n2", "host", 6380, 16380, 0, "", 0));
    ShardSpec shard =
        new ShardSpec(
            "s1",
            new UUID(0, 1),
            List.of(new SlotRange(0, 16383)),
            List.of(Replica.voter("n1")),
            "n1");
    ClusterState state =
        apply(
            ClusterState.EMPTY,
            new MetaCommand.Bootstrap("c", nodes, List.of(shard), List.of("n1")));
    for (NodeSpec node : nodes) {
      state =
          apply(
              state,
              new MetaCommand.SetNodeState(node.id(), Optional.empty(), NodeState.ONLINE, "heard"));
    }
    return state;
  }

  private static ClusterState apply(ClusterState state, MetaCommand command) {
    return MetaApplier.apply(state, command, CREATED).state();
  }

  private void shows(String... lines) {
    assertThat(registry.scrape().lines()).contains(lines);
  }

  @Test
  void nodesAreCountedByState() {
    ClusterState state = cluster();
    meters.show(state);
    shows("raftkv_nodes{state=\"online\"} 2.0", "raftkv_nodes{state=\"offline\"} 0.0");
    meters.show(
        apply(
            state,
            new MetaCommand.SetNodeState("n2", Optional.empty(), NodeState.OFFLINE, "silent")));
    shows("raftkv_nodes{state=\"online\"} 1.0", "raftkv_nodes{state=\"offline\"} 1.0");
  }

  @Test
  void whatIsDoneByItselfIsShown() throws JobRefusedException {
    ClusterState state = cluster();
    meters.show(state);
    shows(
        "raftkv_balancing{mode=\"repair\"} 1.0",
        "raftkv_balancing{mode=\"on\"} 0.0",
        "raftkv_jobs_automatic{by=\"repair\"} 0.0",
        "raftkv_jobs_automatic{by=\"balance\"} 0.0",
        "raftkv_replicas_missing 0.0");
    MetaCommand.StartJob move = JobPlans.migrate(state, "s1", Optional.of("n1"), Optional.of("n2"));
    MetaCommand.StartJob repair =
        new MetaCommand.StartJob(
            move.plan()
                .withArguments(
                    new TreeMap<>(Map.of(JobInfo.ORIGIN, JobInfo.REPAIR, JobInfo.AFTER, ""))),
            move.edits());
    meters.show(apply(apply(state, repair), new MetaCommand.SetBalancing(Balancing.OFF)));
    shows(
        "raftkv_balancing{mode=\"repair\"} 0.0",
        "raftkv_balancing{mode=\"off\"} 1.0",
        "raftkv_jobs_automatic{by=\"repair\"} 1.0");
  }

  @Test
  void jobsAreShownUntilTheyEnd() throws JobRefusedException {
    ClusterState state =
        apply(cluster(), JobPlans.migrate(cluster(), "s1", Optional.of("n1"), Optional.of("n2")));
    clock = CREATED + 2_500;
    meters.show(state);
    String tags = "{job=\"j1\",kind=\"migrate\",shards=\"s1\"}";
    shows(
        "raftkv_jobs{state=\"running\"} 1.0",
        "raftkv_jobs{state=\"done\"} 0.0",
        "raftkv_job_steps_left" + tags + " 4.0",
        "raftkv_job_done_bytes" + tags + " 0.0",
        "raftkv_job_total_bytes" + tags + " 0.0",
        "raftkv_job_age_seconds" + tags + " 2.5");

    meters.show(cluster());
    shows("raftkv_jobs{state=\"running\"} 0.0");
    assertThat(registry.scrape()).doesNotContain("job=\"j1\"");
  }
}

package io.raftkv.server;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.raftkv.meta.Balancing;
import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobState;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.ShardInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * What the cluster's metadata has to say to a dashboard, as this node knows it: how many nodes and
 * jobs are in which state, how far each job is that has not ended, and what is done by itself.
 *
 * <p>{@link #show} is for one thread at a time.
 */
final class ClusterMeters {
  private final LongSupplier clockMillis;
  private final MultiGauge nodes;
  private final MultiGauge jobs;
  private final MultiGauge steps;
  private final MultiGauge bytesDone;
  private final MultiGauge bytesTotal;
  private final MultiGauge ages;
  private final MultiGauge balancing;
  private final MultiGauge automatic;
  private final MultiGauge missing;

  /**
   * @param clockMillis this node's clock, milliseconds since the epoch
   */
  ClusterMeters(MeterRegistry registry, LongSupplier clockMillis) {
    this.clockMillis = clockMillis;
    this.nodes = gauge(registry, "raftkv.nodes", "Nodes in this state", null);
    this.jobs = gauge(registry, "raftkv.jobs", "Jobs in this state, ended ones while kept", null);
    this.steps =
        gauge(
            registry, "raftkv.job.steps.left", "Steps a job that has not ended still takes", null);
    this.bytesDone =
        gauge(registry, "raftkv.job.done", "What the step of a job has moved", "bytes");
    this.bytesTotal =
        gauge(registry, "raftkv.job.total", "What the step of a job has to move", "bytes");
    this.ages =
        gauge(registry, "raftkv.job.age", "Since a job that has not ended began", "seconds");
    this.balancing =
        gauge(registry, "raftkv.balancing", "1 for what the cluster is to do by itself", null);
    this.automatic =
        gauge(
            registry,
            "raftkv.jobs.automatic",
            "Jobs that nobody asked for, while they are kept",
            null);
    this.missing = gauge(registry, "raftkv.replicas.missing", "Replicas that shards lack", null);
  }

  private static MultiGauge gauge(
      MeterRegistry registry, String name, String description, String unit) {
    return MultiGauge.builder(name).description(description).baseUnit(unit).register(registry);
  }

  /** From now on this state is shown. */
  void show(ClusterState state) {
    nodes.register(
        byState(NodeState.values(), state.nodes().values().stream().map(NodeInfo::state).toList()),
        true);
    jobs.register(
        byState(JobState.values(), state.jobs().values().stream().map(JobInfo::state).toList()),
        true);
    showBalancing(state);
    List<MultiGauge.Row<?>> left = new ArrayList<>();
    List<MultiGauge.Row<?>> done = new ArrayList<>();
    List<MultiGauge.Row<?>> total = new ArrayList<>();
    List<MultiGauge.Row<?>> age = new ArrayList<>();
    for (JobInfo job : state.jobs().values()) {
      if (!job.state().isFinal()) {
        Tags tags = Tags.of("job", job.id(), "kind", name(job.kind()), "shards", shards(job));
        left.add(MultiGauge.Row.of(tags, job.plan().steps().size() - job.stepIndex()));
        done.add(MultiGauge.Row.of(tags, job.bytesDone()));
        total.add(MultiGauge.Row.of(tags, job.bytesTotal()));
        age.add(MultiGauge.Row.of(tags, () -> secondsSince(job.createdAtMillis())));
      }
    }
    steps.register(left, true);
    bytesDone.register(done, true);
    bytesTotal.register(total, true);
    ages.register(age, true);
  }

  private void showBalancing(ClusterState state) {
    List<MultiGauge.Row<?>> modes = new ArrayList<>();
    for (Balancing mode : Balancing.values()) {
      modes.add(MultiGauge.Row.of(Tags.of("mode", name(mode)), state.balancing() == mode ? 1 : 0));
    }
    balancing.register(modes, true);
    List<MultiGauge.Row<?>> began = new ArrayList<>();
    for (String origin : List.of(JobInfo.REPAIR, JobInfo.BALANCE)) {
      long count =
          state.jobs().values().stream()
              .filter(job -> job.plan().argument(JobInfo.ORIGIN).filter(origin::equals).isPresent())
              .count();
      began.add(MultiGauge.Row.of(Tags.of("by", origin), count));
    }
    automatic.register(began, true);
    int lacking = state.shards().values().stream().mapToInt(ShardInfo::lacking).sum();
    missing.register(List.of(MultiGauge.Row.of(Tags.empty(), lacking)), true);
  }

  private static String shards(JobInfo job) {
    return String.join(",", job.shardIds());
  }

  private double secondsSince(long millis) {
    return Math.max(0, clockMillis.getAsLong() - millis) / 1e3;
  }

  /** All states, so that one that nobody is in shows as zero. */
  private static <S extends Enum<S>> List<MultiGauge.Row<?>> byState(S[] states, List<S> found) {
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    for (S each : states) {
      long count = found.stream().filter(each::equals).count();
      rows.add(MultiGauge.Row.of(Tags.of("state", name(each)), count));
    }
    return rows;
  }

  private static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}

package io.raftkv.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.command.StringCommands;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsTest {
  private final Metrics metrics = new Metrics();

  @AfterEach
  void close() {
    metrics.close();
  }

  private String scrape() {
    return metrics.registry().scrape();
  }

  private static ShardGauges gauges(AtomicInteger readings) {
    return new ShardGauges(
        () -> true,
        () -> 7,
        () -> 100,
        () -> 99,
        () -> 4096,
        () -> 11,
        () -> 12,
        () -> {
          readings.incrementAndGet();
          return Map.of("rocksdb.block-cache-usage", 11L, "rocksdb.num-live-versions", 2L);
        });
  }

  @Test
  void commandsAndErrorsAreCountedByName() {
    CommandSpec first = StringCommands.ALL.get(0);
    CommandSpec second = StringCommands.ALL.get(1);
    metrics.operation(first, Outcome.OK, true, 3_000);
    metrics.operation(first, Outcome.UNCERTAIN, true, 4_000);
    metrics.operation(second, Outcome.ERROR, false, 5_000);

    assertThat(metrics.commands()).isEqualTo(3);
    assertThat(metrics.commandStats().byCommand())
        .containsOnly(
            Map.entry(first.redisName(), new CommandStats.Figures(2, 7, 0, 1)),
            Map.entry(second.redisName(), new CommandStats.Figures(0, 0, 1, 0)));
  }

  @Test
  void kindsOfErrorsAreBounded() {
    CommandStats stats = metrics.commandStats();
    for (int i = 0; i < 1_000; i++) {
      stats.error("KIND" + i + " text");
      stats.error("KIND0");
    }
    assertThat(stats.byError())
        .hasSize(CommandStats.MAX_ERROR_KINDS)
        .containsEntry("KIND0", 1_001L);
    assertThat(stats.errors()).isEqualTo(2_000);
  }

  @Test
  void namesAreThoseTheDashboardsUse() {
    metrics.operation(Group.STRING, Outcome.OK, 2_000_000);
    metrics.operation(Group.STRING, Outcome.UNCERTAIN, 2_000_000);
    metrics.batch(3, 300);
    metrics.readBarrierRounds(() -> 1);
    metrics.forwards(() -> 5);
    metrics.snapshotBytesSent(() -> 1 << 20);
    metrics.connections(() -> 42);
    metrics.addShard("s1", gauges(new AtomicInteger()));

    assertThat(scrape())
        .contains("raftkv_operations_total{family=\"string\",outcome=\"ok\"} 1.0")
        .contains("raftkv_operations_total{family=\"string\",outcome=\"uncertain\"} 1.0")
        .contains("raftkv_operation_duration_seconds_bucket{family=\"string\",le=\"0.0025\"} 2")
        .contains("raftkv_operation_duration_seconds_bucket{family=\"string\",le=\"0.001\"} 0")
        .contains("raftkv_batch_commands_sum 3.0")
        .contains("raftkv_batch_bytes_sum 300.0")
        .contains("raftkv_read_barrier_rounds_total 1.0")
        .contains("raftkv_forwards_total 5.0")
        .contains("raftkv_snapshot_sent_bytes_total 1048576.0")
        .contains("raftkv_connections 42.0")
        .contains("raftkv_raft_leader{shard=\"s1\"} 1.0")
        .contains("raftkv_raft_term{shard=\"s1\"} 7.0")
        .contains("raftkv_raft_commit_index{shard=\"s1\"} 100.0")
        .contains("raftkv_raft_applied_index{shard=\"s1\"} 99.0")
        .contains("raftkv_storage_disk_usage_bytes{shard=\"s1\"} 4096.0")
        .contains("raftkv_rocksdb_block_cache_usage{shard=\"s1\"} 11.0")
        .contains("jvm_memory_used_bytes", "jvm_threads_live_threads", "process_cpu_usage");
  }

  @Test
  void aRemovedShardIsShownNoMoreAndMayComeBack() {
    metrics.addShard("s1", gauges(new AtomicInteger()));
    metrics.addShard("s2", gauges(new AtomicInteger()));
    metrics.removeShard("s1");
    metrics.removeShard("unknown");

    assertThat(scrape()).doesNotContain("shard=\"s1\"").contains("shard=\"s2\"");

    metrics.addShard("s1", gauges(new AtomicInteger()));
    assertThat(scrape()).contains("raftkv_raft_term{shard=\"s1\"} 7.0");
  }

  @Test
  void aShardWhoseStoreIsAwayIsShownInFullLater() {
    Map<String, Long> properties = new HashMap<>();
    ShardGauges gauges =
        new ShardGauges(
            () -> true, () -> 7, () -> 100, () -> 99, () -> 0, () -> 0, () -> 0, () -> properties);
    assertThat(metrics.addShard("s1", gauges)).isFalse();
    assertThat(scrape())
        .contains("raftkv_raft_term{shard=\"s1\"} 7.0")
        .doesNotContain("raftkv_rocksdb");
    properties.put("rocksdb.block-cache-usage", 11L);
    assertThat(metrics.addShard("s1", gauges)).isTrue();
    assertThat(scrape()).contains("raftkv_rocksdb_block_cache_usage{shard=\"s1\"} 11.0");
  }

  @Test
  void oneReadingOfAStoreServesAllItsGauges() {
    AtomicInteger readings = new AtomicInteger();
    metrics.addShard("s1", gauges(readings));
    int before = readings.get();
    scrape();
    assertThat(readings.get() - before).isLessThanOrEqualTo(1);
  }
}

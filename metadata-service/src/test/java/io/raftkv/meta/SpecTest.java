package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class SpecTest {
  private static final UUID GROUP = new UUID(1, 2);

  @Test
  void shardKnowsItsVotersAndListeners() {
    ShardSpec spec =
        new ShardSpec(
            "s1",
            GROUP,
            List.of(new SlotRange(8, 9), new SlotRange(0, 7)),
            List.of(Replica.voter("n1"), Replica.listener("n2"), Replica.voter("n3")),
            "n3");
    ShardInfo shard = new ShardInfo(spec, ShardState.ACTIVE, 1, 0, 0);
    assertThat(shard.voters()).containsExactly("n1", "n3");
    assertThat(shard.listeners()).containsExactly("n2");
    assertThat(shard.replicaOn("n2")).contains(Replica.listener("n2"));
    assertThat(shard.replicaOn("n4")).isEmpty();
    assertThat(shard.slots()).containsExactly(new SlotRange(0, 9));
    assertThat(shard.slotCount()).isEqualTo(10);
  }

  @Test
  void impossibleShardIsRefused() {
    List<Replica> one = List.of(Replica.voter("n1"));
    assertRefused("no voter", () -> shard(List.of(Replica.listener("n1")), ""));
    assertRefused("no voter", () -> shard(List.of(), ""));
    assertRefused(
        "two replicas on node n1",
        () -> shard(List.of(Replica.voter("n1"), Replica.listener("n1")), ""));
    assertRefused("none of its voters", () -> shard(one, "n2"));
    assertRefused(
        "none of its voters",
        () -> shard(List.of(Replica.voter("n1"), Replica.listener("n2")), "n2"));
    assertRefused(
        "overlap",
        () ->
            new ShardSpec("s1", GROUP, List.of(new SlotRange(0, 1), new SlotRange(1, 2)), one, ""));
  }

  @Test
  void impossibleNodeIsRefused() {
    assertRefused("node id", () -> new NodeSpec("a b", "h", 1, 1, 1, "", 1));
    assertRefused("host", () -> new NodeSpec("n1", " ", 1, 1, 1, "", 1));
    assertRefused("RESP port", () -> new NodeSpec("n1", "h", 0, 1, 1, "", 1));
    assertRefused("Raft port", () -> new NodeSpec("n1", "h", 1, 65_536, 1, "", 1));
    assertRefused("HTTP port", () -> new NodeSpec("n1", "h", 1, 1, -1, "", 1));
    assertRefused("version", () -> new NodeSpec("n1", "h", 1, 1, 1, "v".repeat(256), 1));
    assertRefused("incarnation", () -> new NodeSpec("n1", "h", 1, 1, 1, "", -1));
    assertRefused(
        "incarnation", () -> new MetaCommand.RegisterNode(new NodeSpec("n1", "h", 1, 1, 1, "", 0)));
  }

  @Test
  void impossibleJobIsRefused() {
    assertRefused("step", () -> job("j1", 3, 0));
    assertRefused("step", () -> job("j1", -1, 0));
    assertRefused("bytes", () -> job("j1", 0, -1));
    assertRefused("job id", () -> job("s1", 0, 0));
    assertThat(JobState.CANCELLED.isFinal()).isTrue();
    assertThat(JobState.UNDOING.isFinal()).isFalse();
  }

  @Test
  void impossiblePlanIsRefused() {
    assertRefused("0 steps", () -> plan(List.of("s1"), List.of(), 0));
    assertRefused("point of no return", () -> plan(List.of("s1"), List.of("a"), 2));
    assertRefused("point of no return", () -> plan(List.of("s1"), List.of("a"), -1));
    assertRefused("shard id", () -> plan(List.of("n1"), List.of("a"), 0));
  }

  @Test
  void jobKnowsItsStep() {
    JobInfo first = job("j1", 0, 0);
    assertThat(first.step()).isEqualTo("a");
    assertThat(first.canBeCancelled()).isTrue();
    JobInfo second = job("j1", 1, 0);
    assertThat(second.step()).isEqualTo("b");
    assertThat(second.canBeCancelled()).as("beyond its point of no return").isFalse();
    assertThat(job("j1", 2, 0).step()).isEmpty();
    assertThatThrownBy(() -> first.argument("from")).hasMessage("job j1 has no argument from");
  }

  private static void shard(List<Replica> replicas, String leader) {
    assertThat(new ShardSpec("s1", GROUP, List.of(), replicas, leader)).isNotNull();
  }

  private static JobInfo.Plan plan(List<String> shards, List<String> steps, int noReturn) {
    return new JobInfo.Plan(JobKind.MERGE, shards, new TreeMap<>(), steps, noReturn);
  }

  private static JobInfo job(String id, int step, long bytes) {
    JobInfo.Plan plan = plan(List.of(), List.of("a", "b"), 1);
    return new JobInfo(id, plan, JobState.RUNNING, step, bytes, 0, "", 0, 0);
  }

  private static void assertRefused(String reason, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }
}

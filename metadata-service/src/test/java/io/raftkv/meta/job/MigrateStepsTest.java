package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.Samples;
import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class MigrateStepsTest {
  private ClusterState state = Samples.online(Samples.cluster(4, 1, 3));
  private final UUID group = state.shard("s1").orElseThrow().groupId();

  /**
   * A request to add the old replica may be as old as the job that once put it there: it is for the
   * members as they are again by now. Nobody else puts that right while this job holds the shard.
   */
  @Test
  void replicaThatALateRequestMadeAMemberAgainIsTakenOutAgain() throws JobRefusedException {
    apply(JobPlans.migrate(state, "s1", Optional.of("n1"), Optional.of("n4")));
    for (List<String> members :
        List.of(
            List.of("n1", "n2", "n3"),
            List.of("n1", "n2", "n3", "n4"),
            List.of("n2", "n3", "n4"))) {
      apply(((JobAction.Advance) next(members, false)).command());
    }
    assertThat(state.job("j1").orElseThrow().step()).isEqualTo(MigrateSteps.CLEAN);
    assertThat(next(List.of("n2", "n3", "n4"), false)).isInstanceOf(JobAction.Await.class);

    List<String> again = List.of("n1", "n2", "n3", "n4");
    assertThat(next(again, true))
        .as("while it is being changed")
        .isInstanceOf(JobAction.Await.class);
    assertThat(next(again, false))
        .isEqualTo(
            new JobAction.ChangeMembers(
                "n2", group, members(again), members(List.of("n2", "n3", "n4")), "n4"));
  }

  /** Else leadership would go on to that one a second time, by itself, as soon as it could. */
  @Test
  void leaderThatIsToLeaveIsToldWhoIsToLeadThen() throws JobRefusedException {
    for (String from : List.of("n1", "n2")) {
      state = Samples.online(Samples.cluster(4, 1, 3));
      assertThat(state.shard("s1").orElseThrow().spec().preferredLeader()).isEqualTo("n1");
      apply(JobPlans.migrate(state, "s1", Optional.of(from), Optional.of("n4")));
      List<String> four = List.of("n1", "n2", "n3", "n4");
      apply(((JobAction.Advance) next(four, false)).command());
      apply(((JobAction.Advance) next(four, false)).command());
      JobAction.ChangeMembers leave = (JobAction.ChangeMembers) next(four, false);
      assertThat(leave.next().voters()).doesNotContain(from);
      assertThat(leave.heir()).isEqualTo(from.equals("n1") ? "n4" : "n1");
      apply(((JobAction.Advance) next(List.copyOf(leave.next().voters()), false)).command());
      assertThat(state.shard("s1").orElseThrow().spec().preferredLeader()).isEqualTo(leave.heir());
    }
  }

  private static Members members(List<String> voters) {
    return new Members(new TreeSet<>(voters), new TreeSet<>());
  }

  private JobAction next(List<String> voters, boolean changing) {
    Map<String, NodeFacts> said = new TreeMap<>();
    for (String node : state.nodes().keySet()) {
      ReplicaFacts replica =
          new ReplicaFacts(
              true, node.equals("n2"), 1, members(voters), changing, 0, SlotFacts.UNKNOWN);
      said.put(node, new NodeFacts(state.version(), 0, true, "", Map.of(group, replica), Map.of()));
    }
    JobInfo job = state.job("j1").orElseThrow();
    return JobRunner.next(state, job, new ClusterFacts(said));
  }

  private void apply(MetaCommand command) {
    state = MetaApplier.apply(state, command, Samples.TIME).state();
  }
}

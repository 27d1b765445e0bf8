package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.control.MetadataVotes;
import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * All nodes of a cluster are replaced one by one, while changes of the metadata group fail, come
 * late or twice, its leaders are replaced at every step, and nodes are silent for a while.
 */
class MachinesSimulationTest {
  private static final int TICKS = 400;

  /** Leads by what it saw a while ago. */
  private record Sight(ClusterState state, Members members) {}

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(ints = {1, 1_001, 2_001})
  void votesGoFromMachineToMachine(int first) {
    for (int seed = first; seed < first + 200; seed++) {
      new Run(seed).replaceAll();
    }
  }

  private static final class Run {
    private final int seed;
    private final Random random;
    private ClusterState state = Samples.online(Samples.cluster(3, 1, 1));
    private Members members = new Members(new TreeSet<>(Samples.nodeIds(3)), new TreeSet<>());
    private final Deque<Sight> deposed = new ArrayDeque<>();
    private final Deque<MetaCommand> late = new ArrayDeque<>();
    private final Set<String> ended = new TreeSet<>();
    private String silent = "";

    Run(int seed) {
      this.seed = seed;
      this.random = new Random(seed);
    }

    void replaceAll() {
      state = withReplicaOn("n9");
      for (int i = 1; i <= 3; i++) {
        String old = "n" + i;
        apply(new MetaCommand.JoinNode(Samples.node(i + 3, 1)));
        for (int tick = 0; tick < TICKS && !isRemoved(old); tick++) {
          remove(old);
          tick(true);
        }
        for (int tick = 0; tick < TICKS && !isRemoved(old); tick++) {
          remove(old);
          tick(false);
        }
        assertThat(isRemoved(old)).as("seed %s: %s %s", seed, state.jobs(), members).isTrue();
      }
      for (int tick = 0; tick < 50; tick++) {
        tick(false);
      }
      assertThat(members.voters()).as("seed %s", seed).containsExactly("n4", "n5", "n6");
      assertThat(members.listeners()).as("seed %s", seed).containsExactly("n9");
      assertThat(state.metadataVoters()).as("seed %s", seed).containsExactly("n4", "n5", "n6");
    }

    /** n9 has the only shard, and nothing else to do here. */
    private ClusterState withReplicaOn(String id) {
      apply(new MetaCommand.JoinNode(Samples.node(9, 1)));
      members = members.withListener(id);
      return Samples.with(
          Samples.withReplicaOn(state, state.shards().get("s1"), id), id, NodeState.UNHEALTHY);
    }

    private boolean isRemoved(String node) {
      return state.node(node).orElseThrow().state() == NodeState.REMOVED;
    }

    /** Over and over, as an impatient operator. */
    private void remove(String node) {
      if (state.jobOfNode(node).isEmpty() && !isRemoved(node) && random.nextInt(3) == 0) {
        try {
          MetaCommand remove = JobPlans.remove(state, node, true);
          propose(remove);
          late.addLast(remove);
        } catch (JobRefusedException refused) {
          throw new AssertionError("seed " + seed, refused);
        }
      }
      if (state.jobOfNode(node).isPresent() && random.nextInt(40) == 0) {
        late.addLast(new MetaCommand.ResumeNode(node));
      }
    }

    private void tick(boolean faulty) {
      if (random.nextInt(8) == 0) {
        silent = faulty && random.nextBoolean() ? "n" + (1 + random.nextInt(6)) : "";
      }
      for (NodeInfo node : state.members()) {
        boolean heard =
            !node.id().equals(silent) && members.contains(node.id()) && !node.id().equals("n9");
        NodeState judged = heard ? NodeState.ONLINE : NodeState.UNHEALTHY;
        if (!heard || (node.state() != judged && node.state() != NodeState.DRAINING)) {
          propose(
              new MetaCommand.SetNodeState(
                  node.id(),
                  Optional.of(node.state()),
                  !heard && random.nextInt(5) == 0 ? NodeState.OFFLINE : judged,
                  ""));
        }
      }
      Sight sight = new Sight(state, members);
      lead(sight, faulty, members);
      deposed.addLast(sight);
      if (faulty && random.nextInt(2) == 0) {
        Sight old = deposed.stream().skip(random.nextInt(deposed.size())).findFirst().orElseThrow();
        lead(old, true, old.members());
      }
      if (deposed.size() > 8) {
        deposed.removeFirst();
      }
      if (!late.isEmpty() && faulty && random.nextInt(10) == 0) {
        propose(late.removeFirst());
      }
      if (!faulty) {
        late.clear();
      }
      state.nodes().values().stream()
          .filter(node -> node.state() == NodeState.REMOVED)
          .forEach(node -> ended.add(node.id()));
      assertThat(members.voters().stream().filter(node -> !ended.contains(node)).count())
          .as("seed %s: voters whose process lives, of %s", seed, members)
          .isEqualTo(members.voters().size());
    }

    /** Changes of jobs are by proposal, those of members by the leader that is one. */
    private void lead(Sight sight, boolean faulty, Members expected) {
      MetadataVotes.toNote(sight.state(), sight.members())
          .ifPresent(voters -> propose(new MetaCommand.NoteVoters(voters)));
      for (JobInfo job : sight.state().jobs().values()) {
        if (!job.state().isFinal()
            && JobRunner.next(sight.state(), job, facts(sight))
                instanceof JobAction.Advance advance) {
          propose(advance.command());
        }
      }
      MetadataVotes.next(
              sight.state(),
              sight.members(),
              node -> !node.equals(silent) && !node.equals("n9"),
              node -> !faulty || random.nextInt(3) != 0)
          .filter(change -> expected.equals(members) && sight.state().equals(state))
          .filter(change -> !change.nodeId().equals(silent) || !gets(change))
          .filter(change -> !faulty || random.nextBoolean())
          .filter(change -> majorityLives())
          .ifPresent(change -> members = change.next());
    }

    private static boolean gets(MetadataVotes.Change change) {
      return change.kind() == MetadataVotes.Kind.ADD
          || change.kind() == MetadataVotes.Kind.GIVE_VOTE;
    }

    private boolean majorityLives() {
      return 2 * members.voters().stream().filter(node -> !node.equals(silent)).count()
          > members.voters().size();
    }

    /** Without a majority nothing is committed. */
    private void propose(MetaCommand command) {
      if (majorityLives()) {
        MetaChange change = MetaApplier.apply(state, command, Samples.TIME);
        state = change.state();
      }
    }

    private void apply(MetaCommand command) {
      MetaChange change = MetaApplier.apply(state, command, Samples.TIME);
      assertThat(change.isChange()).as("%s", change.reply()).isTrue();
      state = change.state();
    }

    private ClusterFacts facts(Sight sight) {
      String leader = sight.members().voters().first();
      ReplicaFacts replica =
          new ReplicaFacts(true, true, 1, sight.members(), false, 0, SlotFacts.UNKNOWN);
      return new ClusterFacts(
          Map.of(
              leader,
              new NodeFacts(
                  sight.state().version(),
                  0,
                  true,
                  "",
                  Map.of(DerivedIds.METADATA_GROUP, replica),
                  Set.of())));
    }
  }
}

package io.raftkv.meta.control;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaCommand.SetMetadataVoters;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.job.Members;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/**
 * Who votes and who listens in the metadata group. Pure; run by the leader of the group, which
 * makes one change after the other.
 *
 * <p>Those who vote keep their votes as long as they can be relied on. The vote of another one goes
 * to a node that is online, and is taken only when that one has it. All other nodes listen.
 */
public final class MetadataPlan {
  /** What is to be done next. */
  public sealed interface Step {}

  /**
   * The record of who votes is to be changed: before a vote is given, or after it was taken.
   *
   * @param command to be proposed
   */
  public record Note(SetMetadataVoters command) implements Step {
    /** Who is to get a vote; empty if one was taken. */
    public Optional<String> gives() {
      return command.next().stream().filter(id -> !command.expected().contains(id)).findFirst();
    }
  }

  /** What a change makes of a node. */
  public enum Kind {
    LISTENS,
    /** From outside: its replica must be one that is no listener. */
    VOTES,
    LEAVES
  }

  /**
   * A change of members.
   *
   * @param nodeId the node that it is about
   * @param kind what becomes of it
   * @param next all members then
   */
  public record Change(String nodeId, Kind kind, Members next) implements Step {
    /** Whether the node is to have a replica that gets what it lacks. */
    public boolean joins() {
      return kind != Kind.LEAVES;
    }
  }

  private final ClusterState state;
  private final Members members;
  private final Predicate<String> isHeard;
  private final BiPredicate<String, Kind> mayTry;

  /** Who shall vote. */
  private final SortedSet<String> wanted;

  private MetadataPlan(
      ClusterState state,
      Members members,
      Predicate<String> isHeard,
      BiPredicate<String, Kind> mayTry) {
    this.state = state;
    this.members = members;
    this.isHeard = isHeard;
    this.mayTry = mayTry;
    this.wanted =
        voters(state, members.voters(), id -> isHeard.test(id) && mayTry.test(id, Kind.VOTES));
  }

  /**
   * Who has been heard of, for {@link #next}. A process may answer though its replica has failed,
   * or waits to be begun: of members only the replicas count, or a vote could be taken of one
   * without which there is no majority.
   *
   * @param members of the group
   * @param replicas that have answered the leader lately, and its own
   * @param isAnswering whether the process of a node has answered lately
   */
  public static Predicate<String> heard(
      Members members, Set<String> replicas, Predicate<String> isAnswering) {
    return id -> members.contains(id) ? replicas.contains(id) : isAnswering.test(id);
  }

  /**
   * The next step to be made, if any.
   *
   * @param members as they are, no change being under way
   * @param isHeard see {@link #heard}
   * @param mayTry false for a change of a node that has failed a moment ago: others go on. One that
   *     is taken out to come back with a vote counts as the latter
   */
  public static Optional<Step> next(
      ClusterState state,
      Members members,
      Predicate<String> isHeard,
      BiPredicate<String, Kind> mayTry) {
    MetadataPlan plan = new MetadataPlan(state, members, isHeard, mayTry);
    return plan.note().or(plan::give).or(plan::take).or(plan::add).or(plan::takeOut);
  }

  // ---- who votes ----

  /**
   * Who shall vote: those who do and can be relied on; in place of the others, nodes that can, and
   * if there are too few of these, those who do. No vote is given, nor kept by who cannot be relied
   * on, that makes their number even.
   *
   * @param now who votes
   * @param mayGet whether another one could get a vote at the moment
   */
  private static SortedSet<String> voters(
      ClusterState state, Collection<String> now, Predicate<String> mayGet) {
    int most = state.wantedMetadataVoters();
    SortedSet<String> chosen = new TreeSet<>();
    List<String> present =
        state.members().stream()
            .map(NodeInfo::id)
            .filter(id -> now.contains(id) && !isLeaving(state, id))
            .toList();
    fill(chosen, present.stream().filter(id -> isFirm(state, id)).toList(), most);
    List<String> heirs = heirs(state, now).stream().filter(mayGet).toList();
    int least = Math.min(most, odd(now.size()));
    fill(chosen, heirs, least);
    fill(chosen, present.stream().sorted(reliableFirst(state)).toList(), least);
    long free = heirs.stream().filter(id -> !chosen.contains(id)).count();
    int all = (int) Math.min(most, chosen.size() + free);
    fill(chosen, heirs, odd(all));
    return chosen;
  }

  /** So many at most: one more to an odd number bears no more losses. */
  private static int odd(int number) {
    return number % 2 == 0 ? number - 1 : number;
  }

  private static void fill(SortedSet<String> chosen, List<String> more, int size) {
    for (String id : more) {
      if (chosen.size() < size) {
        chosen.add(id);
      }
    }
  }

  /** A voter that is silent for a while only is waited for. */
  private static boolean isFirm(ClusterState state, String id) {
    return state
        .node(id)
        .filter(node -> !node.draining() && node.state() != NodeState.OFFLINE)
        .isPresent();
  }

  /**
   * Nodes that could get a vote, in the order in which they do: successors first. Who is noted
   * comes before others, or notes would come and go.
   */
  private static List<String> heirs(ClusterState state, Collection<String> voters) {
    return state.members().stream()
        .filter(node -> canInherit(node, voters))
        .map(NodeInfo::id)
        .sorted(
            Comparator.<String, Boolean>comparing(id -> !isSuccessor(state, id))
                .thenComparing(id -> !state.metadataVoters().contains(id)))
        .toList();
  }

  private static boolean canInherit(NodeInfo node, Collection<String> voters) {
    return node.state() == NodeState.ONLINE && !voters.contains(node.id());
  }

  private static Comparator<String> reliableFirst(ClusterState state) {
    return Comparator.comparing(id -> !isReliable(state, id));
  }

  /** Whether a node is as good as there, whatever it is to become. */
  private static boolean isReliable(ClusterState state, String id) {
    return state
        .node(id)
        .filter(node -> node.state() == NodeState.ONLINE || node.state() == NodeState.DRAINING)
        .isPresent();
  }

  /** Whether a node is none of the cluster, or is being removed from it. */
  public static boolean isLeaving(ClusterState state, String nodeId) {
    return state.node(nodeId).map(NodeInfo::state).orElse(NodeState.REMOVED) == NodeState.REMOVED
        || state
            .jobOfNode(nodeId)
            .filter(job -> job.state() == JobState.RUNNING && removes(job))
            .isPresent();
  }

  private static boolean removes(JobInfo job) {
    return job.kind() == JobKind.REMOVE
        || (job.kind() == JobKind.REPLACE && job.stepIndex() == job.plan().steps().size() - 1);
  }

  /** Whether a node is to take the place of another one. */
  private static boolean isSuccessor(ClusterState state, String id) {
    return state.jobs().values().stream()
        .filter(job -> job.kind() == JobKind.REPLACE && job.state() == JobState.RUNNING)
        .anyMatch(job -> job.plan().argument(JobInfo.TO).filter(id::equals).isPresent());
  }

  /**
   * Why a node still votes that is to vote no more, for people.
   *
   * @param voters all that do
   * @param runs whether a node has a running replica of the group
   */
  public static String obstacle(
      ClusterState state, String nodeId, Collection<String> voters, Predicate<String> runs) {
    SortedSet<String> next = voters(state, voters, runs);
    Optional<String> heir = next.stream().filter(id -> !voters.contains(id)).findFirst();
    if (heir.isPresent()) {
      return "waits for node %s to get a vote of the metadata group".formatted(heir.get());
    }
    if (next.isEmpty() || next.contains(nodeId)) {
      return "no node can take the vote of node %s in the metadata group: %s"
          .formatted(nodeId, others(state, nodeId, voters, runs));
    }
    List<String> left = new ArrayList<>(voters);
    left.remove(nodeId);
    if (!isMajority(state, left, runs)) {
      return "the vote of node %s in the metadata group cannot be taken while no majority of those left has a running replica of it: %s"
          .formatted(nodeId, described(state, left, runs));
    }
    return "waits for the vote of node %s in the metadata group to be taken".formatted(nodeId);
  }

  private static String others(
      ClusterState state, String nodeId, Collection<String> voters, Predicate<String> runs) {
    List<String> reasons =
        state.members().stream()
            .filter(node -> !node.id().equals(nodeId))
            .map(
                node ->
                    node.id()
                        + (voters.contains(node.id()) ? " has one" : " is " + node.state().text())
                        + (canInherit(node, voters) && !runs.test(node.id())
                            ? " without a running replica of it"
                            : ""))
            .toList();
    return reasons.isEmpty() ? "there is no other" : String.join(", ", reasons);
  }

  private static String described(ClusterState state, List<String> nodes, Predicate<String> runs) {
    return String.join(
        ", ",
        nodes.stream()
            .map(id -> id + (isThere(state, id, runs) ? " has one" : " has none"))
            .toList());
  }

  /**
   * Whether a node that votes shall go on to do so: it can be relied on, or nobody else could vote
   * in its place.
   *
   * @param voters all that do
   * @param runs whether a node has a running replica of the group
   */
  public static boolean staysVoter(
      ClusterState state, String nodeId, Collection<String> voters, Predicate<String> runs) {
    return voters(state, voters, runs).contains(nodeId);
  }

  // ---- the steps ----

  /**
   * One vote, to a node that has none. It is noted first: so a node of that name that has lost its
   * data is told from one that never had a vote. A listener is taken out, to come back as a voter:
   * Ratis has no safe way from the one to the other.
   */
  private Optional<Step> give() {
    return wanted.stream()
        .filter(id -> !members.voters().contains(id))
        .findFirst()
        .filter(id -> isMajority(state, members.withVoter(id).voters(), isHeard))
        .map(
            id -> {
              if (!state.metadataVoters().contains(id)) {
                List<String> noted = new ArrayList<>(state.metadataVoters());
                noted.add(id);
                return new Note(new SetMetadataVoters(state.metadataVoters(), noted));
              }
              return members.listeners().contains(id)
                  ? new Change(id, Kind.LEAVES, members.without(id))
                  : new Change(id, Kind.VOTES, members.withVoter(id));
            });
  }

  /** One vote, of a node that shall have none, when all who shall have one do. */
  private Optional<Step> take() {
    if (wanted.isEmpty() || !members.voters().containsAll(wanted)) {
      return Optional.empty();
    }
    return members.voters().stream()
        .filter(id -> !wanted.contains(id) && mayTry.test(id, Kind.LEAVES))
        .max(reliableFirst(state))
        .filter(id -> isMajority(state, members.without(id).voters(), isHeard))
        .map(id -> new Change(id, Kind.LEAVES, members.without(id)));
  }

  /**
   * What is to be noted, but for those that are about to get a vote: also when they have to wait a
   * moment for it, or notes would come and go.
   */
  private Optional<Step> note() {
    List<String> before = state.metadataVoters();
    SortedSet<String> soon = voters(state, members.voters(), any -> true);
    List<String> now =
        state.nodes().keySet().stream()
            .filter(
                id ->
                    members.voters().contains(id)
                        || (before.contains(id) && (soon.contains(id) || wanted.contains(id))))
            .filter(id -> !state.hasRemoved(id)) // which the record cannot name
            .toList();
    return now.isEmpty() || Set.copyOf(now).equals(Set.copyOf(before))
        ? Optional.empty()
        : Optional.of(new Note(new SetMetadataVoters(before, now)));
  }

  private static boolean isMajority(
      ClusterState state, Collection<String> voters, Predicate<String> isHeard) {
    long there = voters.stream().filter(id -> isThere(state, id, isHeard)).count();
    return 2 * there > voters.size();
  }

  private static boolean isThere(ClusterState state, String id, Predicate<String> isHeard) {
    return isReliable(state, id) && isHeard.test(id);
  }

  /** Also one that is to vote, but cannot now: or it would hear of nothing meanwhile. */
  private Optional<Step> add() {
    return state.members().stream()
        .map(NodeInfo::id)
        .filter(node -> !members.contains(node) && !isLeaving(state, node))
        .filter(isHeard)
        .filter(node -> mayTry.test(node, Kind.LISTENS))
        .findFirst()
        .map(node -> new Change(node, Kind.LISTENS, members.withListener(node)));
  }

  /** Also one that was added late, by a change that was asked for before it was removed. */
  private Optional<Step> takeOut() {
    return members.listeners().stream()
        .filter(node -> isLeaving(state, node) && mayTry.test(node, Kind.LEAVES))
        .findFirst()
        .map(node -> new Change(node, Kind.LEAVES, members.without(node)));
  }
}

package io.raftkv.meta.control;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.Ids;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.job.Members;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Who is to be in the metadata group: each node of the cluster, three or five of them with a vote.
 * Pure; run by the leader of the group, which makes one change after the other. A vote is given
 * before another one is taken, so that there are never fewer than before.
 */
public final class MetadataVotes {
  private static final int FEW = 3;
  private static final int MANY = 5;

  /** What a change means to the node that it is about. */
  public enum Kind {
    /** It is no member, and is to listen. */
    ADD,
    /** It listens, and is to vote. */
    GIVE_VOTE,
    /** It votes, and is to listen. */
    TAKE_VOTE,
    /** It is to be a member no more. */
    TAKE_OUT
  }

  /**
   * A change of members.
   *
   * @param kind what it means to the node
   * @param nodeId the node
   * @param next all members then
   */
  public record Change(Kind kind, String nodeId, Members next) {}

  private final ClusterState state;
  private final Members members;
  private final Predicate<String> isHeard;
  private final Predicate<String> mayTry;

  private MetadataVotes(
      ClusterState state, Members members, Predicate<String> isHeard, Predicate<String> mayTry) {
    this.state = state;
    this.members = members;
    this.isHeard = isHeard;
    this.mayTry = mayTry;
  }

  /**
   * The next change to be made, if any.
   *
   * @param members as they are, no change being under way
   * @param isHeard whether a node has been heard of lately
   * @param mayTry false for a node with which a change has failed a moment ago: others go on
   */
  public static Optional<Change> next(
      ClusterState state, Members members, Predicate<String> isHeard, Predicate<String> mayTry) {
    MetadataVotes votes = new MetadataVotes(state, members, isHeard, mayTry);
    Optional<Change> taking = votes.take();
    boolean enough = members.voters().size() > votes.wanted();
    return enough
        ? taking.or(votes::give).or(votes::add).or(votes::takeOut)
        : votes.give().or(votes::add).or(() -> taking).or(votes::takeOut);
  }

  /**
   * The voters that the state is to name, if it does not. While a vote is being replaced there is
   * one too many: that is not told, for how many there are to be is known by it.
   */
  public static Optional<List<String>> toNote(ClusterState state, Members members) {
    List<String> voters = members.voters().stream().sorted(Ids.NATURAL).toList();
    return voters.size() > wanted(state) || voters.equals(state.metadataVoters())
        ? Optional.empty()
        : Optional.of(voters);
  }

  /** Whether a node is none of the cluster, or is being removed from it. */
  public static boolean isLeaving(ClusterState state, String nodeId) {
    return state.node(nodeId).map(NodeInfo::state).orElse(NodeState.REMOVED) == NodeState.REMOVED
        || state
            .jobOfNode(nodeId)
            .filter(job -> job.kind() == JobKind.REMOVE && job.state() == JobState.RUNNING)
            .isPresent();
  }

  /** As many as the cluster was formed with, and at least three. */
  private static int wanted(ClusterState state) {
    return state.metadataVoters().size() > FEW ? MANY : FEW;
  }

  private int wanted() {
    return wanted(state);
  }

  private boolean isLeaving(String nodeId) {
    return isLeaving(state, nodeId);
  }

  /** Whether its vote is to be somebody else's: it leaves, is to become empty, or is lost. */
  private boolean isGivenUp(String nodeId) {
    NodeInfo node = state.nodes().get(nodeId);
    return isLeaving(nodeId) || node.draining() || node.state() == NodeState.OFFLINE;
  }

  private boolean isReliable(String nodeId) {
    return !isGivenUp(nodeId)
        && state.nodes().get(nodeId).state() == NodeState.ONLINE
        && isHeard.test(nodeId);
  }

  private List<String> kept() {
    return members.voters().stream().filter(node -> !isGivenUp(node)).toList();
  }

  /** An even number of voters stands no more failures than one voter less. */
  private Optional<Change> give() {
    int kept = kept().size();
    List<String> candidates =
        members.listeners().stream().filter(this::isReliable).sorted(Ids.NATURAL).toList();
    boolean useful = kept % 2 == 0 ? !candidates.isEmpty() : candidates.size() > 1;
    return kept >= wanted() || !useful
        ? Optional.empty()
        : candidates.stream()
            .filter(mayTry)
            .findFirst()
            .map(node -> new Change(Kind.GIVE_VOTE, node, members.withVoter(node)));
  }

  /** From one whose vote somebody else has, or that leaves; or there is one too many. */
  private Optional<Change> take() {
    List<String> kept = kept();
    for (String node : members.voters()) {
      boolean replaced = kept.size() >= wanted();
      if (isGivenUp(node) && (replaced || isLeaving(node)) && mayTry.test(node) && maySpare(node)) {
        return Optional.of(
            isLeaving(node)
                ? new Change(Kind.TAKE_OUT, node, members.without(node))
                : new Change(Kind.TAKE_VOTE, node, members.withListener(node)));
      }
    }
    if (kept.size() <= wanted()) {
      return Optional.empty();
    }
    return kept.stream()
        .max(Ids.NATURAL)
        .filter(mayTry)
        .filter(this::maySpare)
        .map(node -> new Change(Kind.TAKE_VOTE, node, members.withListener(node)));
  }

  /** Whether of the other voters those that can be relied on are a majority. */
  private boolean maySpare(String nodeId) {
    Set<String> rest = new TreeSet<>(members.voters());
    rest.remove(nodeId);
    return 2 * rest.stream().filter(this::isReliable).count() > rest.size();
  }

  private Optional<Change> takeOut() {
    return members.listeners().stream()
        .filter(node -> isLeaving(node) && mayTry.test(node))
        .findFirst()
        .map(node -> new Change(Kind.TAKE_OUT, node, members.without(node)));
  }

  private Optional<Change> add() {
    return state.members().stream()
        .map(NodeInfo::id)
        .filter(node -> !members.contains(node) && !isLeaving(node))
        .filter(isHeard)
        .filter(mayTry)
        .findFirst()
        .map(node -> new Change(Kind.ADD, node, members.withListener(node)));
  }
}

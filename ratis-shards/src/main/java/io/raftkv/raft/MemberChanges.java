package io.raftkv.raft;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.exceptions.ReconfigurationInProgressException;
import org.apache.ratis.protocol.exceptions.ReconfigurationTimeoutException;
import org.apache.ratis.protocol.exceptions.SetConfigurationException;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes the members of a group on the node that leads it. Thread-safe; never blocks.
 *
 * <p>One voter comes or goes at a time. Ratis goes through a joint configuration, but a leader that
 * is elected while one is in its log does not commit it: it begins with the new members alone. That
 * is safe as long as each majority of the old voters shares a member with each of the new ones.
 *
 * <p>A new voter is one at once, without being a listener before. Ratis sends it all that it lacks
 * while the group goes on with its old members, and only then changes them. A listener has no vote
 * until the change is complete: if the leader ended before, those who are left could be too few to
 * elect another one, though only one node is away.
 */
final class MemberChanges {
  private static final Logger LOG = LoggerFactory.getLogger(MemberChanges.class);

  private static final long HAND_OVER_MILLIS = 2_000;

  /** An heir that does not answer keeps all writes waiting. */
  private static final int HEARD_HEARTBEATS = 2;

  private final Replica replica;
  private final RaftServer.Division division;
  private final LeaderRequests requests;

  MemberChanges(Replica replica, RaftServer.Division division, LeaderRequests requests) {
    this.replica = replica;
    this.division = division;
    this.requests = requests;
  }

  CompletableFuture<MemberChange> change(
      List<Member> expected, List<Member> next, RaftNode.Heirs heirs, long timeoutMillis) {
    LeaderView view = replica.view();
    if (view == null || !view.ready()) {
      return CompletableFuture.completedFuture(MemberChange.NOT_LEADER);
    }
    RaftConfiguration now = division.getRaftConf();
    if (replica.isChangingMembers()) {
      return CompletableFuture.completedFuture(MemberChange.UNDER_WAY);
    }
    if (has(now, next)) {
      return CompletableFuture.completedFuture(MemberChange.DONE);
    }
    if (!has(now, expected)) {
      return CompletableFuture.completedFuture(MemberChange.UNEXPECTED_MEMBERS);
    }
    Set<String> voters = ids(next, true);
    if (differences(ids(expected, true), voters) > 1) {
      return CompletableFuture.completedFuture(MemberChange.TOO_MANY_AT_ONCE);
    }
    return voters.contains(division.getId().toString())
        ? set(expected, next, timeoutMillis)
        : handOver(voters, heirs, timeoutMillis);
  }

  private static boolean has(RaftConfiguration configuration, List<Member> members) {
    return ids(configuration.getCurrentPeers()).equals(ids(members, true))
        && ids(configuration.getCurrentPeers(RaftPeerRole.LISTENER)).equals(ids(members, false));
  }

  private static Set<String> ids(Collection<RaftPeer> peers) {
    return peers.stream().map(peer -> peer.getId().toString()).collect(Collectors.toSet());
  }

  private static Set<String> ids(List<Member> members, boolean voters) {
    return members.stream()
        .filter(member -> member.voter() == voters)
        .map(Member::nodeId)
        .collect(Collectors.toSet());
  }

  private static int differences(Set<String> some, Set<String> others) {
    Set<String> all = new HashSet<>(some);
    all.addAll(others);
    all.removeIf(one -> some.contains(one) && others.contains(one));
    return all.size();
  }

  private CompletableFuture<MemberChange> handOver(
      Set<String> voters, RaftNode.Heirs ready, long timeoutMillis) {
    Set<String> heirs = new HashSet<>(replica.followersHeardWithin(HEARD_HEARTBEATS));
    heirs.retainAll(voters);
    heirs.retainAll(ready.ready());
    return heir(heirs, replica.followerMatchIndexes(), ready.wanted())
        .map(
            heir ->
                requests.handOver(replica.group(), heir, Math.min(timeoutMillis, HAND_OVER_MILLIS)))
        .orElseGet(() -> CompletableFuture.completedFuture(false))
        .thenApply(done -> done ? MemberChange.HANDED_OVER : MemberChange.NOT_HANDED_OVER);
  }

  /**
   * The one that has most of the log, or the wanted one if it has nearly as much: so that it need
   * not be handed over to that one right after.
   */
  static Optional<String> heir(Set<String> heirs, Map<String, Long> matches, String wanted) {
    Optional<String> best =
        heirs.stream().max(Comparator.comparing(heir -> matches.getOrDefault(heir, -1L)));
    return best.map(heir -> matches.getOrDefault(heir, -1L))
        .filter(most -> heirs.contains(wanted))
        .filter(most -> most - matches.getOrDefault(wanted, -1L) <= RaftSettings.CATCHUP_ENTRIES)
        .map(most -> wanted)
        .or(() -> best);
  }

  /** To the one that has most of the log. */
  private CompletableFuture<Boolean> handOverToOneOf(Set<String> voters, long timeoutMillis) {
    return replica.followerMatchIndexes().entrySet().stream()
        .filter(follower -> voters.contains(follower.getKey()))
        .max(Map.Entry.comparingByValue())
        .map(heir -> requests.handOver(replica.group(), heir.getKey(), timeoutMillis))
        .orElseGet(() -> CompletableFuture.completedFuture(false));
  }

  private CompletableFuture<MemberChange> set(
      List<Member> expected, List<Member> next, long timeoutMillis) {
    CompletableFuture<RaftClientReply> asked =
        requests.setConfiguration(
            replica.group(),
            SetConfigurationRequest.Arguments.newBuilder()
                .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                .setServersInCurrentConf(peers(expected, true))
                .setListenersInCurrentConf(peers(expected, false))
                .setServersInNewConf(peers(next, true))
                .setListenersInNewConf(peers(next, false))
                .build());
    replica.membersAreToChange(asked);
    return asked
        .handle(this::outcome)
        .completeOnTimeout(MemberChange.UNDER_WAY, timeoutMillis, TimeUnit.MILLISECONDS);
  }

  private static List<RaftPeer> peers(List<Member> members, boolean voters) {
    return members.stream().filter(member -> member.voter() == voters).map(Member::toPeer).toList();
  }

  private MemberChange outcome(RaftClientReply reply, Throwable failure) {
    if (reply != null && reply.isSuccess()) {
      return MemberChange.DONE;
    }
    Throwable why = failure instanceof CompletionException ? failure.getCause() : failure;
    why = reply == null ? why : reply.getException();
    if (why instanceof ReconfigurationInProgressException) {
      return MemberChange.UNDER_WAY;
    }
    if (why instanceof SetConfigurationException) {
      return MemberChange.UNEXPECTED_MEMBERS; // another change was faster
    }
    if (why instanceof ReconfigurationTimeoutException) {
      sendToAllAgain();
      return MemberChange.NOT_CAUGHT_UP;
    }
    if (why instanceof IllegalStateException) {
      // A leader that was elected while a voter left goes on to send to it, and cannot add it
      // again.
      beginNewTerm(why.getMessage());
      return MemberChange.UNDER_WAY;
    }
    LOG.warn("fate of a change of members unknown shard={}", replica.name(), why);
    return MemberChange.UNKNOWN;
  }

  /**
   * When a new member does not catch up, Ratis ceases to send to all that have come or failed in
   * this term, though they may be members: for good, in this term.
   */
  private void sendToAllAgain() {
    Set<String> members = new HashSet<>(replica.members());
    members.remove(division.getId().toString());
    if (!replica.followerMatchIndexes().keySet().containsAll(members)) {
      beginNewTerm("some members are sent nothing");
    }
  }

  /** What Ratis' leader does not get over is gone with its term. */
  private void beginNewTerm(String why) {
    LOG.info("leader makes room for a new one shard={}: {}", replica.name(), why);
    handOverToOneOf(ids(division.getRaftConf().getCurrentPeers()), HAND_OVER_MILLIS)
        .thenCompose(
            done ->
                done ? CompletableFuture.completedFuture(true) : requests.stepDown(replica.group()))
        .thenAccept(done -> LOG.debug("leader made room shard={}: {}", replica.name(), done));
  }
}

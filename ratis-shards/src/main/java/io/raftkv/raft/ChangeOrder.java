package io.raftkv.raft;

import java.util.Collection;
import java.util.function.Predicate;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;

/**
 * In which order the members hear that the voters change, so that whoever is left can elect a
 * leader when this one ends in the middle.
 *
 * <p>Its successor needs a majority of the old voters and one of the new ones, which may take the
 * vote of everybody else. Three things of Ratis would deny it:
 *
 * <ul>
 *   <li>A new voter has no vote before it has heard of the change: so it hears first.
 *   <li>Who has not heard of the change does not vote for a new voter, and that one votes for
 *       nobody with a shorter log: so it gets nothing that is behind the change before all have
 *       heard.
 *   <li>A voter that goes ends itself when it has heard of the change and then of no leader: so it
 *       does not hear. It is sent nothing any more when the others have decided.
 * </ul>
 */
final class ChangeOrder {
  /** Nothing is held back. */
  static final long NONE = Long.MAX_VALUE;

  private ChangeOrder() {}

  /**
   * The index of the first entry that a follower is not to have yet.
   *
   * @param change the configuration with the voters before and after
   * @param leader who sends
   * @param knows which followers have the entry of the change on disk
   */
  static long heldFrom(
      RaftPeerId follower,
      RaftConfiguration change,
      RaftPeerId leader,
      Predicate<RaftPeerId> knows) {
    long index = change.getLogEntryIndex();
    if (isLeaving(follower, change)) {
      return index;
    }
    boolean joins = isJoining(follower, change);
    boolean turn =
        change.getCurrentPeers().stream()
            .map(RaftPeer::getId)
            .filter(other -> !other.equals(leader) && isJoining(other, change) != joins)
            .allMatch(knows);
    return turn ? NONE : joins ? index + 1 : index;
  }

  /** Whether a member becomes a voter by the change. */
  static boolean isJoining(RaftPeerId member, RaftConfiguration change) {
    return has(change.getCurrentPeers(), member) && !has(change.getPreviousPeers(), member);
  }

  private static boolean isLeaving(RaftPeerId member, RaftConfiguration change) {
    return has(change.getPreviousPeers(), member)
        && !has(change.getCurrentPeers(), member)
        && !has(change.getCurrentPeers(RaftPeerRole.LISTENER), member);
  }

  private static boolean has(Collection<RaftPeer> peers, RaftPeerId member) {
    return peers.stream().anyMatch(peer -> peer.getId().equals(member));
  }
}

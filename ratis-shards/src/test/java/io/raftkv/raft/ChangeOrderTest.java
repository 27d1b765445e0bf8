package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.junit.jupiter.api.Test;

/** Node a leads; the entry of the change is the tenth. */
class ChangeOrderTest {
  private record Change(List<RaftPeer> before, List<RaftPeer> after, List<RaftPeer> listeners)
      implements RaftConfiguration {
    @Override
    public RaftPeer getPeer(RaftPeerId id, RaftPeerRole... roles) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Collection<RaftPeer> getAllPeers(RaftPeerRole role) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Collection<RaftPeer> getCurrentPeers(RaftPeerRole role) {
      return role == RaftPeerRole.LISTENER ? listeners : after;
    }

    @Override
    public Collection<RaftPeer> getPreviousPeers(RaftPeerRole role) {
      return role == RaftPeerRole.LISTENER ? List.of() : before;
    }

    @Override
    public long getLogEntryIndex() {
      return 10;
    }
  }

  private static List<RaftPeer> peers(String names) {
    return names
        .chars()
        .mapToObj(name -> RaftPeer.newBuilder().setId(Character.toString(name)).build())
        .toList();
  }

  private static Change change(String before, String after) {
    return new Change(peers(before), peers(after), List.of());
  }

  private static long held(String follower, RaftConfiguration change, String... knowing) {
    Set<String> know = Set.of(knowing);
    return ChangeOrder.heldFrom(
        RaftPeerId.valueOf(follower),
        change,
        RaftPeerId.valueOf("a"),
        id -> know.contains(id.toString()));
  }

  @Test
  void whoJoinsHearsFirstAndIsNotAheadOfThoseWhoStay() {
    Change joins = change("abc", "abcd");
    assertThat(held("d", joins)).isEqualTo(11);
    assertThat(held("b", joins)).isEqualTo(10);
    assertThat(held("b", joins, "d")).isEqualTo(ChangeOrder.NONE);
    assertThat(held("d", joins, "d", "b")).as("c has not heard").isEqualTo(11);
    assertThat(held("d", joins, "d", "b", "c")).isEqualTo(ChangeOrder.NONE);
  }

  @Test
  void whoLeavesDoesNotHear() {
    Change leaves = change("abcd", "abd");
    assertThat(held("c", leaves, "b", "d")).isEqualTo(10);
    assertThat(held("b", leaves)).isEqualTo(ChangeOrder.NONE);
    assertThat(held("d", leaves)).isEqualTo(ChangeOrder.NONE);
  }

  @Test
  void loneLeaderWaitsForNobody() {
    assertThat(held("b", change("a", "ab"))).isEqualTo(ChangeOrder.NONE);
  }

  @Test
  void voterThatBecomesAListenerStays() {
    Change demotes = new Change(peers("abc"), peers("ab"), peers("c"));
    assertThat(held("c", demotes)).isEqualTo(ChangeOrder.NONE);
  }

  @Test
  void listenersAreToldWithTheOthers() {
    Change joins = new Change(peers("abc"), peers("abcd"), peers("x"));
    assertThat(held("x", joins)).isEqualTo(10);
    assertThat(held("x", joins, "d")).isEqualTo(ChangeOrder.NONE);
  }
}

package io.raftkv.meta;

import static io.raftkv.meta.Samples.TIME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.MetaCommand.Bootstrap;
import io.raftkv.meta.MetaCommand.RegisterNode;
import io.raftkv.meta.MetaCommand.SetNodeState;
import io.raftkv.meta.MetaReply.Outcome;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MetaApplierTest {
  private static final ClusterState CLUSTER = Samples.cluster(4, 8, 3);

  @Test
  void bootstrapFoundsTheCluster() {
    MetaChange change = MetaApplier.apply(ClusterState.EMPTY, Samples.bootstrap(4, 8, 3), TIME);
    ClusterState state = change.state();
    assertThat(state.clusterId()).isEqualTo(Samples.CLUSTER);
    assertThat(state.status()).isEqualTo(ClusterStatus.ONLINE);
    assertThat(state.version()).isEqualTo(1);
    assertThat(state.createdAtMillis()).isEqualTo(TIME);
    assertThat(state.updatedAtMillis()).isEqualTo(TIME);
    assertThat(state.nodes().keySet()).containsExactly("n1", "n2", "n3", "n4");
    assertThat(state.nodes().values())
        .hasSize(4)
        .allMatch(node -> node.state() == NodeState.JOINING);
    assertThat(state.shards()).hasSize(8);
    assertThat(state.shards().values())
        .allMatch(s -> s.state() == ShardState.ACTIVE && s.version() == 1);
    assertThat(state.metadataVoters()).containsExactly("n1", "n2", "n3");
    assertThat(state.routing().version()).isEqualTo(1);
    assertThat(state.routing().isComplete()).isTrue();
    assertThat(change.reply()).isEqualTo(new MetaReply(Outcome.CHANGED, 1, ""));
    assertThat(change.routing().orElseThrow().moves()).hasSize(8);
    assertThat(change.events())
        .containsExactly(
            new HistoryEvent(
                1, TIME, EventKind.CLUSTER_BOOTSTRAPPED, Samples.CLUSTER, "4 nodes, 8 shards"),
            new HistoryEvent(
                1,
                TIME,
                EventKind.ROUTING_CHANGED,
                Samples.CLUSTER,
                "routing version 1, 8 ranges"));
  }

  /** Every founding node proposes; whichever comes first founds, whatever the others say. */
  @Test
  void onlyTheFirstBootstrapCounts() {
    Bootstrap other =
        new Bootstrap(
            "other",
            List.of(Samples.node(9, 0)),
            InitialPlacement.plan("other", List.of("n9"), 1, 1),
            List.of("n9"));
    for (Bootstrap late : List.of(Samples.bootstrap(4, 8, 3), other)) {
      assertNothing(
          MetaApplier.apply(CLUSTER, late, TIME + 1),
          CLUSTER,
          Outcome.UNCHANGED,
          "bootstrapped as test-cluster before");
    }
  }

  @Test
  void nothingHappensBeforeTheBootstrap() {
    for (MetaCommand early :
        List.of(
            new RegisterNode(Samples.node(1, 1)),
            new SetNodeState("n1", Optional.empty(), NodeState.ONLINE, ""))) {
      assertNothing(
          MetaApplier.apply(ClusterState.EMPTY, early, TIME),
          ClusterState.EMPTY,
          Outcome.REFUSED,
          "the cluster is not bootstrapped yet");
    }
  }

  @Test
  void foundingNodeRegistersWithItsIncarnation() {
    MetaChange change = register(CLUSTER, Samples.node(2, 5));
    NodeInfo node = change.state().node("n2").orElseThrow();
    assertThat(node.incarnation()).isEqualTo(5);
    assertThat(node.state()).isEqualTo(NodeState.JOINING);
    assertThat(node.registeredAtMillis()).isEqualTo(TIME);
    assertThat(node.updatedAtMillis()).isEqualTo(TIME + 1);
    assertThat(change.state().version()).isEqualTo(2);
    assertThat(change.routing()).isEmpty();
    assertThat(change.events())
        .containsExactly(
            new HistoryEvent(2, TIME + 1, EventKind.NODE_RESTARTED, "n2", "at host2:6379"));
  }

  @Test
  void newNodeJoins() {
    MetaChange change = register(CLUSTER, Samples.node(10, 1));
    assertThat(change.state().nodes().keySet()).containsExactly("n1", "n2", "n3", "n4", "n10");
    assertThat(change.state().node("n10").orElseThrow().state()).isEqualTo(NodeState.JOINING);
    assertThat(change.events())
        .extracting(HistoryEvent::kind)
        .containsExactly(EventKind.NODE_REGISTERED);
  }

  @Test
  void restartKeepsTheStateOfTheNodeAndTakesItsNewAddress() {
    ClusterState state = register(CLUSTER, Samples.node(2, 5)).state();
    state = Samples.with(state, "n2", NodeState.DRAINING);
    NodeSpec moved = new NodeSpec("n2", "elsewhere", 7000, 7001, 0, "0.2.0", 6);
    NodeInfo node = register(state, moved).state().node("n2").orElseThrow();
    assertThat(node.spec()).isEqualTo(moved);
    assertThat(node.state()).isEqualTo(NodeState.DRAINING);
  }

  @Test
  void repeatedOrOutdatedRegistrationChangesNothing() {
    ClusterState state = register(CLUSTER, Samples.node(2, 5)).state();
    assertNothing(
        register(state, Samples.node(2, 5)), state, Outcome.UNCHANGED, "registered before");
    assertNothing(
        register(state, Samples.node(2, 4)),
        state,
        Outcome.REFUSED,
        "node n2 is known with incarnation 5 already");
    assertNothing(
        register(state, new NodeSpec("n2", "impostor", 6379, 9870, 0, "", 5)),
        state,
        Outcome.REFUSED,
        "node n2 is known with incarnation 5 already");
  }

  @Test
  void addressOfAnotherNodeIsRefusedUntilThatNodeIsRemoved() {
    NodeSpec same = new NodeSpec("n9", "host4", 1, 9870, 0, "", 1);
    assertNothing(
        register(CLUSTER, same), CLUSTER, Outcome.REFUSED, "node n4 has the address of node n9");

    ClusterState spare = register(CLUSTER, Samples.node(5, 1)).state();
    ClusterState removed = Samples.with(spare, "n5", NodeState.REMOVED);
    NodeSpec heir = new NodeSpec("n6", "host5", 6379, 9870, 0, "", 1);
    assertThat(register(spare, heir).isChange()).isFalse();
    assertThat(register(removed, heir).isChange()).isTrue();
  }

  @Test
  void removedNodeDoesNotComeBack() {
    ClusterState state = register(CLUSTER, Samples.node(5, 1)).state();
    ClusterState removed = Samples.with(state, "n5", NodeState.REMOVED);
    assertNothing(
        register(removed, Samples.node(5, 2)),
        removed,
        Outcome.REFUSED,
        "node n5 was removed; it has to join again, with no data");
    assertNothing(
        set(removed, "n5", Optional.empty(), NodeState.ONLINE),
        removed,
        Outcome.REFUSED,
        "node n5 is REMOVED and stays so, not ONLINE");
    assertThat(removed.members()).extracting(NodeInfo::id).doesNotContain("n5");
    assertThat(removed.nodes()).containsKey("n5");
  }

  @Test
  void newNodeThatJoinsIsRegisteredOnce() {
    MetaChange joined = join(CLUSTER, Samples.node(5, 7));
    assertThat(joined.state().node("n5").orElseThrow().state()).isEqualTo(NodeState.JOINING);
    assertThat(joined.events())
        .extracting(HistoryEvent::kind)
        .containsExactly(EventKind.NODE_REGISTERED);
    assertNothing(
        join(joined.state(), Samples.node(5, 7)),
        joined.state(),
        Outcome.UNCHANGED,
        "registered before");
    ClusterState again = join(joined.state(), Samples.node(5, 8)).state();
    assertThat(again.node("n5").orElseThrow().incarnation()).isEqualTo(8);
  }

  @Test
  void nodeThatJoinsIsNotTakenForAnotherOfItsIdOrAddress() {
    NodeSpec elsewhere = new NodeSpec("n4", "host9", 6379, 9870, 0, "", 9);
    assertNothing(
        join(CLUSTER, elsewhere),
        CLUSTER,
        Outcome.REFUSED,
        "the id n4 belongs to the node at host4:6379 with Raft port 9870");
    NodeSpec heir = new NodeSpec("n9", "host4", 6379, 1, 0, "", 9);
    assertThat(join(CLUSTER, heir).reply().outcome()).isEqualTo(Outcome.REFUSED);

    ClusterState removed =
        Samples.with(join(CLUSTER, Samples.node(5, 1)).state(), "n5", NodeState.REMOVED);
    assertNothing(
        join(removed, new NodeSpec("n5", "elsewhere", 1, 2, 0, "", 3)),
        removed,
        Outcome.REFUSED,
        "the id n5 belongs to the node at host5:6379 with Raft port 9870, which was removed: it may"
            + " join again there, or under another id");
  }

  @Test
  void removedNodeJoinsAgainAndIsToldApartFromTheOneBefore() {
    ClusterState joined = join(CLUSTER, Samples.node(5, 7)).state();
    long first = joined.node("n5").orElseThrow().memberSince();
    assertThat(first).isEqualTo(joined.version());
    ClusterState removed = Samples.with(joined, "n5", NodeState.REMOVED);
    assertThat(joined.hasRemoved("n5", first)).isFalse();
    assertThat(removed.hasRemoved("n5", first)).isTrue();
    assertThat(removed.hasRemoved("n5", first + 1)).as("it lags behind the other").isFalse();
    assertThat(join(removed, Samples.node(5, 7)).reply())
        .as("a request from before the removal")
        .returns(Outcome.REFUSED, MetaReply::outcome)
        .returns("node n5 is known with incarnation 7 already", MetaReply::text);

    ClusterState again = join(removed, Samples.node(5, 8)).state();
    NodeInfo node = again.node("n5").orElseThrow();
    assertThat(node.state()).isEqualTo(NodeState.JOINING);
    assertThat(node.draining()).isFalse();
    assertThat(node.memberSince()).isEqualTo(again.version()).isGreaterThan(first);
    assertThat(again.hasRemoved("n5", first)).isTrue();
    assertThat(again.hasRemoved("n5", node.memberSince())).isFalse();
    assertThat(again.hasRemoved("n1", 0)).isFalse();
    assertThat(again.hasRemoved("n9", 0)).isFalse();
    for (ClusterState state : List.of(joined, removed, again)) {
      assertThat(state.isGone("n5")).as("its id comes again: %s", state).isFalse();
    }
  }

  /** Of a process with its old data nobody could tell that it is the one before. */
  @Test
  void idOfAFounderThatWasRemovedIsNotGivenAgain() {
    ClusterState removed =
        Samples.with(Samples.withoutShardsOn(CLUSTER, "n4"), "n4", NodeState.REMOVED);
    assertThat(removed.isGone("n4")).isTrue();
    assertThat(removed.isGone("n3")).isFalse();
    assertThat(CLUSTER.isGone("n4")).isFalse();
    for (NodeSpec node :
        List.of(Samples.node(4, 8), new NodeSpec("n4", "elsewhere", 1, 2, 0, "", 8))) {
      assertNothing(
          join(removed, node),
          removed,
          Outcome.REFUSED,
          "the id n4 is of a node that the cluster began with and that was removed, and is not given"
              + " again: join under another one");
    }
  }

  /** What it has acknowledged must not be lost by one that comes back empty under its id. */
  @Test
  void nodeThatVotesForTheMetadataDoesNotJoin() {
    ClusterState joined = join(CLUSTER, Samples.node(5, 7)).state();
    assertThat(join(joined, Samples.node(5, 8)).reply().outcome()).isEqualTo(Outcome.CHANGED);
    ClusterState votes =
        MetaApplier.apply(joined, voters("n1 n2 n3", "n1 n2 n3 n5"), TIME + 2).state();
    assertNothing(
        join(votes, Samples.node(5, 8)),
        votes,
        Outcome.REFUSED,
        "node n5 votes in the metadata group, and its data is gone: have it replaced by a node"
            + " under another id, by RAFTKV.NODE REPLACE n5 WITH ... FORCE, or removed first, by"
            + " RAFTKV.NODE DRAIN and REMOVE n5 FORCE");
  }

  @Test
  void metadataVotersAreNotedByWhoKnowsThoseBefore() {
    assertThat(CLUSTER.wantedMetadataVoters()).isEqualTo(3);
    MetaChange noted = MetaApplier.apply(CLUSTER, voters("n1 n2 n3", "n2 n3 n4"), TIME + 1);
    assertThat(noted.state().metadataVoters()).containsExactly("n2", "n3", "n4");
    assertThat(noted.events())
        .extracting(event -> event.subject() + " " + event.text())
        .containsExactly(
            "n4 is to vote in the metadata group", "n1 votes in the metadata group no more");
    ClusterState now = noted.state();
    assertNothing(
        MetaApplier.apply(now, voters("n1 n2 n3", "n1 n2"), TIME + 1),
        now,
        Outcome.REFUSED,
        "the voters of the metadata group are [n2, n3, n4], not [n1, n2, n3]");
    assertNothing(
        MetaApplier.apply(now, voters("n1", "n2 n3 n4"), TIME + 1),
        now,
        Outcome.UNCHANGED,
        "the voters of the metadata group are noted already");
    assertNothing(
        MetaApplier.apply(now, voters("n2 n3 n4", "n2 n3 n9"), TIME + 1),
        now,
        Outcome.REFUSED,
        "metadata voter is no member: n9");
  }

  private static MetaCommand voters(String expected, String next) {
    return new MetaCommand.SetMetadataVoters(
        List.of(expected.split(" ")), List.of(next.split(" ")));
  }

  private static MetaChange join(ClusterState state, NodeSpec node) {
    return MetaApplier.apply(state, new MetaCommand.JoinNode(node), TIME + 1);
  }

  @Test
  void judgementNeitherDrainsNorRemovesANode() {
    for (NodeState wish : List.of(NodeState.DRAINING, NodeState.REMOVED)) {
      assertNothing(
          set(CLUSTER, "n4", Optional.empty(), wish),
          CLUSTER,
          Outcome.REFUSED,
          "node n4 is JOINING and stays so, not " + wish);
    }
  }

  /** Whether it is lost and whether it is to be empty are two things. */
  @Test
  void nodeThatDrainsIsJudgedAndDrainsStill() {
    ClusterState state = Samples.with(CLUSTER, "n4", NodeState.DRAINING);
    state = set(state, "n4", Optional.empty(), NodeState.OFFLINE).state();
    assertThat(state.node("n4").orElseThrow())
        .returns(NodeState.OFFLINE, NodeInfo::state)
        .returns(true, NodeInfo::draining);
    state = set(state, "n4", Optional.of(NodeState.OFFLINE), NodeState.ONLINE).state();
    assertThat(state.node("n4").orElseThrow().state()).isEqualTo(NodeState.DRAINING);
    assertNothing(
        set(state, "n4", Optional.empty(), NodeState.ONLINE),
        state,
        Outcome.UNCHANGED,
        "node n4 is DRAINING already");
  }

  @Test
  void resumedNodeIsAsItIsJudged() {
    for (NodeState judged : List.of(NodeState.JOINING, NodeState.ONLINE, NodeState.OFFLINE)) {
      ClusterState state =
          judged == NodeState.JOINING ? CLUSTER : Samples.with(CLUSTER, "n4", judged);
      ClusterState draining = drain(state, "n4");
      assertThat(draining.node("n4").orElseThrow().draining()).isTrue();
      ClusterState resumed = resume(draining, "n4").state();
      assertThat(resumed.node("n4").orElseThrow())
          .returns(judged, NodeInfo::state)
          .returns(false, NodeInfo::draining);
      assertNothing(resume(resumed, "n4"), resumed, Outcome.UNCHANGED, "node n4 is not draining");
    }
    assertThat(resume(CLUSTER, "n9").reply().text()).isEqualTo("no node n9");
  }

  private static ClusterState drain(ClusterState state, String node) {
    StateDraft draft = StateDraft.after(state, TIME);
    draft.put(state.nodes().get(node).withDraining(true, TIME));
    return draft.build();
  }

  private static MetaChange resume(ClusterState state, String node) {
    return MetaApplier.apply(state, new MetaCommand.ResumeNode(node), TIME + 2);
  }

  @Test
  void stateOfANodeChangesIfItIsAsExpected() {
    MetaChange change = set(CLUSTER, "n1", Optional.of(NodeState.JOINING), NodeState.ONLINE);
    assertThat(change.state().node("n1").orElseThrow().state()).isEqualTo(NodeState.ONLINE);
    assertThat(change.events())
        .containsExactly(
            new HistoryEvent(
                2, TIME + 1, EventKind.NODE_STATE_CHANGED, "n1", "JOINING to ONLINE: why"));
    ClusterState online = change.state();
    assertNothing(
        set(online, "n1", Optional.of(NodeState.JOINING), NodeState.OFFLINE),
        online,
        Outcome.REFUSED,
        "node n1 is ONLINE, not JOINING");
    assertNothing(
        set(online, "n1", Optional.of(NodeState.JOINING), NodeState.ONLINE),
        online,
        Outcome.UNCHANGED,
        "node n1 is ONLINE already");
    assertNothing(
        set(online, "n7", Optional.empty(), NodeState.OFFLINE),
        online,
        Outcome.REFUSED,
        "no node n7");
  }

  @Test
  void timeNeverRunsBackwards() {
    MetaChange change = MetaApplier.apply(CLUSTER, new RegisterNode(Samples.node(1, 1)), TIME - 99);
    assertThat(change.state().updatedAtMillis()).isEqualTo(TIME);
    assertThat(change.state().node("n1").orElseThrow().updatedAtMillis()).isEqualTo(TIME);
    assertThat(change.events().get(0).timeMillis()).isEqualTo(TIME);
    assertThat(
            MetaApplier.apply(ClusterState.EMPTY, Samples.bootstrap(1, 1, 1), -5)
                .state()
                .createdAtMillis())
        .isZero();
  }

  @Test
  void numberOfNodesIsBounded() {
    ClusterState state = Samples.cluster(1, 1, 1);
    for (int n = 2; n <= MetaCommand.MAX_NODES; n++) {
      state = register(state, Samples.node(n, 1)).state();
    }
    assertThat(register(state, Samples.node(5_000, 1)).reply().outcome())
        .isEqualTo(Outcome.REFUSED);
  }

  /** A command that contradicts itself never reaches the log. */
  @Test
  void contradictoryBootstrapCannotBeMade() {
    List<NodeSpec> nodes = List.of(Samples.node(1, 0), Samples.node(2, 0));
    List<ShardSpec> shards = InitialPlacement.plan("c", List.of("n1", "n2"), 2, 2);
    assertBad("cluster id", " ", nodes, shards, List.of("n1"));
    assertBad("0 nodes", "c", List.of(), shards, List.of("n1"));
    assertBad(
        "named twice", "c", List.of(Samples.node(1, 0), Samples.node(1, 0)), shards, List.of("n1"));
    assertBad(
        "port of another node",
        "c",
        List.of(Samples.node(1, 0), new NodeSpec("n2", "host1", 7000, 9870, 0, "", 0)),
        shards,
        List.of("n1"));
    assertBad("unknown node n2", "c", nodes.subList(0, 1), shards, List.of("n1"));
    assertBad("without shards", "c", nodes, List.of(), List.of("n1"));
    assertBad(
        "its group is named twice",
        "c",
        nodes,
        List.of(shards.get(0), shards.get(0)),
        List.of("n1"));
    ShardSpec first = shards.get(0);
    ShardSpec second = shards.get(1);
    assertBad(
        "overlap",
        "c",
        nodes,
        List.of(
            first,
            new ShardSpec(second.id(), second.groupId(), first.slots(), second.replicas(), "n1")),
        List.of("n1"));
    assertBad("metadata voters", "c", nodes, shards, List.of());
    assertBad("metadata voters", "c", nodes, shards, List.of("n1", "n1"));
    assertBad("metadata voters", "c", nodes, shards, List.of("n3"));
  }

  private static void assertBad(
      String reason,
      String clusterId,
      List<NodeSpec> nodes,
      List<ShardSpec> shards,
      List<String> voters) {
    assertThatThrownBy(() -> new Bootstrap(clusterId, nodes, shards, voters))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }

  private static MetaChange register(ClusterState state, NodeSpec node) {
    return MetaApplier.apply(state, new RegisterNode(node), TIME + 1);
  }

  private static MetaChange set(
      ClusterState state, String nodeId, Optional<NodeState> expected, NodeState next) {
    return MetaApplier.apply(state, new SetNodeState(nodeId, expected, next, "why"), TIME + 1);
  }

  private static void assertNothing(
      MetaChange change, ClusterState before, Outcome outcome, String text) {
    assertThat(change.state()).isSameAs(before);
    assertThat(change.events()).isEmpty();
    assertThat(change.routing()).isEmpty();
    assertThat(change.isChange()).isFalse();
    assertThat(change.reply()).isEqualTo(new MetaReply(outcome, before.version(), text));
  }
}

package io.raftkv.meta;

import io.raftkv.meta.MetaReply.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a command means: (state, command, time of its log entry) to the next state. Pure, so that
 * every replica comes to the same state.
 *
 * <p>A command that the state does not allow is answered, never thrown: an exception here stops the
 * replica.
 */
public final class MetaApplier {
  /** Events kept; older ones are forgotten. */
  public static final int MAX_EVENTS = 10_000;

  /** Routing changes kept; older tables are forgotten. */
  public static final int MAX_ROUTING_CHANGES = 1_000;

  private MetaApplier() {}

  /**
   * Applies one command.
   *
   * @param timeMillis time of the log entry; a state is never older than the one before
   */
  public static MetaChange apply(ClusterState state, MetaCommand command, long timeMillis) {
    if (command instanceof MetaCommand.Bootstrap bootstrap) {
      return bootstrap(state, bootstrap, timeMillis);
    }
    if (!state.isBootstrapped()) {
      return refused(state, "the cluster is not bootstrapped yet");
    }
    if (command instanceof MetaCommand.RegisterNode register) {
      return register(state, register.node(), false, timeMillis);
    }
    if (command instanceof MetaCommand.JoinNode join) {
      return join(state, join.node(), timeMillis);
    }
    if (command instanceof MetaCommand.SetNodeState set) {
      return setNodeState(state, set, timeMillis);
    }
    if (command instanceof MetaCommand.SetBalancing set) {
      return setBalancing(state, set.next(), timeMillis);
    }
    if (command instanceof MetaCommand.ResumeNode resume) {
      return JobApplier.resume(state, resume, timeMillis);
    }
    if (command instanceof MetaCommand.SetMetadataVoters set) {
      return setMetadataVoters(state, set, timeMillis);
    }
    if (command instanceof MetaCommand.StartJob start) {
      return JobApplier.start(state, start, timeMillis);
    }
    if (command instanceof MetaCommand.AdvanceJob advance) {
      return JobApplier.advance(state, advance, timeMillis);
    }
    if (command instanceof MetaCommand.CancelJob cancel) {
      return JobApplier.cancel(state, cancel, timeMillis);
    }
    throw new IllegalStateException("no meaning for " + command.getClass());
  }

  private static MetaChange bootstrap(
      ClusterState state, MetaCommand.Bootstrap command, long timeMillis) {
    if (state.isBootstrapped()) {
      return unchanged(state, "bootstrapped as " + state.clusterId() + " before");
    }
    StateDraft draft = StateDraft.after(state, timeMillis);
    long now = draft.updatedAtMillis;
    draft.clusterId = command.clusterId();
    draft.status = ClusterStatus.ONLINE;
    draft.createdAtMillis = now;
    draft.metadataVoters = command.metadataVoters();
    draft.wantedMetadataVoters = RecordCodec.wantedMetadataVoters(command.metadataVoters().size());
    NavigableMap<String, NodeInfo> nodes = new TreeMap<>(Ids.NATURAL);
    for (NodeSpec node : command.nodes()) {
      nodes.put(node.id(), NodeInfo.joining(node, 0, now));
    }
    draft.nodes = nodes;
    NavigableMap<String, ShardInfo> shards = new TreeMap<>(Ids.NATURAL);
    long lastShard = 0;
    for (ShardSpec shard : command.shards()) {
      shards.put(shard.id(), new ShardInfo(shard, ShardState.ACTIVE, 1, now, now));
      lastShard = Math.max(lastShard, Ids.shardNumber(shard.id()));
    }
    draft.shards = shards;
    StateCounters old = draft.counters;
    draft.counters =
        new StateCounters(
            lastShard, old.lastJob(), old.firstEvent(), old.nextEvent(), old.firstRouting());
    draft.routing = RoutingTable.of(state.routing().version() + 1, shards.values());
    String text = nodes.size() + " nodes, " + shards.size() + " shards";
    return changed(state, draft, EventKind.CLUSTER_BOOTSTRAPPED, command.clusterId(), text);
  }

  /**
   * A node has started.
   *
   * @param joins whether it asks to become one of the cluster, if it is not known
   */
  private static MetaChange register(
      ClusterState state, NodeSpec node, boolean joins, long timeMillis) {
    for (NodeInfo other : state.members()) {
      if (!other.id().equals(node.id()) && other.spec().sharesAddressWith(node)) {
        return refused(state, "node " + other.id() + " has the address of node " + node.id());
      }
    }
    NodeInfo known = state.nodes().get(node.id());
    StateDraft draft = StateDraft.after(state, timeMillis);
    long now = draft.updatedAtMillis;
    String address = node.host() + ":" + node.respPort();
    if (known == null) {
      if (state.nodes().size() >= MetaCommand.MAX_NODES) {
        return refused(
            state, "the cluster has known " + state.nodes().size() + " nodes, its limit");
      }
      draft.put(NodeInfo.joining(node, joins ? draft.version : 0, now));
      return changed(state, draft, EventKind.NODE_REGISTERED, node.id(), "at " + address);
    }
    boolean removed = known.state() == NodeState.REMOVED;
    if (removed && !joins) {
      return refused(
          state, "node " + node.id() + " was removed; it has to join again, with no data");
    }
    if (known.spec().equals(node) && !removed) {
      return unchanged(state, "registered before");
    }
    if (node.incarnation() <= known.incarnation()) {
      return refused(
          state,
          "node " + node.id() + " is known with incarnation " + known.incarnation() + " already");
    }
    if (removed) {
      draft.put(NodeInfo.joining(node, draft.version, now));
      return changed(
          state, draft, EventKind.NODE_REGISTERED, node.id(), "at " + address + ", again");
    }
    // Its state stays: the failure detector alone judges whether a node can be relied on.
    draft.put(known.withSpec(node, now));
    return changed(state, draft, EventKind.NODE_RESTARTED, node.id(), "at " + address);
  }

  /**
   * As a start, but a node that has no data is not taken for one that is known by its id: only if
   * it is where that one is, for two live nodes cannot be. Then it has lost its data, or was cut
   * off while it joined, or that one was removed.
   */
  private static MetaChange join(ClusterState state, NodeSpec node, long timeMillis) {
    NodeInfo known = state.nodes().get(node.id());
    if (known != null && known.state() == NodeState.REMOVED && known.memberSince() == 0) {
      // Its old data say nothing of when it became one: it could not be told from the new one.
      return refused(
          state,
          "the id %s is of a node that the cluster began with and that was removed, and is not given again: join under another one"
              .formatted(node.id()));
    }
    if (known != null && !known.spec().hasAddressOf(node)) {
      return refused(
          state,
          "the id %s belongs to the node at %s:%d with Raft port %d%s"
              .formatted(
                  node.id(),
                  known.host(),
                  known.respPort(),
                  known.raftPort(),
                  known.state() == NodeState.REMOVED
                      ? ", which was removed: it may join again there, or under another id"
                      : ""));
    }
    if (state.metadataVoters().contains(node.id())) {
      // One that forgot what it has acknowledged must not count as the one that did.
      return refused(state, votesWithoutData(node.id()));
    }
    return register(state, node, true, timeMillis);
  }

  /** Why a node cannot join that is to vote in the metadata group, or to be a member of it. */
  public static String votesWithoutData(String nodeId) {
    return "node %s votes in the metadata group, and its data is gone: have it replaced by a node under another id, by RAFTKV.NODE REPLACE %1$s WITH ... FORCE, or removed first, by RAFTKV.NODE DRAIN and REMOVE %1$s FORCE"
        .formatted(nodeId);
  }

  /** For the history a vote is a matter of the node that gets or loses it. */
  private static MetaChange setMetadataVoters(
      ClusterState state, MetaCommand.SetMetadataVoters command, long timeMillis) {
    List<String> known = state.metadataVoters();
    if (known.equals(command.next())) {
      return unchanged(state, "the voters of the metadata group are noted already");
    }
    if (!known.equals(command.expected())) {
      return refused(
          state, "the voters of the metadata group are " + known + ", not " + command.expected());
    }
    StateDraft draft = StateDraft.after(state, timeMillis);
    draft.metadataVoters = command.next();
    List<HistoryEvent> events = new ArrayList<>();
    for (String id : command.next()) {
      if (!known.contains(id)) {
        events.add(vote(draft, id, "is to vote in the metadata group"));
      }
    }
    for (String id : known) {
      if (!command.next().contains(id)) {
        events.add(vote(draft, id, "votes in the metadata group no more"));
      }
    }
    try {
      return changed(state, draft, events, "");
    } catch (IllegalStateException contradiction) {
      return refused(state, contradiction.getMessage());
    }
  }

  private static HistoryEvent vote(StateDraft draft, String nodeId, String text) {
    return new HistoryEvent(
        draft.version, draft.updatedAtMillis, EventKind.NODE_STATE_CHANGED, nodeId, text);
  }

  private static MetaChange setNodeState(
      ClusterState state, MetaCommand.SetNodeState command, long timeMillis) {
    NodeInfo node = state.nodes().get(command.nodeId());
    if (node == null) {
      return refused(state, "no node " + command.nodeId());
    }
    if (node.state() == command.next()) {
      return unchanged(state, "node " + node.id() + " is " + node.state() + " already");
    }
    if (command.expected().isPresent() && command.expected().get() != node.state()) {
      return refused(
          state, "node " + node.id() + " is " + node.state() + ", not " + command.expected().get());
    }
    if (node.state() == NodeState.REMOVED || !command.next().isJudgement()) {
      return refused(
          state,
          "node " + node.id() + " is " + node.state() + " and stays so, not " + command.next());
    }
    StateDraft draft = StateDraft.after(state, timeMillis);
    NodeInfo next = node.withState(command.next(), draft.updatedAtMillis);
    if (next.state() == node.state()) {
      return unchanged(state, "node " + node.id() + " is " + node.state() + " already");
    }
    draft.put(next);
    String text = node.state() + " to " + next.state();
    return changed(
        state,
        draft,
        EventKind.NODE_STATE_CHANGED,
        node.id(),
        command.reason().isEmpty() ? text : text + ": " + command.reason());
  }

  private static MetaChange setBalancing(ClusterState state, Balancing next, long timeMillis) {
    if (state.balancing() == next) {
      return unchanged(state, "balancing is " + next.text() + " already");
    }
    StateDraft draft = StateDraft.after(state, timeMillis);
    draft.balancing = next;
    return changed(
        state,
        draft,
        EventKind.BALANCING_CHANGED,
        state.clusterId(),
        "balancing " + state.balancing().text() + " to " + next.text());
  }

  private static MetaChange changed(
      ClusterState before, StateDraft draft, EventKind kind, String subject, String text) {
    HistoryEvent event =
        new HistoryEvent(draft.version, draft.updatedAtMillis, kind, subject, text);
    return changed(before, draft, List.of(event), "");
  }

  /**
   * Ends a change: routing step, history and the bounds of both.
   *
   * @param told what the history is to say of it, before what it says of the routing table
   * @param replyText for whoever proposed it
   * @throws IllegalStateException if the draft breaks an invariant of {@link ClusterState}
   */
  static MetaChange changed(
      ClusterState before, StateDraft draft, List<HistoryEvent> told, String replyText) {
    long now = draft.updatedAtMillis;
    List<HistoryEvent> events = new ArrayList<>(told);
    Optional<RoutingChange> routing = Optional.empty();
    if (draft.routing.version() != before.routing().version()) {
      RoutingChange step =
          new RoutingChange(
              draft.routing.version(), draft.version, now, before.routing().movesTo(draft.routing));
      routing = Optional.of(step);
      String moved = "routing version " + step.version() + ", " + step.moves().size() + " ranges";
      events.add(
          new HistoryEvent(draft.version, now, EventKind.ROUTING_CHANGED, draft.clusterId, moved));
    }
    StateCounters old = draft.counters;
    long nextEvent = old.nextEvent() + events.size();
    draft.counters =
        new StateCounters(
            old.lastShard(),
            old.lastJob(),
            Math.max(old.firstEvent(), nextEvent - MAX_EVENTS),
            nextEvent,
            Math.max(old.firstRouting(), draft.routing.version() - MAX_ROUTING_CHANGES + 1));
    ClusterState state = draft.build();
    return new MetaChange(
        state, events, routing, new MetaReply(Outcome.CHANGED, state.version(), replyText));
  }

  static MetaChange unchanged(ClusterState state, String text) {
    return answered(state, Outcome.UNCHANGED, text);
  }

  static MetaChange refused(ClusterState state, String text) {
    return answered(state, Outcome.REFUSED, text);
  }

  private static MetaChange answered(ClusterState state, Outcome outcome, String text) {
    return new MetaChange(
        state, List.of(), Optional.empty(), new MetaReply(outcome, state.version(), text));
  }
}

package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeSpec;
import io.raftkv.meta.NodeState;
import io.raftkv.raft.LogPosition;
import io.raftkv.raft.Replica;
import io.raftkv.server.JoinExchange.Answer;
import io.raftkv.server.JoinExchange.Request;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Admits nodes to the cluster that this node is part of. What it does is one entry of the metadata,
 * which any node may propose; whoever leads sees to the rest, see {@link MetadataMembers}.
 */
final class JoinDesk {
  /** Who was heard of so lately is another process than the one that asks. */
  private static final long RUNNING_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Node node;
  private final String self;

  JoinDesk(Node node) {
    this.node = node;
    this.self = node.config().node().id();
  }

  CompletionStage<Answer> answer(Request request) {
    ClusterState state = node.metadata().state();
    Replica metadata = node.replica(MetadataGroup.GROUP);
    if (request.founder() && !state.isBootstrapped() && belongsToNone()) {
      return done(Answer.unformed());
    }
    boolean isNoted = node.directory().clusterId().isPresent(); // else a crash could take it back
    if (!state.isBootstrapped() || !isNoted || metadata == null || !metadata.isMember()) {
      return done(Answer.later("node " + self + " is not part of a formed cluster yet"));
    }
    String id = request.node().id();
    if (request.founder()) {
      return answerFounder(state, request);
    }
    Long heard = node.peers().lastHeard().get(id);
    if (heard != null && System.nanoTime() - heard < RUNNING_NANOS) {
      return done(Answer.later("node " + id + " runs already"));
    }
    Optional<String> before = memberBefore(state, metadata, request.node());
    if (before.isPresent()) {
      return done(
          Answer.later(
              "removed node " + before.get() + ", at its address, is not out of the cluster yet"));
    }
    String wrong = objection(state, metadata, request);
    if (!wrong.isEmpty()) {
      return done(Answer.refused(wrong));
    }
    return node.metadata()
        .propose(
            node.shards().client(MetadataGroup.GROUP), new MetaCommand.JoinNode(request.node()))
        .handle(
            (reply, lost) ->
                lost == null
                    ? answer(request.node(), reply)
                    : Answer.later("the metadata group did not answer: " + lost.getMessage()));
  }

  /** One that has lost its metadata is part of a cluster all the same. */
  private boolean belongsToNone() {
    Replica metadata = node.replica(MetadataGroup.GROUP);
    boolean isMember =
        node.directory().clusterId().isPresent() || node.directory().joinedBy().isPresent();
    return !isMember
        && knowsOfNone(
            metadata == null && node.founderStart().isPresent(),
            metadata == null ? null : metadata.logEnd());
  }

  /**
   * Whether a founder that has not noted its cluster can say that there is none. One that has some
   * of the metadata is perhaps about to note the cluster that it forms, or was cut off before it
   * did.
   *
   * @param hasNothing whether its process started with nothing of the metadata, and has begun none
   * @param end of the log of the metadata group; null if that is not known
   */
  static boolean knowsOfNone(boolean hasNothing, LogPosition end) {
    return end == null ? hasNothing : end.index() < 0;
  }

  /**
   * What it may do is asked of a majority, by an entry: a node that was cut off may still take for
   * a member who was removed, and would be followed by it.
   */
  private CompletionStage<Answer> answerFounder(ClusterState state, Request request) {
    String id = request.node().id();
    if (request.clusterId().isPresent() && !request.clusterId().get().equals(state.clusterId())) {
      return done(Answer.later("node " + self + " is of cluster " + state.clusterId()));
    }
    if (state.isGone(id)) {
      return done(removed(state, id));
    }
    Optional<NodeInfo> known = state.node(id);
    if (known.isEmpty() || known.get().memberSince() > 0) {
      return done(
          Answer.later(
              "cluster %s did not begin with node %s: start it with --join"
                  .formatted(state.clusterId(), id)));
    }
    return node.metadata()
        .propose(
            node.shards().client(MetadataGroup.GROUP),
            new MetaCommand.RegisterNode(request.node().startedAfter(known.get().spec())))
        .handle(
            (reply, lost) -> {
              if (lost != null) {
                return Answer.later("the metadata group did not answer: " + lost.getMessage());
              }
              ClusterState now = node.metadata().state();
              if (now.isGone(id)) {
                return removed(now, id);
              }
              return reply.outcome() == MetaReply.Outcome.REFUSED
                  ? Answer.later(reply.text())
                  : answer(request.node(), reply);
            });
  }

  private static Answer removed(ClusterState state, String id) {
    return Answer.removed("node %s was removed from cluster %s".formatted(id, state.clusterId()));
  }

  private static CompletionStage<Answer> done(Answer answer) {
    return CompletableFuture.completedFuture(answer);
  }

  /** What is sent to it would reach the new one. */
  private static Optional<String> memberBefore(
      ClusterState state, Replica metadata, NodeSpec joins) {
    return metadata.members().stream()
        .flatMap(id -> state.node(id).stream())
        .filter(known -> known.state() == NodeState.REMOVED)
        .filter(known -> known.spec().sharesAddressWith(joins))
        .map(NodeInfo::id)
        .findFirst();
  }

  private Answer answer(NodeSpec joins, MetaReply reply) {
    ClusterState state = node.metadata().state();
    if (reply.outcome() != MetaReply.Outcome.REFUSED) {
      Replica metadata = node.replica(MetadataGroup.GROUP);
      long term = metadata == null ? -1 : metadata.term();
      if (state.version() < reply.version() || state.node(joins.id()).isEmpty()) {
        return Answer.later("node " + self + " is behind");
      }
      if (term < 0) { // it is being started anew
        return Answer.later("the metadata group of node " + self + " does not run");
      }
      return Answer.admitted(
          state.clusterId(),
          term,
          state.nodes().get(joins.id()).memberSince(),
          metadata.pastOf(joins.id()),
          state.members().stream()
              .flatMap(member -> node.addresses().of(member.id()).stream())
              .toList());
    }
    return Answer.refused(
        "%s (--node-id %s, --port %d, --raft-port %d)"
            .formatted(reply.text(), joins.id(), joins.respPort(), joins.raftPort()));
  }

  /** What is wrong with the request however often it is made; empty if nothing is. */
  private String objection(ClusterState state, Replica metadata, Request request) {
    if (request.clusterId().isPresent() && !request.clusterId().get().equals(state.clusterId())) {
      return "the data directory is of cluster %s, but node %s of cluster %s: --join or --data-dir is the wrong one"
          .formatted(request.clusterId().get(), self, state.clusterId());
    }
    String id = request.node().id();
    if (metadata.voters().contains(id)) {
      // One that forgot what it has acknowledged must not count as the one that did.
      return MetaApplier.votesWithoutData(id);
    }
    for (Map.Entry<String, String> own : JoinExchange.settings(node.config()).entrySet()) {
      String other = request.settings().get(own.getKey());
      if (other != null && !other.equals(own.getValue())) {
        return "%s is %s on node %s and %s here: start with --%1$s %2$s"
            .formatted(own.getKey(), own.getValue(), self, other);
      }
    }
    for (NodeInfo member : state.members()) {
      boolean local = isLoopback(member.host());
      if (local != isLoopback(request.node().host())) {
        return local
            ? "node %s is known as %s, where only its own machine reaches it: a cluster that others are to join begins with --cluster and hosts that all reach"
                .formatted(member.id(), member.host())
            : "the other nodes cannot reach this one at %s: join by an address of theirs, or name its host with --announce-host"
                .formatted(request.node().host());
      }
    }
    return "";
  }

  private static boolean isLoopback(String host) {
    return new BindAddress(host, false).isLoopback();
  }
}

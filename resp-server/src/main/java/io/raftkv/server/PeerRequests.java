package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.job.JobAction;
import io.raftkv.meta.job.Members;
import io.raftkv.raft.Member;
import io.raftkv.raft.MemberChange;
import io.raftkv.raft.RaftNode;
import io.raftkv.raft.Replica;
import io.raftkv.shard.PeerTransport;
import io.raftkv.shard.ReadBarrier;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers what other nodes ask over their links. */
final class PeerRequests {
  private static final Logger LOG = LoggerFactory.getLogger(PeerRequests.class);

  /** Less than the patience of {@link JobDriver}, which asks again. */
  private static final long CHANGE_TIMEOUT_MILLIS = 20_000;

  private static final long NEWS_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** The question alone has the leader send what the asker lacks. */
  private static final ReadBarrier.Waiter NO_WAITER =
      new ReadBarrier.Waiter() {
        @Override
        public void confirmed(long commitIndex) {}

        @Override
        public void failed() {}
      };

  private final Node node;
  private final JoinDesk joins;
  private final SlotOrders slots;

  PeerRequests(Node node) {
    this.node = node;
    this.joins = new JoinDesk(node);
    this.slots = new SlotOrders(node);
  }

  /** The answer to a request; its bytes are what the part that is asked makes of them. */
  CompletionStage<byte[]> answer(PeerTransport.Kind kind, byte[] request) {
    return switch (kind) {
      case PROPOSE -> node.shards().propose(request);
      case APPEND -> node.raft().append(request);
      case CHECKPOINT -> node.raft().takeCheckpoint(request);
      case TERMS -> CompletableFuture.completedFuture(node.barrier().answer(request));
      case LOG_END -> CompletableFuture.completedFuture(node.succession().answer(request));
      case READ -> node.traffic().answerRead(request);
      case CONTROL -> answerControl(request);
    };
  }

  /**
   * Whether a request is answered whoever asks: also one that is no part of the cluster any more.
   */
  static boolean isForAll(PeerTransport.Kind kind, byte[] request) {
    return kind == PeerTransport.Kind.CONTROL
        && request.length > 0
        && (request[0] == ControlRequests.HEARTBEAT || request[0] == ControlRequests.JOIN);
  }

  private CompletionStage<byte[]> answerControl(byte[] request) {
    String self = node.config().node().id();
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(request))) {
      byte kind = in.readByte();
      return switch (kind) {
        case ControlRequests.HEARTBEAT ->
            CompletableFuture.completedFuture(heartbeat(ControlRequests.decodeGreeting(in)));
        case ControlRequests.REPLICA_STATUS -> replicaStatus(ControlRequests.group(in));
        case ControlRequests.NODE_FACTS -> facts(ControlRequests.decodeNodeFacts(in));
        case ControlRequests.START_JOINING ->
            startJoining(ControlRequests.decodeStartJoining(self, in));
        case ControlRequests.CHANGE_MEMBERS ->
            changeMembers(ControlRequests.decodeChangeMembers(self, in));
        case ControlRequests.JOIN ->
            joins.answer(JoinExchange.decodeRequest(in)).thenApply(JoinExchange::encode);
        case ControlRequests.HAND_OVER -> handOver(ControlRequests.decodeHandOver(self, in));
        case ControlRequests.MAY_LEAD ->
            node.health().leadable(ControlRequests.group(in)).thenApply(ControlRequests::outcome);
        case ControlRequests.FENCE -> slots.fence(ControlRequests.decodeFence(self, in));
        case ControlRequests.SEED -> slots.seed(ControlRequests.decodeSeed(self, in));
        case ControlRequests.KEEP -> slots.keep(ControlRequests.decodeKeep(self, in));
        case ControlRequests.FLUSH -> slots.flush(ControlRequests.group(in));
        case ControlRequests.LEAD -> slots.lead(ControlRequests.decodeLead(self, in));
        case ControlRequests.JOIN_METADATA -> joinMetadata(ControlRequests.decodeJoinMetadata(in));
        case ControlRequests.UNFENCE -> slots.unfence(ControlRequests.decodeUnfence(self, in));
        case ControlRequests.NEWS -> news();
        case ControlRequests.BALANCE ->
            node.controller().balance(in.readInt()).thenApply(BalanceReportCodec::encode);
        case ControlRequests.SLOT_LOAD ->
            CompletableFuture.completedFuture(
                SplitPoints.encodeLoad(node.traffic().load().counts()));
        case ControlRequests.PART_STARTS -> partStarts(ControlRequests.decodePartStarts(in));
        default ->
            throw new IllegalArgumentException("control request " + kind + " of another version");
      };
    } catch (IOException cut) {
      throw new IllegalArgumentException("control request cut short", cut);
    }
  }

  /** Each time, not only when the connection is made: that may be older than the removal. */
  private byte[] heartbeat(ControlRequests.Greeting asker) {
    ClusterState state = node.metadata().state();
    boolean removed =
        state.isBootstrapped()
            && state.clusterId().equals(asker.clusterId())
            && state.hasRemoved(asker.nodeId(), asker.memberSince());
    return ControlRequests.encode(
        new ControlRequests.Heartbeat(
            System.currentTimeMillis(),
            node.directory().clusterId().orElse(""),
            removed,
            node.config().listen().announceHost()));
  }

  /**
   * Who asks drives jobs: so this node asks, too, for the newest metadata, and hears soon of what a
   * job changes next. Who names groups has clients wait, who must not wait for other clients'
   * reads.
   */
  private CompletionStage<byte[]> facts(Optional<Set<UUID>> groups) {
    node.barrier().confirm(MetadataGroup.GROUP, System.nanoTime() + NEWS_NANOS, NO_WAITER);
    return CompletableFuture.supplyAsync(
        () -> {
          Map<UUID, String> unseeded = slots.seedFailures();
          return NodeFactsCodec.encode(
              groups
                  .map(some -> node.view().facts(unseeded, some))
                  .orElseGet(() -> node.view().facts(unseeded)));
        },
        groups.isPresent() ? node.orders() : node.readPool());
  }

  private CompletionStage<byte[]> news() {
    node.controller().heardNews();
    return CompletableFuture.completedFuture(new byte[0]);
  }

  /** See {@link SlotOrders#cutMade}. */
  void cutMade(UUID group) {
    slots.cutMade(group);
  }

  private CompletionStage<byte[]> partStarts(ControlRequests.PartStarts asked) {
    return CompletableFuture.supplyAsync(
        () -> SplitPoints.encodeStarts(node.replica(asked.group()), asked), node.orders());
  }

  private CompletionStage<byte[]> replicaStatus(UUID group) {
    return CompletableFuture.supplyAsync(
        () -> {
          NodeStatus.ReplicaStatus status = node.view().localReplica(group);
          return status == null ? new byte[0] : ControlRequests.encode(status);
        },
        node.readPool());
  }

  private CompletionStage<byte[]> startJoining(JobAction.StartJoining joining) {
    return startJoining(
        joining.group(),
        () -> {
          Replica there = node.replica(joining.group());
          String noRoom = there != null && there.isAlive() ? "" : node.noRoom();
          if (noRoom.isEmpty()) {
            node.raft().startJoining(joining.group(), joining.term());
          }
          return noRoom;
        });
  }

  /** Also without room for more: it is small, and its node has none of it otherwise. */
  private CompletionStage<byte[]> joinMetadata(ControlRequests.JoinMetadata joining) {
    return startJoining(
        MetadataGroup.GROUP,
        () -> {
          node.raft().startJoining(MetadataGroup.GROUP, joining.term(), joining.leftAt());
          return "";
        });
  }

  private interface Start {
    /** Why it was not started; empty if it was. */
    String run() throws IOException;
  }

  private CompletionStage<byte[]> startJoining(UUID group, Start start) {
    return CompletableFuture.supplyAsync(
        () -> {
          if (!node.directory().hasArrived()) {
            return ControlRequests.outcome("it has not the metadata yet");
          }
          if (node.raft().hasFailed(group)) {
            return ControlRequests.outcome("its replica has failed, see its log");
          }
          try {
            return ControlRequests.outcome(start.run());
          } catch (IOException failed) {
            LOG.error("replica not started shard={}", node.groupName(group), failed);
            return ControlRequests.outcome(failed.toString());
          }
        },
        node.slowly());
  }

  private CompletionStage<byte[]> changeMembers(JobAction.ChangeMembers change) {
    String self = node.config().node().id();
    if (change.next().voters().contains(self)) {
      return changeMembers(change, Set.of()); // it stays, and leads on
    }
    return node.handOvers()
        .whyNot(change.group(), change.next().voters())
        .thenCompose(
            answers -> {
              Set<String> heirs = new HashSet<>(answers.keySet());
              heirs.removeIf(id -> !answers.get(id).isEmpty());
              return heirs.isEmpty()
                  ? CompletableFuture.completedFuture(
                      ControlRequests.outcome("no voter is ready to lead: " + answers))
                  : changeMembers(change, heirs);
            });
  }

  private CompletableFuture<byte[]> changeMembers(
      JobAction.ChangeMembers change, Set<String> heirs) {
    List<Member> expected = members(change.expected());
    List<Member> next = members(change.next());
    // Ratis takes its monitor for it, which it holds while it writes a vote.
    return CompletableFuture.supplyAsync(
            () ->
                node.raft()
                    .changeMembers(
                        change.group(),
                        expected,
                        next,
                        new RaftNode.Heirs(heirs, change.heir()),
                        CHANGE_TIMEOUT_MILLIS),
            node.appendPool())
        .thenCompose(asked -> asked)
        .thenApply(
            done ->
                ControlRequests.outcome(
                    done == MemberChange.DONE || done == MemberChange.HANDED_OVER
                        ? ""
                        : done.toString()));
  }

  private List<Member> members(Members members) {
    List<Member> list = new ArrayList<>();
    members.voters().forEach(id -> list.add(node.addresses().member(id, true)));
    members.listeners().forEach(id -> list.add(node.addresses().member(id, false)));
    return list;
  }

  private CompletionStage<byte[]> handOver(JobAction.HandOver handOver) {
    if (!node.controller().mayLead(handOver.group(), handOver.to())) {
      return CompletableFuture.completedFuture(
          ControlRequests.outcome("node " + handOver.to() + " is silent or behind"));
    }
    return node.handOvers()
        .handOver(handOver.group(), handOver.to())
        .thenApply(ControlRequests::outcome);
  }
}

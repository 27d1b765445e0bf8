package io.raftkv.raft;

import io.raftkv.raft.CheckpointArrivals.RefusedException;
import io.raftkv.raft.CheckpointCodec.Answer;
import io.raftkv.raft.CheckpointCodec.Ask;
import io.raftkv.raft.CheckpointCodec.Begin;
import io.raftkv.raft.CheckpointCodec.Begun;
import io.raftkv.raft.CheckpointCodec.Done;
import io.raftkv.raft.CheckpointCodec.Install;
import io.raftkv.raft.CheckpointCodec.Piece;
import io.raftkv.raft.CheckpointCodec.Refusal;
import io.raftkv.raft.CheckpointCodec.Refused;
import io.raftkv.raft.CheckpointCodec.Request;
import io.raftkv.raft.CheckpointCodec.Transfer;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.RaftServerProtocol;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the checkpoints that leaders send over the links to this node's replicas: the receiving end
 * of {@link CheckpointSending}. The files go to the replica's {@link CheckpointArrivals}, at last
 * one small message to Ratis, which installs them. Thread-safe.
 */
final class CheckpointReceiver {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointReceiver.class);

  private final Function<UUID, HostedGroup> groups;
  private final LongSupplier room;
  private final Executor executor;

  /**
   * @param groups those of which this node has something; null for others
   * @param room how many bytes may be written before there is room for logs and stores only
   * @param executor may block for long
   */
  CheckpointReceiver(Function<UUID, HostedGroup> groups, LongSupplier room, Executor executor) {
    this.groups = groups;
    this.room = room;
    this.executor = executor;
  }

  /** Takes a message; the future is the answer to it. Never blocks. */
  CompletableFuture<byte[]> take(byte[] message) {
    CompletableFuture<byte[]> reply = new CompletableFuture<>();
    try {
      Request request = CheckpointCodec.decodeRequest(message);
      executor.execute(() -> reply.complete(CheckpointCodec.encode(answer(request))));
    } catch (IOException | RejectedExecutionException refused) {
      reply.completeExceptionally(refused);
    }
    return reply;
  }

  private Answer answer(Request request) {
    HostedGroup group = groups.apply(request.transfer().group());
    ReplicatedStateMachine machine = group == null || !group.isOpen() ? null : group.machine();
    if (machine == null) {
      return new Refused(Refusal.NOT_OPEN, "");
    }
    try {
      return answer(request, machine);
    } catch (RefusedException refused) {
      return new Refused(refused.why(), refused.getMessage());
    } catch (IOException | RuntimeException | Error failed) {
      if (HostedGroup.isOutOfSpace(failed)) {
        LOG.warn("a checkpoint waits for space on the disk shard={}: {}", group.name(), failed);
        return new Refused(Refusal.NO_SPACE, failed.toString());
      }
      LOG.warn("a checkpoint does not arrive shard={}", group.name(), failed);
      return new Refused(Refusal.FAILED, failed.toString());
    }
  }

  private Answer answer(Request request, ReplicatedStateMachine machine) throws IOException {
    RaftServer.Division division = machine.division();
    CheckpointArrivals arrivals = machine.arrivals();
    Transfer transfer = request.transfer();
    long term = division.getInfo().getCurrentTerm();
    if (transfer.term() < term) {
      return new Refused(Refusal.OTHER_TERM, "the term is " + term);
    }
    long committed = division.getRaftLog().getLastCommittedIndex();
    if (committed >= transfer.checkpointIndex()) {
      return new Done(committed);
    }
    if (request instanceof Begin begin) {
      return new Begun(arrivals.begin(transfer, begin.files(), room));
    } else if (request instanceof Ask ask) {
      return arrivals.have(transfer, ask.file());
    } else if (request instanceof Piece piece) {
      if (piece.bytes().length > room.getAsLong()) {
        return new Refused(Refusal.NO_SPACE, "others have taken the room");
      }
      return arrivals.write(transfer, piece.file(), piece.offset(), piece.bytes());
    }
    return install((Install) request, division, arrivals);
  }

  private static Answer install(
      Install install, RaftServer.Division division, CheckpointArrivals arrivals)
      throws IOException {
    InstallSnapshotRequestProto message = InstallSnapshotRequestProto.parseFrom(install.message());
    arrivals.beginInstall(install.transfer(), install.digest());
    try {
      DivisionInfo now = division.getInfo();
      boolean installed;
      if (now.isListener()) {
        // If the message makes it a voter, Ratis waits for a thread that may need the monitor. It
        // has no vote that members of another term could mislead.
        installed = install(message, division);
      } else {
        // Ratis takes the members out of the message even if it then refuses the leader: so nothing
        // of another term comes to it. Its monitor keeps the term as it is, and since the replica
        // follows in this term already, Ratis waits for nobody who would need the monitor.
        synchronized (division) {
          installed = now.isFollower() && install(message, division);
        }
      }
      if (!installed) {
        return new Refused(Refusal.OTHER_TERM, "the term is " + now.getCurrentTerm());
      }
    } finally {
      arrivals.endInstall();
    }
    long committed = division.getRaftLog().getLastCommittedIndex();
    return committed >= install.transfer().checkpointIndex()
        ? new Done(committed)
        : new Refused(Refusal.FAILED, "not installed");
  }

  /** Returns false if the message is of a leader of another term. */
  private static boolean install(InstallSnapshotRequestProto message, RaftServer.Division division)
      throws IOException {
    if (division.getInfo().getCurrentTerm() != message.getLeaderTerm()) {
      return false;
    }
    // Not by way of the server: another replica of the group may stand there by now.
    ((RaftServerProtocol) division).installSnapshot(message);
    return true;
  }
}

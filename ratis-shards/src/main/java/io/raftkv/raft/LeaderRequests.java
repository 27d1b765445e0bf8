package io.raftkv.raft;

import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What this node's Ratis is asked to do for groups that it leads. Thread-safe; never blocks. */
final class LeaderRequests {
  private static final Logger LOG = LoggerFactory.getLogger(LeaderRequests.class);

  private final RaftServer server;
  private final ClientId clientId = ClientId.randomId();
  private final AtomicLong callIds = new AtomicLong();

  LeaderRequests(RaftServer server) {
    this.server = server;
  }

  CompletableFuture<RaftClientReply> setConfiguration(
      UUID group, SetConfigurationRequest.Arguments members) {
    try {
      return server.setConfigurationAsync(
          new SetConfigurationRequest(
              clientId,
              server.getId(),
              RaftGroupId.valueOf(group),
              callIds.incrementAndGet(),
              members));
    } catch (IOException refused) {
      return CompletableFuture.failedFuture(refused);
    }
  }

  /** True if the other voter leads afterwards. */
  CompletableFuture<Boolean> handOver(UUID group, String to, long timeoutMillis) {
    return transfer(group, RaftPeerId.valueOf(to), timeoutMillis);
  }

  /** Gives up leadership, so that somebody, perhaps this node, begins a new term. */
  CompletableFuture<Boolean> stepDown(UUID group) {
    return transfer(group, null, 0);
  }

  private CompletableFuture<Boolean> transfer(UUID group, RaftPeerId to, long timeoutMillis) {
    TransferLeadershipRequest request =
        new TransferLeadershipRequest(
            clientId,
            server.getId(),
            RaftGroupId.valueOf(group),
            callIds.incrementAndGet(),
            to,
            timeoutMillis);
    try {
      return server
          .transferLeadershipAsync(request)
          .handle((reply, failure) -> reply != null && reply.isSuccess());
    } catch (IOException refused) {
      LOG.debug("transfer of group={} to peer={} refused", group, to, refused);
      return CompletableFuture.completedFuture(false);
    }
  }
}

package io.raftkv.shard;

import io.raftkv.raft.LeaderView;
import io.raftkv.raft.Replica;
import java.lang.reflect.Field;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.apache.ratis.client.impl.OrderedAsync;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;

/**
 * Takes the place of RaftKV's read barrier in a test that must fail with it: reads are confirmed by
 * Ratis' own linearizable read (no lease), as {@code raft.server.read.option=LINEARIZABLE} makes
 * it. Never part of the product: nodes get it on their class path, before the jar.
 */
public final class ReadBarrier {
  private static final long RETRY_MILLIS = 50;

  /** As in the real one. */
  public interface Source {
    LeaderView view();

    List<String> voters();

    long appliedIndex();

    void nudge(String follower);
  }

  /** As in the real one. */
  public interface Waiter {
    void confirmed(long commitIndex);

    void failed();
  }

  private final Function<UUID, ? extends Source> replicas;
  private final ClientId clientId = ClientId.randomId();
  private final AtomicLong callIds = new AtomicLong();
  private final LongAdder reads = new LongAdder();

  public ReadBarrier(
      String self,
      Function<UUID, ? extends Source> replicas,
      PeerTransport transport,
      long retryNanos,
      Executor endOfTurn) {
    this.replicas = replicas;
    System.out.println("reads are confirmed by Ratis");
  }

  public long rounds() {
    return reads.sum();
  }

  public long reads() {
    return reads.sum();
  }

  public void tick() {}

  public void confirm(UUID group, long deadlineNanos, Waiter waiter) {
    reads.increment();
    long left = deadlineNanos - System.nanoTime();
    if (left <= 0) {
      waiter.failed();
      return;
    }
    Source replica = replicas.apply(group);
    ask((Replica) replica)
        .orTimeout(left, TimeUnit.NANOSECONDS)
        .whenComplete(
            (reply, failure) -> {
              if (reply != null && reply.isSuccess()) {
                waiter.confirmed(replica.appliedIndex()); // Ratis has waited for it to be enough
              } else {
                CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS)
                    .execute(() -> confirm(group, deadlineNanos, waiter));
              }
            });
  }

  private CompletableFuture<RaftClientReply> ask(Replica replica) {
    try {
      Field field = Replica.class.getDeclaredField("division");
      field.setAccessible(true);
      RaftServer.Division division = (RaftServer.Division) field.get(replica);
      Field option = division.getClass().getDeclaredField("readOption");
      option.setAccessible(true);
      option.set(division, RaftServerConfigKeys.Read.Option.LINEARIZABLE);
      return ((RaftClientAsynchronousProtocol) division)
          .submitClientRequestAsync(
              RaftClientRequest.newBuilder()
                  .setClientId(clientId)
                  .setServerId(division.getId())
                  .setGroupId(division.getGroup().getGroupId())
                  .setCallId(callIds.incrementAndGet())
                  .setMessage(OrderedAsync.DUMMY)
                  .setType(RaftClientRequest.readRequestType())
                  .build());
    } catch (Exception notNow) {
      return CompletableFuture.failedFuture(notNow);
    }
  }

  public byte[] answer(byte[] request) {
    TermsCodec.Request asked = TermsCodec.decodeRequest(request);
    Map<UUID, LeaderView> views = new LinkedHashMap<>();
    asked
        .applied()
        .forEach(
            (id, applied) -> {
              Source replica = replicas.apply(id);
              if (replica != null && replica.view() != null) {
                views.put(id, replica.view());
              }
            });
    return TermsCodec.encodeAnswer(views);
  }
}

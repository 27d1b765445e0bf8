package io.raftkv.shard;

import io.raftkv.raft.LogPosition;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a new leader elected as soon as it is known that the process of the old one has ended,
 * instead of after a timeout of silence. Thread-safe; never blocks.
 *
 * <p>The followers tell each other how far their logs go. Who has less than another stays away: it
 * would lose, and cost its group a term and a timeout. Those who are equal stand one after the
 * other, so that their votes do not split. Whatever goes wrong here is left to Ratis' own timeouts.
 */
public final class LeaderSuccession {
  private static final Logger LOG = LoggerFactory.getLogger(LeaderSuccession.class);
  private static final long ANSWER_MILLIS = 200;

  /** Between the candidatures of two equal followers: time for the first one to win. */
  private static final long STEP_MILLIS = 500;

  /** This node's replica of a group. */
  public interface Follower {
    UUID group();

    String name();

    /** Name of the leader's node, or null. */
    String leader();

    List<String> voters();

    /** The end of this replica's log; null if it does not run. */
    LogPosition logEnd();

    /** Begins an election if {@code gone} is still taken for the leader; true if it did. */
    boolean standForElection(String gone);
  }

  /** Runs something later; not at all if the node stops. */
  @FunctionalInterface
  public interface Delay {
    void run(long millis, Runnable action);
  }

  private final String self;
  private final Supplier<? extends Collection<? extends Follower>> followers;
  private final Function<UUID, ? extends Follower> follower;
  private final PeerTransport transport;
  private final Delay delay;

  /**
   * @param self this node's name
   * @param followers all replicas of this node
   * @param follower this node's replica of a group, or null
   * @param delay where elections are begun, which may take a moment
   */
  public LeaderSuccession(
      String self,
      Supplier<? extends Collection<? extends Follower>> followers,
      Function<UUID, ? extends Follower> follower,
      PeerTransport transport,
      Delay delay) {
    this.self = self;
    this.followers = followers;
    this.follower = follower;
    this.transport = transport;
    this.delay = delay;
  }

  /** The process of a node has ended. */
  public void nodeGone(String gone) {
    for (Follower one : followers.get()) {
      if (gone.equals(one.leader())) {
        succeed(one, gone);
      }
    }
  }

  private void succeed(Follower one, String gone) {
    List<String> heirs =
        one.voters().stream().filter(voter -> !voter.equals(gone)).sorted().toList();
    int position = heirs.indexOf(self);
    LogPosition own = one.logEnd();
    if (position < 0 || own == null) {
      return;
    }
    byte[] request = encode(one.group());
    List<CompletableFuture<LogPosition>> others = new ArrayList<>();
    for (String heir : heirs) {
      if (!heir.equals(self)) {
        others.add(
            transport
                .call(heir, PeerTransport.Kind.LOG_END, request)
                .thenApply(LeaderSuccession::decode)
                .completeOnTimeout(null, ANSWER_MILLIS, TimeUnit.MILLISECONDS)
                .exceptionally(unreachable -> null));
      }
    }
    // Each group begins with another node, so that not all leaderships go to the same one.
    int rank = Math.floorMod(position - one.group().hashCode(), heirs.size());
    CompletableFuture.allOf(others.toArray(CompletableFuture[]::new))
        .thenRun(
            () -> {
              List<LogPosition> ends = others.stream().map(CompletableFuture::join).toList();
              if (ends.stream().noneMatch(end -> end != null && end.compareTo(own) > 0)) {
                boolean alone = ends.stream().noneMatch(own::equals);
                delay.run(alone ? 0 : rank * STEP_MILLIS, () -> stand(one, gone));
              }
            });
  }

  private static void stand(Follower one, String gone) {
    if (one.standForElection(gone)) {
      LOG.info("the leader's process has ended, standing for election shard={}", one.name());
    }
  }

  /** Answers another node's {@link PeerTransport.Kind#LOG_END} request. */
  public byte[] answer(byte[] request) {
    ByteBuffer in = ByteBuffer.wrap(request);
    Follower asked = follower.apply(new UUID(in.getLong(), in.getLong()));
    LogPosition end = asked == null ? null : asked.logEnd();
    return end == null
        ? new byte[0]
        : ByteBuffer.allocate(2 * Long.BYTES).putLong(end.term()).putLong(end.index()).array();
  }

  private static byte[] encode(UUID group) {
    return ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(group.getMostSignificantBits())
        .putLong(group.getLeastSignificantBits())
        .array();
  }

  private static LogPosition decode(byte[] answer) {
    ByteBuffer in = ByteBuffer.wrap(answer);
    return in.hasRemaining() ? new LogPosition(in.getLong(), in.getLong()) : null;
  }
}

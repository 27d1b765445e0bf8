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
 * Has a new leader elected as soon as it is known that the process of the old one has ended, or
 * when a majority has missed it for a while. Ratis looks only when one random timeout after another
 * has passed, and so may take twice the longest one. Thread-safe; never blocks.
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

  /** What an answer of an older version, which says nothing of it, stands for. */
  private static final long NOT_SILENT = 0;

  /** This node's replica of a group. */
  public interface Follower {
    UUID group();

    String name();

    /** Name of the leader's node, or null. */
    String leader();

    List<String> voters();

    /** The end of this replica's log; null if it does not run. */
    LogPosition logEnd();

    /**
     * Milliseconds since this replica last heard from its leader; 0 if it leads, {@link
     * Long#MAX_VALUE} if it knows of none.
     */
    long leaderSilenceMillis();

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
  private final long silenceMillis;

  /** What another node says of its replica. */
  private record Heir(LogPosition end, long silenceMillis) {}

  /**
   * @param self this node's name
   * @param followers all replicas of this node
   * @param follower this node's replica of a group, or null
   * @param delay where elections are begun, which may take a moment
   * @param silenceMillis for how long a leader may be silent: more than between two heartbeats, or
   *     leaders lose office for nothing
   */
  public LeaderSuccession(
      String self,
      Supplier<? extends Collection<? extends Follower>> followers,
      Function<UUID, ? extends Follower> follower,
      PeerTransport transport,
      Delay delay,
      long silenceMillis) {
    this.self = self;
    this.followers = followers;
    this.follower = follower;
    this.transport = transport;
    this.delay = delay;
    this.silenceMillis = silenceMillis;
  }

  /** The process of a node has ended. */
  public void nodeGone(String gone) {
    for (Follower one : followers.get()) {
      if (gone.equals(one.leader())) {
        succeed(one, gone, false);
      }
    }
  }

  /** Looks for leaders that are silent; to be called a few times per second. */
  public void tick() {
    for (Follower one : followers.get()) {
      String leader = one.leader();
      if (leader != null && !leader.equals(self) && isSilent(one.leaderSilenceMillis())) {
        succeed(one, leader, true);
      }
    }
  }

  private boolean isSilent(long millis) {
    return millis >= silenceMillis;
  }

  /**
   * @param onlyIfMissed it is known only that this node does not hear from the leader: a majority
   *     must miss it, for it may be this node that is cut off
   */
  private void succeed(Follower one, String gone, boolean onlyIfMissed) {
    List<String> voters = one.voters();
    List<String> heirs = voters.stream().filter(voter -> !voter.equals(gone)).sorted().toList();
    int position = heirs.indexOf(self);
    LogPosition own = one.logEnd();
    if (position < 0 || own == null) {
      return;
    }
    byte[] request = encode(one.group());
    List<CompletableFuture<Heir>> others = new ArrayList<>();
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
              List<Heir> heard =
                  others.stream()
                      .map(CompletableFuture::join)
                      .filter(heir -> heir != null && heir.end != null)
                      .toList();
              if (heard.stream().noneMatch(heir -> heir.end.compareTo(own) > 0)
                  && (!onlyIfMissed || isMissed(heard, voters.size()))) {
                boolean alone = heard.stream().noneMatch(heir -> heir.end.equals(own));
                delay.run(
                    alone ? 0 : rank * STEP_MILLIS,
                    () -> {
                      if (!onlyIfMissed || isSilent(one.leaderSilenceMillis())) {
                        stand(one, gone, onlyIfMissed ? "is silent" : "has ended");
                      }
                    });
              }
            });
  }

  private boolean isMissed(List<Heir> heard, int voters) {
    long missing = 1 + heard.stream().filter(heir -> isSilent(heir.silenceMillis)).count();
    return missing > voters / 2;
  }

  private static void stand(Follower one, String gone, String why) {
    if (one.standForElection(gone)) {
      LOG.info("the leader's process {}, standing for election shard={}", why, one.name());
    }
  }

  /** Answers another node's {@link PeerTransport.Kind#LOG_END} request. */
  public byte[] answer(byte[] request) {
    ByteBuffer in = ByteBuffer.wrap(request);
    Follower asked = follower.apply(new UUID(in.getLong(), in.getLong()));
    LogPosition end = asked == null ? null : asked.logEnd();
    return end == null
        ? new byte[0]
        : ByteBuffer.allocate(3 * Long.BYTES)
            .putLong(end.term())
            .putLong(end.index())
            .putLong(asked.leaderSilenceMillis())
            .array();
  }

  private static byte[] encode(UUID group) {
    return ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(group.getMostSignificantBits())
        .putLong(group.getLeastSignificantBits())
        .array();
  }

  private static Heir decode(byte[] answer) {
    ByteBuffer in = ByteBuffer.wrap(answer);
    LogPosition end = in.hasRemaining() ? new LogPosition(in.getLong(), in.getLong()) : null;
    return new Heir(end, in.hasRemaining() ? in.getLong() : NOT_SILENT);
  }
}

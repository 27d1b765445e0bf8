package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.balance.BalanceReport;
import io.raftkv.meta.balance.BalanceSettings;
import io.raftkv.meta.balance.BalanceWatch;
import io.raftkv.meta.balance.Balancer;
import io.raftkv.meta.balance.Observed;
import io.raftkv.meta.balance.Verdict;
import io.raftkv.meta.job.ClusterFacts;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the cluster while this node leads the metadata group, and proposes what the {@link
 * Balancer} says. {@link #step} and {@link #stop} are for one thread.
 */
final class BalanceDriver {
  private static final Logger LOG = LoggerFactory.getLogger(BalanceDriver.class);

  /** How often the cluster is looked at; more often if jobs may follow each other faster. */
  private static final long MAX_LOOK_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final long MIN_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Less than {@link BalanceWatch} may be without a look. */
  private static final long SPLIT_POINT_MILLIS = 15_000;

  private final Node node;
  private final FactsInquiry inquiry;
  private final BalanceSettings settings;
  private final long lookNanos;
  private BalanceWatch watch;
  private CompletableFuture<ClusterFacts> asked;
  private CompletableFuture<?> proposing = CompletableFuture.completedFuture(null);
  private long lastLookNanos;

  /** What this node has seen as the leader; null if it does not lead, or has not looked. */
  private volatile Observed seen;

  BalanceDriver(Node node) {
    this.node = node;
    this.inquiry = new FactsInquiry(node);
    this.settings = node.config().balance().settings();
    this.lookNanos =
        Math.max(MIN_LOOK_NANOS, Math.min(MAX_LOOK_NANOS, settings.pause().toNanos() / 2));
  }

  /** Looks at the cluster when it is time to; to be called often while this node leads. */
  void step(ClusterState state) {
    long now = System.nanoTime();
    if (watch == null) {
      watch = new BalanceWatch(settings, now);
      lastLookNanos = now;
    }
    if (!Balancer.hasReason(state)) {
      asked = null;
      seen = null;
    } else if (asked == null) {
      if (proposing.isDone() && now - lastLookNanos >= lookNanos) {
        lastLookNanos = now;
        asked = inquiry.ask(members(state));
      }
    } else if (asked.isDone()) {
      ClusterFacts facts = asked.join();
      asked = null;
      Observed observed = watch.look(state, facts, now);
      seen = observed;
      Verdict verdict = Balancer.next(state, facts, settings, observed);
      if (verdict.action().isPresent()) {
        LOG.info("balancing: {}", verdict.reason());
        proposing = actionOf(state, verdict).thenCompose(this::propose);
      } else {
        LOG.debug("balancing: nothing to do: {}", verdict.reason());
      }
    }
  }

  private static List<String> members(ClusterState state) {
    return state.members().stream().map(NodeInfo::id).toList();
  }

  /** What a verdict says, and where it splits a shard so that its halves are alike. */
  private CompletableFuture<MetaCommand> actionOf(ClusterState state, Verdict verdict) {
    MetaCommand middle = verdict.action().orElseThrow();
    if (verdict.split().isEmpty()) {
      return CompletableFuture.completedFuture(middle);
    }
    Verdict.Split split = verdict.split().get();
    return new SplitPoints(node)
        .find(
            state.shard(split.shardId()).orElseThrow(),
            2,
            split.large() ? NodeStatus.SplitBy.SIZE : NodeStatus.SplitBy.LOAD)
        .orTimeout(SPLIT_POINT_MILLIS, TimeUnit.MILLISECONDS)
        .exceptionally(
            failure -> {
              LOG.info("balancing: {} is split in the middle", split.shardId(), failure);
              return List.of();
            })
        .thenApply(at -> Balancer.splitAt(state, verdict, at));
  }

  /** Looks again when it is known what became of it. */
  private CompletableFuture<Void> propose(MetaCommand command) {
    return node.metadata()
        .propose(node.shards().client(MetadataGroup.GROUP), command)
        .handle(
            (reply, lost) -> {
              if (lost != null) {
                LOG.warn("balancing: not proposed, it is looked again: {}", lost.getMessage());
              } else if (reply.outcome() == MetaReply.Outcome.REFUSED) {
                LOG.info("balancing: refused, it is looked again: {}", reply.text());
              }
              return null;
            });
  }

  /** This node does not lead any more: how long things were so, it does not know from now on. */
  void stop() {
    watch = null;
    asked = null;
    seen = null;
  }

  /**
   * How the cluster is, and what this node would do about it if it is the one to do it.
   *
   * @param maxMoves no more moves than so many
   */
  CompletionStage<BalanceReport> report(int maxMoves) {
    return inquiry
        .ask(members(node.metadata().state()))
        .thenApplyAsync(facts -> report(facts, maxMoves), node.readPool());
  }

  private BalanceReport report(ClusterFacts facts, int maxMoves) {
    ClusterState state = node.metadata().state();
    Observed observed = seen;
    Verdict verdict =
        Balancer.next(state, facts, settings, observed == null ? Observed.NOTHING : observed);
    return BalanceReport.of(state, facts, verdict.reason(), maxMoves);
  }
}

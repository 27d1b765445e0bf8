package io.raftkv.server;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Hands over leaderships of this node to nodes that say themselves that they would lead at once.
 * From the time that Ratis is asked for it, the group takes no writes until the other node leads:
 * to one that has just been started, and has its log but has not applied it, that would be long.
 * Thread-safe; never blocks.
 */
final class HandOvers {
  private static final long TIMEOUT_MILLIS = 3_000;

  /** Who takes longer to say so would also take long to lead. */
  private static final long ANSWER_MILLIS = 1_500;

  /** How long a hand-over may take, with the question before it. */
  static final long PATIENCE_MILLIS = ANSWER_MILLIS + TIMEOUT_MILLIS;

  private final Node node;

  HandOvers(Node node) {
    this.node = node;
  }

  /**
   * Hands over if the other node is ready for it.
   *
   * @return why it was not done, empty if it was; never fails
   */
  CompletableFuture<String> handOver(UUID group, String to) {
    return whyNot(group, to)
        .thenCompose(
            why ->
                why.isEmpty()
                    ? transfer(group, to)
                    : CompletableFuture.completedFuture("node " + to + " is not ready: " + why));
  }

  /**
   * Hands over to a node that has said that it is ready.
   *
   * @return why it was not done, empty if it was; never fails
   */
  CompletableFuture<String> transfer(UUID group, String to) {
    // Ratis takes its monitor for it, which it holds while it writes a vote.
    return CompletableFuture.supplyAsync(
            () -> node.raft().transferLeadership(group, to, TIMEOUT_MILLIS), node.appendPool())
        .thenCompose(asked -> asked)
        .handle((done, failure) -> Boolean.TRUE.equals(done) ? "" : "it did not take over in time");
  }

  /**
   * Asks nodes whether they would do as leaders.
   *
   * @return by node, why it would not; empty for one that would; never fails
   */
  CompletableFuture<Map<String, String>> whyNot(UUID group, Collection<String> nodes) {
    Map<String, String> answers = new TreeMap<>();
    List<CompletableFuture<?>> asked = new ArrayList<>();
    for (String id : nodes) {
      asked.add(
          whyNot(group, id)
              .thenAccept(
                  why -> {
                    synchronized (answers) {
                      answers.put(id, why);
                    }
                  }));
    }
    return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
        .thenApply(
            all -> {
              synchronized (answers) {
                return new TreeMap<>(answers);
              }
            });
  }

  /** Why a node would not do as leader, empty if it would; never fails. */
  CompletableFuture<String> whyNot(UUID group, String id) {
    return FactsInquiry.call(node, id, ControlRequests.mayLead(group))
        .orTimeout(ANSWER_MILLIS, TimeUnit.MILLISECONDS)
        .thenApply(ControlRequests::decodeOutcome)
        .exceptionally(silent -> "it does not answer");
  }
}

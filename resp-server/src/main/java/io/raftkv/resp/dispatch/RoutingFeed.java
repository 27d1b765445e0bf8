package io.raftkv.resp.dispatch;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The newest routing that this node knows, and word of the next. Thread-safe. */
public final class RoutingFeed {
  /** A routing, and what ends with it. */
  private record Turn(Routing routing, CompletableFuture<Void> end) {}

  private volatile Turn turn;

  public RoutingFeed(Routing first) {
    turn = new Turn(first, new CompletableFuture<>());
  }

  /** The newest. */
  public Routing now() {
    return turn.routing;
  }

  /** Done when there is a newer one than that which is the newest at the call. */
  CompletionStage<Void> next() {
    return turn.end;
  }

  /** From now on this is the newest. By one thread at a time; those who wait run on it. */
  public void update(Routing newest) {
    Turn before = turn;
    turn = new Turn(newest, new CompletableFuture<>());
    before.end.complete(null);
  }
}

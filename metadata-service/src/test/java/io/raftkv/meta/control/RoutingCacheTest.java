package io.raftkv.meta.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RoutingCacheTest {
  private static final ClusterState FIRST = Samples.cluster(3, 4, 3);
  private static final ClusterState SECOND = Samples.with(FIRST, "n1", NodeState.ONLINE);

  private final RoutingCache cache = new RoutingCache();

  @Test
  void beginsEmptyAndServesTheNewestState() {
    assertThat(cache.state()).isSameAs(ClusterState.EMPTY);
    assertThat(cache.shardOfSlot(0)).isNull();
    assertThat(cache.push(FIRST)).isTrue();
    assertThat(cache.state()).isSameAs(FIRST);
    assertThat(cache.shardOfSlot(0).id()).isEqualTo("s1");
    assertThat(cache.shardOfSlot(16_383).id()).isEqualTo("s4");
  }

  @Test
  void neverGoesBack() {
    List<Long> heard = new ArrayList<>();
    cache.addListener((before, after) -> heard.add(after.version()));
    assertThat(cache.push(SECOND)).isTrue();
    assertThat(cache.push(FIRST)).isFalse();
    assertThat(cache.push(SECOND)).isFalse();
    assertThat(cache.state()).isSameAs(SECOND);
    assertThat(heard).containsExactly(2L);
  }

  @Test
  void listenersHearOfEveryChangeUntilTheyLeave() {
    List<String> heard = new ArrayList<>();
    RoutingCache.Listener listener =
        (before, after) -> heard.add(before.version() + ">" + after.version());
    cache.addListener(listener);
    cache.push(FIRST);
    cache.push(SECOND);
    cache.removeListener(listener);
    cache.push(Samples.with(SECOND, "n2", NodeState.ONLINE));
    assertThat(heard).containsExactly("0>1", "1>2");
  }

  @Test
  void listenerThatFailsDoesNotKeepTheOthersFromTheNews() {
    List<Long> heard = new ArrayList<>();
    cache.addListener(
        (before, after) -> {
          throw new IllegalStateException("bug in a listener, on purpose");
        });
    cache.addListener((before, after) -> heard.add(after.version()));
    assertThat(cache.push(FIRST)).isTrue();
    assertThat(heard).containsExactly(1L);
  }

  @Test
  void waitersAreServedByTheVersionTheyWaitFor() throws Exception {
    CompletableFuture<ClusterState> one = cache.awaitVersion(1).toCompletableFuture();
    CompletableFuture<ClusterState> two = cache.awaitVersion(2).toCompletableFuture();
    CompletableFuture<ClusterState> routing = cache.awaitRouting(1).toCompletableFuture();
    CompletableFuture<ClusterState> online =
        cache.await(s -> !s.nodesIn(NodeState.ONLINE).isEmpty()).toCompletableFuture();
    cache.push(FIRST);
    assertThat(one.get()).isSameAs(FIRST);
    assertThat(routing.get()).isSameAs(FIRST);
    assertThat(two).isNotDone();
    assertThat(online).isNotDone();
    cache.push(SECOND);
    assertThat(two.get()).isSameAs(SECOND);
    assertThat(online.get()).isSameAs(SECOND);
    assertThat(cache.awaitVersion(2).toCompletableFuture()).isCompletedWithValue(SECOND);
  }

  @Test
  void numberOfWaitersIsBoundedAndThoseWhoGaveUpDoNotCount() {
    List<CompletableFuture<ClusterState>> waiting = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      waiting.add(cache.awaitVersion(1).toCompletableFuture());
    }
    CompletableFuture<ClusterState> tooMany = cache.awaitVersion(1).toCompletableFuture();
    assertThatThrownBy(tooMany::get)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(RejectedExecutionException.class);
    waiting.get(0).cancel(false);
    CompletableFuture<ClusterState> next = cache.awaitVersion(1).toCompletableFuture();
    assertThat(next).isNotDone();
    cache.push(FIRST);
    assertThat(next).isCompletedWithValue(FIRST);
    assertThat(waiting.get(99_999)).isCompletedWithValue(FIRST);
    assertThat(waiting.get(0)).isCancelled();
  }

  /** No wake-up is lost between looking and waiting. */
  @Test
  void waitingRacesWithPushingWithoutLoss() throws Exception {
    List<ClusterState> states = new ArrayList<>(List.of(FIRST));
    for (int i = 0; i < 500; i++) {
      ClusterState last = states.get(states.size() - 1);
      states.add(Samples.with(last, "n1", i % 2 == 0 ? NodeState.ONLINE : NodeState.UNHEALTHY));
    }
    CountDownLatch start = new CountDownLatch(1);
    Thread pusher =
        new Thread(
            () -> {
              try {
                start.await();
              } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                return;
              }
              states.forEach(cache::push);
            });
    pusher.start();
    start.countDown();
    for (ClusterState state : states) {
      assertThat(
              cache
                  .awaitVersion(state.version())
                  .toCompletableFuture()
                  .get(30, TimeUnit.SECONDS)
                  .version())
          .isGreaterThanOrEqualTo(state.version());
    }
    pusher.join();
  }
}

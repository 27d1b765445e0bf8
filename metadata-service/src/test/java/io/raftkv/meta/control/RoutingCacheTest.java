package io.raftkv.meta.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

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
  void listenersHearOfEveryChange() {
    List<String> heard = new ArrayList<>();
    cache.addListener((before, after) -> heard.add(before.version() + ">" + after.version()));
    cache.push(FIRST);
    cache.push(SECOND);
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
}

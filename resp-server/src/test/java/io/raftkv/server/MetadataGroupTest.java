package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.meta.ClusterState;
import io.raftkv.meta.InitialPlacement;
import io.raftkv.meta.MetaCodec;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeSpec;
import io.raftkv.shard.ApplyContext;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetadataGroupTest {
  private static final long MIB = 1L << 20;
  private static final long TIME = 1_700_000_000_000L;
  private static final NodeSpec NODE = new NodeSpec("n1", "host", 6379, 16379, 0, "", 0);
  private static final MetaCommand BOOTSTRAP =
      new MetaCommand.Bootstrap(
          "c", List.of(NODE), InitialPlacement.plan("c", List.of("n1"), 2, 1), List.of("n1"));

  private final StoreEnvironment environment =
      new StoreEnvironment(new StoreOptions(8 * MIB, 2 * MIB, 16 * MIB, 64, 2));
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final List<Long> pushed = new ArrayList<>();
  private MetadataGroup group = listening();
  private ShardStore store;
  private long index;

  @TempDir private Path directory;

  private MetadataGroup listening() {
    MetadataGroup made = new MetadataGroup(channel.eventLoop());
    made.cache().addListener((before, after) -> pushed.add(after.version()));
    return made;
  }

  @BeforeEach
  void open() {
    store = ShardStore.open(directory.resolve("store"), environment);
    group.opened(store);
  }

  @AfterEach
  void close() {
    store.close();
    environment.close();
    channel.finishAndReleaseAll();
  }

  private static MetaCommand register(long incarnation) {
    return new MetaCommand.RegisterNode(
        new NodeSpec("n1", "host", 6379, 16379, 0, "1", incarnation));
  }

  private static ByteBuffer payload(MetaCommand... commands) {
    ByteBuffer payload = ByteBuffer.allocate(1 << 16);
    for (MetaCommand command : commands) {
      byte[] bytes = MetaCodec.encode(command);
      payload.putInt(bytes.length).put(bytes);
    }
    return payload.flip();
  }

  private Object[] apply(MetaCommand... commands) {
    Object[] results;
    try (StoreBatch batch = store.begin(TIME + index)) {
      results =
          group.apply(
              new ApplyContext(++index, batch.timeMillis(), 1, 1), payload(commands), batch);
      assertThat(pushed).as("not before it is committed").doesNotContain(Long.MAX_VALUE);
      batch.commit(1, index);
    }
    group.committed();
    return results;
  }

  @Test
  void changesAreAppliedStoredAndPushed() {
    Object[] results = apply(BOOTSTRAP);
    assertThat(((MetaReply) results[0]).outcome()).isEqualTo(MetaReply.Outcome.CHANGED);
    assertThat(group.state().shards()).hasSize(2);
    assertThat(pushed).containsExactly(1L);
    apply(register(1), register(2));
    assertThat(pushed).as("each change of an entry").containsExactly(1L, 2L, 3L);
    assertThat(group.state().nodes().get("n1").incarnation()).isEqualTo(2);
  }

  @Test
  void whatChangesNothingIsAnsweredAndNotPushed() {
    apply(BOOTSTRAP);
    Object[] results = apply(BOOTSTRAP, register(1));
    assertThat(results)
        .extracting(reply -> ((MetaReply) reply).outcome())
        .containsExactly(MetaReply.Outcome.UNCHANGED, MetaReply.Outcome.CHANGED);
    assertThat(pushed).containsExactly(1L, 2L);
  }

  @Test
  void nothingIsPushedBeforeItIsCommitted() {
    try (StoreBatch batch = store.begin(TIME)) {
      group.apply(new ApplyContext(1, TIME, 1, 1), payload(BOOTSTRAP), batch);
      assertThat(group.state()).isSameAs(ClusterState.EMPTY);
    }
    // The store was replaced before the commit: what was applied is void.
    group.opened(store);
    group.committed();
    assertThat(group.state()).isSameAs(ClusterState.EMPTY);
    assertThat(pushed).isEmpty();
  }

  @Test
  void aReopenedStoreBringsTheStateBack() {
    apply(BOOTSTRAP);
    apply(register(7));
    ClusterState before = group.state();
    store.close();
    store = ShardStore.open(directory.resolve("store"), environment);
    pushed.clear();
    group = listening();
    group.opened(store);
    assertThat(group.state().version()).isEqualTo(before.version());
    assertThat(group.state().nodes()).isEqualTo(before.nodes());
    assertThat(group.state().routing()).isEqualTo(before.routing());
    assertThat(pushed).containsExactly(2L);
    apply(register(8));
    assertThat(group.state().version()).isEqualTo(3);
  }

  @Test
  void repliesTravel() {
    Object[] results = apply(BOOTSTRAP, BOOTSTRAP);
    assertThat(group.decode(group.encode(results))).isEqualTo(results);
    assertThat(group.decode(new byte[0])).isEmpty();
  }

  @Test
  void damagedLengthsAreRefused() {
    for (int length : new int[] {-1, 5, Integer.MAX_VALUE}) {
      byte[] damaged = ByteBuffer.allocate(8).putInt(length).putInt(0).array();
      assertThatThrownBy(() -> group.decode(damaged)).isInstanceOf(IllegalArgumentException.class);
      try (StoreBatch batch = store.begin(TIME)) {
        assertThatThrownBy(
                () -> group.apply(new ApplyContext(1, TIME, 1, 1), ByteBuffer.wrap(damaged), batch))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  void thereIsNoHistoryWithoutAReplica() {
    assertThat(MetadataGroup.<Integer>history(null, history -> 1)).isNull();
  }
}

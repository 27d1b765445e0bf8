package io.raftkv.shard;

import static io.raftkv.shard.JournalApplier.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardApplierTest {
  private static final long P = 77;
  private static final long Q = 78;

  @TempDir Path directory;

  private final StoreEnvironment environment = new StoreEnvironment(StoreOptions.defaults());
  private final List<Event> heard = new ArrayList<>();
  private ShardApplier applier = new ShardApplier(new JournalApplier());
  private ShardStore store;
  private long index;

  private record Event(long sequence, BatchOutcome outcome, List<Object> results) {}

  @BeforeEach
  void open() {
    store = ShardStore.open(directory.resolve("store"), environment);
    applier.listen(P, this::hear);
  }

  @AfterEach
  void close() {
    store.close();
    environment.close();
  }

  private void hear(long sequence, BatchOutcome outcome, Object[] results) {
    heard.add(new Event(sequence, outcome, results == null ? null : List.of(results)));
  }

  private static ProposedBatch batch(long proposer, long sequence, long... proposals) {
    return new ProposedBatch(proposer, sequence, payload(proposals));
  }

  private void apply(ProposedBatch... batches) {
    apply(applier, store, ++index, entry(index * 10, 5, batches));
    applier.publish();
  }

  private static byte[] entry(long time, long seed, ProposedBatch... batches) {
    return EntryCodec.encode(
        new EntryCodec.Header(1, time, seed, Long.MAX_VALUE), List.of(batches));
  }

  private static void apply(ShardApplier applier, ShardStore store, long index, byte[] entry) {
    ByteBuffer data = ByteBuffer.wrap(entry);
    EntryCodec.Header header = EntryCodec.decodeHeader(data);
    try (StoreBatch batch = store.begin(header.timeMillis())) {
      applier.apply(index, header, data, batch);
      batch.commit(1, index);
    }
  }

  private static Event applied(long sequence, Long... results) {
    return new Event(sequence, BatchOutcome.APPLIED, List.of((Object[]) results));
  }

  @Test
  void batchesInOrderAreAppliedAndAnswered() {
    apply(batch(P, 1, 10, 11));
    apply(batch(P, 2, 12));
    assertThat(heard).containsExactly(applied(1, 1L, 2L), applied(2, 3L));
  }

  @Test
  void nothingIsHeardBeforePublish() {
    apply(applier, store, 1, entry(1, 1, batch(P, 1, 10)));
    assertThat(heard).isEmpty();
    applier.publish();
    assertThat(heard).hasSize(1);
    applier.publish();
    assertThat(heard).hasSize(1);
  }

  @Test
  void repeatedBatchIsNotAppliedAgainAndItsResultsAreRemembered() {
    apply(batch(P, 1, 10));
    apply(batch(P, 1, 10));
    assertThat(heard).containsExactly(applied(1, 1L), applied(1, 1L));
    assertThat(JournalApplier.timesApplied(store, 10)).isEqualTo(1);
  }

  @Test
  void batchThatIsTwiceInOneEntryIsAppliedOnce() {
    apply(batch(P, 1, 10), batch(P, 1, 10));
    assertThat(heard.get(0)).isEqualTo(applied(1, 1L));
    assertThat(JournalApplier.timesApplied(store, 10)).isEqualTo(1);
  }

  @Test
  void batchAfterAGapIsSkippedUntilTheGapIsFilled() {
    apply(batch(P, 1, 10));
    apply(batch(P, 3, 12));
    apply(batch(P, 2, 11));
    apply(batch(P, 3, 12));
    assertThat(heard)
        .containsExactly(
            applied(1, 1L),
            new Event(3, BatchOutcome.OUT_OF_ORDER, null),
            applied(2, 2L),
            applied(3, 3L));
    assertThat(JournalApplier.length(store)).isEqualTo(3);
  }

  @Test
  void batchesOfOneEntryFollowEachOther() {
    apply(batch(P, 1, 10), batch(Q, 1, 20), batch(P, 2, 11), batch(P, 4, 13));
    assertThat(heard)
        .containsExactly(
            applied(1, 1L), applied(2, 3L), new Event(4, BatchOutcome.OUT_OF_ORDER, null));
  }

  @Test
  void twoBatchesOfOneEntryDrawDifferentNumbers() {
    List<Long> seeds = new ArrayList<>();
    ShardApplier noting =
        new ShardApplier(
            new JournalApplier() {
              @Override
              public Object[] apply(ApplyContext context, ByteBuffer payload, StoreBatch batch) {
                seeds.add(context.seed());
                return super.apply(context, payload, batch);
              }
            });
    apply(noting, store, 1, entry(1, 5, batch(P, 1, 1), batch(P, 2, 2), batch(Q, 1, 3)));
    assertThat(seeds).doesNotHaveDuplicates().hasSize(3);
  }

  @Test
  void whatAnApplierTakesBackDoesNotTakeBackTheSequenceOrEarlierBatches() {
    apply(batch(P, 1, 10), batch(P, 2, 11, JournalApplier.ROLLBACK));
    apply(batch(P, 1, 10), batch(P, 2, 11));
    assertThat(JournalApplier.timesApplied(store, 10)).isEqualTo(1);
    assertThat(JournalApplier.timesApplied(store, 11)).isZero();
    apply(batch(P, 3, 12));
    assertThat(heard).last().isEqualTo(applied(3, 2L));
  }

  @Test
  void resultsOfTheLastFewBatchesAreRememberedAndOlderOnesOnlyKnownToBeApplied() {
    for (int i = 1; i <= ShardApplier.RECENT + 1; i++) {
      apply(batch(P, i, i));
    }
    heard.clear();
    apply(batch(P, 1, 1));
    apply(batch(P, 2, 2));
    assertThat(heard).containsExactly(new Event(1, BatchOutcome.REPEATED, null), applied(2, 2L));
  }

  @Test
  void resultsOfAnActiveProposerSurviveManyThatCameAndWent() {
    apply(batch(P, 1, 1));
    for (int i = 0; i < 3 * ShardApplier.RECENT_PROPOSERS; i++) {
      apply(batch(1_000 + i, 1, 2));
      if (i % (ShardApplier.RECENT_PROPOSERS / 2) == 0) {
        apply(batch(P, 1, 1));
      }
    }
    assertThat(heard).hasSize(7).allMatch(event -> event.equals(applied(1, 1L)));
    apply(batch(1_000, 1, 2)); // long gone: only its result is
    assertThat(JournalApplier.length(store)).isEqualTo(1 + 3 * ShardApplier.RECENT_PROPOSERS);
  }

  @Test
  void whatWasAppliedIsKnownAfterTheStoreWasReopened() {
    apply(batch(P, 1, 10));
    apply(batch(P, 2, 11));
    store.close();
    heard.clear();
    applier = new ShardApplier(new JournalApplier());
    open();
    apply(batch(P, 1, 10));
    apply(batch(P, 2, 11));
    apply(batch(P, 3, 12));
    assertThat(heard)
        .containsExactly(
            new Event(1, BatchOutcome.REPEATED, null),
            new Event(2, BatchOutcome.REPEATED, null),
            applied(3, 3L));
  }

  @Test
  void listenerThatFailsDoesNotKeepOthersFromHearing() {
    applier.listen(
        Q,
        (sequence, outcome, results) -> {
          throw new IllegalStateException("event loop is gone");
        });
    apply(batch(Q, 1, 20), batch(P, 1, 10));
    assertThat(heard).containsExactly(applied(1, 2L));
  }

  @Test
  void listenerIsForgottenOnlyByItself() {
    ApplyListener other = (sequence, outcome, results) -> heard.add(null);
    ApplyListener first = this::hear;
    applier.listen(P, first);
    applier.forget(P, other);
    apply(batch(P, 1, 10));
    assertThat(heard).containsExactly(applied(1, 1L));
    applier.forget(P, first);
    apply(batch(P, 2, 11));
    assertThat(heard).hasSize(1);
  }

  @Test
  void aFaultLeavesNothingOfTheEntry() {
    apply(batch(P, 1, 10));
    byte[] entry = entry(99, 5, batch(P, 2, 11), batch(Q, 1, JournalApplier.POISON));
    assertThatThrownBy(() -> apply(applier, store, 2, entry)).hasMessage("poison");
    assertThat(store.appliedIndex()).isEqualTo(1);
    assertThat(JournalApplier.timesApplied(store, 11)).isZero();
  }

  /** One replica applies all of it, the other stops at some index and goes on from its files. */
  @Test
  void replayFromEveryIndexGivesEqualChecksums() {
    List<byte[]> log = log(new Random(42), 60);
    applyAll(applier, store, log, 0);
    String expected = store.checksum().sha256();
    for (int stop = 0; stop <= log.size(); stop += 5) {
      Path other = directory.resolve("other" + stop);
      try (ShardStore before = ShardStore.open(other, environment)) {
        applyAll(new ShardApplier(new JournalApplier()), before, log.subList(0, stop), 0);
      }
      try (ShardStore after = ShardStore.open(other, environment)) {
        applyAll(
            new ShardApplier(new JournalApplier()),
            after,
            log,
            Math.toIntExact(Math.max(after.appliedIndex(), 0)));
        assertThat(after.checksum().sha256()).as("stopped at %d", stop).isEqualTo(expected);
      }
    }
  }

  private static void applyAll(ShardApplier applier, ShardStore store, List<byte[]> log, int from) {
    for (int i = from; i < log.size(); i++) {
      apply(applier, store, i + 1, log.get(i));
      applier.publish();
    }
  }

  /** Batches of three proposers: in order, repeated, and with gaps. */
  private static List<byte[]> log(Random random, int entries) {
    long[] last = new long[3];
    List<byte[]> log = new ArrayList<>();
    for (int i = 0; i < entries; i++) {
      ProposedBatch[] batches = new ProposedBatch[1 + random.nextInt(3)];
      for (int j = 0; j < batches.length; j++) {
        int proposer = random.nextInt(last.length);
        long sequence = last[proposer] + random.nextInt(3);
        if (sequence == last[proposer] + 1) {
          last[proposer]++;
        }
        batches[j] = batch(proposer, Math.max(1, sequence), sequence, random.nextInt(5));
      }
      log.add(entry(1_000 + random.nextInt(100), random.nextLong(), batches));
    }
    return log;
  }
}

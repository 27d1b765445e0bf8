package io.raftkv.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.raft.LogLines;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ProposerTest {
  private static final long MILLISECOND = TimeUnit.MILLISECONDS.toNanos(1);
  private static final int PAYLOAD = 100;
  private static final int MAX_ENTRY_BYTES =
      EntryCodec.HEADER_BYTES + 3 * (EntryCodec.BATCH_BYTES + PAYLOAD);

  private final List<Appended> log = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private final List<Alarm> alarms = new CopyOnWriteArrayList<>();
  private long nowNanos;
  private RuntimeException fault;

  private record Appended(byte[] entry, Consumer<BatchOutcome> done) {
    List<Long> sequences() {
      ByteBuffer in = ByteBuffer.wrap(entry);
      EntryCodec.decodeHeader(in);
      List<Long> sequences = new ArrayList<>();
      EntryCodec.decodeBatches(in, (proposer, sequence, payload) -> sequences.add(sequence));
      return sequences;
    }
  }

  private void append(byte[] entry, Consumer<BatchOutcome> done) {
    if (fault != null) {
      throw fault;
    }
    log.add(new Appended(entry, done));
  }

  private Proposer proposer(Executor executor, Proposer.Log to) {
    return proposer(executor, to, 2);
  }

  private Proposer proposer(Executor executor, Proposer.Log to, int maxInFlight) {
    return new Proposer(
        to,
        executor,
        () -> new EntryCodec.Header(1, 2, 3, 4),
        maxInFlight,
        MAX_ENTRY_BYTES,
        () -> nowNanos,
        (nanos, action) -> alarms.add(new Alarm(nowNanos + nanos, action)));
  }

  private record Alarm(long atNanos, Runnable action) {}

  /** Lets time pass, and what is due by then happen. */
  private void advance(long nanos) {
    nowNanos += nanos;
    List<Alarm> due = alarms.stream().filter(alarm -> alarm.atNanos <= nowNanos).toList();
    alarms.removeAll(due);
    due.forEach(alarm -> alarm.action.run());
  }

  private final Proposer proposer = proposer(Runnable::run, this::append);

  private void propose(long... sequences) {
    for (long sequence : sequences) {
      propose(proposer, sequence, PAYLOAD);
    }
  }

  private void propose(Proposer to, long sequence, int bytes) {
    to.propose(
        new ProposedBatch(1, sequence, new byte[bytes]),
        outcome -> failures.add(sequence + ":" + outcome));
  }

  private List<List<Long>> entries() {
    return log.stream().map(Appended::sequences).toList();
  }

  @Test
  void batchesThatComeWhileEntriesAreInFlightGoTogetherIntoTheNext() {
    propose(1, 2, 3, 4);
    assertThat(entries()).containsExactly(List.of(1L), List.of(2L));
    log.get(0).done.accept(BatchOutcome.APPLIED);
    assertThat(entries()).containsExactly(List.of(1L), List.of(2L), List.of(3L, 4L));
    assertThat(failures).isEmpty();
    assertThat(proposer.entries()).isEqualTo(3);
    assertThat(proposer.entryBytes())
        .isEqualTo(log.stream().mapToLong(appended -> appended.entry.length).sum());
  }

  /** Four clients that answer each reply with their next batch. */
  @Test
  void nextEntryWaitsForTheClientsThatTheLastOneAnswered() {
    Proposer one = proposer(Runnable::run, this::append, 1);
    for (int sequence = 1; sequence <= 4; sequence++) {
      propose(one, sequence, PAYLOAD / 2);
    }
    assertThat(entries()).containsExactly(List.of(1L));
    advance(MILLISECOND);
    log.get(0).done.accept(BatchOutcome.APPLIED);
    assertThat(entries()).as("three of four are enough").last().isEqualTo(List.of(2L, 3L, 4L));
    advance(MILLISECOND);
    log.get(1).done.accept(BatchOutcome.APPLIED);
    propose(one, 5, PAYLOAD / 2);
    assertThat(entries()).as("the first of them is back").hasSize(2);
    propose(one, 6, PAYLOAD / 2);
    propose(one, 7, PAYLOAD / 2);
    assertThat(entries()).last().isEqualTo(List.of(5L, 6L, 7L));
  }

  @Test
  void nextEntryWaitsNoLongerThanAnEntryTakes() {
    Proposer one = proposer(Runnable::run, this::append, 1);
    propose(one, 1, PAYLOAD);
    for (int sequence = 2; sequence <= 40; sequence++) {
      advance(MILLISECOND);
      propose(one, sequence, PAYLOAD);
      log.get(log.size() - 1).done.accept(BatchOutcome.APPLIED);
      assertThat(alarms).hasSizeLessThanOrEqualTo(1);
      advance(MILLISECOND);
      assertThat(log).as("after %d", sequence).hasSize(sequence);
    }
  }

  @Test
  void aFullEntryWaitsForNothing() {
    Proposer one = proposer(Runnable::run, this::append, 1);
    for (int sequence = 1; sequence <= 4; sequence++) {
      propose(one, sequence, PAYLOAD);
    }
    advance(MILLISECOND);
    log.get(0).done.accept(BatchOutcome.APPLIED);
    for (int sequence = 5; sequence <= 7; sequence++) {
      propose(one, sequence, PAYLOAD);
    }
    advance(MILLISECOND);
    log.get(1).done.accept(BatchOutcome.APPLIED);
    assertThat(entries()).last().as("though 4.5 more were the goal").isEqualTo(List.of(5L, 6L, 7L));
  }

  @Test
  void aLoneClientWaitsForNobody() {
    Proposer one = proposer(Runnable::run, this::append, 1);
    for (int sequence = 1; sequence <= 40; sequence++) {
      propose(one, sequence, PAYLOAD);
      assertThat(log).hasSize(sequence);
      advance(MILLISECOND);
      log.get(sequence - 1).done.accept(BatchOutcome.APPLIED);
    }
    assertThat(alarms).isEmpty();
  }

  @Test
  void entryStaysWithinItsLimitOfBytes() {
    propose(1, 2, 3, 4, 5, 6, 7);
    log.get(0).done.accept(BatchOutcome.APPLIED);
    log.get(1).done.accept(BatchOutcome.APPLIED);
    assertThat(entries().subList(2, 4)).containsExactly(List.of(3L, 4L, 5L), List.of(6L, 7L));
    assertThat(log.get(2).entry).hasSize(MAX_ENTRY_BYTES);
  }

  /** In the log it would make the leader step down, and the next one too. */
  @Test
  void batchThatIsTooLargeForAnEntryIsRefusedBeforeTheLog() {
    int largest = MAX_ENTRY_BYTES - EntryCodec.HEADER_BYTES - EntryCodec.BATCH_BYTES;
    propose(proposer, 1, largest + 1);
    assertThat(failures).containsExactly("1:REFUSED");
    propose(proposer, 2, largest);
    assertThat(log.get(0).entry).hasSize(MAX_ENTRY_BYTES);
  }

  /** Its sender comes with it again every few milliseconds, with others between. */
  @Test
  void batchThatIsTooLargeIsToldOnceHoweverOftenItComes() {
    try (LogLines lines = LogLines.of(Proposer.class)) {
      for (int i = 0; i < 100; i++) {
        propose(proposer, 1, MAX_ENTRY_BYTES);
        propose(proposer, 2, PAYLOAD);
      }
      assertThat(lines.all()).hasSize(1);
      assertThat(lines.all().get(0)).contains("ERROR", " " + MAX_ENTRY_BYTES + " bytes");
      propose(proposer, 3, MAX_ENTRY_BYTES);
      assertThat(lines.all()).hasSize(2);
    }
  }

  @Test
  void everyBatchOfALostEntryIsToldOnce() {
    propose(1, 2, 3, 4);
    log.get(0).done.accept(BatchOutcome.UNKNOWN);
    log.get(0).done.accept(BatchOutcome.UNKNOWN);
    log.get(1).done.accept(BatchOutcome.APPLIED);
    log.get(2).done.accept(BatchOutcome.NOT_LEADER);
    assertThat(failures).containsExactly("1:UNKNOWN", "3:NOT_LEADER", "4:NOT_LEADER");
  }

  @Test
  void refusalsInsideAppendGoOnWithTheNextEntryAndDoNotPileUpOnTheStack() {
    ArrayDeque<Runnable> later = new ArrayDeque<>();
    Proposer refusing = proposer(later::add, (entry, done) -> done.accept(BatchOutcome.NOT_LEADER));
    for (int i = 1; i <= 50_000; i++) {
      propose(refusing, i, PAYLOAD);
    }
    while (!later.isEmpty()) {
      later.poll().run();
    }
    assertThat(failures).hasSize(50_000).startsWith("1:NOT_LEADER", "2:NOT_LEADER");
  }

  @Test
  void faultOfTheLogGivesItsRoomBack() {
    fault = new IllegalStateException("broken");
    propose(1, 2, 3);
    assertThat(failures).containsExactly("1:UNKNOWN", "2:UNKNOWN", "3:UNKNOWN");
    fault = null;
    propose(4, 5);
    assertThat(entries()).containsExactly(List.of(4L), List.of(5L));
  }

  @Test
  void callbackThatFailsDoesNotKeepOthersFromBeingTold() {
    propose(1, 2);
    proposer.propose(
        new ProposedBatch(1, 3, new byte[1]),
        outcome -> {
          throw new IllegalStateException("listener");
        });
    propose(4);
    log.get(0).done.accept(BatchOutcome.APPLIED);
    log.get(2).done.accept(BatchOutcome.UNKNOWN);
    assertThat(failures).containsExactly("4:UNKNOWN");
    propose(5);
    assertThat(entries()).last().isEqualTo(List.of(5L));
  }

  @Test
  void batchThatFindsTheExecutorStoppedIsRefused() {
    Proposer stopping =
        proposer(
            task -> {
              throw new RejectedExecutionException();
            },
            this::append);
    propose(stopping, 1, PAYLOAD);
    assertThat(failures).containsExactly("1:REFUSED");
  }

  @Test
  void orderIsKeptAndInFlightEntriesAreBoundedUnderManyThreads() throws InterruptedException {
    int threads = 4;
    int each = 2_000;
    ExecutorService appends = Executors.newFixedThreadPool(2);
    ExecutorService applies = Executors.newSingleThreadExecutor();
    List<long[]> logged = new ArrayList<>();
    CountDownLatch done = new CountDownLatch(threads * each);
    int[] inFlight = {0, 0};
    Proposer.Log slow =
        (entry, taken) -> {
          synchronized (inFlight) {
            inFlight[1] = Math.max(inFlight[1], ++inFlight[0]);
          }
          ByteBuffer in = ByteBuffer.wrap(entry);
          EntryCodec.decodeHeader(in);
          int[] batches = {0};
          EntryCodec.decodeBatches(
              in,
              (proposer, sequence, payload) -> {
                synchronized (logged) {
                  logged.add(new long[] {proposer, sequence});
                }
                batches[0]++;
              });
          applies.execute(
              () -> {
                synchronized (inFlight) {
                  inFlight[0]--;
                }
                taken.accept(BatchOutcome.APPLIED);
                for (int i = 0; i < batches[0]; i++) {
                  done.countDown();
                }
              });
        };
    Proposer shared =
        new Proposer(slow, appends, () -> new EntryCodec.Header(1, 2, 3, 4), 2, MAX_ENTRY_BYTES);
    List<Thread> proposing = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      long name = t;
      Thread thread =
          new Thread(
              () -> {
                for (int i = 1; i <= each; i++) {
                  shared.propose(new ProposedBatch(name, i, new byte[8]), outcome -> {});
                }
              });
      proposing.add(thread);
      thread.start();
    }
    for (Thread thread : proposing) {
      thread.join();
    }
    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    appends.shutdown();
    applies.shutdown();
    assertThat(appends.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    assertThat(applies.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    long[] last = new long[threads];
    for (long[] one : logged) {
      assertThat(one[1]).isEqualTo(++last[(int) one[0]]);
    }
    assertThat(inFlight[1]).isLessThanOrEqualTo(2);
  }
}

package io.raftkv.resp.dispatch;

import static io.raftkv.resp.command.CommandSpec.command;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.resp.command.CommandCodec;
import io.raftkv.resp.command.CommandEngine;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.command.HashCommands;
import io.raftkv.resp.command.HashFieldCommands;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.command.SlotCommands;
import io.raftkv.resp.command.StringCommands;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.ApplyContext;
import io.raftkv.shard.ProposalFailure;
import io.raftkv.shard.ReadBarrier;
import io.raftkv.storage.DamagedFileException;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadServiceTest {
  private static final long MIB = 1L << 20;
  private static final long TIME = 1_700_000_000_000L;
  private static final Routing.Shard SHARD = SlotMap.shard("s1");
  private static final String DOWN = "-" + RespErrors.clusterDown("s1");

  private final List<CommandSpec> specs = new ArrayList<>();
  private final FakeReplica replica = new FakeReplica();
  private final List<ReadBarrier.Waiter> waiters = new ArrayList<>();
  private final List<NodeProposal> ticks = new ArrayList<>();
  private final ArrayDeque<Runnable> pool = new ArrayDeque<>();
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final List<String> replies = new ArrayList<>();
  private final ReadTurn.Order order = new ReadTurn.Order();
  private CommandTable table;
  private StoreEnvironment environment;
  private ShardStore store;
  private Runnable duringRead = () -> {};
  private boolean poolIsFull;
  private long clock = TIME;
  private long index;
  private int done;
  private int remote;
  private List<DataOp> forwarded = List.of();
  private boolean absent;

  @TempDir private Path directory;

  /** A replica whose store can be away. */
  private final class FakeReplica implements ReadableReplica {
    private final List<Runnable> onApplied = new ArrayList<>();
    private boolean alive = true;
    private boolean away;
    private long silence;
    private long applied = -1;

    @Override
    public boolean isAlive() {
      return alive;
    }

    @Override
    public long appliedIndex() {
      return applied;
    }

    @Override
    public long leaderSilenceMillis() {
      return silence;
    }

    @Override
    public Runnable whenApplied(long upTo, Runnable action) {
      onApplied.add(action);
      return () -> onApplied.remove(action);
    }

    @Override
    public <T> T withStore(Function<ShardStore, T> use) {
      return away ? null : use.apply(store);
    }
  }

  @BeforeEach
  void open() {
    specs.addAll(StringCommands.ALL);
    specs.addAll(GenericCommands.ALL);
    specs.addAll(HashCommands.ALL);
    specs.addAll(HashFieldCommands.ALL);
    specs.addAll(SlotCommands.ALL);
    specs.add(
        reading(
            "BUG",
            args -> {
              throw new IllegalStateException("a bug of the test");
            }));
    specs.add(
        reading(
            "OVERFLOW",
            args -> {
              throw new StackOverflowError("of the test");
            }));
    specs.add(reading("NOTHING", args -> null));
    specs.add(
        reading(
            "DAMAGED",
            args -> {
              throw new DamagedFileException("damaged by the test", null);
            }));
    specs.add(
        command("TWICE")
            .arity(3)
            .docs(Group.GENERIC, "1.0.0", "O(1)", "A command of this test.")
            .reads(
                (args, keys) -> {
                  boolean first = keys.key(args.bytes(1)).exists();
                  duringRead.run();
                  boolean second = keys.key(args.bytes(2)).exists();
                  return Reply.simple(first + " " + second);
                }));
    table = new CommandTable(List.of(specs));
    environment = new StoreEnvironment(new StoreOptions(8 * MIB, 2 * MIB, 16 * MIB, 64, 2));
    store = ShardStore.open(directory.resolve("store"), environment);
  }

  @AfterEach
  void close() {
    store.close();
    environment.close();
    channel.finishAndReleaseAll();
  }

  private static CommandSpec reading(String name, Function<Keyspace, Reply> handler) {
    return command(name)
        .arity(-1)
        .docs(Group.GENERIC, "1.0.0", "O(1)", "A command of this test.")
        .reads((args, keys) -> handler.apply(keys));
  }

  private void reopen() {
    store.close();
    store = ShardStore.open(directory.resolve("store"), environment);
  }

  /** An entry in the log, applied here. */
  private void apply(long stamp, String line) {
    ByteBuffer payload = ByteBuffer.allocate(1 << 12);
    CommandCodec.encode(0, words(line), payload);
    try (StoreBatch batch = store.begin(stamp)) {
      new CommandEngine(table)
          .apply(new ApplyContext(++index, batch.timeMillis(), 1, 1), payload.flip(), batch);
      batch.commit(1, index);
    }
    replica.applied = index;
  }

  private static byte[][] words(String line) {
    return Arrays.stream(line.split(" ", -1))
        .map(word -> word.getBytes(StandardCharsets.US_ASCII))
        .toArray(byte[][]::new);
  }

  private ReadService service(Duration timeout) {
    return new ReadService(
        group -> absent ? null : replica,
        (group, deadline, waiter) -> waiters.add(waiter),
        new ShardTicker(GenericCommands.SWEEP, (group, op) -> ticks.add(op)),
        task -> {
          if (poolIsFull) {
            throw new RejectedExecutionException("full");
          }
          pool.add(task);
        },
        (shard, ops, consistency, loop, turn) -> {
          remote++;
          forwarded = ops;
        },
        () -> clock,
        timeout.toNanos());
  }

  private void read(ReadConsistency consistency, String... lines) {
    read(service(Duration.ofSeconds(30)), consistency, lines);
  }

  private void read(ReadService service, ReadConsistency consistency, String... lines) {
    List<DataOp> ops = new ArrayList<>();
    for (String line : lines) {
      byte[][] words = words(line);
      int place = replies.size();
      replies.add(null);
      ops.add(
          new DataOp(
              table.find(words[0]),
              words,
              0,
              1,
              channel.eventLoop(),
              reply -> {
                assertThat(replies.set(place, text(reply))).as("one reply").isNull();
              }));
    }
    service.read(SHARD, ops, consistency, channel.eventLoop(), order.next(() -> done++));
  }

  private static String text(Reply reply) {
    if (reply instanceof Reply.Bulk bulk) {
      return new String(bulk.bytes(), StandardCharsets.US_ASCII);
    } else if (reply instanceof Reply.Failure failure) {
      return "-" + failure.line();
    } else if (reply instanceof Reply.Int number) {
      return Long.toString(number.value());
    } else if (reply instanceof Reply.Moved) {
      return "MOVED";
    }
    return reply instanceof Reply.Simple simple ? simple.text() : "null";
  }

  private void confirm(long commitIndex) {
    assertThat(waiters).hasSize(1);
    waiters.remove(0).confirmed(commitIndex);
  }

  private void runPool() {
    assertThat(pool).hasSize(1);
    pool.remove().run();
    channel.runPendingTasks();
  }

  private void waitFor(Supplier<Boolean> condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.get()) {
      assertThat(System.nanoTime()).isLessThan(end);
      channel.advanceTimeBy(10, TimeUnit.MILLISECONDS);
      channel.runScheduledPendingTasks();
    }
  }

  // ---- a replica that leaves ----

  @Test
  void readsThatWaitForAReplicaThatLeavesGoOnElsewhere() {
    apply(TIME, "SET k v");
    read(ReadConsistency.LINEARIZABLE, "GET k");
    confirm(2); // which is never applied here
    replica.alive = false;
    waitFor(() -> remote == 1);
    assertThat(replies).containsExactly((String) null);
    assertThat(replica.onApplied).as("waits").isEmpty();
  }

  @Test
  void readsThatCannotBeConfirmedHereAnyMoreGoOnElsewhere() {
    read(ReadConsistency.LINEARIZABLE, "GET k", "GET l");
    replica.alive = false;
    waiters.remove(0).failed();
    assertThat(remote).isEqualTo(1);
    assertThat(replies).containsExactly(null, null);
  }

  @Test
  void readsGoOnElsewhereWhenTheStoreIsAwayForGood() {
    apply(TIME, "SET k v");
    replica.away = true;
    read(ReadConsistency.EVENTUAL, "GET k");
    assertThat(remote).isZero();
    replica.alive = false;
    waitFor(() -> remote == 1);
    assertThat(replies).containsExactly((String) null);
  }

  /** All of them: what was read here before a tick is older than what comes from there. */
  @Test
  void readsThatWaitForATickGoOnElsewhereAsAWhole() {
    apply(TIME, "SET k v");
    apply(TIME, "SET due v PXAT " + (TIME + 1));
    clock = TIME + 1;
    read(ReadConsistency.LINEARIZABLE, "GET k", "GET due");
    confirm(index);
    assertThat(ticks).hasSize(1);
    replica.alive = false;
    waitFor(() -> remote == 1);
    assertThat(replies).containsExactly(null, null);
    assertThat(forwarded).hasSize(2);
  }

  // ---- slots that move ----

  /**
   * It goes to who can route it again, at once: a key that is due is for the other shard to judge.
   */
  @Test
  void readsOfASlotThatMovesAreAnsweredByThat() {
    apply(TIME, "MSET foo 1 bar 1 {bar}due 1");
    apply(TIME, "PEXPIREAT foo " + (TIME + 5));
    apply(TIME, "RAFTKV.SLOTS FENCE 0 3937e97c-a730-36da-b4f7-d388d5e3c3dd 5061");
    clock = TIME + 5;
    read(ReadConsistency.LINEARIZABLE, "GET bar", "MGET foo bar", "DBSIZE", "EXISTS nope");
    confirm(index);
    if (!pool.isEmpty()) {
      runPool();
    }
    assertThat(replies).containsExactly("MOVED", "MOVED", "MOVED", "MOVED");
    assertThat(ticks).isEmpty();
    assertThat(done).isEqualTo(1);
  }

  /** Else a later write could be done by the others, and this be read again after it. */
  @Test
  void aReplicaThatLagsDoesNotSendWeakReadsAway() {
    apply(TIME, "SET bar 1");
    apply(TIME, "RAFTKV.SLOTS FENCE 0 3937e97c-a730-36da-b4f7-d388d5e3c3dd 0");
    read(ReadConsistency.EVENTUAL, "GET bar");
    runAll();
    assertThat(replies).as("the others are asked first").containsExactly((String) null);
    apply(TIME, "RAFTKV.SLOTS UNFENCE 1 1"); // which they had, and is here now
    confirm(index);
    runAll();
    assertThat(replies).containsExactly("1");

    apply(TIME, "RAFTKV.SLOTS FENCE 2 3937e97c-a730-36da-b4f7-d388d5e3c3dd 0");
    read(ReadConsistency.EVENTUAL, "GET bar");
    runAll();
    confirm(index);
    runAll();
    assertThat(replies).as("it is so").containsExactly("1", "MOVED");
  }

  private void runAll() {
    channel.runPendingTasks();
    if (!pool.isEmpty()) {
      runPool();
    }
  }

  // ---- which path ----

  @Test
  void aLinearizableReadWaitsForItsConfirmationAndForTheIndex() {
    apply(TIME, "SET k old");
    read(ReadConsistency.LINEARIZABLE, "GET k");
    assertThat(replies).containsExactly((String) null);
    confirm(2);
    assertThat(replies).as("entry 2 is not applied yet").containsExactly((String) null);
    apply(TIME, "SET k new");
    List.copyOf(replica.onApplied).forEach(Runnable::run);
    channel.runPendingTasks();
    assertThat(replies).containsExactly("new");
    assertThat(pool).as("the row is in memory").isEmpty();
    assertThat(done).isEqualTo(1);
  }

  @Test
  void aReadThatFailsWhileItWaitsForItsIndexIsHeldNoLonger() {
    apply(TIME, "SET k old");
    read(service(Duration.ofMillis(30)), ReadConsistency.LINEARIZABLE, "GET k");
    confirm(2);
    assertThat(replica.onApplied).hasSize(1);
    waitFor(() -> done == 1);
    assertThat(replies).containsExactly(DOWN);
    assertThat(replica.onApplied).isEmpty();
  }

  @Test
  void eventualReadsAskNobody() {
    apply(TIME, "SET k v");
    read(ReadConsistency.EVENTUAL, "GET k");
    assertThat(replies).containsExactly("v");
    assertThat(waiters).isEmpty();
  }

  @Test
  void boundedReadsAskNobodyButRefuseOnAnOldReplica() {
    apply(TIME, "SET k v");
    replica.silence = 500;
    read(ReadConsistency.bounded(Duration.ofMillis(500)), "GET k");
    read(ReadConsistency.bounded(Duration.ofMillis(499)), "GET k", "GET k");
    assertThat(waiters).isEmpty();
    String refusal =
        "-TRYAGAIN this replica of shard s1 has not heard from its leader within the bound of 499"
            + " ms";
    assertThat(replies).containsExactly("v", refusal, refusal);
    assertThat(done).isEqualTo(2);
  }

  @Test
  void withoutAReplicaTheReadIsForwarded() {
    absent = true;
    read(ReadConsistency.LINEARIZABLE, "GET k");
    absent = false;
    replica.alive = false;
    read(ReadConsistency.EVENTUAL, "GET k");
    assertThat(remote).isEqualTo(2);
    assertThat(waiters).isEmpty();
  }

  @Test
  void whatIsNotInMemoryIsReadByThePool() {
    apply(TIME, "SET a 1");
    apply(TIME, "SET b 2");
    reopen();
    read(ReadConsistency.EVENTUAL, "GET a", "GET b", "GET none");
    assertThat(replies).containsOnlyNulls();
    assertThat(done).isZero();
    runPool();
    assertThat(replies).containsExactly("1", "2", "null");
    read(ReadConsistency.EVENTUAL, "GET a", "GET b", "GET none");
    assertThat(pool).isEmpty();
    assertThat(done).isEqualTo(2);
  }

  @Test
  void aViewThatACommitHasMadeStaleIsReplacedByASnapshot() {
    apply(TIME, "SET a 1");
    reopen();
    int[] runs = {0};
    duringRead =
        () -> {
          if (runs[0]++ < 2) { // in memory for the first word, on disk for the second
            apply(TIME, "SET b 1");
          }
        };
    read(ReadConsistency.EVENTUAL, "GET a", "TWICE a b");
    runPool();
    assertThat(runs[0]).as("ran again").isGreaterThan(1);
    assertThat(replies.get(0)).isEqualTo("1");
    assertThat(replies.get(1)).isEqualTo("true true");
  }

  @Test
  void aFullPoolRefuses() {
    poolIsFull = true;
    read(ReadConsistency.EVENTUAL, "GET none", "GET none");
    assertThat(replies).hasSize(2).allMatch(reply -> reply.startsWith("-TRYAGAIN "));
    assertThat(done).isEqualTo(1);
  }

  // ---- order ----

  @Test
  void aRunLooksAfterTheRunsBeforeIt() {
    apply(TIME, "SET a 1");
    apply(TIME, "SET b 1");
    reopen();
    read(ReadConsistency.EVENTUAL, "GET a"); // goes to the pool, which is slow
    read(ReadConsistency.LINEARIZABLE, "GET a");
    confirm(2);
    apply(TIME, "SET a 2");
    assertThat(replies).as("the second run must not be ahead").containsOnlyNulls();
    runPool();
    assertThat(replies).containsExactly("2", "2");
    assertThat(done).isEqualTo(2);
  }

  @Test
  void aRunThatMayLookLaterHoldsUpTheNextOne() {
    apply(TIME, "SET k old");
    read(ReadConsistency.LINEARIZABLE, "GET k");
    read(ReadConsistency.LINEARIZABLE, "GET k");
    ReadBarrier.Waiter second = waiters.remove(1);
    second.confirmed(1);
    assertThat(replies).containsOnlyNulls();
    apply(TIME, "SET k new");
    confirm(2);
    assertThat(replies).as("or it would be: new, old").containsExactly("new", "new");
    assertThat(done).isEqualTo(2);
  }

  @Test
  void aRunThatFailsBeforeItsTurnHoldsUpNobody() {
    apply(TIME, "SET k v");
    read(ReadConsistency.LINEARIZABLE, "GET k");
    read(ReadConsistency.LINEARIZABLE, "GET k");
    read(ReadConsistency.EVENTUAL, "GET k");
    waiters.remove(1).failed();
    assertThat(replies).containsExactly(null, DOWN, null);
    confirm(1);
    assertThat(replies).containsExactly("v", DOWN, "v");
  }

  @Test
  void aRunBehindOneThatHangsIsDownAtItsDeadline() {
    apply(TIME, "SET k v");
    read(ReadConsistency.LINEARIZABLE, "GET k");
    read(service(Duration.ofMillis(30)), ReadConsistency.EVENTUAL, "GET k");
    waitFor(() -> done == 1);
    assertThat(replies).containsExactly(null, DOWN);
    confirm(1);
    assertThat(replies).containsExactly("v", DOWN);
  }

  @Test
  void manyRunsBehindOneDoNotExhaustTheStack() {
    apply(TIME, "SET k v");
    read(ReadConsistency.LINEARIZABLE, "GET k");
    for (int i = 0; i < 20_000; i++) {
      read(ReadConsistency.EVENTUAL, "GET k");
    }
    confirm(1);
    assertThat(replies).containsOnly("v");
    assertThat(done).isEqualTo(20_001);
  }

  // ---- deadlines ----

  @Test
  void aReadIsDownWhenItIsNotConfirmed() {
    read(ReadConsistency.LINEARIZABLE, "GET a", "GET b");
    waiters.remove(0).failed();
    assertThat(replies).containsExactly(DOWN, DOWN);
    assertThat(done).isEqualTo(1);
  }

  @Test
  void aReadIsDownWhenItsIndexIsNotAppliedInTime() {
    read(service(Duration.ofMillis(50)), ReadConsistency.LINEARIZABLE, "GET a");
    confirm(10);
    waitFor(() -> done == 1);
    assertThat(replies).containsExactly(DOWN);
    List.copyOf(replica.onApplied).forEach(Runnable::run);
    channel.runPendingTasks();
    assertThat(done).as("late").isEqualTo(1);
  }

  @Test
  void aReplicaThatIsBeingReplacedIsAskedAgain() {
    apply(TIME, "SET k v");
    replica.away = true;
    read(ReadConsistency.LINEARIZABLE, "GET k");
    confirm(1);
    channel.advanceTimeBy(15, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
    assertThat(done).isZero();
    replica.away = false;
    waitFor(() -> done == 1);
    assertThat(replies).containsExactly("v");
  }

  @Test
  void aReplicaThatGoesAwayBeforeThePoolReadsIsAskedAgain() {
    apply(TIME, "SET k v");
    reopen();
    read(ReadConsistency.EVENTUAL, "GET k");
    replica.away = true;
    runPool();
    replica.away = false;
    waitFor(() -> !pool.isEmpty());
    runPool();
    assertThat(replies).containsExactly("v");
  }

  @Test
  void aReplicaThatStaysAwayIsDownAtTheDeadline() {
    replica.away = true;
    read(service(Duration.ofMillis(30)), ReadConsistency.EVENTUAL, "GET k");
    assertThat(done).isZero();
    waitFor(() -> done == 1);
    assertThat(replies).containsExactly(DOWN);
  }

  // ---- keys that are due ----

  @Test
  void aDueKeyIsAnsweredAfterShardTimeHasMovedOn() {
    apply(TIME, "SET k v PX 100");
    apply(TIME, "SET other o");
    clock = TIME + 101;
    read(ReadConsistency.LINEARIZABLE, "GET other", "GET k", "GET other");
    confirm(2);
    assertThat(ticks).hasSize(1);
    assertThat(replies).as("in one piece").containsOnlyNulls();
    apply(clock, "RAFTKV.SWEEP 10");
    ticks.remove(0).succeeded(Reply.ZERO);
    confirm(3);
    assertThat(replies).containsExactly("o", "null", "o");
    assertThat(done).isEqualTo(1);
  }

  @Test
  void aDueFieldIsAnsweredAfterShardTimeHasMovedOn() {
    apply(TIME, "HSET h f v g w");
    apply(TIME, "HPEXPIRE h 100 FIELDS 1 f");
    clock = TIME + 101;
    read(ReadConsistency.LINEARIZABLE, "HGET h g", "HLEN h", "HGET h f");
    confirm(2);
    assertThat(ticks).hasSize(1);
    apply(clock, "RAFTKV.SWEEP 10");
    ticks.remove(0).succeeded(Reply.ZERO);
    confirm(3);
    assertThat(replies).containsExactly("w", "1", "null");
    assertThat(done).isEqualTo(1);
  }

  @Test
  void aKeyThatIsNotDueByTheLeadersClockIsAnsweredAfterOneTick() {
    apply(TIME, "SET k v PX 100");
    clock = TIME + 101;
    read(ReadConsistency.LINEARIZABLE, "GET k");
    confirm(1);
    apply(TIME + 50, "RAFTKV.SWEEP 10");
    ticks.remove(0).succeeded(Reply.ZERO);
    confirm(2);
    assertThat(replies).containsExactly("v");
    assertThat(ticks).isEmpty();
  }

  @Test
  void aTickWhoseOutcomeIsUnknownIsSentAgain() {
    apply(TIME, "SET k v PX 100");
    clock = TIME + 101;
    read(ReadConsistency.LINEARIZABLE, "GET k");
    confirm(1);
    for (ProposalFailure failure :
        List.of(ProposalFailure.UNCERTAIN, ProposalFailure.NO_LEADER, ProposalFailure.OVERLOADED)) {
      ticks.remove(0).failed(failure, "not now");
      assertThat(done).isZero();
      waitFor(() -> !ticks.isEmpty());
    }
    apply(clock, "RAFTKV.SWEEP 10");
    ticks.remove(0).succeeded(Reply.ZERO);
    confirm(2);
    assertThat(replies).containsExactly("null");
  }

  @Test
  void aTickThatFailsAgainAndAgainIsDownAtTheDeadline() {
    apply(TIME, "SET k v PX 100");
    clock = TIME + 101;
    read(service(Duration.ofMillis(200)), ReadConsistency.LINEARIZABLE, "GET k");
    confirm(1);
    waitFor(
        () -> {
          while (!ticks.isEmpty()) {
            ticks.remove(0).failed(ProposalFailure.UNCERTAIN, "no answer");
          }
          return done == 1;
        });
    assertThat(replies).containsExactly(DOWN);
    channel.advanceTimeBy(1, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
    assertThat(ticks).isEmpty();
  }

  @Test
  void aDueKeyLivesOnWhileTheLeaderTakesNoWrites() {
    apply(TIME, "SET k v PX 100");
    clock = TIME + 101;
    read(ReadConsistency.LINEARIZABLE, "GET k", "PTTL k");
    confirm(1);
    ticks.remove(0).failed(ProposalFailure.READ_ONLY, RespErrors.DISK_FULL);
    assertThat(replies).containsExactly("v", "0");
    assertThat(done).isEqualTo(1);
    assertThat(waiters).isEmpty();
  }

  @Test
  void aTickWithoutAnswerIsDownAtTheDeadline() {
    apply(TIME, "SET k v PX 100");
    clock = TIME + 101;
    read(service(Duration.ofMillis(50)), ReadConsistency.LINEARIZABLE, "GET k");
    confirm(1);
    waitFor(() -> done == 1);
    assertThat(replies).containsExactly(DOWN);
    ticks.remove(0).succeeded(Reply.ZERO);
    assertThat(waiters).isEmpty();
  }

  @Test
  void eventualReadsOfADueKeyDoNotDependOnALeader() {
    apply(TIME, "SET k v PX 100");
    clock = TIME + 101;
    read(ReadConsistency.EVENTUAL, "GET k");
    assertThat(ticks).isEmpty();
    assertThat(replies).containsExactly("v");
  }

  // ---- faults ----

  @Test
  void aBugOfAHandlerIsAnErrorOfItsCommandOnly() {
    apply(TIME, "SET k v");
    read(ReadConsistency.EVENTUAL, "GET k", "BUG", "OVERFLOW", "NOTHING", "INCR", "GET k");
    String internal = "-" + RespErrors.INTERNAL;
    assertThat(replies.subList(0, 4)).containsExactly("v", internal, internal, internal);
    assertThat(replies.get(5)).isEqualTo("v");
    assertThat(done).isEqualTo(1);
    assertThat(pool).isEmpty();
  }

  /** The replica is about to be stopped: it is as if there were none here. */
  @Test
  void aDamagedFileSendsReadsElsewhere() {
    apply(TIME, "SET k v");
    read(ReadConsistency.EVENTUAL, "GET k", "DAMAGED", "GET k");
    assertThatAllWentElsewhere(3);
  }

  @Test
  void aDamagedFileOnThePoolSendsReadsElsewhere() {
    apply(TIME, "SET k v");
    reopen();
    read(ReadConsistency.EVENTUAL, "GET k", "DAMAGED");
    runPool();
    assertThatAllWentElsewhere(2);
  }

  private void assertThatAllWentElsewhere(int reads) {
    assertThat(forwarded).hasSize(reads);
    assertThat(remote).isEqualTo(1);
    assertThat(replies).as("from here").containsOnlyNulls();
    assertThat(done).isZero();
  }

  @Test
  void aBugOnThePoolIsAnErrorOfItsCommandOnly() {
    apply(TIME, "SET k v");
    reopen();
    read(ReadConsistency.EVENTUAL, "GET k", "OVERFLOW", "GET k");
    runPool();
    assertThat(replies).containsExactly("v", "-" + RespErrors.INTERNAL, "v");
    assertThat(done).isEqualTo(1);
  }
}

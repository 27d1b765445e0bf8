package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.timeout.IdleStateEvent;
import io.raftkv.metrics.CommandStats;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.ProposalFailure;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionTest {
  private static final String INTERNAL = "-" + RespErrors.INTERNAL + "|";

  private SessionFixture node = new SessionFixture(SlotMap.evenly("s1"));

  @AfterEach
  void close() {
    node.close();
  }

  private void use(SessionFixture other) {
    node.close();
    node = other;
  }

  private FakeShard shard() {
    return node.shard("s1");
  }

  // ---- order ----

  @Test
  void aReplyWaitsForTheRepliesBeforeIt() {
    use(new SessionFixture(SlotMap.evenly("s1", "s2")));
    node.send("SET foo 1", "PING", "GET bar"); // foo is in slot 12182, bar in 5061
    node.shard("s1").finish();
    assertThat(node.received()).isEmpty();
    node.shard("s2").finish();
    assertThat(node.received()).isEqualTo("+OK|+PONG|$-1|");
  }

  @Test
  void aReadAfterAnOwnUnansweredWriteTravelsWithIt() {
    node.send("SET k 1", "GET k");
    assertThat(shard().reads).isEmpty();
    assertThat(shard().writes).hasSize(2);
    node.send("GET k");
    assertThat(shard().writes).hasSize(3);
    node.finish();
    assertThat(node.received()).isEqualTo("+OK|$1|1|$1|1|");
    node.send("GET k");
    assertThat(shard().reads).hasSize(1);
  }

  /** Every replica would make its reply, and hold it until all of the entry is applied. */
  @Test
  void aReadOfManyValuesDoesNotTravelWithWrites() {
    node.send("SET k 1", "MGET k", "GET k", "SET k 2", "GET k");
    assertThat(shard().writes).hasSize(1);
    assertThat(shard().reads).isEmpty();
    node.send("PING");
    shard().applyOne();
    assertThat(node.received()).isEqualTo("+OK|");
    assertThat(shard().writes).isEmpty();
    assertThat(shard().reads).hasSize(1);
    shard().read(0);
    assertThat(shard().writes).hasSize(2);
    node.finish();
    assertThat(node.received()).isEqualTo("*1|$1|1|$1|1|+OK|$1|2|+PONG|");
  }

  @Test
  void aReadThatHasToWaitKeepsItsConsistency() {
    node.send("SET k 1", "MGET k", "EVENTUAL", "MGET k");
    shard().applyOne();
    assertThat(shard().reads)
        .extracting(FakeShard.Reads::consistency)
        .containsExactly(ReadConsistency.LINEARIZABLE, ReadConsistency.EVENTUAL);
  }

  @Test
  void aWriteWaitsForTheReadsBeforeIt() {
    node.send("GET k");
    node.send("SET k 1", "GET k");
    assertThat(shard().writes).isEmpty();
    node.send("PING");
    shard().read(0);
    assertThat(shard().writes).hasSize(2);
    node.finish();
    assertThat(node.received()).isEqualTo("$-1|+OK|$1|1|+PONG|");
  }

  @Test
  void waitingForWritesCoversAWriteThatItselfWaits() {
    node.send("GET k");
    node.send("SET k 1", "WRITTEN");
    CompletableFuture<Boolean> written = node.session.writesAnswered(0).toCompletableFuture();
    assertThat(written).isNotDone();
    shard().read(0);
    assertThat(node.received()).isEqualTo("$-1|");
    assertThat(written).isNotDone();
    shard().applyOne();
    assertThat(written).isDone();
    assertThat(node.received()).isEqualTo("+OK|+OK|");
  }

  @Test
  void waitingForWritesDoesNotCoverThoseThatComeLater() {
    node.send("SET k 1", "WRITTEN", "SET k 2");
    shard().applyOne();
    assertThat(node.received()).isEqualTo("+OK|+OK|");
  }

  @Test
  void whoWaitsForWritesIsToldOfFailures() {
    node.send("SET k x", "INCR k"); // a mistake, which is done for what it is
    CompletableFuture<Boolean> first = node.session.writesAnswered(0).toCompletableFuture();
    node.send("SET k 2");
    CompletableFuture<Boolean> second = node.session.writesAnswered(0).toCompletableFuture();
    shard().applyOne();
    shard().applyOne();
    assertThat(first).isCompletedWithValue(true);
    shard().writes.remove().failed(ProposalFailure.UNCERTAIN, "no answer");
    assertThat(second).isCompletedWithValue(false);
    node.send("SET k 3");
    shard().writes.remove().failed(ProposalFailure.NO_LEADER, "s1");
    assertThat(node.session.writesAnswered(0).toCompletableFuture()).isCompletedWithValue(false);
    assertThat(node.session.writesAnswered(0).toCompletableFuture()).isCompletedWithValue(true);
  }

  @Test
  void whoWaitsForWritesMayGiveUp() {
    node.send("SET k 1");
    CompletableFuture<Boolean> late = node.session.writesAnswered(10).toCompletableFuture();
    CompletableFuture<Boolean> patient = node.session.writesAnswered(10_000).toCompletableFuture();
    node.channel.advanceTimeBy(11, TimeUnit.MILLISECONDS);
    node.channel.runScheduledPendingTasks();
    assertThat(late).isCompletedWithValue(false);
    assertThat(patient).isNotDone();
    node.finish();
    assertThat(patient).isCompletedWithValue(true);
  }

  @Test
  void waitingForWritesDoesNotWaitForReads() {
    node.send("GET k", "WRITTEN");
    shard().read(0);
    assertThat(node.received()).isEqualTo("$-1|+OK|");
  }

  @Test
  void readsBeforeAChangeOfConsistencyGoOutUnderTheOldOne() {
    node.send("GET a", "EVENTUAL", "GET b");
    assertThat(shard().reads)
        .extracting(FakeShard.Reads::consistency)
        .containsExactly(ReadConsistency.LINEARIZABLE, ReadConsistency.EVENTUAL);
  }

  // ---- state of the connection ----

  @Test
  void selectConcernsWhatFollowsIt() {
    node.send("SET k zero", "SELECT 3", "SET k three", "GET k", "SELECT 0", "GET k");
    node.finish();
    assertThat(node.received()).isEqualTo("+OK|+OK|+OK|$5|three|+OK|$4|zero|");
  }

  @Test
  void helloConcernsItsOwnReplyAndWhatFollows() {
    node.send("GET none", "HELLO 3", "GET none", "HELLO 2", "GET none");
    node.finish();
    assertThat(node.received())
        .isEqualTo("$-1|" + "%1|$5|proto|:3|" + "_|" + "*2|$5|proto|:2|" + "$-1|");
  }

  @Test
  void resetMakesTheConnectionNew() {
    node.send("HELLO 3", "SELECT 3", "SET k three", "RESET", "GET k");
    node.finish();
    assertThat(node.received()).isEqualTo("%1|$5|proto|:3|+OK|+OK|+RESET|$-1|");
    assertThat(node.session.database()).isZero();
  }

  @Test
  void quitAnswersWhatCameBeforeAndNothingAfter() {
    node.send("SET k 1", "QUIT", "SET k 2");
    assertThat(shard().writes).hasSize(1);
    node.send("SET k 3");
    assertThat(node.channel.isOpen()).isTrue();
    node.finish();
    assertThat(node.received()).isEqualTo("+OK|+OK|");
    assertThat(node.channel.isOpen()).isFalse();
    assertThat(node.closed).isEqualTo(1);
  }

  @Test
  void aCommandWithoutReplyCanCloseTheConnection() {
    node.send("LEAVE");
    node.channel.runPendingTasks();
    assertThat(node.channel.isOpen()).isFalse();
  }

  @Test
  void strangersGetNothingButTheWayIn() {
    use(new SessionFixture(SlotMap.evenly("s1"), true));
    node.send("GET k", "NOPE", "GET", "PING", "AUTH secret", "PING", "RESET", "PING");
    assertThat(node.received())
        .isEqualTo(
            "-NOAUTH Authentication required.|"
                + "-ERR unknown command 'NOPE', with args beginning with: |"
                + "-ERR wrong number of arguments for 'get' command|"
                + "-NOAUTH Authentication required.|"
                + "+OK|+PONG|+RESET|-NOAUTH Authentication required.|");
    assertThat(node.channel.isOpen()).isTrue();
  }

  /** As Redis: a web page can have a browser send such requests, with commands in their bodies. */
  @ParameterizedTest
  @ValueSource(strings = {"POST / HTTP/1.1", "Host: localhost", "post", "hOST:"})
  void whoSpeaksHttpIsNotHeard(String line) {
    node.send("SET k 1");
    node.send(line, "SET k 2");
    node.finish();
    assertThat(node.received()).isEqualTo("+OK|");
    assertThat(node.channel.isOpen()).isFalse();
  }

  // ---- mistakes and bugs ----

  @Test
  void mistakesAreAnsweredInTheirPlace() {
    node.send("SET k 1", "NOPE x", "GET", "INCR k x", "GET k");
    node.finish();
    assertThat(node.received())
        .isEqualTo(
            "+OK|"
                + "-ERR unknown command 'NOPE', with args beginning with: 'x' |"
                + "-ERR wrong number of arguments for 'get' command|"
                + "-ERR wrong number of arguments for 'incr' command|"
                + "$1|1|");
  }

  @Test
  void anOversizedCommandIsRefusedInItsPlaceAndTheConnectionLives() {
    node.decoder.setLimits(new RespLimits(64, 100, 1024, 100));
    String long1 = "x".repeat(65);
    String long2 = "y".repeat(60);
    node.send(
        "SET k 1", "SET k " + long1, "GET k", "MSET k " + long2 + " l " + long2, "NOPE " + long1);
    node.send("GET k", "PING");
    node.finish();
    assertThat(node.received())
        .isEqualTo(
            "+OK|"
                + "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|"
                + "$1|1|"
                + "-ERR command exceeds maximum allowed size (client-query-buffer-limit)|"
                + "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|"
                + "$1|1|+PONG|");
    assertThat(node.channel.isOpen()).isTrue();
  }

  @Test
  void aStrangersOversizedCommandIsThatOfAStranger() {
    use(new SessionFixture(SlotMap.evenly("s1"), true));
    node.decoder.setLimits(new RespLimits(64, 100, 1024, 1000));
    String tooLong = "x".repeat(65);
    node.send("SET k " + tooLong, "AUTH " + tooLong, "AUTH secret", "PING");
    assertThat(node.received())
        .isEqualTo(
            "-NOAUTH Authentication required.|"
                + "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|"
                + "+OK|+PONG|");
  }

  @Test
  void anOversizedCommandNeedsNoRoomOnASaturatedNode() {
    node.decoder.setLimits(new RespLimits(64, 100, 1024, 1000));
    node.saturated = () -> true;
    node.send("SET k " + "x".repeat(65), "PING");
    assertThat(node.received())
        .isEqualTo("-ERR string exceeds maximum allowed size (proto-max-bulk-len)|+PONG|");
  }

  @Test
  void aBrokenFrameIsAnsweredAfterAllThatCameBefore() {
    node.send("GET k");
    // The write has to wait, and so has all that stands behind it.
    node.sendRaw(SessionFixture.wire("SET k 1", "GET k") + "*1\r\n!\r\n");
    node.finish();
    assertThat(node.received())
        .isEqualTo("$-1|+OK|$1|1|-ERR Protocol error: expected '$', got '!'|");
    assertThat(node.channel.isOpen()).isFalse();
  }

  @Test
  void aBrokenFrameBehindAStalledBatchWaitsForIt() {
    node.send("GET k");
    node.sendRaw(SessionFixture.wire("SET k 1", "LATER", "SET k 2") + "*1\r\n!\r\n");
    assertThat(node.received()).isEmpty();
    node.finish();
    node.later.get(0).complete(Reply.PONG);
    node.finish();
    assertThat(node.received())
        .isEqualTo("$-1|+OK|+PONG|+OK|-ERR Protocol error: expected '$', got '!'|");
    assertThat(node.channel.isOpen()).isFalse();
  }

  @Test
  void aBugOfAHandlerIsAnErrorOfItsCommandOnly() {
    node.send("PING", "BUG", "BUGLATER", "NOSTAGE", "NOREPLY", "PING");
    assertThat(node.received())
        .isEqualTo("+PONG|" + INTERNAL + INTERNAL + INTERNAL + INTERNAL + "+PONG|");
    assertThat(node.channel.isOpen()).isTrue();
  }

  @Test
  void aBugInFindingKeysIsAnErrorOfItsCommandOnly() {
    use(new SessionFixture(SlotMap.evenly("s1", "s2")));
    node.send("PING", "BUGKEYS a", "PING");
    assertThat(node.received()).isEqualTo("+PONG|" + INTERNAL + "+PONG|");
  }

  @Test
  void aFailedStageIsAnErrorOfItsCommand() {
    node.send("LATER", "LATER", "PING");
    node.later.get(1).completeExceptionally(new IllegalStateException("a bug of the test"));
    node.later.get(0).complete(Reply.PONG);
    assertThat(node.received()).isEqualTo("+PONG|" + INTERNAL + "+PONG|");
  }

  @Test
  void failuresOfProposalsKeepTheirPlaces() {
    node.send("SET a 1", "SET b 2", "SET c 3", "SET d 4");
    shard().writes.remove().failed(ProposalFailure.UNCERTAIN, "no answer");
    shard().writes.remove().failed(ProposalFailure.NO_LEADER, "s1");
    shard().writes.remove().failed(ProposalFailure.OVERLOADED, "busy");
    shard().writes.remove().failed(ProposalFailure.READ_ONLY, RespErrors.DISK_FULL);
    assertThat(node.received())
        .isEqualTo(
            "-UNCERTAIN write may or may not have been applied: no answer|"
                + "-CLUSTERDOWN no leader for shard s1 (majority unreachable)|"
                + "-TRYAGAIN busy|"
                + "-OOM command not allowed: the disk of the shard's leader is full|");
    node.send("GET a");
    assertThat(shard().reads).as("no write is under way").hasSize(1);
  }

  @Test
  void aReadThatFailsWithAWriteIsNotInDoubt() {
    node.send("SET a 1", "GET a", "SET b 2", "GET b", "SET c 3", "GET c");
    for (int i = 0; i < 2; i++) {
      shard().writes.remove().failed(ProposalFailure.UNCERTAIN, "no answer");
    }
    for (int i = 0; i < 2; i++) {
      shard().writes.remove().failed(ProposalFailure.READ_ONLY, RespErrors.DISK_FULL);
    }
    for (int i = 0; i < 2; i++) {
      shard().writes.remove().failed(ProposalFailure.NO_LEADER, "s1");
    }
    assertThat(node.received().split("\\|"))
        .satisfiesExactly(
            write -> assertThat(write).startsWith("-UNCERTAIN "),
            read -> assertThat(read).startsWith("-TRYAGAIN "),
            write -> assertThat(write).startsWith("-OOM "),
            read -> assertThat(read).startsWith("-TRYAGAIN "),
            write -> assertThat(write).startsWith("-CLUSTERDOWN "),
            read -> assertThat(read).startsWith("-CLUSTERDOWN "));
  }

  @Test
  void whatIsAnsweredIsCountedByCommandAndErrorsByKind() {
    node.send("SET k 1", "GET", "NOPE", "INCR k", "SET k x", "INCR k", "GET k");
    node.finish();
    CommandStats stats = node.metrics.commandStats();
    assertThat(calls("set")).containsExactly(2L, 0L, 0L);
    assertThat(calls("get")).as("one without its argument").containsExactly(1L, 1L, 0L);
    assertThat(calls("incr")).as("one of no number").containsExactly(2L, 0L, 1L);
    assertThat(stats.byError()).containsOnly(Map.entry("ERR", 3L));
    assertThat(stats.errors()).isEqualTo(3);
    node.sendRaw("*1\r\n!\r\n");
    assertThat(stats.errors()).as("a broken frame").isEqualTo(4);
  }

  private List<Long> calls(String command) {
    CommandStats.Figures figures = node.metrics.commandStats().byCommand().get(command);
    return List.of(figures.calls(), figures.rejected(), figures.failed());
  }

  // ---- bounds ----

  @Test
  void manyUnansweredCommandsStopTheReading() {
    String[] many = new String[1000];
    Arrays.fill(many, "INCR k");
    for (int i = 0; i < 8; i++) {
      node.send(many);
    }
    assertThat(shard().writes.size()).isBetween(4096, 4096 + 1024);
    assertThat(node.channel.config().isAutoRead()).isFalse();
    assertThat(node.session.isBusy()).isTrue();
    node.finish();
    assertThat(node.received()).endsWith(":8000|");
    assertThat(node.channel.config().isAutoRead()).isTrue();
    assertThat(node.session.isBusy()).isFalse();
  }

  @Test
  void manyUnansweredBytesStopTheReading() {
    String value = "v".repeat(1 << 20);
    for (int i = 0; i < 16; i++) {
      node.send("SET k" + i + " " + value);
    }
    assertThat(shard().writes.size()).isBetween(8, 10);
    assertThat(node.channel.config().isAutoRead()).isFalse();
    node.finish();
    assertThat(node.received()).isEqualTo("+OK|".repeat(16));
  }

  @Test
  void manyEmptyWordsStopTheReading() {
    node.send("DEL" + " ".repeat(600_000));
    assertThat(shard().writes).hasSize(1);
    assertThat(node.channel.config().isAutoRead()).isFalse();
    node.finish();
    assertThat(node.received()).isEqualTo(":0|");
    assertThat(node.channel.config().isAutoRead()).isTrue();
  }

  @Test
  void aClientThatDoesNotReadIsNotRead() {
    node.channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
    node.channel.runPendingTasks();
    node.send("INCR k");
    assertThat(shard().writes).isEmpty();
    assertThat(node.channel.config().isAutoRead()).isFalse();
    node.channel.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
    node.channel.runPendingTasks();
    node.finish();
    assertThat(node.received()).isEqualTo(":1|");
    assertThat(node.channel.config().isAutoRead()).isTrue();
  }

  @Test
  void aSaturatedNodeIsReadAgainWhenItHasRoom() {
    AtomicBoolean full = new AtomicBoolean(true);
    node.saturated = full::get;
    node.send("INCR k");
    assertThat(shard().writes).isEmpty();
    assertThat(node.channel.config().isAutoRead()).isFalse();
    full.set(false);
    node.channel.advanceTimeBy(1, TimeUnit.SECONDS);
    node.channel.runScheduledPendingTasks();
    node.finish();
    assertThat(node.received()).isEqualTo(":1|");
    assertThat(node.channel.config().isAutoRead()).isTrue();
  }

  @Test
  void saturationThatEndsWhileItIsLookedAtDoesNotStopAConnectionForGood() {
    for (int full = 1; full <= 4; full++) {
      use(new SessionFixture(SlotMap.evenly("s1")));
      int[] left = {full};
      node.saturated = () -> left[0]-- > 0;
      node.send("INCR k");
      for (int i = 0; i < full; i++) {
        node.channel.advanceTimeBy(1, TimeUnit.SECONDS);
        node.channel.runScheduledPendingTasks();
      }
      node.finish();
      assertThat(node.received()).as("full when asked %d times", full).isEqualTo(":1|");
      assertThat(node.channel.config().isAutoRead()).isTrue();
    }
  }

  @Test
  void aSaturatedNodeAnswersWhatConcernsNoShard() {
    node.saturated = () -> true;
    node.send("PING", "NOPE", "INCR k", "PING");
    assertThat(node.received())
        .isEqualTo("+PONG|-ERR unknown command 'NOPE', with args beginning with: |");
    assertThat(node.channel.config().isAutoRead()).isFalse();
  }

  @Test
  void aLinkIsServedBySaturatedNodes() {
    node.saturated = () -> true;
    node.send("LINK");
    node.send("INCR k");
    node.finish();
    assertThat(node.received()).as("or two full nodes wait for each other").isEqualTo("+OK|:1|");
  }

  @Test
  void writabilityThatChangesWithinACommandDoesNotRunItTwice() {
    node.channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(512, 1024));
    node.send("LINK");
    node.received();
    String big = "b".repeat(100_000);
    node.send("PUSH 1 " + big, "PUSH 2 " + big, "PUSH 3 x");
    String pushes = node.received();
    assertThat(pushes.split(">2", -1)).as("three pushes").hasSize(4);
  }

  @Test
  void noCommandsAreTakenAfterStopReading() {
    node.send("SET k 1");
    node.session.stopReading();
    node.channel.runPendingTasks();
    node.finish();
    assertThat(node.received()).isEqualTo("+OK|");
    node.send("SET k 2");
    assertThat(shard().writes).isEmpty();
    assertThat(node.channel.config().isAutoRead()).isFalse();
    assertThat(node.session.isBusy()).isFalse();
  }

  private void idle() {
    node.channel.pipeline().fireUserEventTriggered(IdleStateEvent.ALL_IDLE_STATE_EVENT);
    node.channel.runPendingTasks();
  }

  @Test
  void onlyAClientThatWaitsForNothingIsIdle() {
    node.send("SET k 1");
    idle();
    assertThat(node.channel.isOpen()).as("it waits for its reply").isTrue();
    node.finish();
    node.saturated = () -> true;
    node.send("SET k 2");
    idle();
    assertThat(node.channel.isOpen()).as("the node is too full to take its command").isTrue();
    node.saturated = () -> false;
    node.channel.advanceTimeBy(1, TimeUnit.SECONDS);
    node.channel.runScheduledPendingTasks();
    node.finish();
    node.channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
    idle();
    assertThat(node.channel.isOpen()).as("replies are on their way").isTrue();
    node.channel.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
    idle();
    assertThat(node.channel.isOpen()).isFalse();
  }

  @Test
  void aLinkIsNeverIdle() {
    node.send("LINK");
    node.received();
    idle();
    assertThat(node.channel.isOpen()).isTrue();
  }

  // ---- the end ----

  @Test
  void aConnectionThatClosesLeavesNothingBehind() {
    node.send("GET k");
    node.send("SET k 1", "LATER", "GET k");
    node.channel.close();
    node.finish();
    node.later.forEach(answer -> answer.complete(Reply.PONG));
    node.finish();
    assertThat(node.received()).isEmpty();
    assertThat(node.session.isBusy()).isFalse();
    assertThat(node.opened).isEqualTo(1);
    assertThat(node.closed).isEqualTo(1);
    assertThat(node.session.describe()).contains(" oll=0 ");
  }

  @Test
  void whoWaitsForWritesIsToldEvenIfTheConnectionIsGone() {
    node.send("SET k 1");
    CompletableFuture<Boolean> answered = node.session.writesAnswered(0).toCompletableFuture();
    node.channel.close();
    assertThat(answered).isNotDone();
    node.finish();
    assertThat(answered).isDone();
  }

  @Test
  void aReplyThatCannotBeWrittenClosesTheConnection() {
    node.send("LATER", "PING");
    node.later.get(0).complete(new Reply.MapOf(List.of(Reply.PONG)));
    node.channel.runPendingTasks();
    assertThat(node.channel.isOpen()).isFalse();
  }

  @Test
  void aConnectionWhoseReplyFailsWithAnErrorIsClosedToo() {
    Reply deep = Reply.PONG;
    for (int i = 0; i < 200_000; i++) {
      deep = new Reply.Array(List.of(deep));
    }
    node.send("LATER", "PING");
    node.later.get(0).complete(deep); // the stack overflows, as memory may run out
    node.channel.runPendingTasks();
    assertThat(node.channel.isOpen()).isFalse();
  }

  @Test
  void describesItselfAsClientListDoes() {
    node.send("SELECT 2", "GET k");
    assertThat(node.session.describe())
        .startsWith("id=7 addr=embedded laddr=embedded fd=-1 name= age=")
        .contains(" db=2 ")
        .contains(" cmd=get ")
        .contains(" resp=2 ");
  }
}

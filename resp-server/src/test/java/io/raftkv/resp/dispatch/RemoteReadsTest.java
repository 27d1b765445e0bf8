package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.command.StringCommands;
import io.raftkv.resp.link.NotHereException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.ReplyCodec;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.PeerTransport;
import io.raftkv.storage.ShardStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RemoteReadsTest {
  private static final Routing.Shard SHARD = SlotMap.shard("s1");
  private static final CommandTable TABLE =
      new CommandTable(List.of(StringCommands.ALL, GenericCommands.ALL));

  private record Sent(String node, byte[] request, CompletableFuture<byte[]> answer) {}

  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final List<Sent> sent = new ArrayList<>();
  private final List<Reply> replies = new ArrayList<>();
  private final List<String> unanswered = new ArrayList<>();
  private String node = "n2";
  private boolean alive = true;
  private final ReadTurn.Order order = new ReadTurn.Order();
  private int done;
  private final RemoteReads remote =
      new RemoteReads(
          new PeerTransport() {
            @Override
            public CompletableFuture<byte[]> call(String nodeId, Kind kind, byte[] request) {
              assertThat(kind).isEqualTo(Kind.READ);
              CompletableFuture<byte[]> answer = new CompletableFuture<>();
              sent.add(new Sent(nodeId, request, answer));
              return answer;
            }

            @Override
            public boolean isConnected(String nodeId) {
              return true;
            }
          },
          new ShardTraffic.Nodes() {
            @Override
            public String nodeFor(UUID shard) {
              return node;
            }

            @Override
            public void noAnswerFrom(String silent, UUID shard) {
              assertThat(shard).isEqualTo(SHARD.group());
              unanswered.add(silent);
            }

            @Override
            public String name(UUID shard) {
              return "s1";
            }
          },
          TABLE,
          group -> alive ? new NoStore() : null,
          channel.eventLoop(),
          Duration.ofSeconds(5).toNanos());

  /** A replica that is only asked whether it is there. */
  private record NoStore() implements ReadableReplica {
    @Override
    public boolean isAlive() {
      return true;
    }

    @Override
    public long appliedIndex() {
      return 0;
    }

    @Override
    public long leaderSilenceMillis() {
      return 0;
    }

    @Override
    public Runnable whenApplied(long index, Runnable action) {
      action.run();
      return () -> {};
    }

    @Override
    public <T> T withStore(Function<ShardStore, T> use) {
      return null;
    }
  }

  @AfterEach
  void close() {
    channel.finishAndReleaseAll();
  }

  private void read(ReadConsistency consistency, String... keys) {
    List<DataOp> ops = new ArrayList<>();
    for (String key : keys) {
      byte[][] words = {
        "GET".getBytes(StandardCharsets.US_ASCII), key.getBytes(StandardCharsets.US_ASCII)
      };
      ops.add(new DataOp(TABLE.find("GET"), words, 3, channel.eventLoop(), replies::add));
    }
    remote.read(SHARD, ops, consistency, channel.eventLoop(), order.next(() -> done++));
  }

  private void pass(long millis) {
    channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
  }

  private static byte[] answerOf(Reply... given) {
    return ReplyCodec.encodeAll(List.of(given));
  }

  @Test
  void aRequestSaysAllThatTheOtherNodeNeeds() {
    read(ReadConsistency.bounded(Duration.ofMillis(7)), "a", "b");
    List<DataOp> arrived = new ArrayList<>();
    List<ReadConsistency> levels = new ArrayList<>();
    remote.answerFrom(
        (shard, ops, consistency, loop, then) -> {
          assertThat(shard).isEqualTo(SHARD);
          arrived.addAll(ops);
          levels.add(consistency);
          ops.get(1).reply(Reply.NULL);
          ops.get(0).reply(Reply.bulk("A"));
          then.done();
        });
    byte[] answer = remote.answer(sent.get(0).request()).join();
    assertThat(levels).containsExactly(ReadConsistency.bounded(Duration.ofMillis(7)));
    assertThat(arrived).extracting(DataOp::database).containsExactly(3, 3);
    sent.get(0).answer().complete(answer);
    channel.runPendingTasks();
    assertThat(replies).hasSize(2);
    assertThat(((Reply.Bulk) replies.get(0)).bytes()).isEqualTo(new byte[] {'A'});
    assertThat(replies.get(1)).isEqualTo(Reply.NULL);
    assertThat(done).isEqualTo(1);
  }

  /** Whether a command on all keys may run there, only the shard knows, and only with this. */
  @Test
  void aRequestSaysByWhichRoutingItWasSentAndBringsBackThatTheSlotHasMoved() {
    byte[][] words = {"DBSIZE".getBytes(StandardCharsets.US_ASCII)};
    remote.read(
        SHARD,
        List.of(new DataOp(TABLE.find("DBSIZE"), words, 3, 77, channel.eventLoop(), replies::add)),
        ReadConsistency.LINEARIZABLE,
        channel.eventLoop(),
        order.next(() -> done++));
    remote.answerFrom(
        (shard, ops, consistency, loop, then) -> {
          assertThat(ops).extracting(DataOp::routedBy).containsExactly(77L);
          assertThat(ops).extracting(DataOp::database).containsExactly(3);
          ops.get(0).reply(Reply.MOVED);
          then.done();
        });
    sent.get(0).answer().complete(remote.answer(sent.get(0).request()).join());
    channel.runPendingTasks();
    assertThat(replies).containsExactly(Reply.MOVED);
    assertThat(done).isEqualTo(1);
  }

  @Test
  void aReadIsAskedAgainUntilSomebodyAnswers() {
    node = null;
    read(ReadConsistency.LINEARIZABLE, "a");
    assertThat(sent).isEmpty();
    node = "n2";
    pass(60);
    sent.get(0).answer().completeExceptionally(new IOException("the link broke"));
    channel.runPendingTasks();
    assertThat(done).isZero();
    assertThat(unanswered).containsExactly("n2");
    node = "n3";
    pass(60);
    assertThat(sent).extracting(Sent::node).containsExactly("n2", "n3");
    assertThat(unanswered).as("or it would be picked for ever").containsExactly("n2");
    sent.get(1).answer().complete(answerOf(Reply.ONE));
    channel.runPendingTasks();
    assertThat(replies).containsExactly(Reply.ONE);
    assertThat(done).isEqualTo(1);
    assertThat(unanswered).containsExactly("n2");
  }

  @Test
  void aRunIsSentWhenTheOneBeforeItIsAnswered() {
    read(ReadConsistency.LINEARIZABLE, "a");
    read(ReadConsistency.LINEARIZABLE, "a");
    assertThat(sent).as("the other node might answer it first").hasSize(1);
    sent.get(0).answer().complete(answerOf(Reply.ZERO));
    channel.runPendingTasks();
    assertThat(sent).hasSize(2);
    sent.get(1).answer().complete(answerOf(Reply.ONE));
    channel.runPendingTasks();
    assertThat(replies).containsExactly(Reply.ZERO, Reply.ONE);
    assertThat(done).isEqualTo(2);
  }

  @Test
  void aNodeThatNeverAnswersIsDownAtTheDeadline() {
    read(ReadConsistency.LINEARIZABLE, "a", "b");
    pass(4_900);
    assertThat(done).isZero();
    pass(200);
    Reply down = Reply.error(RespErrors.clusterDown("s1"));
    assertThat(replies).containsExactly(down, down);
    assertThat(done).isEqualTo(1);
    sent.get(0).answer().complete(answerOf(Reply.ONE, Reply.ONE));
    channel.runPendingTasks();
    assertThat(replies).as("late").hasSize(2);
  }

  @Test
  void anAnswerThatIsNoneIsAnInternalError() {
    read(ReadConsistency.LINEARIZABLE, "a", "b");
    sent.get(0).answer().complete(answerOf(Reply.ONE));
    channel.runPendingTasks();
    read(ReadConsistency.LINEARIZABLE, "a");
    sent.get(1).answer().complete(new byte[] {99, 99});
    channel.runPendingTasks();
    assertThat(replies).hasSize(3).containsOnly(Reply.error(RespErrors.INTERNAL));
    assertThat(done).isEqualTo(2);
  }

  @Test
  void aNodeWithoutAReplicaRefuses() {
    read(ReadConsistency.LINEARIZABLE, "a");
    alive = false;
    assertThat(remote.answer(sent.get(0).request()))
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .withCauseInstanceOf(NotHereException.class);
  }

  @Test
  void onlyReadsAreAnswered() {
    byte[][] words = {
      "DEL".getBytes(StandardCharsets.US_ASCII), "a".getBytes(StandardCharsets.US_ASCII)
    };
    remote.read(
        SHARD,
        List.of(new DataOp(TABLE.find("DEL"), words, 0, channel.eventLoop(), replies::add)),
        ReadConsistency.LINEARIZABLE,
        channel.eventLoop(),
        ReadTurn.alone(() -> done++));
    assertThat(remote.answer(sent.get(0).request())).isCompletedExceptionally();
  }
}

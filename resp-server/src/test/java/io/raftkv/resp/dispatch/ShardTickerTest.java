package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ShardTickerTest {
  private static final UUID SHARD = SlotMap.shard("s1").group();
  private static final UUID OTHER = SlotMap.shard("s2").group();

  private final List<DataOp> sent = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private boolean refuses;
  private final ShardTicker ticker =
      new ShardTicker(
          GenericCommands.SWEEP,
          (shard, op) -> {
            if (refuses) {
              throw new IllegalStateException("a fault of the test");
            }
            sent.add(op);
          });

  private void tick(UUID shard, String reader) {
    ticker.tick(shard, Runnable::run, reply -> told.add(reader + (reply == Reply.ONE)));
  }

  @Test
  void atMostOneIsInFlightAndNobodyJoinsAnEarlierOne() {
    tick(SHARD, "a");
    tick(SHARD, "b");
    tick(SHARD, "c");
    assertThat(sent).hasSize(1);
    sent.remove(0).succeeded(Reply.ONE);
    assertThat(told).containsExactly("atrue");
    assertThat(sent).as("one more, for both that came meanwhile").hasSize(1);
    tick(SHARD, "d");
    sent.remove(0).succeeded(Reply.ONE);
    assertThat(told).containsExactly("atrue", "btrue", "ctrue");
    sent.remove(0).succeeded(Reply.ONE);
    assertThat(told).containsExactly("atrue", "btrue", "ctrue", "dtrue");
    assertThat(sent).isEmpty();
    tick(SHARD, "e");
    assertThat(sent).hasSize(1);
  }

  @Test
  void shardsTickOnTheirOwn() {
    tick(SHARD, "a");
    tick(OTHER, "b");
    assertThat(sent).hasSize(2);
    assertThat(sent.get(0).isWrite()).isTrue();
  }

  @Test
  void aFailureIsToldAndTheNextOneIsTried() {
    tick(SHARD, "a");
    tick(SHARD, "b");
    sent.remove(0).reply(Reply.error(RespErrors.clusterDown("s1")));
    assertThat(told).containsExactly("afalse");
    assertThat(sent).hasSize(1);
  }

  @Test
  void aFaultOfOneReaderDoesNotStopTheOthers() {
    ticker.tick(
        SHARD,
        Runnable::run,
        reply -> {
          throw new IllegalStateException("a fault of the test");
        });
    tick(SHARD, "a");
    sent.remove(0).succeeded(Reply.ONE);
    sent.remove(0).succeeded(Reply.ONE);
    assertThat(told).containsExactly("atrue");
    tick(SHARD, "b");
    assertThat(sent).hasSize(1);
  }

  @Test
  void aTickThatCannotBeSentIsAFailureAndNotTheLast() {
    refuses = true;
    tick(SHARD, "a");
    assertThat(told).containsExactly("afalse");
    refuses = false;
    tick(SHARD, "b");
    assertThat(sent).hasSize(1);
  }
}

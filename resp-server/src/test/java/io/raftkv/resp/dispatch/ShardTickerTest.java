package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.ProposalFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ShardTickerTest {
  private static final UUID SHARD = SlotMap.shard("s1").group();
  private static final UUID OTHER = SlotMap.shard("s2").group();

  private final List<NodeProposal> sent = new ArrayList<>();
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
    ticker.tick(shard, Runnable::run, outcome -> told.add(reader + " " + outcome));
  }

  @Test
  void atMostOneIsInFlightAndNobodyJoinsAnEarlierOne() {
    tick(SHARD, "a");
    tick(SHARD, "b");
    tick(SHARD, "c");
    assertThat(sent).hasSize(1);
    sent.remove(0).succeeded(Reply.ONE);
    assertThat(told).containsExactly("a MOVED");
    assertThat(sent).as("one more, for both that came meanwhile").hasSize(1);
    tick(SHARD, "d");
    sent.remove(0).succeeded(Reply.ONE);
    assertThat(told).containsExactly("a MOVED", "b MOVED", "c MOVED");
    sent.remove(0).succeeded(Reply.ONE);
    assertThat(told).containsExactly("a MOVED", "b MOVED", "c MOVED", "d MOVED");
    assertThat(sent).isEmpty();
    tick(SHARD, "e");
    assertThat(sent).hasSize(1);
  }

  @Test
  void shardsTickOnTheirOwn() {
    tick(SHARD, "a");
    tick(OTHER, "b");
    assertThat(sent).hasSize(2);
  }

  @Test
  void aFailureIsToldAndTheNextOneIsTried() {
    tick(SHARD, "a");
    tick(SHARD, "b");
    sent.remove(0).failed(ProposalFailure.NO_LEADER, "s1");
    assertThat(told).containsExactly("a FAILED");
    sent.remove(0).failed(ProposalFailure.READ_ONLY, RespErrors.DISK_FULL);
    assertThat(told).containsExactly("a FAILED", "b STANDS_STILL");
    tick(SHARD, "c");
    sent.remove(0).succeeded(Reply.error(RespErrors.INTERNAL));
    assertThat(told).last().isEqualTo("c FAILED");
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
    assertThat(told).containsExactly("a MOVED");
    tick(SHARD, "b");
    assertThat(sent).hasSize(1);
  }

  @Test
  void aTickThatCannotBeSentIsAFailureAndNotTheLast() {
    refuses = true;
    tick(SHARD, "a");
    assertThat(told).containsExactly("a FAILED");
    refuses = false;
    tick(SHARD, "b");
    assertThat(sent).hasSize(1);
  }
}

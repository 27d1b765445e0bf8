package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.reply.Reply;
import io.raftkv.shard.ProposalFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class ProposalDeliveryTest {
  private final ProposalDelivery delivery = new ProposalDelivery();
  private final List<Runnable> first = new ArrayList<>();
  private final List<Runnable> second = new ArrayList<>();
  private final Executor onFirst = first::add;
  private final Executor onSecond = second::add;
  private final List<String> given = new ArrayList<>();

  private NodeProposal proposal(String name, Executor executor) {
    return new DataOp(
        GenericCommands.SWEEP,
        new byte[][] {{'x'}},
        0,
        executor,
        reply -> given.add(name + (reply instanceof Reply.Int one ? one.value() : "-")));
  }

  @Test
  void eachLoopGetsOneTaskWithItsOutcomesInOrder() {
    delivery.succeeded(
        List.of(proposal("a", onFirst), proposal("b", onSecond), proposal("c", onFirst)),
        new Object[] {Reply.integer(1), Reply.integer(2), Reply.integer(3)});
    assertThat(first).hasSize(1);
    assertThat(second).hasSize(1);
    second.get(0).run();
    assertThat(given).containsExactly("b2");
    first.get(0).run();
    assertThat(given).containsExactly("b2", "a1", "c3");
  }

  @Test
  void failuresGoTheSameWay() {
    delivery.failed(
        List.of(proposal("a", onFirst), proposal("b", onFirst)), ProposalFailure.UNCERTAIN, "x");
    first.get(0).run();
    assertThat(given).containsExactly("a-", "b-");
  }

  @Test
  void aFaultOfOneConnectionDoesNotKeepOthersFromTheirReplies() {
    NodeProposal faulty =
        new DataOp(
            GenericCommands.SWEEP,
            new byte[][] {{'x'}},
            0,
            onFirst,
            reply -> {
              throw new IllegalStateException("a fault of the test");
            });
    delivery.succeeded(
        List.of(faulty, proposal("b", onFirst)), new Object[] {Reply.ONE, Reply.ONE});
    first.get(0).run();
    assertThat(given).containsExactly("b1");
  }

  @Test
  void anExecutorThatHasStoppedDoesNotStopTheApplyThread() {
    Executor stopped =
        task -> {
          throw new RejectedExecutionException("stopped");
        };
    delivery.succeeded(
        List.of(proposal("a", stopped), proposal("b", onFirst)),
        new Object[] {Reply.ONE, Reply.ONE});
    first.get(0).run();
    assertThat(given).containsExactly("b1");
  }
}

package io.raftkv.bench;

import static io.raftkv.bench.SampleCommands.command;
import static io.raftkv.bench.SampleCommands.element;

import io.raftkv.resp.reply.Reply;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/** Members of a set, which are taken out and put back. */
public class BigSetBenchmark extends BigCollection {
  private Ring<byte[]> changes;
  private Ring<byte[][]> lookups;
  private Ring<byte[][]> picks;

  @Override
  byte[][] add(int member) {
    return command("SADD", KEY, element(member));
  }

  @Override
  void prepare() {
    changes = writes((member, partner) -> command(partner ? "SADD" : "SREM", KEY, element(member)));
    lookups = reads("SISMEMBER");
    picks = new Ring<>(List.<byte[][]>of(command("SRANDMEMBER", KEY)));
  }

  @Benchmark
  @OperationsPerInvocation(WRITES)
  public Object[] sremAndSadd() {
    return apply(changes);
  }

  @Benchmark
  public Reply sismember() {
    return read(lookups);
  }

  @Benchmark
  public Reply srandmember() {
    return read(picks);
  }
}

package io.raftkv.bench;

import static io.raftkv.bench.SampleCommands.command;
import static io.raftkv.bench.SampleCommands.element;

import io.raftkv.resp.reply.Reply;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/** Members of a sorted set: their scores are their numbers, so that a rank is a number too. */
public class BigSortedSetBenchmark extends BigCollection {
  private Ring<byte[]> zadds;
  private Ring<byte[][]> zscores;
  private Ring<byte[][]> zranks;

  @Override
  byte[][] add(int member) {
    return zadd(member, member);
  }

  @Override
  void prepare() {
    zadds = writes((member, partner) -> zadd(member, partner ? member : elements - 1 - member));
    zscores = reads("ZSCORE");
    zranks = reads("ZRANK");
  }

  private static byte[][] zadd(int member, int score) {
    return command("ZADD", KEY, String.valueOf(score), element(member));
  }

  /** Moves members to the place opposite in the order, and back. */
  @Benchmark
  @OperationsPerInvocation(WRITES)
  public Object[] zadd() {
    return apply(zadds);
  }

  @Benchmark
  public Reply zscore() {
    return read(zscores);
  }

  @Benchmark
  public Reply zrank() {
    return read(zranks);
  }
}

package io.raftkv.bench;

import static io.raftkv.bench.SampleCommands.command;
import static io.raftkv.bench.SampleCommands.element;

import io.raftkv.resp.reply.Reply;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/** Fields of a hash: each has its own number as value, or the next one after an HSET. */
public class BigHashBenchmark extends BigCollection {
  private Ring<byte[]> hsets;
  private Ring<byte[][]> hgets;

  @Override
  byte[][] add(int field) {
    return hset(field, field);
  }

  @Override
  void prepare() {
    hsets = writes((field, partner) -> hset(field, partner ? field : field + 1));
    hgets = reads("HGET");
  }

  private static byte[][] hset(int field, int value) {
    return command("HSET", KEY, element(field), element(value));
  }

  /** Overwrites fields. */
  @Benchmark
  @OperationsPerInvocation(WRITES)
  public Object[] hset() {
    return apply(hsets);
  }

  @Benchmark
  public Reply hget() {
    return read(hgets);
  }
}

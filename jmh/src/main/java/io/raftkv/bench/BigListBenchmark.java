package io.raftkv.bench;

import static io.raftkv.bench.SampleCommands.command;
import static io.raftkv.bench.SampleCommands.element;

import io.raftkv.resp.reply.Reply;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/** Ends and inner elements of a list. */
public class BigListBenchmark extends BigCollection {
  private Ring<byte[]> pushesAndPops;
  private Ring<byte[][]> lindexes;

  @Override
  byte[][] add(int number) {
    return command("RPUSH", KEY, element(number));
  }

  @Override
  void prepare() {
    pushesAndPops =
        writes(
            (number, partner) ->
                partner ? command("RPOP", KEY) : command("LPUSH", KEY, element(number)));
    lindexes = reads("LINDEX");
  }

  @Override
  String argument(int number) {
    return String.valueOf(number);
  }

  /** Pushes at one end with one entry, and takes as many from the other end with the next. */
  @Benchmark
  @OperationsPerInvocation(WRITES)
  public Object[] lpushRpop() {
    return apply(pushesAndPops);
  }

  @Benchmark
  public Reply lindex() {
    return read(lindexes);
  }
}

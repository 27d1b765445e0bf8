package io.raftkv.bench;

import static io.raftkv.bench.SampleCommands.command;

import io.raftkv.resp.reply.Reply;
import io.raftkv.shard.EntryCodec;
import io.raftkv.shard.ProposedBatch;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Collections from which much was taken: whether what is gone slows down what comes after. Each
 * command is one of a hundred in its entry, or a read.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3)
@Measurement(iterations = 5)
public class DrainedBenchmark {
  private static final String KEY = "k";
  private static final int MEMBERS = 1_000_000;
  private static final int TAKEN = 200_000;
  private static final int ENTRY = 100;
  private static final int REPEATED = 1_000;
  private static final int DUE = 300_000;
  private static final int DUE_MILLIS = 1_000;

  /** A shard, and how it gets to its state. */
  @State(Scope.Thread)
  public abstract static class Drained {
    private BenchShard shard;

    abstract void drain(BenchShard filled);

    @Setup(Level.Trial)
    public void open() {
      shard = new BenchShard();
      drain(shard);
    }

    @TearDown(Level.Trial)
    public void close() {
      shard.close();
    }

    BenchShard shard() {
      return shard;
    }

    Object[] apply(byte[][] words) {
      Object[] last = {};
      byte[] entry = LogEntries.entry(Collections.nCopies(ENTRY, words));
      for (int i = 0; i < REPEATED / ENTRY; i++) {
        last = shard.apply(entry);
      }
      return last;
    }

    Reply read(byte[][] words) {
      Reply last = null;
      for (int i = 0; i < REPEATED; i++) {
        last = shard.read(words);
      }
      return last;
    }
  }

  private static String text(int number) {
    return String.valueOf(number);
  }

  /** A million members with ascending scores, from whose lower end a fifth is gone. */
  public static class Queue extends Drained {
    @Override
    void drain(BenchShard filled) {
      filled.fill(MEMBERS, i -> command("ZADD", KEY, text(i), "job:" + i));
      filled.fill(TAKEN / 200, i -> command("ZPOPMIN", KEY, text(200)));
    }
  }

  /** The same, from the upper end. */
  public static class Stack extends Drained {
    @Override
    void drain(BenchShard filled) {
      filled.fill(MEMBERS, i -> command("ZADD", KEY, text(i), "job:" + i));
      filled.fill(TAKEN / 200, i -> command("ZPOPMAX", KEY, text(200)));
    }
  }

  /** A group that has acknowledged, in order, the older half of what it was given. */
  public static class Group extends Drained {
    private static final int ACKNOWLEDGED = 100_000;
    private int next;

    @Override
    void drain(BenchShard filled) {
      int added = ACKNOWLEDGED + 100 * REPEATED;
      filled.fill(added, i -> command("XADD", KEY, id(i), text(i), text(i)));
      filled.fill(1, i -> command("XGROUP", "CREATE", KEY, KEY, text(0)));
      filled.fill(
          added / 1_000,
          i -> command("XREADGROUP", "GROUP", KEY, KEY, "COUNT", text(1_000), "STREAMS", KEY, ">"));
      filled.fill(ACKNOWLEDGED, i -> command("XACK", KEY, KEY, id(i)));
      next = ACKNOWLEDGED;
    }

    private static String id(int number) {
      return "1-" + (number + 1);
    }
  }

  /** A set of which a thousandth and some are left, taken one by one. */
  public static class Bag extends Drained {
    @Override
    void drain(BenchShard filled) {
      filled.fill(MEMBERS, i -> command("SADD", KEY, "member:" + i));
      filled.fill((MEMBERS - 10_000) / 10, i -> command("SPOP", KEY, text(10)));
    }
  }

  /** Keys that are due together. */
  @State(Scope.Thread)
  public static class Due {
    private static final byte[] SWEEP =
        EntryCodec.encode(
            new EntryCodec.Header(1, LogEntries.TIME_MILLIS + DUE_MILLIS, 42, Long.MAX_VALUE),
            List.of(
                new ProposedBatch(
                    LogEntries.PROPOSER,
                    1,
                    LogEntries.payload(List.<byte[][]>of(command("RAFTKV.SWEEP", text(500)))))));

    private BenchShard shard;

    @Setup(Level.Iteration)
    public void fill() {
      shard = new BenchShard();
      shard.fill(DUE, i -> command("SET", "key:" + i, KEY, "PX", text(DUE_MILLIS)));
    }

    @TearDown(Level.Iteration)
    public void close() {
      shard.close();
    }
  }

  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public Object[] zpopmin(Queue queue) {
    return queue.apply(command("ZPOPMIN", KEY));
  }

  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public Object[] zpopmax(Stack stack) {
    return stack.apply(command("ZPOPMAX", KEY));
  }

  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public Reply zrangeFirst(Queue queue) {
    return queue.read(command("ZRANGE", KEY, text(0), text(0)));
  }

  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public Reply xpending(Group group) {
    return group.read(command("XPENDING", KEY, KEY));
  }

  /** In the order in which they came. */
  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public void xack(Group group) {
    group.shard().fill(REPEATED, i -> command("XACK", KEY, KEY, Group.id(group.next++)));
  }

  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public Object[] spop(Bag bag) {
    return bag.apply(command("SPOP", KEY));
  }

  /** In steps of 500 keys. */
  @Benchmark
  @OperationsPerInvocation(DUE)
  public void sweep(Due due) {
    for (int i = 0; i < DUE; i += 500) {
      due.shard.apply(Due.SWEEP);
    }
  }
}

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
  private static final String SORTED = "z";
  private static final String DEADLINE = "9000000000000";

  /** A prime, so that one member is far from the next. */
  private static final int STRIDE = 7_919;

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

  /** A sorted set of which a ten-thousandth is left, taken by name and in no order. */
  public static class Remains extends Drained {
    static final int LEFT = 100;

    @Override
    void drain(BenchShard filled) {
      filled.fill(MEMBERS, i -> command("ZADD", KEY, text(i), "job:" + i));
      filled.fill(MEMBERS, i -> command("ZREM", KEY, "job:" + spread(i)));
    }

    private static int spread(int index) {
      int member = (int) ((long) index * STRIDE % MEMBERS);
      return member % (MEMBERS / LEFT) == 0 ? MEMBERS : member;
    }
  }

  /** A stream from whose upper end a half is gone. */
  public static class Cut extends Drained {
    private static final int ENTRIES = 100_000;

    @Override
    void drain(BenchShard filled) {
      filled.fill(ENTRIES, i -> command("XADD", KEY, Group.id(i), text(i), text(i)));
      filled.fill(ENTRIES / 2, i -> command("XDEL", KEY, Group.id(ENTRIES - 1 - i)));
    }
  }

  /** A group with an entry that is never acknowledged, and many behind it that were. */
  public static class Stuck extends Drained {
    private static final int ACKNOWLEDGED = 100_000;

    @Override
    void drain(BenchShard filled) {
      filled.fill(ACKNOWLEDGED, i -> command("XADD", KEY, Group.id(i), text(i), text(i)));
      filled.fill(1, i -> command("XGROUP", "CREATE", KEY, KEY, text(0)));
      for (int at = 0; at < ACKNOWLEDGED; at += REPEATED) {
        int first = at;
        filled.fill(
            1,
            i ->
                command(
                    "XREADGROUP", "GROUP", KEY, KEY, "COUNT", text(REPEATED), "STREAMS", KEY, ">"));
        filled.fill(REPEATED, i -> command("XACK", KEY, KEY, Group.id(Math.max(1, first + i))));
      }
    }
  }

  /** A hash whose fields all die in the same millisecond, far away. */
  public static class OneDeadline extends Drained {
    private static final int FIELDS = 100_000;
    private int next;

    @Override
    void drain(BenchShard filled) {
      filled.fill(FIELDS, i -> command("HSET", KEY, field(i), text(i)));
      filled.fill(FIELDS, i -> command("HPEXPIREAT", KEY, DEADLINE, "FIELDS", "1", field(i)));
      filled.fill(FIELDS / 2, i -> command("HSET", KEY, field(i), text(i)));
      next = FIELDS / 2;
    }

    private static String field(int number) {
      return "field:%06d".formatted(number);
    }
  }

  /** Of a million keys ten are left. */
  public static class Emptied extends Drained {
    @Override
    void drain(BenchShard filled) {
      filled.fill(MEMBERS, i -> command("SET", "key:" + i, KEY));
      filled.fill(MEMBERS - 10, i -> command("DEL", "key:" + i));
    }
  }

  /** A drained set or sorted set, one element before its rows are made anew. */
  @State(Scope.Thread)
  public static class Brink {
    private static final int MOST_OF_SET = 16_384;
    private static final int MOST_OF_SORTED_SET = 4_096;
    private static final int APART = MEMBERS / MOST_OF_SORTED_SET;
    private static final int POPPED = 8;

    private BenchShard shard;
    private int last;

    @Setup(Level.Iteration)
    public void fill() {
      shard = new BenchShard();
      shard.fill(MEMBERS, i -> command("SADD", KEY, "member:" + i));
      shard.fill((MEMBERS - MOST_OF_SET - POPPED) / POPPED, i -> spop());
      shard.fill(MEMBERS, i -> command("ZADD", SORTED, text(i), "job:" + i));
      shard.fill(MEMBERS, i -> zrem(removed(i)));
      int over = (MEMBERS - 1) / APART + 1 - MOST_OF_SORTED_SET;
      shard.fill(over - 1, i -> zrem(i * APART));
      last = (over - 1) * APART;
    }

    static byte[][] spop() {
      return command("SPOP", KEY, text(POPPED));
    }

    static byte[][] zrem(int member) {
      return command("ZREM", SORTED, "job:" + member);
    }

    /** One of so many members, or none if it is one of those that stay. */
    private static int removed(int index) {
      int member = (int) ((long) index * STRIDE % MEMBERS);
      return member % APART == 0 ? MEMBERS : member;
    }

    @TearDown(Level.Iteration)
    public void close() {
      shard.close();
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

  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public Reply zrandmember(Remains remains) {
    return remains.read(command("ZRANDMEMBER", KEY));
  }

  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public Reply zrank(Remains remains) {
    return remains.read(command("ZRANK", KEY, "job:500000"));
  }

  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public Reply xrevrangeLast(Cut stream) {
    return stream.read(command("XREVRANGE", KEY, "+", "-", "COUNT", text(1)));
  }

  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public Reply xpendingBesideAStuckEntry(Stuck group) {
    return group.read(command("XPENDING", KEY, KEY));
  }

  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public Reply xpendingRangeBesideAStuckEntry(Stuck group) {
    return group.read(command("XPENDING", KEY, KEY, "-", "+", text(10)));
  }

  /** Each takes its deadline from a field, in the order of fields. */
  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public void hsetOfOneDeadline(OneDeadline hash) {
    hash.shard().fill(REPEATED, i -> command("HSET", KEY, OneDeadline.field(hash.next++), text(i)));
  }

  @Benchmark
  @OperationsPerInvocation(REPEATED)
  public Reply randomkey(Emptied keys) {
    return keys.read(command("RANDOMKEY"));
  }

  /** The one command whose rows are made anew. */
  @Benchmark
  public Object[] spopThatMovesRows(Brink brink) {
    return brink.shard.apply(LogEntries.entry(List.<byte[][]>of(Brink.spop())));
  }

  /** Likewise. */
  @Benchmark
  public Object[] zremThatMovesRows(Brink brink) {
    return brink.shard.apply(LogEntries.entry(List.<byte[][]>of(Brink.zrem(brink.last))));
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

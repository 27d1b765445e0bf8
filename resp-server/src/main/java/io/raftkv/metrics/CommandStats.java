package io.raftkv.metrics;

import io.raftkv.resp.command.CommandSpec;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * What INFO tells of each command, and of errors by their first word. Only grows. Thread-safe;
 * recording is a lookup by identity and a few adders.
 */
public final class CommandStats {
  /** Kinds of errors are ours and few; if one came from a user's words they would not be. */
  static final int MAX_ERROR_KINDS = 128;

  /**
   * The figures of one command, in Redis' sense.
   *
   * @param calls how often it ran
   * @param micros time from being read to being answered, of all calls together: waiting for the
   *     other replicas and for the disk is part of it
   * @param rejected how often it did not run: wrong arity, no password, no leader, no room
   * @param failed how often it ran and was answered with an error
   */
  public record Figures(long calls, long micros, long rejected, long failed) {}

  private static final class Tally {
    private final LongAdder calls = new LongAdder();
    private final LongAdder nanos = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final LongAdder failed = new LongAdder();

    private Figures figures() {
      return new Figures(
          calls.sum(), TimeUnit.NANOSECONDS.toMicros(nanos.sum()), rejected.sum(), failed.sum());
    }
  }

  private final Map<CommandSpec, Tally> commands = new ConcurrentHashMap<>();
  private final Map<String, LongAdder> errorKinds = new ConcurrentHashMap<>();
  private final LongAdder errors = new LongAdder();

  /**
   * A command was answered.
   *
   * @param ran false if it was turned down before it could do anything
   * @param nanos since it was read
   */
  void answered(CommandSpec command, Outcome outcome, boolean ran, long nanos) {
    Tally tally = commands.get(command);
    if (tally == null) {
      tally = commands.computeIfAbsent(command, first -> new Tally());
    }
    if (!ran || outcome == Outcome.REFUSED) {
      tally.rejected.increment();
      return;
    }
    tally.calls.increment();
    tally.nanos.add(nanos);
    if (outcome != Outcome.OK) {
      tally.failed.increment();
    }
  }

  /** A client was sent this error line. */
  public void error(String line) {
    errors.increment();
    int blank = line.indexOf(' ');
    String kind = blank < 0 ? line : line.substring(0, blank);
    LongAdder known = errorKinds.get(kind);
    if (known == null && errorKinds.size() < MAX_ERROR_KINDS) {
      known = errorKinds.computeIfAbsent(kind, first -> new LongAdder());
    }
    if (known != null) {
      known.increment();
    }
  }

  /** The commands that somebody has sent, by the name that Redis shows. */
  public Map<String, Figures> byCommand() {
    Map<String, Figures> figures = new TreeMap<>();
    commands.forEach((command, tally) -> figures.put(command.redisName(), tally.figures()));
    return figures;
  }

  /** Errors sent, by their first word: {@code ERR}, {@code WRONGTYPE}. */
  public Map<String, Long> byError() {
    Map<String, Long> counts = new TreeMap<>();
    errorKinds.forEach((kind, count) -> counts.put(kind, count.sum()));
    return counts;
  }

  /** All errors sent. */
  public long errors() {
    return errors.sum();
  }
}

package io.raftkv.it.history;

import java.util.Objects;

/**
 * One operation of one client on one key. Values are text; null stands for "no such key".
 *
 * @param client who sent it; for the reader of a failure, the checker does not need it
 * @param argument the value written, null for actions without one
 * @param expected the value a {@link Action#CAS} compares with
 * @param result what came back, if the outcome is OK: the value for reads, "1"/"0" for DEL, SETNX
 *     and CAS, the new number for INCR
 * @param invokedNanos before the first byte was sent ({@link System#nanoTime})
 * @param completedNanos after the reply was read; {@link #NEVER} for an uncertain operation
 */
public record Operation(
    int client,
    Action action,
    String key,
    String argument,
    String expected,
    Outcome outcome,
    String result,
    long invokedNanos,
    long completedNanos) {
  public static final long NEVER = Long.MAX_VALUE;

  public Operation {
    if (outcome == Outcome.UNCERTAIN ? completedNanos != NEVER : completedNanos < invokedNanos) {
      throw new IllegalArgumentException(
          outcome + " operation from " + invokedNanos + " to " + completedNanos);
    }
  }

  /** An answered operation. */
  public static Operation ok(
      int client, Action action, String key, String argument, String result, long from, long to) {
    return new Operation(client, action, key, argument, null, Outcome.OK, result, from, to);
  }

  /** An operation nobody knows the outcome of. */
  public static Operation uncertain(
      int client, Action action, String key, String argument, long from) {
    return new Operation(client, action, key, argument, null, Outcome.UNCERTAIN, null, from, NEVER);
  }

  boolean isUncertain() {
    return outcome == Outcome.UNCERTAIN;
  }

  /** True if swapping the two in any schedule changes nothing but their times. */
  boolean sameCall(Operation other) {
    return action == other.action
        && Objects.equals(argument, other.argument)
        && Objects.equals(expected, other.expected);
  }

  /** One line for a report, times in microseconds after the given origin. */
  String describe(long originNanos) {
    String call =
        action
            + " "
            + key
            + (expected == null ? "" : " expecting " + expected)
            + (argument == null ? "" : " " + argument);
    String end = isUncertain() ? "open" : Long.toString((completedNanos - originNanos) / 1000);
    String reply = outcome == Outcome.OK ? String.valueOf(result) : outcome.toString();
    return String.format(
        "client %2d  [%d .. %s us]  %s -> %s",
        client, (invokedNanos - originNanos) / 1000, end, call, reply);
  }
}

package io.raftkv.it.history;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** All operations of a run, ordered by invocation. Immutable. */
public final class History {
  private final List<Operation> operations;

  private History(List<Operation> operations) {
    this.operations = operations;
  }

  /** A history of the given operations in any order. */
  public static History of(List<Operation> operations) {
    return new History(
        operations.stream()
            .sorted(Comparator.comparingLong(Operation::invokedNanos))
            .collect(Collectors.toUnmodifiableList()));
  }

  public static History of(Operation... operations) {
    return of(Arrays.asList(operations));
  }

  public List<Operation> operations() {
    return operations;
  }

  public int size() {
    return operations.size();
  }

  /** Operations with this outcome. */
  public long count(Outcome outcome) {
    return operations.stream().filter(op -> op.outcome() == outcome).count();
  }

  /** The operations of each key, ordered by invocation, keys in order. */
  public Map<String, List<Operation>> byKey() {
    Map<String, List<Operation>> partitions = new TreeMap<>();
    for (Operation op : operations) {
      partitions.computeIfAbsent(op.key(), key -> new ArrayList<>()).add(op);
    }
    return partitions;
  }

  /**
   * The longest time without an acknowledged operation of the wanted kind that overlaps [from, to]:
   * what a client saw of a fail-over. The window's end counts as an acknowledgement.
   */
  public Duration longestGap(Predicate<Operation> wanted, long fromNanos, long toNanos) {
    long[] completions =
        operations.stream()
            .filter(op -> op.outcome() == Outcome.OK)
            .filter(wanted)
            .mapToLong(Operation::completedNanos)
            .filter(at -> at >= fromNanos && at <= toNanos)
            .sorted()
            .toArray();
    long gap = 0;
    long last = fromNanos;
    for (long at : completions) {
      gap = Math.max(gap, at - last);
      last = at;
    }
    return Duration.ofNanos(Math.max(gap, toNanos - last));
  }

  /** Writes one line per operation, for the artefacts of a failed test. */
  public void writeTo(Path file) {
    long origin = operations.isEmpty() ? 0 : operations.get(0).invokedNanos();
    try (Writer out = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
      for (Operation op : operations) {
        out.write(op.describe(origin));
        out.write('\n');
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the history to " + file, e);
    }
  }

  @Override
  public String toString() {
    return String.format(
        "%d operations on %d keys: %d acknowledged, %d refused, %d uncertain",
        size(),
        byKey().size(),
        count(Outcome.OK),
        count(Outcome.REFUSED),
        count(Outcome.UNCERTAIN));
  }
}

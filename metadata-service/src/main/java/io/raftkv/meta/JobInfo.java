package io.raftkv.meta;

import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;

/**
 * A long operation on shards, as a list of idempotent steps that any leader of the metadata group
 * can resume.
 *
 * @param id {@code j} and a number
 * @param kind what it is to achieve
 * @param shardId the shard it works on; empty if it is about a node
 * @param arguments what the steps need to know, so that another leader can take them
 * @param state how far it is
 * @param stepIndex the step being taken or to be taken next; the number of steps when all are
 * @param steps names of the steps, in order
 * @param progressPercent of the whole job, 0 to 100
 * @param error why it failed; empty if it did not
 * @param createdAtMillis when it was asked for
 * @param updatedAtMillis when this record last changed
 */
public record JobInfo(
    String id,
    JobKind kind,
    String shardId,
    NavigableMap<String, String> arguments,
    JobState state,
    int stepIndex,
    List<String> steps,
    int progressPercent,
    String error,
    long createdAtMillis,
    long updatedAtMillis) {
  private static final int MAX_STEPS = 100;
  private static final int MAX_ARGUMENTS = 100;

  public JobInfo {
    Ids.jobNumber(id);
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(error, "error");
    if (!shardId.isEmpty()) {
      Ids.shardNumber(shardId);
    }
    // Plain string order whatever the caller's map was sorted by: equal jobs have equal bytes.
    TreeMap<String, String> sorted = new TreeMap<>();
    sorted.putAll(arguments);
    arguments = Collections.unmodifiableNavigableMap(sorted);
    steps = List.copyOf(steps);
    if (steps.isEmpty() || steps.size() > MAX_STEPS || arguments.size() > MAX_ARGUMENTS) {
      throw new IllegalArgumentException(
          "job " + id + " has " + steps.size() + " steps, " + arguments.size() + " arguments");
    }
    if (stepIndex < 0 || stepIndex > steps.size()) {
      throw new IllegalArgumentException("job " + id + " is at step " + stepIndex);
    }
    if (progressPercent < 0 || progressPercent > 100) {
      throw new IllegalArgumentException("job " + id + " is at " + progressPercent + " percent");
    }
  }
}

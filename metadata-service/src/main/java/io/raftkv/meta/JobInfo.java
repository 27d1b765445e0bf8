package io.raftkv.meta;

import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A long operation on shards or on a node: a list of idempotent steps that any leader of the
 * metadata group can resume.
 *
 * @param id {@code j} and a number
 * @param plan what it is to achieve, and how
 * @param state how far it is
 * @param stepIndex the step being taken; the number of steps when all are
 * @param bytesDone what the step has moved of {@code bytesTotal}
 * @param bytesTotal what the step has to move; 0 if it moves nothing or does not know yet
 * @param note what it waits for, or why it failed or is being undone; may be empty
 * @param createdAtMillis when it was asked for
 * @param updatedAtMillis when this record last changed
 */
public record JobInfo(
    String id,
    Plan plan,
    JobState state,
    int stepIndex,
    long bytesDone,
    long bytesTotal,
    String note,
    long createdAtMillis,
    long updatedAtMillis) {
  /** The argument that names the node which a job is about: no other job is about it then. */
  public static final String NODE = "node";

  /** The argument of a move that names the node which a replica leaves. */
  public static final String FROM = "from";

  /** The argument that names the node to which replicas come. */
  public static final String TO = "to";

  /** The argument that names the job for which another one works. */
  public static final String PARENT = "for";

  /** The argument of a job that nobody asked for: which of the cluster's own ends it serves. */
  public static final String ORIGIN = "by";

  /** The origin of what makes lost or missing replicas anew. */
  public static final String REPAIR = "repair";

  /** The origin of what spreads replicas, leaderships and slots. */
  public static final String BALANCE = "balance";

  /** The argument of a job that nobody asked for which says why it was begun. */
  public static final String REASON = "reason";

  /**
   * The argument of a job that nobody asked for which names the newest job that its proposer knew:
   * it begins only if no other one has begun since.
   */
  public static final String AFTER = "after";

  private static final int MAX_STEPS = 100;
  private static final int MAX_SHARDS = 100;
  private static final int MAX_ARGUMENTS = 100;
  private static final int MAX_TEXT = 10_000;

  /**
   * What a job is to achieve; never changes but for what its steps add to the arguments.
   *
   * @param kind what
   * @param shardIds the shards it works on, which no other job may touch until it has ended; none
   *     if it is about a node, and has other jobs work on that one's shards
   * @param arguments what the steps need to know, so that another leader can take them
   * @param steps names of the steps, in order
   * @param pointOfNoReturn index of the first step from which on it is not undone any more; the
   *     number of steps if it can be undone to the end
   */
  public record Plan(
      JobKind kind,
      List<String> shardIds,
      NavigableMap<String, String> arguments,
      List<String> steps,
      int pointOfNoReturn) {
    public Plan {
      Objects.requireNonNull(kind, "kind");
      shardIds = List.copyOf(shardIds);
      shardIds.forEach(Ids::shardNumber);
      // Plain string order whatever the caller's map was sorted by: equal jobs have equal bytes.
      TreeMap<String, String> sorted = new TreeMap<>();
      sorted.putAll(arguments);
      arguments = Collections.unmodifiableNavigableMap(sorted);
      steps = List.copyOf(steps);
      if (steps.isEmpty()
          || steps.size() > MAX_STEPS
          || shardIds.size() > MAX_SHARDS
          || arguments.size() > MAX_ARGUMENTS) {
        throw new IllegalArgumentException(
            "job with %d steps, %d shards, %d arguments"
                .formatted(steps.size(), shardIds.size(), arguments.size()));
      }
      if (pointOfNoReturn < 0 || pointOfNoReturn > steps.size()) {
        throw new IllegalArgumentException("point of no return is step " + pointOfNoReturn);
      }
    }

    /** The value of an argument, if the plan has it. */
    public Optional<String> argument(String name) {
      return Optional.ofNullable(arguments.get(name));
    }

    /** The same with more arguments, or others. */
    public Plan withArguments(NavigableMap<String, String> more) {
      NavigableMap<String, String> all = new TreeMap<>(arguments);
      all.putAll(more);
      return new Plan(kind, shardIds, all, steps, pointOfNoReturn);
    }
  }

  public JobInfo {
    Ids.jobNumber(id);
    Objects.requireNonNull(plan, "plan");
    Objects.requireNonNull(state, "state");
    if (stepIndex < 0 || stepIndex > plan.steps().size()) {
      throw new IllegalArgumentException("job " + id + " is at step " + stepIndex);
    }
    if (bytesDone < 0 || bytesTotal < 0) {
      throw new IllegalArgumentException(
          "job " + id + " has moved " + bytesDone + " of " + bytesTotal + " bytes");
    }
    note = limited(note);
  }

  public JobKind kind() {
    return plan.kind();
  }

  public List<String> shardIds() {
    return plan.shardIds();
  }

  /** The value of an argument that the plan must have. */
  public String argument(String name) {
    return plan.argument(name)
        .orElseThrow(() -> new IllegalStateException("job " + id + " has no argument " + name));
  }

  /** The node that it is about, if it is. */
  public Optional<String> nodeId() {
    return plan.argument(NODE);
  }

  /** True if nobody asked for it. */
  public boolean isAutomatic() {
    return plan.argument(ORIGIN).isPresent();
  }

  /** True until it has ended if it works for another job. */
  public boolean worksFor(String jobId) {
    return !state.isFinal() && plan.argument(PARENT).filter(jobId::equals).isPresent();
  }

  /** Name of the step being taken; empty when all are. */
  public String step() {
    return stepIndex < plan.steps().size() ? plan.steps().get(stepIndex) : "";
  }

  /** True until the point of no return, while the steps are being taken. */
  public boolean canBeCancelled() {
    return state == JobState.RUNNING && stepIndex < plan.pointOfNoReturn();
  }

  /**
   * True while no other job may change the routing: shards have been told, or may have been, to
   * answer only what is routed by the next version, which this job makes when it has got there, or
   * is undone.
   */
  public boolean holdsRouting() {
    boolean waits =
        switch (plan.kind()) {
          case SPLIT -> true; // its last step routes
          case MERGE -> stepIndex < plan.pointOfNoReturn(); // the step before that routes
          default -> false;
        };
    return waits && stepIndex > 0 && !state.isFinal();
  }

  /** A note is for people; one without end must not get into the log. */
  static String limited(String text) {
    return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT);
  }
}

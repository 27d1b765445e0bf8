package io.raftkv.meta.balance;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaCommand.StartJob;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What marks a job that nobody asked for. */
final class Automatic {
  private static final int MAX_REASONS = 3;

  private Automatic() {}

  /**
   * The same job, begun by the cluster itself.
   *
   * @param state that it follows from: it does not begin if another job has begun since
   * @param origin which of the cluster's ends it serves
   */
  static StartJob job(ClusterState state, StartJob asked, String origin, String reason) {
    TreeMap<String, String> arguments =
        new TreeMap<>(
            Map.of(
                JobInfo.ORIGIN, origin, JobInfo.REASON, reason, JobInfo.AFTER, state.newestJob()));
    return new StartJob(asked.plan().withArguments(arguments), asked.edits());
  }

  /** The first of some sentences, as one. */
  static String some(List<String> reasons) {
    String more = reasons.size() > MAX_REASONS ? "; and more" : "";
    return String.join("; ", reasons.stream().limit(MAX_REASONS).toList()) + more;
  }
}

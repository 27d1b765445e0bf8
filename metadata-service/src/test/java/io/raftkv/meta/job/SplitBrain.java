package io.raftkv.meta.job;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import java.util.List;

/** What drives the jobs of a simulation: the real thing, or one with a fault to be found. */
interface SplitBrain {
  /** As in production. */
  SplitBrain REAL = new SplitBrain() {};

  default JobAction next(ClusterState state, JobInfo job, ClusterFacts facts) {
    return JobRunner.next(state, job, facts);
  }

  default List<JobAction> repairs(ClusterState state, ClusterFacts facts) {
    return JobRunner.repairs(state, facts);
  }
}

package io.raftkv.server;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaReply;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/** How commands change the cluster. Thread-safe; nothing blocks. */
public interface ClusterChanges {
  /**
   * Proposes a change to the metadata group.
   *
   * @return fails if no leader takes it in time, or if the outcome is unknown
   */
  CompletionStage<MetaReply> propose(MetaCommand command);

  /**
   * Waits for the end of a job.
   *
   * @param patience for how long at most
   * @return the job when it has ended, or as it is when patience is; null if it is not known here
   */
  CompletionStage<JobInfo> ended(String jobId, Duration patience);
}

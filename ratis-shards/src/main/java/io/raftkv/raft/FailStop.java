package io.raftkv.raft;

/**
 * What happens when a replica can no longer be trusted to be equal to the others: it stops, and
 * says so. It never skips an entry.
 */
@FunctionalInterface
public interface FailStop {
  /**
   * Called once per failed replica, on any thread.
   *
   * @param group the shard's name
   * @param what what it cannot do, and the directories to remove, with the node stopped, to have it
   *     rebuilt from the others
   */
  void replicaFailed(String group, String what, Throwable cause);
}

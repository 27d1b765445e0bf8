package io.raftkv.raft;

import java.util.List;

/**
 * What one replica knows of the leadership of its group at one instant.
 *
 * @param term its current term
 * @param ready true if it leads in that term and has applied an entry of it: only then is {@code
 *     commitIndex} a bound for reads
 * @param commitIndex the last index that it knows to be committed
 * @param voters names of the voters of the current configuration
 * @param oldVoters voters of the old configuration while it is being changed, else empty
 */
public record LeaderView(
    long term, boolean ready, long commitIndex, List<String> voters, List<String> oldVoters) {

  /** True if these nodes are a majority of the voters, and of the old ones while there are any. */
  public boolean isMajority(java.util.Set<String> nodes) {
    return isMajority(voters, nodes) && (oldVoters.isEmpty() || isMajority(oldVoters, nodes));
  }

  private static boolean isMajority(List<String> of, java.util.Set<String> nodes) {
    int count = 0;
    for (String voter : of) {
      if (nodes.contains(voter)) {
        count++;
      }
    }
    return count > of.size() / 2;
  }
}

package io.raftkv.meta.job;

import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardSpec;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Who takes part in a Raft group, by the names of their nodes.
 *
 * @param voters count towards a majority
 * @param listeners only follow
 */
public record Members(SortedSet<String> voters, SortedSet<String> listeners) {
  public Members {
    voters = Collections.unmodifiableSortedSet(new TreeSet<>(voters));
    listeners = Collections.unmodifiableSortedSet(new TreeSet<>(listeners));
  }

  /** The members that a shard is to have. */
  public static Members of(ShardSpec shard) {
    SortedSet<String> voters = new TreeSet<>();
    SortedSet<String> listeners = new TreeSet<>();
    for (Replica replica : shard.replicas()) {
      (replica.isVoter() ? voters : listeners).add(replica.nodeId());
    }
    return new Members(voters, listeners);
  }

  /** True for a voter and for a listener. */
  public boolean contains(String nodeId) {
    return voters.contains(nodeId) || listeners.contains(nodeId);
  }

  /** With this node as a voter, whatever it was. */
  public Members withVoter(String nodeId) {
    Members rest = without(nodeId);
    SortedSet<String> more = new TreeSet<>(rest.voters);
    more.add(nodeId);
    return new Members(more, rest.listeners);
  }

  /** With this node as a listener, whatever it was. */
  public Members withListener(String nodeId) {
    Members rest = without(nodeId);
    SortedSet<String> more = new TreeSet<>(rest.listeners);
    more.add(nodeId);
    return new Members(rest.voters, more);
  }

  /** Without this node. */
  public Members without(String nodeId) {
    SortedSet<String> fewerVoters = new TreeSet<>(voters);
    SortedSet<String> fewerListeners = new TreeSet<>(listeners);
    fewerVoters.remove(nodeId);
    fewerListeners.remove(nodeId);
    return new Members(fewerVoters, fewerListeners);
  }
}

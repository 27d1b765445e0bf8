package io.raftkv.meta;

import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * A cluster state in the making. Maps are shared with the state it started from until they are
 * edited, so that a change of one node does not copy ten thousand shards.
 *
 * <p>Used by one thread, once: after {@link #build} the draft is spent.
 */
final class StateDraft {
  String clusterId = "";
  ClusterStatus status = ClusterStatus.FORMING;
  long version;
  long createdAtMillis;
  long updatedAtMillis;
  NavigableMap<String, NodeInfo> nodes = new TreeMap<>(Ids.NATURAL);
  NavigableMap<String, ShardInfo> shards = new TreeMap<>(Ids.NATURAL);
  NavigableMap<String, JobInfo> jobs = new TreeMap<>(Ids.NATURAL);
  List<String> metadataVoters = List.of();
  int wantedMetadataVoters;
  RoutingTable routing = RoutingTable.EMPTY;
  StateCounters counters = StateCounters.START;
  Balancing balancing = Balancing.REPAIR;

  /** A draft of {@link ClusterState#EMPTY}. */
  StateDraft() {}

  /** A draft of the state that follows {@code base}: one version more, not older in time. */
  static StateDraft after(ClusterState base, long timeMillis) {
    StateDraft draft = new StateDraft();
    draft.clusterId = base.clusterId();
    draft.status = base.status();
    draft.version = base.version() + 1;
    draft.createdAtMillis = base.createdAtMillis();
    draft.updatedAtMillis = Math.max(base.updatedAtMillis(), timeMillis);
    draft.nodes = base.nodes();
    draft.shards = base.shards();
    draft.jobs = base.jobs();
    draft.metadataVoters = base.metadataVoters();
    draft.wantedMetadataVoters = base.wantedMetadataVoters();
    draft.routing = base.routing();
    draft.counters = base.counters();
    draft.balancing = base.balancing();
    return draft;
  }

  void put(NodeInfo node) {
    NavigableMap<String, NodeInfo> copy = new TreeMap<>(nodes);
    copy.put(node.id(), node);
    nodes = copy;
  }

  void put(ShardInfo shard) {
    NavigableMap<String, ShardInfo> copy = new TreeMap<>(shards);
    copy.put(shard.id(), shard);
    shards = copy;
  }

  void removeShard(String id) {
    NavigableMap<String, ShardInfo> copy = new TreeMap<>(shards);
    copy.remove(id);
    shards = copy;
  }

  void put(JobInfo job) {
    NavigableMap<String, JobInfo> copy = new TreeMap<>(jobs);
    copy.put(job.id(), job);
    jobs = copy;
  }

  void removeJob(String id) {
    NavigableMap<String, JobInfo> copy = new TreeMap<>(jobs);
    copy.remove(id);
    jobs = copy;
  }

  ClusterState build() {
    return new ClusterState(this);
  }
}

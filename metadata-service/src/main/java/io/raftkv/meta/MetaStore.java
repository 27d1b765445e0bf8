package io.raftkv.meta;

import io.raftkv.meta.RecordCodec.Head;
import java.util.NavigableMap;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * Keeps a {@link ClusterState} and its history in records. A change writes the head and what it
 * touched, nothing else, and always in the same order: replicas stay byte-identical.
 *
 * <p>Holds nothing but the records it was given; make one per batch. Not thread-safe.
 */
public final class MetaStore {
  private final MetaRecords records;

  public MetaStore(MetaRecords records) {
    this.records = records;
  }

  /**
   * The stored state; {@link ClusterState#EMPTY} if nothing was ever stored.
   *
   * @throws MetaFormatException if a record is missing, damaged or of a newer release
   */
  public ClusterState load() {
    byte[] headBytes = records.get(RecordCodec.HEAD);
    if (headBytes == null) {
      return ClusterState.EMPTY;
    }
    Head head = RecordCodec.head(headBytes);
    StateDraft draft = new StateDraft();
    draft.clusterId = head.clusterId();
    draft.status = head.status();
    draft.version = head.version();
    draft.createdAtMillis = head.createdAtMillis();
    draft.updatedAtMillis = head.updatedAtMillis();
    draft.metadataVoters = head.metadataVoters();
    draft.wantedMetadataVoters = head.wantedMetadataVoters();
    draft.counters = head.counters();
    byte[] balancing = records.get(RecordCodec.BALANCING);
    if (balancing != null) {
      draft.balancing = RecordCodec.balancing(balancing);
    }
    for (String id : RecordCodec.ids(required(records, RecordCodec.NODE_IDS))) {
      draft.nodes.put(id, RecordCodec.node(required(records, RecordCodec.nodeName(id))));
    }
    long lastShard = head.counters().lastShard();
    for (long number = 1; number <= lastShard; number++) {
      byte[] bytes = records.get(RecordCodec.shardName(number));
      if (bytes != null) {
        ShardInfo shard = RecordCodec.shard(bytes);
        draft.shards.put(shard.id(), shard);
      }
    }
    requireCount("shard", head.shardCount(), draft.shards.size());
    long lastJob = head.counters().lastJob();
    for (long number = head.firstJob(); number <= lastJob; number++) {
      byte[] bytes = records.get(RecordCodec.jobName(number));
      if (bytes != null) {
        JobInfo job = RecordCodec.job(bytes);
        draft.jobs.put(job.id(), job);
      }
    }
    requireCount("job", head.jobCount(), draft.jobs.size());
    try {
      draft.routing = RoutingTable.of(head.routingVersion(), draft.shards.values());
      return draft.build();
    } catch (IllegalArgumentException | IllegalStateException contradiction) {
      throw new MetaFormatException("metadata records contradict each other", contradiction);
    }
  }

  /**
   * Stores what {@code change} did to {@code before}; nothing if it did nothing.
   *
   * @param before the state that is stored now
   * @throws IllegalArgumentException if the change does not follow {@code before}
   */
  public void save(ClusterState before, MetaChange change) {
    if (!change.isChange()) {
      return;
    }
    ClusterState after = change.state();
    if (after.version() != before.version() + 1) {
      throw new IllegalArgumentException(
          "version " + after.version() + " does not follow " + before.version());
    }
    if (before.balancing() != after.balancing()) {
      records.put(RecordCodec.BALANCING, RecordCodec.encode(after.balancing()));
    }
    saveNodes(before, after);
    saveNumbered(
        before.shards(),
        after.shards(),
        shard -> Ids.shardNumber(shard.id()),
        RecordCodec::shardName,
        RecordCodec::encode);
    saveNumbered(
        before.jobs(),
        after.jobs(),
        job -> Ids.jobNumber(job.id()),
        RecordCodec::jobName,
        RecordCodec::encode);
    saveHistory(before.counters(), after, change);
    records.put(RecordCodec.HEAD, RecordCodec.encode(Head.of(after)));
  }

  private void saveNodes(ClusterState before, ClusterState after) {
    if (before.nodes() == after.nodes()) {
      return;
    }
    // Nodes never leave the state, so that removed ids stay taken.
    for (NodeInfo node : after.nodes().values()) {
      if (!node.equals(before.nodes().get(node.id()))) {
        records.put(RecordCodec.nodeName(node.id()), RecordCodec.encode(node));
      }
    }
    if (!before.nodes().keySet().equals(after.nodes().keySet())) {
      records.put(
          RecordCodec.NODE_IDS,
          RecordCodec.encodeIds(after.nodes().keySet(), after.nodes().size()));
    }
  }

  private <T> void saveNumbered(
      NavigableMap<String, T> before,
      NavigableMap<String, T> after,
      ToLongFunction<T> number,
      Function<Long, String> name,
      Function<T, byte[]> encode) {
    if (before == after) {
      return;
    }
    before.forEach(
        (id, old) -> {
          if (!after.containsKey(id)) {
            records.delete(name.apply(number.applyAsLong(old)));
          }
        });
    after.forEach(
        (id, value) -> {
          if (!value.equals(before.get(id))) {
            records.put(name.apply(number.applyAsLong(value)), encode.apply(value));
          }
        });
  }

  private void saveHistory(StateCounters before, ClusterState after, MetaChange change) {
    StateCounters counters = after.counters();
    long number = before.nextEvent();
    for (HistoryEvent event : change.events()) {
      records.put(RecordCodec.eventName(number++), RecordCodec.encode(event));
    }
    if (number != counters.nextEvent()) {
      throw new IllegalArgumentException(
          change.events().size() + " events do not lead to number " + counters.nextEvent());
    }
    for (long old = before.firstEvent(); old < counters.firstEvent(); old++) {
      records.delete(RecordCodec.eventName(old));
    }
    change
        .routing()
        .ifPresent(
            step -> records.put(RecordCodec.routingName(step.version()), RecordCodec.encode(step)));
    for (long old = before.firstRouting(); old < counters.firstRouting(); old++) {
      records.delete(RecordCodec.routingName(old));
    }
  }

  static byte[] required(MetaRecords records, String name) {
    byte[] value = records.get(name);
    if (value == null) {
      throw new MetaFormatException("metadata record " + name + " is missing");
    }
    return value;
  }

  private static void requireCount(String kind, int expected, int found) {
    if (expected != found) {
      throw new MetaFormatException(found + " " + kind + " records, there should be " + expected);
    }
  }
}

package io.raftkv.meta;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads the cluster's history from the records of one moment (a snapshot, or the batch of an entry:
 * under a plain live view a record could be trimmed in the middle of an answer).
 *
 * <p>Not thread-safe.
 */
public final class MetaHistory {
  private final MetaRecords records;
  private final StateCounters counters;
  private final long routingVersion;

  /** A view of the history as the records hold it now. */
  public MetaHistory(MetaRecords records) {
    this.records = records;
    byte[] head = records.get(RecordCodec.HEAD);
    if (head == null) {
      counters = StateCounters.START;
      routingVersion = 0;
    } else {
      RecordCodec.Head decoded = RecordCodec.head(head);
      counters = decoded.counters();
      routingVersion = decoded.routingVersion();
    }
  }

  /** The newest events, newest first. */
  public List<HistoryEvent> newest(int limit) {
    List<HistoryEvent> events = new ArrayList<>();
    long last = Math.max(counters.firstEvent(), counters.nextEvent() - limit);
    for (long number = counters.nextEvent() - 1; number >= last; number--) {
      events.add(event(number));
    }
    return events;
  }

  /**
   * Events of {@code version} and later that are still kept, oldest first; at most {@code limit}.
   */
  public List<HistoryEvent> since(long version, int limit) {
    long low = counters.firstEvent();
    long high = counters.nextEvent();
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (event(middle).version() < version) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    List<HistoryEvent> events = new ArrayList<>();
    for (long number = low; number < counters.nextEvent() && events.size() < limit; number++) {
      events.add(event(number));
    }
    return events;
  }

  /** The newest changes of the routing table, newest first. */
  public List<RoutingChange> routingChanges(int limit) {
    List<RoutingChange> changes = new ArrayList<>();
    long last = Math.max(counters.firstRouting(), routingVersion - limit + 1);
    for (long version = routingVersion; version >= last; version--) {
      changes.add(routing(version));
    }
    return changes;
  }

  private HistoryEvent event(long number) {
    return RecordCodec.event(MetaStore.required(records, RecordCodec.eventName(number)));
  }

  private RoutingChange routing(long version) {
    return RecordCodec.routing(MetaStore.required(records, RecordCodec.routingName(version)));
  }
}

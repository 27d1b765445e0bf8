package io.raftkv.storage.type;

import io.raftkv.storage.StreamId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How entries of a stream come to one consumer of a group, at one moment: new ones, those it has
 * already, and those taken over from others.
 */
public final class StreamDelivery {
  /** Pending entries that are read before they are changed. */
  private static final int CHUNK = 128;

  private final StreamType stream;
  private final StreamGroup group;
  private final StreamConsumer consumer;
  private final long nowMillis;

  /** The consumer must be one of the group, and the group one of the stream. */
  public StreamDelivery(
      StreamType stream, StreamGroup group, StreamConsumer consumer, long nowMillis) {
    this.stream = stream;
    this.group = group;
    this.consumer = consumer;
    this.nowMillis = nowMillis;
  }

  /**
   * How a claim treats the entries.
   *
   * @param minIdleMillis entries delivered more recently stay where they are
   * @param deliveredMillis the time of delivery that they get
   * @param deliveries the number of deliveries that they get; negative to count this one, if {@code
   *     counts}
   * @param counts whether this is a delivery
   * @param force whether entries that are not pending are taken, too
   */
  public record Claim(
      long minIdleMillis, long deliveredMillis, long deliveries, boolean counts, boolean force) {}

  /**
   * What a walk over the pending entries has taken.
   *
   * @param next id of the first pending entry that was not looked at; 0-0 if there is none
   * @param claimed the entries that are the consumer's now
   * @param deleted ids of entries that were pending, but deleted: they are not pending any more
   */
  public record Claimed(StreamId next, List<StreamEntry> claimed, List<StreamId> deleted) {}

  /**
   * Delivers entries that the group has not read.
   *
   * @param limit how many at most
   * @param pending whether they wait for an acknowledgement now
   */
  public List<StreamEntry> deliverNew(long limit, boolean pending) {
    StreamId after = group.lastDelivered().next();
    List<StreamEntry> entries =
        after == null ? List.of() : stream.range(after, StreamId.MAX, false, limit);
    if (entries.isEmpty()) {
      return entries;
    }
    entries.forEach(entry -> group.advanceTo(entry.id()));
    if (pending) {
      Map<StreamId, PendingEntry> known = pendingAmong(entries);
      for (StreamEntry entry : entries) {
        PendingEntry first = new PendingEntry(entry.id(), consumer.name(), nowMillis, 1);
        group.pending().replace(known.get(entry.id()), first);
      }
      consumer.active(nowMillis);
    }
    return entries;
  }

  /** After the group was set back, or entries claimed by force, new ones may be pending already. */
  private Map<StreamId, PendingEntry> pendingAmong(List<StreamEntry> entries) {
    Map<StreamId, PendingEntry> known = new TreeMap<>();
    if (group.pendingCount() > 0) {
      StreamId first = entries.get(0).id();
      StreamId last = entries.get(entries.size() - 1).id();
      group
          .pending()
          .range(first, last, StreamType.UNLIMITED, entry -> true)
          .forEach(entry -> known.put(entry.id(), entry));
    }
    return known;
  }

  /**
   * Delivers again what is pending for the consumer; deleted entries come without their fields.
   *
   * @param from the smallest id wanted
   * @param limit how many at most
   */
  public List<StreamEntry> deliverAgain(StreamId from, long limit) {
    List<StreamEntry> entries = new ArrayList<>();
    for (PendingEntry before :
        group.pending().rangeOf(consumer, from, StreamId.MAX, limit, entry -> true)) {
      StreamEntry entry = stream.get(before.id());
      if (entry == null) {
        entries.add(StreamEntry.deleted(before.id()));
      } else {
        entries.add(entry);
        group.pending().replace(before, taken(before, nowMillis, before.deliveries() + 1));
      }
    }
    return entries;
  }

  /**
   * Takes one entry over. One that was deleted is not pending any more afterwards.
   *
   * @return the entry, null if it was not taken
   */
  public StreamEntry claim(StreamId id, Claim claim) {
    PendingEntry before = group.pending().get(id);
    StreamEntry entry = stream.get(id);
    if (entry == null) {
      if (before != null) {
        group.pending().replace(before, null);
      }
      return null;
    }
    if (before == null) {
      if (!claim.force()) {
        return null;
      }
      before = new PendingEntry(id, consumer.name(), nowMillis, 1);
      group.pending().replace(null, before);
    } else if (isBusy(before, claim)) {
      return null;
    }
    take(before, claim);
    return entry;
  }

  /**
   * Takes over what has been pending for long.
   *
   * @param from the smallest id to look at
   * @param limit how many entries to take or find deleted at most
   * @param looks how many entries to look at, at most
   */
  public Claimed claimFrom(StreamId from, Claim claim, long limit, long looks) {
    List<StreamEntry> claimed = new ArrayList<>();
    List<StreamId> deleted = new ArrayList<>();
    StreamId next = from;
    long looked = 0;
    while (next != null && claimed.size() + deleted.size() < limit && looked < looks) {
      long wanted = Math.min(CHUNK, looks - looked);
      List<PendingEntry> chunk = group.pending().range(next, StreamId.MAX, wanted, entry -> true);
      if (chunk.isEmpty()) {
        return new Claimed(StreamId.MIN, claimed, deleted);
      }
      for (PendingEntry before : chunk) {
        if (claimed.size() + deleted.size() == limit) {
          break;
        }
        looked++;
        next = before.id().next();
        StreamEntry entry = stream.get(before.id());
        if (entry == null) {
          group.pending().replace(before, null);
          deleted.add(before.id());
        } else if (!isBusy(before, claim)) {
          take(before, claim);
          claimed.add(entry);
        }
      }
    }
    return new Claimed(firstPendingFrom(next), claimed, deleted);
  }

  private StreamId firstPendingFrom(StreamId from) {
    List<PendingEntry> left =
        from == null ? List.of() : group.pending().range(from, StreamId.MAX, 1, entry -> true);
    return left.isEmpty() ? StreamId.MIN : left.get(0).id();
  }

  private boolean isBusy(PendingEntry entry, Claim claim) {
    return claim.minIdleMillis() > 0 && nowMillis - entry.deliveredMillis() < claim.minIdleMillis();
  }

  private void take(PendingEntry before, Claim claim) {
    long deliveries =
        claim.deliveries() >= 0
            ? claim.deliveries()
            : before.deliveries() + (claim.counts() ? 1 : 0);
    group.pending().replace(before, taken(before, claim.deliveredMillis(), deliveries));
    consumer.active(nowMillis);
  }

  private PendingEntry taken(PendingEntry before, long deliveredMillis, long deliveries) {
    return new PendingEntry(before.id(), consumer.name(), deliveredMillis, deliveries);
  }
}

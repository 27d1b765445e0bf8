package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.Rows;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.WritableRows;
import io.raftkv.storage.row.StreamRows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The pending entries of a group. Each has a row in the order of the group and one in the order of
 * its consumer, always both; group and consumer count them.
 */
public final class StreamPending {
  /** Rows that are read before rows are written: no cursor is open over rows that change. */
  private static final int CHUNK = 512;

  /** From so many rows on, one range deletion costs readers less than single ones. */
  private static final int RANGE_DELETE = 64;

  private final StreamType stream;
  private final StreamGroup group;

  StreamPending(StreamType stream, StreamGroup group) {
    this.stream = stream;
    this.group = group;
  }

  /** The pending entry with this id, null if there is none. */
  public PendingEntry get(StreamId id) {
    byte[] value = rows().get(Family.STREAM, row(id));
    return value == null ? null : PendingEntry.decode(id, value);
  }

  /** The pending entry with the smallest id, null if there is none. */
  public PendingEntry first() {
    List<PendingEntry> found = range(StreamId.MIN, StreamId.MAX, 1, entry -> true);
    return found.isEmpty() ? null : found.get(0);
  }

  /** The smallest pending id of a group that counts any. */
  StreamId firstId() {
    PendingEntry first = first();
    if (first == null) {
      throw new CorruptStoreException("stream group with fewer rows than pending entries");
    }
    return first.id();
  }

  /** The pending entry with the greatest id, null if there is none. */
  public PendingEntry last() {
    try (RowCursor cursor =
        rows().descending(Family.STREAM, row(group.firstPending().id()), rowBehind(StreamId.MAX))) {
      return cursor.next() ? decode(cursor) : null;
    }
  }

  /**
   * Pending entries from one id to another, both included.
   *
   * @param limit how many to return at most
   * @param wanted which ones to return
   */
  public List<PendingEntry> range(
      StreamId from, StreamId to, long limit, Predicate<PendingEntry> wanted) {
    List<PendingEntry> found = new ArrayList<>();
    StreamId begin = group.firstPending().orLater(from);
    if (begin.isAfter(to)) {
      return found;
    }
    try (RowCursor cursor = rows().ascending(Family.STREAM, row(begin), rowBehind(to))) {
      while (found.size() < limit && cursor.next()) {
        PendingEntry entry = decode(cursor);
        if (wanted.test(entry)) {
          found.add(entry);
        }
      }
    }
    return found;
  }

  /** As {@link #range}, of one consumer, without a look at what is pending for others. */
  public List<PendingEntry> rangeOf(
      StreamConsumer consumer,
      StreamId from,
      StreamId to,
      long limit,
      Predicate<PendingEntry> wanted) {
    List<PendingEntry> found = new ArrayList<>();
    try (RowCursor cursor = cursorOf(consumer, from)) {
      while (found.size() < limit && cursor.next()) {
        StreamId id = StreamRows.pendingOfConsumerOf(cursor.key());
        if (id.isAfter(to)) {
          break;
        }
        PendingEntry entry = required(id);
        if (wanted.test(entry)) {
          found.add(entry);
        }
      }
    }
    return found;
  }

  /** Ends the waiting for these entries; returns how many were pending. */
  public long acknowledge(List<StreamId> ids) {
    long acknowledged = 0;
    for (StreamId id : ids) {
      PendingEntry entry = get(id);
      if (entry != null) {
        replace(entry, null);
        acknowledged++;
      }
    }
    return acknowledged;
  }

  /**
   * Deletes all rows of what is pending for a consumer, which has to be deleted, too.
   *
   * @return how many entries that were
   */
  long dropAllOf(StreamConsumer consumer) {
    WritableRows out = stream.key().writableRows();
    boolean asRange = consumer.pending() >= RANGE_DELETE;
    long dropped = 0;
    List<StreamId> chunk;
    StreamId from = StreamId.MIN;
    do {
      chunk = idsOf(consumer, from, CHUNK);
      for (StreamId id : chunk) {
        out.delete(Family.STREAM, row(id));
        group.removePending(id);
        if (!asRange) {
          out.delete(Family.STREAM, rowOf(consumer, id));
        }
        from = id.next();
      }
      dropped += chunk.size();
    } while (chunk.size() == CHUNK && from != null);
    if (dropped != consumer.pending()) {
      throw new CorruptStoreException("stream consumer with more or fewer pending than it says");
    }
    if (asRange) {
      out.deleteRange(Family.STREAM, rowOf(consumer, StreamId.MIN), rowBehindAllOf(consumer));
    }
    return dropped;
  }

  /** The smallest id pending for a consumer for which something is. */
  StreamId firstOf(StreamConsumer consumer) {
    List<StreamId> ids = idsOf(consumer, StreamId.MIN, 1);
    if (ids.isEmpty()) {
      throw new CorruptStoreException("stream consumer with fewer rows than pending entries");
    }
    return ids.get(0);
  }

  private List<StreamId> idsOf(StreamConsumer consumer, StreamId from, long limit) {
    List<StreamId> ids = new ArrayList<>();
    try (RowCursor cursor = cursorOf(consumer, from)) {
      while (ids.size() < limit && cursor.next()) {
        ids.add(StreamRows.pendingOfConsumerOf(cursor.key()));
      }
    }
    return ids;
  }

  /**
   * Changes one pending entry.
   *
   * @param before what is stored, null if the entry is not pending
   * @param after what is to be stored, null if it shall not be pending any more
   */
  void replace(PendingEntry before, PendingEntry after) {
    WritableRows out = stream.key().writableRows();
    boolean sameOwner =
        before != null && after != null && Arrays.equals(before.consumer(), after.consumer());
    if (before != null && !sameOwner) {
      StreamConsumer owner = ownerOf(before);
      out.delete(Family.STREAM, rowOf(owner, before.id()));
      owner.removePending(before.id());
    }
    if (after == null) {
      out.delete(Family.STREAM, row(before.id()));
      group.removePending(before.id());
      return;
    }
    out.put(Family.STREAM, row(after.id()), after.encode());
    if (!sameOwner) {
      StreamConsumer owner = ownerOf(after);
      out.put(Family.STREAM, rowOf(owner, after.id()), new byte[0]);
      owner.addPending(after.id());
    }
    if (before == null) {
      group.addPending(after.id());
    }
  }

  /** Writes the rows of entries that are pending for some of these consumers. */
  void write(List<PendingEntry> entries, List<StreamConsumer> consumers) {
    TreeMap<byte[], StreamConsumer> owners = new TreeMap<>(Arrays::compareUnsigned);
    consumers.forEach(consumer -> owners.put(consumer.name(), consumer));
    WritableRows out = stream.key().writableRows();
    for (PendingEntry entry : entries) {
      StreamConsumer owner = owners.get(entry.consumer());
      if (owner == null) {
        throw pendingForNobody(entry);
      }
      out.put(Family.STREAM, row(entry.id()), entry.encode());
      out.put(Family.STREAM, rowOf(owner, entry.id()), new byte[0]);
    }
  }

  private StreamConsumer ownerOf(PendingEntry entry) {
    StreamConsumer owner = group.consumer(entry.consumer());
    if (owner == null) {
      throw pendingForNobody(entry);
    }
    return owner;
  }

  private static CorruptStoreException pendingForNobody(PendingEntry entry) {
    return new CorruptStoreException("entry " + entry.id() + " is pending for nobody");
  }

  private PendingEntry required(StreamId id) {
    PendingEntry entry = get(id);
    if (entry == null) {
      throw new CorruptStoreException("entry " + id + " is pending for a consumer only");
    }
    return entry;
  }

  private static PendingEntry decode(RowCursor cursor) {
    return PendingEntry.decode(StreamRows.pendingOf(cursor.key()), cursor.value());
  }

  private Rows rows() {
    return stream.key().rows();
  }

  private RowCursor cursorOf(StreamConsumer consumer, StreamId from) {
    StreamId begin = consumer.firstPending().orLater(from);
    return rows().ascending(Family.STREAM, rowOf(consumer, begin), rowBehindAllOf(consumer));
  }

  private byte[] rowBehindAllOf(StreamConsumer consumer) {
    return StreamRows.pendingOfConsumerTo(slot(), id(), group.number(), consumer.number());
  }

  private byte[] row(StreamId entry) {
    return StreamRows.pending(slot(), id(), group.number(), entry);
  }

  private byte[] rowBehind(StreamId entry) {
    StreamId next = entry.next();
    return next == null ? StreamRows.pendingTo(slot(), id(), group.number()) : row(next);
  }

  private byte[] rowOf(StreamConsumer consumer, StreamId entry) {
    return StreamRows.pendingOfConsumer(slot(), id(), group.number(), consumer.number(), entry);
  }

  private int slot() {
    return stream.key().slot();
  }

  private long id() {
    return stream.head().rowsId;
  }
}

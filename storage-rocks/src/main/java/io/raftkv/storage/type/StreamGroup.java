package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.WritableRows;
import io.raftkv.storage.row.StreamRows;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * A consumer group: how far it has read, and who its consumers are. What is pending is the business
 * of {@link #pending}, how entries come to consumers that of {@link StreamDelivery}. Changes are
 * written when the stream is {@link StreamType#save saved}.
 *
 * <p>Of what is pending for long, few entries among many that are acknowledged, the rows get lost
 * among deleted ones. When these are four times as many, all that belongs to the group is written
 * again, under a new number. Not thread-safe; lives for one command.
 */
public final class StreamGroup {
  /** Stands for a number of entries that cannot be told. */
  public static final long UNKNOWN = StreamHead.UNKNOWN;

  /** Without the first pending entry, as store formats up to 3 had it. */
  private static final byte COUNTED = 1;

  /** Without the number of deleted rows, as store format 4 had it. */
  private static final byte BEGINNING = 2;

  private static final byte FORMAT = 3;
  private static final int COUNTED_BYTES = 1 + 6 * Long.BYTES;
  private static final int BEGINNING_BYTES = COUNTED_BYTES + FirstPending.BYTES;
  private static final int BYTES = BEGINNING_BYTES + Long.BYTES;

  private final StreamType stream;
  private final byte[] name;
  private long number;
  private final TreeMap<byte[], StreamConsumer> opened = new TreeMap<>(Arrays::compareUnsigned);
  private final StreamPending pending;
  private StreamId last;
  private long entriesRead;
  private long consumerCount;
  private long pendingCount;
  private FirstPending firstPending = FirstPending.ofNone();

  /** Rows deleted behind the first pending one, of the group or a consumer, under this number. */
  private long removedRows;

  private boolean changed;

  private StreamGroup(StreamType stream, byte[] name, long number) {
    this.stream = stream;
    this.name = name;
    this.number = number;
    this.pending = new StreamPending(stream, this);
  }

  static StreamGroup create(
      StreamType stream, byte[] name, long number, StreamId last, long entriesRead) {
    StreamGroup group = new StreamGroup(stream, name, number);
    group.moveTo(last, entriesRead);
    return group;
  }

  /** A group with its consumers and what is pending for them, all of it new. */
  static StreamGroup create(StreamType stream, long number, StreamImage.Group image) {
    StreamGroup group =
        create(stream, image.name(), number, image.lastDelivered(), image.entriesRead());
    for (StreamImage.Consumer consumer : image.consumers()) {
      if (group.opened.put(consumer.name(), group.newConsumer(consumer)) != null) {
        throw new IllegalArgumentException("two consumers of one name");
      }
    }
    StreamId before = null;
    for (PendingEntry entry : image.pending()) {
      if (before != null && !entry.id().isAfter(before)) {
        throw new IllegalArgumentException("pending entries that do not ascend");
      }
      if (!group.opened.containsKey(entry.consumer())) {
        throw new IllegalArgumentException("an entry that is pending for nobody");
      }
      group.pending.replace(null, entry);
      before = entry.id();
    }
    return group;
  }

  private StreamConsumer newConsumer(StreamImage.Consumer image) {
    StreamConsumer consumer =
        StreamConsumer.create(image.name(), stream.head().nextNumber(), image.seenMillis());
    consumer.active(image.activeMillis());
    consumerCount++;
    return consumer;
  }

  /** The group as it is stored, as a value. O(pending entries), all of which it holds. */
  public StreamImage.Group image() {
    List<StreamImage.Consumer> consumers = new ArrayList<>();
    for (StreamConsumer consumer : consumers()) {
      consumers.add(
          new StreamImage.Consumer(
              consumer.name(), consumer.seenMillis(), consumer.activeMillis()));
    }
    List<PendingEntry> all =
        pending.range(StreamId.MIN, StreamId.MAX, StreamType.UNLIMITED, entry -> true);
    return new StreamImage.Group(name, last, entriesRead, consumers, all);
  }

  /**
   * Value of the row: {@code format:1 number:8 last:16 entriesRead:8 consumers:8 pending:8 exact:1
   * first:16 removed:8}; {@code entriesRead} is all ones if it is not known.
   */
  private byte[] encode() {
    ByteBuffer row =
        ByteBuffer.allocate(BYTES)
            .put(FORMAT)
            .putLong(number)
            .putLong(last.millis())
            .putLong(last.sequence())
            .putLong(entriesRead)
            .putLong(consumerCount)
            .putLong(pendingCount);
    firstPending.encode(row);
    return row.putLong(removedRows).array();
  }

  /** Inverse of {@link #encode}. */
  static StreamGroup decode(StreamType stream, byte[] name, byte[] value) {
    int bytes =
        switch (value.length == 0 ? 0 : value[0]) {
          case COUNTED -> COUNTED_BYTES;
          case BEGINNING -> BEGINNING_BYTES;
          case FORMAT -> BYTES;
          default -> 0;
        };
    if (bytes == 0 || value.length != bytes) {
      throw new CorruptStoreException("stream group of " + value.length + " bytes");
    }
    ByteBuffer in = ByteBuffer.wrap(value, 1, value.length - 1);
    StreamGroup group = new StreamGroup(stream, name, in.getLong());
    group.last = new StreamId(in.getLong(), in.getLong());
    group.entriesRead = in.getLong();
    group.consumerCount = in.getLong();
    group.pendingCount = in.getLong();
    group.firstPending = bytes == COUNTED_BYTES ? FirstPending.unknown() : FirstPending.decode(in);
    group.removedRows = in.hasRemaining() ? in.getLong() : 0;
    if (group.consumerCount < 0 || group.pendingCount < 0) {
      throw new CorruptStoreException(
          "stream group with %d consumers and %d pending entries"
              .formatted(group.consumerCount, group.pendingCount));
    }
    return group;
  }

  public byte[] name() {
    return name;
  }

  /** Id of the entry that was delivered last. */
  public StreamId lastDelivered() {
    return last;
  }

  /** How many entries of the stream the group has read, or {@link #UNKNOWN}. */
  public long entriesRead() {
    return entriesRead;
  }

  public long consumerCount() {
    return consumerCount;
  }

  public long pendingCount() {
    return pendingCount;
  }

  /** What was delivered and not acknowledged. */
  public StreamPending pending() {
    return pending;
  }

  /**
   * How many entries of the stream the group has not read yet, empty if that is not known. May be
   * negative where a client has set the numbers that it comes from.
   */
  public OptionalLong lag() {
    StreamHead head = stream.head();
    if (head.added == 0) {
      return OptionalLong.of(0);
    }
    boolean counted = entriesRead != UNKNOWN && !head.mayHaveGapFrom(last);
    long read = counted ? entriesRead : head.addedUpTo(last);
    return read == UNKNOWN ? OptionalLong.empty() : OptionalLong.of(head.added - read);
  }

  /** Makes the group go on after this id; {@code read} entries are up to it, if not negative. */
  public void moveTo(StreamId id, long read) {
    last = id;
    entriesRead = read < 0 ? UNKNOWN : read;
    changed = true;
  }

  /** Notes that an entry behind the last one was delivered. */
  void advanceTo(StreamId id) {
    StreamHead head = stream.head();
    if (entriesRead != UNKNOWN && !head.mayHaveGapFrom(id)) {
      moveTo(id, entriesRead + 1);
    } else {
      moveTo(id, head.addedUpTo(id));
    }
  }

  /** The consumer of this name, null if there is none. */
  public StreamConsumer consumer(byte[] consumerName) {
    StreamConsumer consumer = opened.get(consumerName);
    if (consumer == null) {
      byte[] value = key().rows().get(Family.STREAM, consumerRow(consumerName));
      if (value == null) {
        return null;
      }
      consumer = StreamConsumer.decode(consumerName, value);
      opened.put(consumerName, consumer);
    }
    return consumer;
  }

  /** Makes a consumer; returns false if there is one of this name. */
  public boolean createConsumer(byte[] consumerName, long nowMillis) {
    if (consumer(consumerName) != null) {
      return false;
    }
    long consumerNumber = stream.head().nextNumber();
    opened.put(consumerName, StreamConsumer.create(consumerName, consumerNumber, nowMillis));
    consumerCount++;
    changed = true;
    return true;
  }

  /** The consumer that asks for entries now; it is made if need be. */
  public StreamConsumer askedBy(byte[] consumerName, long nowMillis) {
    createConsumer(consumerName, nowMillis);
    StreamConsumer consumer = consumer(consumerName);
    consumer.seen(nowMillis);
    return consumer;
  }

  /** The consumers by name. Nothing of them may have changed unsaved. */
  public List<StreamConsumer> consumers() {
    List<StreamConsumer> consumers = new ArrayList<>();
    int slot = key().slot();
    long id = stream.head().rowsId;
    try (RowCursor cursor =
        key()
            .rows()
            .ascending(
                Family.STREAM,
                StreamRows.consumersFrom(slot, id, number),
                StreamRows.consumersTo(slot, id, number))) {
      while (cursor.next()) {
        byte[] consumerName = StreamRows.consumerNameOf(cursor.key());
        consumers.add(StreamConsumer.decode(consumerName, cursor.value()));
      }
    }
    return consumers;
  }

  /**
   * Deletes a consumer with all that is pending for it, in O(entries pending for it).
   *
   * @return how many entries were pending for it, or {@link #UNKNOWN} if there is no such consumer
   */
  public long deleteConsumer(byte[] consumerName) {
    StreamConsumer consumer = consumer(consumerName);
    if (consumer == null) {
      return UNKNOWN;
    }
    long dropped = pending.dropAllOf(consumer);
    key().writableRows().delete(Family.STREAM, consumerRow(consumerName));
    opened.remove(consumerName);
    consumerCount--;
    changed = true;
    return dropped;
  }

  long number() {
    return number;
  }

  FirstPending firstPending() {
    return firstPending;
  }

  /** Takes account of an entry that is pending now. */
  void addPending(StreamId entry) {
    firstPending.added(entry);
    pendingCount++;
    changed = true;
  }

  /** Takes account of an entry that is not pending any more. */
  void removePending(StreamId entry) {
    firstPending.removed(entry);
    pendingCount--;
    changed = true;
    if (pendingCount < 0) {
      throw new CorruptStoreException("stream group with fewer pending entries than rows");
    }
  }

  void save() {
    WritableRows out = key().writableRows();
    for (StreamConsumer consumer : opened.values()) {
      if (consumer.isChanged()) {
        long removed =
            consumer.firstPending().settle(consumer.pending(), () -> pending.firstOf(consumer));
        removedRows += removed;
        changed |= removed > 0;
        out.put(Family.STREAM, consumerRow(consumer.name()), consumer.encode());
        consumer.saved();
      }
    }
    if (changed) {
      removedRows += firstPending.settle(pendingCount, pending::firstId);
      if (RowMove.isDue(2 * pendingCount + consumerCount, removedRows)) {
        moveRows();
      }
      out.put(Family.STREAM, stream.groupRow(name), encode());
      changed = false;
    }
  }

  /** Writes all that belongs to the group, which is saved but for itself, under a new number. */
  private void moveRows() {
    List<StreamConsumer> consumers = consumers();
    List<PendingEntry> entries =
        pending.range(StreamId.MIN, StreamId.MAX, StreamType.UNLIMITED, entry -> true);
    long bytes = 0;
    for (StreamConsumer consumer : consumers) {
      bytes += StreamRows.CONSUMER_BYTES + StreamConsumer.BYTES + consumer.name().length;
    }
    for (PendingEntry entry : entries) {
      bytes += 2L * StreamRows.PENDING_BYTES + entry.consumer().length;
    }
    boolean few = bytes <= RowMove.mostBytes(removedRows);
    removedRows = 0;
    if (few) {
      int slot = key().slot();
      long id = stream.head().rowsId;
      WritableRows out = key().writableRows();
      out.deleteRange(
          Family.STREAM,
          StreamRows.ofGroupFrom(slot, id, number),
          StreamRows.ofGroupTo(slot, id, number));
      number = stream.head().nextNumber();
      for (StreamConsumer consumer : consumers) {
        out.put(Family.STREAM, consumerRow(consumer.name()), consumer.encode());
      }
      pending.write(entries, consumers);
    }
  }

  private KeyHandle key() {
    return stream.key();
  }

  private byte[] consumerRow(byte[] consumerName) {
    return StreamRows.consumer(key().slot(), stream.head().rowsId, number, consumerName);
  }
}

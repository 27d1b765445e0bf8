package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.StreamId;
import java.nio.ByteBuffer;

/**
 * A consumer of a group. Changes are written when its stream is saved. Not thread-safe; lives for
 * one command.
 */
public final class StreamConsumer {
  /** Stands for "never" where a time is expected. */
  public static final long NEVER = -1;

  /** Without the first pending entry, as store formats up to 3 had it. */
  private static final byte COUNTED = 1;

  private static final byte FORMAT = 2;
  private static final int COUNTED_BYTES = 1 + 4 * Long.BYTES;

  /** Length of the row's value. */
  static final int BYTES = COUNTED_BYTES + FirstPending.BYTES;

  private final byte[] name;
  private final long number;
  private long seenMillis;
  private long activeMillis;
  private long pending;
  private final FirstPending firstPending;
  private boolean changed;

  private StreamConsumer(
      byte[] name,
      long number,
      long seenMillis,
      long activeMillis,
      long pending,
      FirstPending firstPending) {
    this.name = name;
    this.number = number;
    this.seenMillis = seenMillis;
    this.activeMillis = activeMillis;
    this.pending = pending;
    this.firstPending = firstPending;
  }

  static StreamConsumer create(byte[] name, long number, long nowMillis) {
    StreamConsumer consumer =
        new StreamConsumer(name, number, nowMillis, NEVER, 0, FirstPending.ofNone());
    consumer.changed = true;
    return consumer;
  }

  /** Value of the row: {@code format:1 number:8 seen:8 active:8 pending:8 exact:1 first:16}. */
  byte[] encode() {
    ByteBuffer row =
        ByteBuffer.allocate(BYTES)
            .put(FORMAT)
            .putLong(number)
            .putLong(seenMillis)
            .putLong(activeMillis)
            .putLong(pending);
    firstPending.encode(row);
    return row.array();
  }

  /** Inverse of {@link #encode}. */
  static StreamConsumer decode(byte[] name, byte[] value) {
    boolean counted = value.length == COUNTED_BYTES && value[0] == COUNTED;
    if (!counted && (value.length != BYTES || value[0] != FORMAT)) {
      throw new CorruptStoreException("stream consumer of " + value.length + " bytes");
    }
    ByteBuffer in = ByteBuffer.wrap(value, 1, value.length - 1);
    StreamConsumer consumer =
        new StreamConsumer(
            name,
            in.getLong(),
            in.getLong(),
            in.getLong(),
            in.getLong(),
            counted ? FirstPending.unknown() : FirstPending.decode(in));
    if (consumer.pending < 0) {
      throw new CorruptStoreException("stream consumer with " + consumer.pending + " pending");
    }
    return consumer;
  }

  public byte[] name() {
    return name;
  }

  /** When it last asked for entries, in milliseconds since the epoch. */
  public long seenMillis() {
    return seenMillis;
  }

  /** When it last got entries, in milliseconds since the epoch, or {@link #NEVER}. */
  public long activeMillis() {
    return activeMillis;
  }

  /** How many entries are pending for it. */
  public long pending() {
    return pending;
  }

  long number() {
    return number;
  }

  void seen(long nowMillis) {
    seenMillis = nowMillis;
    changed = true;
  }

  void active(long nowMillis) {
    activeMillis = nowMillis;
    changed = true;
  }

  FirstPending firstPending() {
    return firstPending;
  }

  /** Takes account of an entry that is pending for it now. */
  void addPending(StreamId entry) {
    firstPending.added(entry);
    pending++;
    changed = true;
  }

  /** Takes account of an entry that is not pending for it any more. */
  void removePending(StreamId entry) {
    firstPending.removed(entry);
    pending--;
    changed = true;
    if (pending < 0) {
      throw new CorruptStoreException("stream consumer with fewer pending entries than rows");
    }
  }

  boolean isChanged() {
    return changed;
  }

  void saved() {
    changed = false;
  }
}

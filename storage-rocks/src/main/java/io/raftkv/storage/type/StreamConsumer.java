package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import java.nio.ByteBuffer;

/**
 * A consumer of a group. Changes are written when its stream is saved. Not thread-safe; lives for
 * one command.
 */
public final class StreamConsumer {
  /** Stands for "never" where a time is expected. */
  public static final long NEVER = -1;

  private static final byte FORMAT = 1;
  private static final int BYTES = 1 + 4 * Long.BYTES;

  private final byte[] name;
  private final long number;
  private long seenMillis;
  private long activeMillis;
  private long pending;
  private boolean changed;

  private StreamConsumer(
      byte[] name, long number, long seenMillis, long activeMillis, long pending) {
    this.name = name;
    this.number = number;
    this.seenMillis = seenMillis;
    this.activeMillis = activeMillis;
    this.pending = pending;
  }

  static StreamConsumer create(byte[] name, long number, long nowMillis) {
    StreamConsumer consumer = new StreamConsumer(name, number, nowMillis, NEVER, 0);
    consumer.changed = true;
    return consumer;
  }

  /** Value of the row: {@code format:1 number:8 seen:8 active:8 pending:8}. */
  byte[] encode() {
    return ByteBuffer.allocate(BYTES)
        .put(FORMAT)
        .putLong(number)
        .putLong(seenMillis)
        .putLong(activeMillis)
        .putLong(pending)
        .array();
  }

  /** Inverse of {@link #encode}. */
  static StreamConsumer decode(byte[] name, byte[] value) {
    if (value.length != BYTES || value[0] != FORMAT) {
      throw new CorruptStoreException("stream consumer of " + value.length + " bytes");
    }
    ByteBuffer in = ByteBuffer.wrap(value, 1, BYTES - 1);
    StreamConsumer consumer =
        new StreamConsumer(name, in.getLong(), in.getLong(), in.getLong(), in.getLong());
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

  void addPending(int delta) {
    pending += delta;
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

package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.StreamId;
import java.nio.ByteBuffer;

/**
 * An entry that was delivered to a consumer and not acknowledged yet.
 *
 * @param id the entry's id; the entry itself may be deleted
 * @param consumer name of the consumer that has it
 * @param deliveredMillis when it was delivered last, in milliseconds since the epoch
 * @param deliveries how often it was delivered
 */
public record PendingEntry(StreamId id, byte[] consumer, long deliveredMillis, long deliveries) {
  private static final byte FORMAT = 1;
  private static final int HEADER_BYTES = 1 + 2 * Long.BYTES;

  /** How long ago it was delivered, in milliseconds; not negative. */
  public long idleMillis(long nowMillis) {
    return Math.max(0, nowMillis - deliveredMillis);
  }

  /** Value of the row: {@code format:1 delivered:8 deliveries:8 consumer}. */
  byte[] encode() {
    return ByteBuffer.allocate(HEADER_BYTES + consumer.length)
        .put(FORMAT)
        .putLong(deliveredMillis)
        .putLong(deliveries)
        .put(consumer)
        .array();
  }

  /** Inverse of {@link #encode}. */
  static PendingEntry decode(StreamId id, byte[] value) {
    if (value.length < HEADER_BYTES || value[0] != FORMAT) {
      throw new CorruptStoreException("pending entry of " + value.length + " bytes");
    }
    ByteBuffer in = ByteBuffer.wrap(value, 1, value.length - 1);
    long deliveredMillis = in.getLong();
    long deliveries = in.getLong();
    byte[] consumer = new byte[in.remaining()];
    in.get(consumer);
    return new PendingEntry(id, consumer, deliveredMillis, deliveries);
  }
}

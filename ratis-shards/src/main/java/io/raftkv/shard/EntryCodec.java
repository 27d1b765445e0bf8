package io.raftkv.shard;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * The bytes of a log entry of a shard.
 *
 * <pre>
 *   format:1  routingVersion:8  time:8  seed:8  limit:8  then per batch:  proposer:8  sequence:8  length:4  payload
 * </pre>
 *
 * Time, seed and limit enter here, on the leader, and are data from then on. Format 1 had no limit.
 */
public final class EntryCodec {
  /** Bytes of an entry before its first batch. */
  public static final int HEADER_BYTES = 1 + 4 * Long.BYTES;

  /** Bytes that each batch adds to its payload. */
  public static final int BATCH_BYTES = 2 * Long.BYTES + Integer.BYTES;

  private static final byte FORMAT = 2;
  private static final byte FORMAT_WITHOUT_LIMIT = 1;

  private EntryCodec() {}

  /**
   * What precedes the batches.
   *
   * @param limitBytes what the entry may change and answer in all when it is applied, see {@link
   *     io.raftkv.storage.StoreBatch#limit}
   */
  public record Header(long routingVersion, long timeMillis, long seed, long limitBytes) {}

  /** Visits the batches of an entry in order. */
  @FunctionalInterface
  public interface BatchVisitor {
    void batch(long proposer, long sequence, ByteBuffer payload);
  }

  public static byte[] encode(Header header, List<ProposedBatch> batches) {
    int size = HEADER_BYTES;
    for (ProposedBatch batch : batches) {
      size += BATCH_BYTES + batch.payload().length;
    }
    ByteBuffer out = ByteBuffer.allocate(size);
    out.put(FORMAT)
        .putLong(header.routingVersion())
        .putLong(header.timeMillis())
        .putLong(header.seed())
        .putLong(header.limitBytes());
    for (ProposedBatch batch : batches) {
      out.putLong(batch.proposer())
          .putLong(batch.sequence())
          .putInt(batch.payload().length)
          .put(batch.payload());
    }
    return out.array();
  }

  /**
   * Reads the header and leaves {@code entry} before the first batch.
   *
   * @throws IllegalArgumentException if it is cut off or of an unknown format
   */
  public static Header decodeHeader(ByteBuffer entry) {
    requireLeft(entry, 1, "format");
    byte format = entry.get();
    if (format != FORMAT && format != FORMAT_WITHOUT_LIMIT) {
      throw new IllegalArgumentException(
          "log entry of format " + format + "; this version knows up to " + FORMAT);
    }
    boolean limited = format == FORMAT;
    requireLeft(entry, HEADER_BYTES - 1 - (limited ? 0 : Long.BYTES), "header");
    return new Header(
        entry.getLong(),
        entry.getLong(),
        entry.getLong(),
        limited ? entry.getLong() : Long.MAX_VALUE);
  }

  /**
   * Reads the batches that follow the header.
   *
   * @throws IllegalArgumentException if the last one is cut off
   */
  public static void decodeBatches(ByteBuffer entry, BatchVisitor visitor) {
    while (entry.hasRemaining()) {
      requireLeft(entry, BATCH_BYTES, "head of a batch");
      long proposer = entry.getLong();
      long sequence = entry.getLong();
      int length = entry.getInt();
      if (length < 0 || length > entry.remaining()) {
        throw new IllegalArgumentException(
            "batch of " + length + " bytes in an entry with " + entry.remaining() + " left");
      }
      ByteBuffer payload = entry.slice(entry.position(), length);
      entry.position(entry.position() + length);
      visitor.batch(proposer, sequence, payload);
    }
  }

  private static void requireLeft(ByteBuffer entry, int bytes, String what) {
    if (entry.remaining() < bytes) {
      throw new IllegalArgumentException(
          what + " of " + bytes + " bytes in an entry with " + entry.remaining() + " left");
    }
  }
}

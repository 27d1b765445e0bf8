package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.row.MetaRow;
import java.nio.ByteBuffer;

/**
 * What a stream's metadata record says.
 *
 * <pre>
 *   id:8  length:8  last:16  first:16  maxDeleted:16  added:8  groups:8  numbers:8  removed:8
 *       exact:1  lastEntry:16
 * </pre>
 *
 * {@code numbers} counts the numbers given to groups and consumers, {@code removed} the entries
 * deleted behind the first one since the rows have their id. Where no entry is, {@code first} is
 * 0-0. What stands behind {@code numbers} is missing in records of store formats up to 4. Not
 * thread-safe; lives for one command.
 */
final class StreamHead {
  /** Stands for a number of entries that cannot be told. */
  static final long UNKNOWN = -1;

  private static final int WITHOUT_REMOVED_BYTES = 11 * Long.BYTES;
  private static final int PAYLOAD_BYTES = WITHOUT_REMOVED_BYTES + Long.BYTES + LastEntry.BYTES;

  long rowsId;
  long length;
  StreamId last = StreamId.MIN;
  StreamId first = StreamId.MIN;
  StreamId maxDeleted = StreamId.MIN;
  long added;
  long groups;
  private long numbers;
  long removed;
  LastEntry lastEntry = LastEntry.ofNone();

  /** The head of a new stream. */
  StreamHead(long rowsId) {
    this.rowsId = rowsId;
  }

  /** Inverse of {@link #encode}. */
  static StreamHead decode(MetaRow meta) {
    StreamHead head = new StreamHead(meta.rowsId());
    byte[] payload = meta.payload();
    if (payload.length != PAYLOAD_BYTES && payload.length != WITHOUT_REMOVED_BYTES) {
      throw new CorruptStoreException("stream record with " + payload.length + " bytes");
    }
    ByteBuffer in = ByteBuffer.wrap(payload, Long.BYTES, payload.length - Long.BYTES);
    head.length = in.getLong();
    head.last = new StreamId(in.getLong(), in.getLong());
    head.first = new StreamId(in.getLong(), in.getLong());
    head.maxDeleted = new StreamId(in.getLong(), in.getLong());
    head.added = in.getLong();
    head.groups = in.getLong();
    head.numbers = in.getLong();
    boolean known = in.hasRemaining();
    head.removed = known ? in.getLong() : 0;
    head.lastEntry = known ? LastEntry.decode(in) : LastEntry.notBehind(head.last);
    if (head.length < 0
        || (head.length == 0) != head.first.equals(StreamId.MIN)
        || head.first.isAfter(head.last)
        || head.groups < 0
        || head.numbers < head.groups) {
      throw new CorruptStoreException(
          "stream record with %d entries from %s to %s and %d of %d groups"
              .formatted(head.length, head.first, head.last, head.groups, head.numbers));
    }
    return head;
  }

  /** Payload for the metadata record. */
  byte[] encode() {
    ByteBuffer out =
        ByteBuffer.allocate(PAYLOAD_BYTES)
            .putLong(rowsId)
            .putLong(length)
            .putLong(last.millis())
            .putLong(last.sequence())
            .putLong(first.millis())
            .putLong(first.sequence())
            .putLong(maxDeleted.millis())
            .putLong(maxDeleted.sequence())
            .putLong(added)
            .putLong(groups)
            .putLong(numbers)
            .putLong(removed);
    lastEntry.encode(out);
    return out.array();
  }

  /** A number that no group or consumer of this stream had before. */
  long nextNumber() {
    return ++numbers;
  }

  /** True if an entry at or behind {@code id} may have been deleted by its id. */
  boolean mayHaveGapFrom(StreamId id) {
    return length > 0
        && !maxDeleted.equals(StreamId.MIN)
        && !first.isAfter(maxDeleted)
        && !id.isAfter(maxDeleted);
  }

  /**
   * How many entries were ever added up to and with {@code id}, or {@link #UNKNOWN}: it can be told
   * for both ends of a stream from whose middle nothing was deleted.
   */
  long addedUpTo(StreamId id) {
    if (added == 0) {
      return 0;
    }
    int order = id.compareTo(last);
    if (order == 0 || (order < 0 && length == 0)) {
      return added;
    }
    if (order > 0) {
      return UNKNOWN;
    }
    if (maxDeleted.equals(StreamId.MIN) || maxDeleted.isBefore(first)) {
      if (id.isBefore(first)) {
        return added - length;
      }
      if (id.equals(first)) {
        return added - length + 1;
      }
    }
    return UNKNOWN;
  }
}

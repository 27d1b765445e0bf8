package io.raftkv.storage.row;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.StreamId;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Layout of the row keys of a stream, all in the family {@code stream}.
 *
 * <pre>
 *   slot:2  id:8  01  entry:16                            entry
 *   slot:2  id:8  02  name                                consumer group
 *   slot:2  id:8  03  group:8  01  name                   consumer
 *   slot:2  id:8  03  group:8  02  entry:16               pending entry of a group
 *   slot:2  id:8  03  group:8  03  consumer:8  entry:16   the same, by consumer
 * </pre>
 *
 * An entry's id is {@code millis:8 sequence:8}. Groups and consumers have numbers that are unique
 * within their stream and never used twice, so that what belongs to a deleted one is a dead range.
 * Names order as bytes, which is the order in which Redis shows them.
 */
public final class StreamRows {
  private static final int PREFIX_BYTES = Short.BYTES + Long.BYTES;
  private static final int ID_BYTES = 2 * Long.BYTES;
  private static final int TAG_BYTES = PREFIX_BYTES + 1;
  private static final int OF_GROUP_BYTES = TAG_BYTES + Long.BYTES + 1;

  /** Length of the row of a pending entry; that by consumer has eight more. */
  public static final int PENDING_BYTES = OF_GROUP_BYTES + ID_BYTES;

  /** Length of the row of a consumer, but for its name. */
  public static final int CONSUMER_BYTES = OF_GROUP_BYTES;

  private static final byte ENTRY = 1;
  private static final byte GROUP = 2;
  private static final byte OF_GROUP = 3;

  private static final byte CONSUMER = 1;
  private static final byte PENDING = 2;
  private static final byte PENDING_OF_CONSUMER = 3;

  private StreamRows() {}

  /** Row of an entry. */
  public static byte[] entry(int slot, long id, StreamId entry) {
    return tag(slot, id, ENTRY, ID_BYTES).putLong(entry.millis()).putLong(entry.sequence()).array();
  }

  /** The row key behind the last entry. */
  public static byte[] entriesTo(int slot, long id) {
    return groupsFrom(slot, id);
  }

  /** Id in a row made by {@link #entry}. */
  public static StreamId entryOf(byte[] row) {
    return idAt(row, TAG_BYTES);
  }

  /** Row of a consumer group. */
  public static byte[] group(int slot, long id, byte[] name) {
    return tag(slot, id, GROUP, name.length).put(name).array();
  }

  /** The first row key that a group can have. */
  public static byte[] groupsFrom(int slot, long id) {
    return tag(slot, id, GROUP, 0).array();
  }

  /** The row key behind the last group. */
  public static byte[] groupsTo(int slot, long id) {
    return tag(slot, id, OF_GROUP, 0).array();
  }

  /** Name in a row made by {@link #group}. */
  public static byte[] groupNameOf(byte[] row) {
    return nameAt(row, TAG_BYTES);
  }

  /** The first row key of what belongs to a group: its consumers, then all that is pending. */
  public static byte[] ofGroupFrom(int slot, long id, long group) {
    return tag(slot, id, OF_GROUP, Long.BYTES).putLong(group).array();
  }

  /** The row key behind all that belongs to a group. */
  public static byte[] ofGroupTo(int slot, long id, long group) {
    return ofGroupFrom(slot, id, group + 1);
  }

  /** Row of a consumer. */
  public static byte[] consumer(int slot, long id, long group, byte[] name) {
    return ofGroup(slot, id, group, CONSUMER, name.length).put(name).array();
  }

  /** The first row key that a consumer of a group can have. */
  public static byte[] consumersFrom(int slot, long id, long group) {
    return ofGroup(slot, id, group, CONSUMER, 0).array();
  }

  /** The row key behind the last consumer of a group. */
  public static byte[] consumersTo(int slot, long id, long group) {
    return ofGroup(slot, id, group, PENDING, 0).array();
  }

  /** Name in a row made by {@link #consumer}. */
  public static byte[] consumerNameOf(byte[] row) {
    return nameAt(row, OF_GROUP_BYTES);
  }

  /** Row of a pending entry. */
  public static byte[] pending(int slot, long id, long group, StreamId entry) {
    return ofGroup(slot, id, group, PENDING, ID_BYTES)
        .putLong(entry.millis())
        .putLong(entry.sequence())
        .array();
  }

  /** The row key behind the last pending entry of a group. */
  public static byte[] pendingTo(int slot, long id, long group) {
    return ofGroup(slot, id, group, PENDING_OF_CONSUMER, 0).array();
  }

  /** Id in a row made by {@link #pending}. */
  public static StreamId pendingOf(byte[] row) {
    return idAt(row, OF_GROUP_BYTES);
  }

  /** Row that says that an entry is pending for a consumer. */
  public static byte[] pendingOfConsumer(
      int slot, long id, long group, long consumer, StreamId entry) {
    return ofGroup(slot, id, group, PENDING_OF_CONSUMER, Long.BYTES + ID_BYTES)
        .putLong(consumer)
        .putLong(entry.millis())
        .putLong(entry.sequence())
        .array();
  }

  /** The first row key of what is pending for a consumer. */
  public static byte[] pendingOfConsumerFrom(int slot, long id, long group, long consumer) {
    return ofGroup(slot, id, group, PENDING_OF_CONSUMER, Long.BYTES).putLong(consumer).array();
  }

  /** The row key behind all that is pending for a consumer. */
  public static byte[] pendingOfConsumerTo(int slot, long id, long group, long consumer) {
    return pendingOfConsumerFrom(slot, id, group, consumer + 1);
  }

  /** Id in a row made by {@link #pendingOfConsumer}. */
  public static StreamId pendingOfConsumerOf(byte[] row) {
    return idAt(row, OF_GROUP_BYTES + Long.BYTES);
  }

  private static ByteBuffer tag(int slot, long id, byte tag, int more) {
    return ByteBuffer.allocate(TAG_BYTES + more).putShort((short) slot).putLong(id).put(tag);
  }

  private static ByteBuffer ofGroup(int slot, long id, long group, byte kind, int more) {
    return tag(slot, id, OF_GROUP, Long.BYTES + 1 + more).putLong(group).put(kind);
  }

  /** The id that ends a row at a known place. */
  private static StreamId idAt(byte[] row, int at) {
    if (row.length != at + ID_BYTES) {
      throw new CorruptStoreException("stream row of " + row.length + " bytes");
    }
    ByteBuffer in = ByteBuffer.wrap(row);
    return new StreamId(in.getLong(at), in.getLong(at + Long.BYTES));
  }

  private static byte[] nameAt(byte[] row, int at) {
    if (row.length < at) {
      throw new CorruptStoreException("stream row of " + row.length + " bytes");
    }
    return Arrays.copyOfRange(row, at, row.length);
  }
}

package io.raftkv.storage.type;

import io.raftkv.storage.StreamId;
import java.util.List;

/**
 * A whole stream as a value, from which {@link StreamType#replace} makes a key. Arrays in it belong
 * to it.
 *
 * @param entries ascending by id, none of them 0-0
 * @param lastId the greatest id ever given, not before that of the last entry
 * @param maxDeletedId the greatest id that was ever deleted, 0-0 if none was
 * @param entriesAdded how many entries there ever were
 * @param groups each name once
 */
public record StreamImage(
    List<StreamEntry> entries,
    StreamId lastId,
    StreamId maxDeletedId,
    long entriesAdded,
    List<Group> groups) {

  /**
   * A consumer group.
   *
   * @param lastDelivered id of the entry that was delivered last
   * @param entriesRead how many entries were delivered, counted from the first ever, or {@link
   *     StreamGroup#UNKNOWN}
   * @param consumers each name once
   * @param pending ascending by id; each for one of the consumers. The entries may be deleted
   */
  public record Group(
      byte[] name,
      StreamId lastDelivered,
      long entriesRead,
      List<Consumer> consumers,
      List<PendingEntry> pending) {}

  /**
   * A consumer of a group.
   *
   * @param seenMillis when it last asked for entries, in milliseconds since the epoch
   * @param activeMillis when it last got entries, or {@link StreamConsumer#NEVER}
   */
  public record Consumer(byte[] name, long seenMillis, long activeMillis) {}
}

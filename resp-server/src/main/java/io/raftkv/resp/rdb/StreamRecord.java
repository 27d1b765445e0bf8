package io.raftkv.resp.rdb;

import java.util.List;

/**
 * A stream with all that Redis keeps of it, in no particular layout. Arrays in it belong to it.
 *
 * @param entries ascending by id
 * @param lastId never below the id of the last entry
 * @param maxDeletedId the highest id that was deleted, {@link EntryId#ZERO} if none was
 * @param entriesAdded how many entries there ever were
 */
public record StreamRecord(
    List<StreamEntry> entries,
    EntryId lastId,
    EntryId maxDeletedId,
    long entriesAdded,
    List<Group> groups) {

  /** Both numbers are without a sign. */
  public record EntryId(long millis, long sequence) implements Comparable<EntryId> {
    public static final EntryId ZERO = new EntryId(0, 0);

    @Override
    public int compareTo(EntryId other) {
      int byTime = Long.compareUnsigned(millis, other.millis);
      return byTime != 0 ? byTime : Long.compareUnsigned(sequence, other.sequence);
    }
  }

  /** At least one field with its value. */
  public record StreamEntry(EntryId id, List<byte[]> fieldsAndValues) {}

  /**
   * @param entriesRead how many entries were delivered, counted from the first ever, or {@link
   *     #UNKNOWN_ENTRIES_READ}
   * @param consumers no two have the same name, and no two have the same entry pending
   */
  public record Group(
      byte[] name, EntryId lastDelivered, long entriesRead, List<Consumer> consumers) {
    /** Entries were deleted or skipped, so that nobody can tell. */
    public static final long UNKNOWN_ENTRIES_READ = -1;
  }

  /**
   * @param seenAtMillis when it last asked for anything
   * @param activeAtMillis when it last got anything, or {@link #NEVER_ACTIVE}
   * @param pending ascending by id
   */
  public record Consumer(
      byte[] name, long seenAtMillis, long activeAtMillis, List<Pending> pending) {
    public static final long NEVER_ACTIVE = -1;
  }

  /** An entry that was delivered and not acknowledged; it may be deleted. */
  public record Pending(EntryId id, long deliveredAtMillis, long deliveries) {}
}

package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.StreamId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * From which id on entries are pending, for a group or for one consumer. Most are acknowledged in
 * the order in which they came, and each leaves a deleted row: a walk that began at the first row
 * there could ever be would step over all of them.
 *
 * <p>The id is <em>exact</em> if it is that of a pending entry. When that is acknowledged the id
 * behind it takes its place, and only when another entry is acknowledged is the next one looked
 * for: so what is given back and taken at the front again costs no look.
 *
 * <p>Behind an entry that is never acknowledged the others leave their deleted rows, too. How many
 * this command left is counted, see {@link StreamGroup}. Not thread-safe; lives for one command.
 */
final class FirstPending {
  static final int BYTES = 1 + 2 * Long.BYTES;

  private StreamId id;
  private boolean exact;
  private boolean wanted;

  /** Removed by this command, but for the first one. */
  private final List<StreamId> removed = new ArrayList<>();

  private FirstPending(StreamId id, boolean exact) {
    this.id = id;
    this.exact = exact;
  }

  /** Nothing is pending. */
  static FirstPending ofNone() {
    return new FirstPending(StreamId.MAX, false);
  }

  /** Nothing is known of what is pending. */
  static FirstPending unknown() {
    return new FirstPending(StreamId.MIN, false);
  }

  /** Writes {@code exact:1 id:16}. */
  void encode(ByteBuffer out) {
    out.put((byte) (exact ? 1 : 0)).putLong(id.millis()).putLong(id.sequence());
  }

  /** Inverse of {@link #encode}. */
  static FirstPending decode(ByteBuffer in) {
    int exact = in.get();
    if (exact != 0 && exact != 1) {
      throw new CorruptStoreException("first pending entry that is neither exact nor not");
    }
    return new FirstPending(new StreamId(in.getLong(), in.getLong()), exact == 1);
  }

  /** No entry before this one is pending. */
  StreamId id() {
    return id;
  }

  /** The later one of this id and another: where a walk from that one begins. */
  StreamId orLater(StreamId from) {
    return from.isBefore(id) ? id : from;
  }

  /** Takes account of an entry that is pending now. */
  void added(StreamId entry) {
    if (!entry.isAfter(id)) {
      id = entry;
      exact = true;
    }
  }

  /** Takes account of an entry that is not pending any more. */
  void removed(StreamId entry) {
    if (exact && entry.equals(id)) {
      StreamId next = entry.next();
      id = next == null ? entry : next;
      exact = false;
    } else {
      wanted |= !exact;
      removed.add(entry);
    }
  }

  /**
   * Looks for the first entry where that is worth it.
   *
   * @param pending how many entries are pending
   * @param first finds the first of them
   * @return how many entries behind the first one were removed since the last call
   */
  long settle(long pending, Supplier<StreamId> first) {
    if (pending == 0) {
      id = StreamId.MAX;
      exact = false;
    } else if (wanted && !exact) {
      id = first.get();
      exact = true;
    }
    wanted = false;
    long behind = pending == 0 ? 0 : removed.stream().filter(each -> each.isAfter(id)).count();
    removed.clear();
    return behind;
  }
}

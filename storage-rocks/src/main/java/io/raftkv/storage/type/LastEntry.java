package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.StreamId;
import java.nio.ByteBuffer;
import java.util.function.Supplier;

/**
 * Up to which id a stream has entries. Those deleted at its upper end leave their rows: a walk back
 * from the greatest id ever given would step over all of them.
 *
 * <p>The id is <em>exact</em> if it is that of an entry. When that is deleted the id before it
 * takes its place, and only when another entry is deleted is the last one looked for: so entries
 * that come and go, one by one, cost no look. Not thread-safe; lives for one command.
 */
final class LastEntry {
  static final int BYTES = 1 + 2 * Long.BYTES;

  private StreamId id;
  private boolean exact;
  private boolean wanted;

  private LastEntry(StreamId id, boolean exact) {
    this.id = id;
    this.exact = exact;
  }

  /** There is no entry. */
  static LastEntry ofNone() {
    return new LastEntry(StreamId.MIN, false);
  }

  /** It is known only that no entry is behind this id. */
  static LastEntry notBehind(StreamId id) {
    return new LastEntry(id, false);
  }

  /** Writes {@code exact:1 id:16}. */
  void encode(ByteBuffer out) {
    out.put((byte) (exact ? 1 : 0)).putLong(id.millis()).putLong(id.sequence());
  }

  /** Inverse of {@link #encode}. */
  static LastEntry decode(ByteBuffer in) {
    int exact = in.get();
    if (exact != 0 && exact != 1) {
      throw new CorruptStoreException("last entry that is neither exact nor not");
    }
    return new LastEntry(new StreamId(in.getLong(), in.getLong()), exact == 1);
  }

  /** No entry is behind this one. */
  StreamId id() {
    return id;
  }

  /** Takes account of an entry behind all others. */
  void added(StreamId entry) {
    id = entry;
    exact = true;
  }

  /** Takes account of an entry that was deleted. */
  void removed(StreamId entry) {
    if (!exact) {
      wanted = true;
    } else if (entry.equals(id)) {
      StreamId before = entry.previous();
      id = before == null ? entry : before;
      exact = false;
    }
  }

  /**
   * Looks for the last entry where that is worth it.
   *
   * @param length how many entries there are
   * @param last finds the last of them
   */
  void settle(long length, Supplier<StreamId> last) {
    if (length == 0) {
      id = StreamId.MIN;
      exact = false;
    } else if (wanted && !exact) {
      id = last.get();
      exact = true;
    }
    wanted = false;
  }
}

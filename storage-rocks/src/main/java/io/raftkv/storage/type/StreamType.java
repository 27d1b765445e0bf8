package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.WritableRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.row.StreamRows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The stream of one key. Unlike other collections it may be empty and still exist. After changes,
 * of the stream or its groups, {@link #save} writes their records, once for a command.
 *
 * <p>A stream is always in rows: it only grows at its end, is read by id, and has groups with
 * several orders over the same entries, so that a form inside the metadata record would have to
 * double all of it to save two rows of a small stream. Everything is O(log n) or better, plus the
 * entries returned or removed. Not thread-safe; lives for one command.
 */
public final class StreamType {
  /** The limit of a read of everything. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  /** From so many rows on, one range deletion costs readers less than single ones. */
  private static final int RANGE_DELETE = 64;

  private final KeyHandle key;
  private final TreeMap<byte[], StreamGroup> opened = new TreeMap<>(Arrays::compareUnsigned);
  private StreamHead head;

  /**
   * The stream of a key.
   *
   * @throws io.raftkv.storage.WrongTypeException if the key holds another type
   */
  public StreamType(KeyHandle key) {
    this.key = key;
    MetaRow meta = key.metaIf(KeyType.STREAM);
    head = meta == null ? null : StreamHead.decode(meta);
  }

  /**
   * Makes the key this stream, groups and all, without expiry, whatever it was. Nothing is read.
   *
   * @throws IllegalArgumentException if the image is not as {@link StreamImage} says; part of it is
   *     written then
   */
  public static void replace(KeyHandle key, StreamImage image) {
    key.delete();
    StreamType stream = new StreamType(key);
    stream.create();
    image.entries().forEach(stream::add);
    if (image.lastId().isBefore(stream.head.last)) {
      throw new IllegalArgumentException(image.lastId() + " is before an entry");
    }
    stream.head.last = image.lastId();
    stream.head.maxDeleted = image.maxDeletedId();
    stream.head.added = image.entriesAdded();
    for (StreamImage.Group group : image.groups()) {
      StreamGroup made = StreamGroup.create(stream, stream.head.nextNumber(), group);
      if (stream.opened.put(group.name(), made) != null) {
        throw new IllegalArgumentException("two groups of one name");
      }
      stream.head.groups++;
    }
    stream.save();
  }

  public boolean exists() {
    return head != null;
  }

  /** Makes the stream, empty, if it does not exist. */
  public void create() {
    if (head == null) {
      head = new StreamHead(key.writableRows().nextId());
    }
  }

  public long length() {
    return head == null ? 0 : head.length;
  }

  /** The greatest id ever given in a stream that exists; 0-0 at first. */
  public StreamId lastId() {
    return head.last;
  }

  /** Id of the first entry of a stream that exists; 0-0 if it is empty. */
  public StreamId firstId() {
    return head.first;
  }

  /** The greatest id that was ever deleted from a stream that exists; 0-0 if none was. */
  public StreamId maxDeletedId() {
    return head.maxDeleted;
  }

  /** How many entries were ever added to a stream that exists. */
  public long entriesAdded() {
    return head.added;
  }

  /** How many groups a stream that exists has. */
  public long groupCount() {
    return head.groups;
  }

  /** Appends an entry, whose id must be after {@link #lastId}; makes the stream if need be. */
  public void add(StreamEntry entry) {
    create();
    if (!entry.id().isAfter(head.last)) {
      throw new IllegalArgumentException(entry.id() + " is not after " + head.last);
    }
    key.writableRows().put(Family.STREAM, row(entry.id()), entry.encode());
    if (head.length == 0) {
      head.first = entry.id();
    }
    head.last = entry.id();
    head.lastEntry.added(entry.id());
    head.length++;
    head.added++;
  }

  /** The entry with this id, null if there is none. */
  public StreamEntry get(StreamId id) {
    if (head == null || !mayHave(id)) {
      return null;
    }
    byte[] value = key.rows().get(Family.STREAM, row(id));
    return value == null ? null : StreamEntry.decode(id, value);
  }

  /**
   * Entries from one id to another, both included.
   *
   * @param backwards the last entry comes first
   * @param limit how many to return at most
   */
  public List<StreamEntry> range(StreamId from, StreamId to, boolean backwards, long limit) {
    List<StreamEntry> found = new ArrayList<>();
    if (limit > 0) {
      forEach(
          from,
          to,
          backwards,
          entry -> {
            found.add(entry);
            return found.size() < limit;
          });
    }
    return found;
  }

  /**
   * Hands out the entries from one id to another, both included, until the taker answers false.
   *
   * @param backwards the last entry comes first
   */
  public void forEach(StreamId from, StreamId to, boolean backwards, Predicate<StreamEntry> taker) {
    try (RowCursor cursor = cursor(from, to, backwards)) {
      boolean wanted = cursor != null;
      while (wanted && cursor.next()) {
        wanted = taker.test(StreamEntry.decode(StreamRows.entryOf(cursor.key()), cursor.value()));
      }
    }
  }

  /**
   * How many entries there are from one id to another, both included, and at most {@code limit}.
   * O(1) for all of a stream, else it passes over each of them.
   */
  public long count(StreamId from, StreamId to, long limit) {
    if (length() == 0) {
      return 0;
    }
    if (!head.first.isBefore(from) && !head.last.isAfter(to)) {
      return Math.min(head.length, limit);
    }
    long count = 0;
    try (RowCursor cursor = cursor(from, to, false)) {
      while (cursor != null && count < limit && cursor.next()) {
        count++;
      }
    }
    return count;
  }

  /** Null if there can be no such entry. */
  private RowCursor cursor(StreamId from, StreamId to, boolean backwards) {
    if (length() == 0) {
      return null;
    }
    // Cut to what is there: the rows of entries that are gone need not be passed over again.
    StreamId low = from.isBefore(head.first) ? head.first : from;
    StreamId high = to.isAfter(head.lastEntry.id()) ? head.lastEntry.id() : to;
    if (low.isAfter(high)) {
      return null;
    }
    byte[] begin = row(low);
    byte[] end = rowBehind(high);
    return backwards
        ? key.rows().descending(Family.STREAM, begin, end)
        : key.rows().ascending(Family.STREAM, begin, end);
  }

  /** True if the stream has an entry after this id. */
  public boolean hasEntryAfter(StreamId id) {
    return head != null
        && id.isBefore(head.last)
        && !range(id.next(), StreamId.MAX, true, 1).isEmpty();
  }

  /** Deletes the entries with these ids; returns how many there were. */
  public long delete(List<StreamId> ids) {
    WritableRows out = key.writableRows();
    List<StreamId> gone = new ArrayList<>();
    StreamId firstBefore = head.first;
    boolean firstDeleted = false;
    for (StreamId id : ids) {
      byte[] row = row(id);
      if (mayHave(id) && out.get(Family.STREAM, row) != null) {
        out.delete(Family.STREAM, row);
        head.lastEntry.removed(id);
        firstDeleted |= id.equals(firstBefore);
        head.maxDeleted = id.isAfter(head.maxDeleted) ? id : head.maxDeleted;
        gone.add(id);
      }
    }
    long deleted = gone.size();
    head.length -= deleted;
    if (head.length < 0) {
      throw new CorruptStoreException("stream with more entries than its record says");
    }
    if (firstDeleted || head.length == 0) {
      head.first = head.length == 0 ? StreamId.MIN : firstFrom(firstBefore);
    }
    head.removed += gone.stream().filter(id -> id.isAfter(head.first)).count();
    return deleted;
  }

  /**
   * Removes entries from the beginning until at most {@code length} are left.
   *
   * @param limit how many to remove at most
   * @return how many were removed
   */
  public long trimToLength(long length, long limit) {
    return dropFirst(Math.min(length() - length, limit), null);
  }

  /** As {@link #trimToLength}, until no entry is before {@code id}. */
  public long trimBefore(StreamId id, long limit) {
    return dropFirst(Math.min(length(), limit), id);
  }

  /** Removes up to {@code count} entries, as long as they are before {@code bound}; null: any. */
  private long dropFirst(long count, StreamId bound) {
    if (count <= 0 || (bound != null && !head.first.isBefore(bound))) {
      return 0;
    }
    WritableRows out = key.writableRows();
    if (count == head.length && (bound == null || bound.isAfter(head.last))) {
      out.deleteRange(Family.STREAM, row(head.first), rowBehind(head.last));
      head.length = 0;
      head.first = StreamId.MIN;
      return count;
    }
    List<byte[]> dropped = new ArrayList<>();
    long found = 0;
    StreamId left = null;
    try (RowCursor cursor = out.ascending(Family.STREAM, row(head.first), rowBehind(head.last))) {
      while (left == null && cursor.next()) {
        StreamId id = StreamRows.entryOf(cursor.key());
        if (found == count || (bound != null && !id.isBefore(bound))) {
          left = id;
        } else if (++found <= RANGE_DELETE) {
          dropped.add(cursor.key());
        }
      }
    }
    if (found > RANGE_DELETE) {
      byte[] end = left == null ? rowBehind(head.last) : row(left);
      out.deleteRange(Family.STREAM, row(head.first), end);
    } else {
      dropped.forEach(row -> out.delete(Family.STREAM, row));
    }
    head.length -= found;
    if (head.length < 0 || (head.length == 0) != (left == null)) {
      throw new CorruptStoreException("stream with fewer or more entries than its record says");
    }
    head.first = left == null ? StreamId.MIN : left;
    return found;
  }

  /** Sets what XSETID sets; a null or negative argument leaves what is there. */
  public void setIds(StreamId last, long entriesAdded, StreamId maxDeleted) {
    head.last = last;
    head.added = entriesAdded < 0 ? head.added : entriesAdded;
    head.maxDeleted = maxDeleted == null ? head.maxDeleted : maxDeleted;
  }

  /** The group of this name, null if there is none. */
  public StreamGroup group(byte[] name) {
    if (head == null) {
      return null;
    }
    StreamGroup group = opened.get(name);
    if (group == null) {
      byte[] value = key.rows().get(Family.STREAM, groupRow(name));
      if (value == null) {
        return null;
      }
      group = StreamGroup.decode(this, name, value);
      opened.put(name, group);
    }
    return group;
  }

  /**
   * Makes a group in a stream that exists.
   *
   * @param last the id after which the group begins to read
   * @param entriesRead how many entries that are, or a negative number if it is not known
   * @return false if there is one of this name
   */
  public boolean createGroup(byte[] name, StreamId last, long entriesRead) {
    if (group(name) != null) {
      return false;
    }
    opened.put(name, StreamGroup.create(this, name, head.nextNumber(), last, entriesRead));
    head.groups++;
    return true;
  }

  /** Deletes a group with all that belongs to it, in O(1). Returns whether there was one. */
  public boolean destroyGroup(byte[] name) {
    StreamGroup group = group(name);
    if (group == null) {
      return false;
    }
    WritableRows out = key.writableRows();
    out.delete(Family.STREAM, groupRow(name));
    if (group.consumerCount() > 0) {
      out.deleteRange(
          Family.STREAM,
          StreamRows.ofGroupFrom(key.slot(), head.rowsId, group.number()),
          StreamRows.ofGroupTo(key.slot(), head.rowsId, group.number()));
    }
    opened.remove(name);
    head.groups--;
    return true;
  }

  /** The groups of a stream that exists, by name. Nothing of them may have changed unsaved. */
  public List<StreamGroup> groups() {
    List<StreamGroup> groups = new ArrayList<>();
    int slot = key.slot();
    try (RowCursor cursor =
        key.rows()
            .ascending(
                Family.STREAM,
                StreamRows.groupsFrom(slot, head.rowsId),
                StreamRows.groupsTo(slot, head.rowsId))) {
      while (cursor.next()) {
        byte[] name = StreamRows.groupNameOf(cursor.key());
        groups.add(StreamGroup.decode(this, name, cursor.value()));
      }
    }
    return groups;
  }

  /** Writes the records of the stream and of the groups and consumers that have changed. */
  public void save() {
    opened.values().forEach(StreamGroup::save);
    head.lastEntry.settle(head.length, this::lastEntry);
    if (head.length == 0) {
      head.removed = 0; // what comes is behind all that was
    } else if (RowMove.isDue(head.length, head.removed)) {
      // The rows of groups lie behind those of entries.
      byte[] firstRow = row(head.first);
      head.rowsId = RowMove.move(key, head.rowsId, List.of(Family.STREAM), firstRow, head.removed);
      head.removed = 0;
    }
    key.update(KeyType.STREAM, MetaRow.ROWS, head.encode());
  }

  private StreamId lastEntry() {
    List<StreamEntry> last = range(StreamId.MIN, StreamId.MAX, true, 1);
    if (last.isEmpty()) {
      throw new CorruptStoreException("stream with fewer entries than its record says");
    }
    return last.get(0).id();
  }

  KeyHandle key() {
    return key;
  }

  StreamHead head() {
    return head;
  }

  byte[] groupRow(byte[] name) {
    return StreamRows.group(key.slot(), head.rowsId, name);
  }

  private boolean mayHave(StreamId id) {
    return !id.isBefore(head.first) && !id.isAfter(head.last);
  }

  private StreamId firstFrom(StreamId from) {
    try (RowCursor cursor = key.rows().ascending(Family.STREAM, row(from), rowBehind(head.last))) {
      if (!cursor.next()) {
        throw new CorruptStoreException("stream with fewer entries than its record says");
      }
      return StreamRows.entryOf(cursor.key());
    }
  }

  private byte[] row(StreamId id) {
    return StreamRows.entry(key.slot(), head.rowsId, id);
  }

  private byte[] rowBehind(StreamId id) {
    StreamId next = id.next();
    return next == null ? StreamRows.entriesTo(key.slot(), head.rowsId) : row(next);
  }
}

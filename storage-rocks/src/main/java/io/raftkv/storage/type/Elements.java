package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.WritableRows;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.row.PartTimes;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The elements of one hash or set, each with a stored value (empty in a set), in whichever form the
 * key has. What the two types have in common.
 *
 * <p>Inline, see {@link InlineElements}, until {@link InlineLimits} are passed; from then on one
 * {@code data} row per element, and in the metadata record
 *
 * <pre>
 *   id:8  size:8  format:1 = 1              no element has a deadline
 *   id:8  size:8  format:1 = 3  removed:8   as 1, but that many were removed, see {@link RowMove}
 *   id:8  size:8  format:1 = 6  mortal:8  ends              that many fields have a deadline
 *   id:8  size:8  format:1 = 8  removed:8  mortal:8  ends   both
 * </pre>
 *
 * with the {@link ScoreEnds} of the rows of {@link RowDeadlines}, which formats 2 and 4, of store
 * formats up to 4, did not have.
 *
 * <p>Changes are gathered until {@link #commit}, so that a command with many elements writes the
 * metadata record once, and one that changes nothing not at all. Size and rows always agree.
 *
 * <p>A field of a hash whose deadline is reached counts as absent everywhere here, though it is
 * still stored until it is overwritten or swept.
 */
final class Elements {
  /** Sees elements in turn. */
  @FunctionalInterface
  interface Visitor {
    /** Returns whether to go on. */
    boolean visit(byte[] element, byte[] stored);
  }

  private static final byte ROWS = 1;
  private static final byte ROWS_WITH_DEADLINES = 2;

  /** Added to either format if elements were removed. */
  private static final byte WITH_REMOVED = 2;

  /** Added to the formats with deadlines if the ends of their rows are there. */
  private static final byte WITH_ENDS = 4;

  private static final int ROWS_FORMAT_AT = 2 * Long.BYTES;
  private static final int ROWS_PAYLOAD_BYTES = ROWS_FORMAT_AT + 1;

  private final KeyHandle key;
  private final KeyType type;

  /** Null once the elements are in rows. */
  private InlineElements inline;

  /** False if surely no inline element has a deadline. */
  private boolean inlineDeadlines;

  private long rowsId;

  /** With the dead ones. */
  private long rowsSize;

  /** How many were removed since the rows have their id. */
  private long rowsRemoved;

  /** Null while the elements are inline. */
  private RowDeadlines deadlines;

  private boolean changed;

  /** The next commit replaces the key, whatever it was. */
  private boolean replaces;

  private Elements(KeyHandle key, KeyType type) {
    this.key = key;
    this.type = type;
  }

  /** See {@link io.raftkv.storage.Keyspace#hold}. */
  void hold(byte[] element, byte[] stored) {
    key.hold(element);
    if (stored.length > 0) {
      key.hold(stored);
    }
  }

  /**
   * The elements that the key has, none if it does not exist.
   *
   * @throws io.raftkv.storage.WrongTypeException if it holds another type
   */
  static Elements of(KeyHandle key, KeyType type) {
    Elements elements = new Elements(key, type);
    MetaRow meta = key.metaIf(type);
    if (meta == null) {
      elements.inline = InlineElements.empty(type);
    } else if (meta.encoding() == MetaRow.INLINE) {
      elements.inline = InlineElements.decode(type, meta.payload());
      elements.inlineDeadlines = !meta.parts().isNone();
    } else {
      elements.readRowsPayload(meta);
    }
    return elements;
  }

  /** No elements; {@link #commit} puts them in place of whatever the key was. */
  static Elements inPlaceOf(KeyHandle key, KeyType type) {
    Elements elements = new Elements(key, type);
    elements.inline = InlineElements.empty(type);
    elements.changed = true;
    elements.replaces = true;
    return elements;
  }

  private void readRowsPayload(MetaRow meta) {
    ByteBuffer payload = ByteBuffer.wrap(meta.payload());
    rowsId = meta.rowsId();
    boolean mortal = !meta.parts().isNone();
    int format = payload.capacity() > ROWS_FORMAT_AT ? payload.get(ROWS_FORMAT_AT) : 0;
    boolean ended = format > ROWS_WITH_DEADLINES + WITH_REMOVED;
    int unended = ended ? format - WITH_ENDS : format;
    boolean sparse = unended > WITH_REMOVED;
    int bytes = ROWS_PAYLOAD_BYTES + (mortal ? Long.BYTES : 0) + (sparse ? Long.BYTES : 0);
    if (unended != rowsFormat(mortal, sparse)
        || (ended ? payload.capacity() <= bytes || !mortal : payload.capacity() != bytes)
        || payload.getLong(Long.BYTES) <= 0) {
      throw damaged(meta);
    }
    rowsSize = payload.getLong(Long.BYTES);
    payload.position(ROWS_PAYLOAD_BYTES);
    rowsRemoved = sparse ? payload.getLong() : 0;
    deadlines = RowDeadlines.none(key, rowsId);
    if (mortal) {
      long count = payload.getLong();
      boolean all = meta.parts().lastMillis() != MetaRow.NO_EXPIRY;
      if (type != KeyType.HASH || count <= 0 || count > rowsSize || all != (count == rowsSize)) {
        throw damaged(meta);
      }
      ScoreEnds ends =
          ended ? ScoreEnds.decode(key, rowsId, payload) : ScoreEnds.unknown(key, rowsId);
      deadlines = RowDeadlines.of(key, rowsId, count, meta.parts(), ends);
    }
  }

  private static byte rowsFormat(boolean mortal, boolean sparse) {
    return (byte) ((mortal ? ROWS_WITH_DEADLINES : ROWS) + (sparse ? WITH_REMOVED : 0));
  }

  private CorruptStoreException damaged(MetaRow meta) {
    return new CorruptStoreException(
        type + " in rows with " + meta.parts() + ", payload " + Arrays.toString(meta.payload()));
  }

  /** Number of elements. O(1), but for dead ones that are not swept yet. */
  long size() {
    return inline != null ? inline.count() - inlineDead() : rowsSize - deadlines.dead();
  }

  private int inlineDead() {
    int dead = 0;
    if (inlineDeadlines) {
      for (InlineElements.Walker at = inline.walk(); at.next(); ) {
        dead += isLive(at.stored()) ? 0 : 1;
      }
    }
    return dead;
  }

  /** When the next live element dies, {@link MetaRow#NO_EXPIRY} if none does. */
  long firstDeadline() {
    if (inline == null) {
      return deadlines.firstLive();
    }
    long first = MetaRow.NO_EXPIRY;
    if (inlineDeadlines) {
      for (InlineElements.Walker at = inline.walk(); at.next(); ) {
        byte[] stored = at.stored();
        first = isLive(stored) ? Math.min(first, deadlineOf(stored)) : first;
      }
    }
    return first;
  }

  /** True while all elements are in the metadata record, and so are cheap to walk over. */
  boolean isInline() {
    return inline != null;
  }

  /** The stored value of an element, or null. One row at most is read. */
  byte[] get(byte[] element) {
    byte[] stored = getStored(element);
    return stored == null || !isLive(stored) ? null : stored;
  }

  private byte[] getStored(byte[] element) {
    if (inline != null) {
      InlineElements.Walker at = inline.find(element);
      return at == null ? null : at.stored();
    }
    return key.rows().get(Family.DATA, row(element));
  }

  boolean contains(byte[] element) {
    return get(element) != null;
  }

  /** Adds an element or gives it another value. Returns whether it is new. */
  boolean put(byte[] element, byte[] stored) {
    if (inline == null) {
      return putRow(element, stored);
    }
    InlineElements.Walker at = inline.find(element);
    if (at != null && at.storedIs(stored)) {
      return false;
    }
    boolean added = at == null || !isLive(at.stored());
    if (element.length <= InlineLimits.ELEMENT_BYTES
        && valueBytes(stored) <= InlineLimits.ELEMENT_BYTES) {
      InlineElements after = at == null ? inline.add(element, stored) : inline.replace(at, stored);
      if (after.fits()) {
        inline = after;
        inlineDeadlines |= deadlineOf(stored) != MetaRow.NO_EXPIRY;
        changed = true;
        return added;
      }
    }
    moveToRows();
    putRow(element, stored);
    return added;
  }

  /** An element and its stored value. */
  record Element(byte[] name, byte[] stored) {}

  /**
   * Makes the elements of a collection that has none. Those that are dead already are left out.
   *
   * @param given of an element that comes twice only one counts
   * @return how many different elements were given
   */
  long fill(Collection<Element> given) {
    if (given.size() <= InlineLimits.ENTRIES) {
      Set<byte[]> names = new TreeSet<>(Arrays::compareUnsigned);
      for (Element each : given) {
        if (names.add(each.name) && isLive(each.stored)) {
          put(each.name, each.stored);
        }
      }
      return names.size();
    }
    moveToRows();
    NewElements rows = new NewElements(key.slot(), rowsId, given.size());
    given.forEach(each -> rows.add(each.name, each.stored));
    WritableRows out = key.writableRows();
    return rows.inOrder(
        (row, element, stored) -> {
          if (isLive(stored)) {
            out.put(Family.DATA, row, stored);
            deadlines.move(element, MetaRow.NO_EXPIRY, deadlineOf(stored));
            rowsSize++;
          }
        });
  }

  private boolean putRow(byte[] element, byte[] stored) {
    byte[] row = row(element);
    byte[] before = key.rows().get(Family.DATA, row);
    if (before == null) {
      rowsSize++;
    } else if (Arrays.equals(before, stored)) {
      return false;
    }
    boolean added = before == null || !isLive(before);
    key.writableRows().put(Family.DATA, row, stored);
    deadlines.move(
        element, before == null ? MetaRow.NO_EXPIRY : deadlineOf(before), deadlineOf(stored));
    changed = true;
    return added;
  }

  private void moveToRows() {
    WritableRows out = key.writableRows();
    rowsId = out.nextId();
    rowsSize = inline.count();
    deadlines = RowDeadlines.none(key, rowsId);
    for (InlineElements.Walker at = inline.walk(); at.next(); ) {
      byte[] stored = at.stored();
      out.put(Family.DATA, row(at.element()), stored);
      deadlines.move(at.element(), MetaRow.NO_EXPIRY, deadlineOf(stored));
    }
    inline = null;
    changed = true;
  }

  /** Removes an element. Returns whether it was there. */
  boolean remove(byte[] element) {
    byte[] before;
    if (inline != null) {
      InlineElements.Walker at = inline.find(element);
      if (at == null) {
        return false;
      }
      before = at.stored();
      inline = inline.remove(at);
    } else {
      byte[] row = row(element);
      before = key.rows().get(Family.DATA, row);
      if (before == null) {
        return false;
      }
      key.writableRows().delete(Family.DATA, row);
      deadlines.move(element, deadlineOf(before), MetaRow.NO_EXPIRY);
      rowsSize--;
      rowsRemoved++;
    }
    changed = true;
    return isLive(before);
  }

  /** Removes dead elements, the longest dead first, but not more than {@code limit}. */
  int removeDead(int limit) {
    List<byte[]> dead = inline != null ? inlineDead(limit) : deadlines.deadFields(limit);
    dead.forEach(this::remove);
    return dead.size();
  }

  private List<byte[]> inlineDead(int limit) {
    List<byte[]> dead = new ArrayList<>();
    for (InlineElements.Walker at = inline.walk(); dead.size() < limit && at.next(); ) {
      if (!isLive(at.stored())) {
        dead.add(at.element());
      }
    }
    return dead;
  }

  /** Removes all elements and with them the key, at once and in O(1). */
  void clear() {
    if (changed) {
      throw new IllegalStateException("rows of this command's own changes would stay behind");
    }
    key.delete();
    inline = InlineElements.empty(type);
    inlineDeadlines = false;
  }

  /** Writes the metadata record if anything has changed; without elements the key is deleted. */
  void commit() {
    if (!changed) {
      return;
    }
    changed = false;
    PartTimes times = times();
    if (storedCount() == 0 || key.isDead(times.lastMillis())) {
      key.delete();
      return;
    }
    if (inline == null && RowMove.isDue(rowsSize, rowsRemoved)) {
      moveRows();
    }
    int encoding = inline != null ? MetaRow.INLINE : MetaRow.ROWS;
    byte[] payload = inline != null ? inline.encode() : rowsPayload();
    if (replaces) {
      replaces = false;
      key.replace(type, encoding, payload, MetaRow.NO_EXPIRY);
    } else {
      key.update(type, encoding, times, payload);
    }
  }

  private void moveRows() {
    boolean mortal = deadlines.count() > 0;
    List<Family> families = mortal ? List.of(Family.DATA, Family.SCORE) : List.of(Family.DATA);
    byte[] first = ElementRows.from(key.slot(), rowsId);
    rowsId = RowMove.move(key, rowsId, families, first, rowsRemoved);
    rowsRemoved = 0;
    deadlines = deadlines.under(rowsId);
  }

  private long storedCount() {
    return inline != null ? inline.count() : rowsSize;
  }

  private PartTimes times() {
    return inline != null ? inlineTimes() : deadlines.times(rowsSize);
  }

  private PartTimes inlineTimes() {
    long first = MetaRow.NO_EXPIRY;
    long last = 0;
    if (inlineDeadlines) {
      for (InlineElements.Walker at = inline.walk(); at.next(); ) {
        long deadline = deadlineOf(at.stored());
        first = Math.min(first, deadline);
        last = Math.max(last, deadline);
      }
    }
    return first == MetaRow.NO_EXPIRY ? PartTimes.NONE : new PartTimes(first, last);
  }

  private byte[] rowsPayload() {
    boolean mortal = deadlines.count() > 0;
    boolean sparse = rowsRemoved > 0;
    byte[] ends = mortal ? deadlines.ends().encode() : new byte[0];
    int more = (mortal ? Long.BYTES : 0) + (sparse ? Long.BYTES : 0) + ends.length;
    ByteBuffer payload =
        ByteBuffer.allocate(ROWS_PAYLOAD_BYTES + more)
            .putLong(rowsId)
            .putLong(rowsSize)
            .put((byte) (rowsFormat(mortal, sparse) + (mortal ? WITH_ENDS : 0)));
    if (sparse) {
      payload.putLong(rowsRemoved);
    }
    return mortal ? payload.putLong(deadlines.count()).put(ends).array() : payload.array();
  }

  /** Visits elements in order until the visitor has enough; nothing may change meanwhile. */
  void walk(Visitor visitor) {
    if (inline != null) {
      walkInline(inline.walk(), visitor);
    } else {
      walkRows(ElementRows.from(key.slot(), rowsId), visitor);
    }
  }

  private void walkInline(InlineElements.Walker at, Visitor visitor) {
    while (at.next()) {
      byte[] stored = at.stored();
      if (isLive(stored) && !visitor.visit(at.element(), stored)) {
        return;
      }
    }
  }

  /** As {@link #walk}, of the elements behind one that is there; null for the first. */
  void walkAfter(byte[] after, Visitor visitor) {
    if (after == null) {
      walk(visitor);
    } else if (inline != null) {
      walkInline(inline.find(after), visitor);
    } else {
      byte[] row = row(after);
      walkRows(Arrays.copyOf(row, row.length + 1), visitor);
    }
  }

  /** As {@link #walk}, of elements in rows only, beginning with the first of at least this hash. */
  void walkFrom(long hash, Visitor visitor) {
    walkRows(ElementRows.elementFrom(key.slot(), rowsId, hash), visitor);
  }

  private void walkRows(byte[] from, Visitor visitor) {
    try (RowCursor cursor =
        key.rows().ascending(Family.DATA, from, ElementRows.to(key.slot(), rowsId))) {
      while (cursor.next()) {
        byte[] stored = cursor.value();
        if (isLive(stored) && !visitor.visit(ElementRows.elementOf(cursor.key()), stored)) {
          return;
        }
      }
    }
  }

  /**
   * Visits one page of a scan that sees every element which is there from its first page to its
   * last. Small collections are one page; in rows the cursor is the smallest 48-bit hash not yet
   * seen, and elements with equal hash are on one page.
   *
   * @param cursor 0 to begin, else what the page before returned
   * @param count how many elements to look at, about, dead ones included; at least 1
   * @return cursor of the next page, 0 after the last one
   */
  long scan(long cursor, long count, Visitor visitor) {
    if (inline != null) {
      walk(visitor);
      return 0;
    }
    if (cursor < 0 || cursor > KeyRows.HASH_MAX) {
      return 0; // no cursor of ours; nothing can follow it
    }
    long seen = 0;
    long last = -1;
    byte[] from = ElementRows.elementFrom(key.slot(), rowsId, cursor);
    byte[] to = ElementRows.to(key.slot(), rowsId);
    try (RowCursor rows = key.rows().ascending(Family.DATA, from, to)) {
      while (rows.next()) {
        long hash = ElementRows.hashOf(rows.key());
        if (seen >= count && hash != last) {
          return last + 1;
        }
        last = hash;
        seen++;
        byte[] stored = rows.value();
        if (isLive(stored)) {
          visitor.visit(ElementRows.elementOf(rows.key()), stored);
        }
      }
    }
    return 0;
  }

  private boolean isLive(byte[] stored) {
    return type != KeyType.HASH || !key.isDead(deadlineOf(stored));
  }

  private long deadlineOf(byte[] stored) {
    return type == KeyType.HASH ? FieldValues.deadlineOf(stored) : MetaRow.NO_EXPIRY;
  }

  private int valueBytes(byte[] stored) {
    return type == KeyType.HASH ? FieldValues.valueBytes(stored) : 0;
  }

  private byte[] row(byte[] element) {
    return ElementRows.element(key.slot(), rowsId, element);
  }
}

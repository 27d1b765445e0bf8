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
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The elements of one hash or set, each with a stored value (empty in a set), in whichever form the
 * key has. What the two types have in common.
 *
 * <p>Inline, see {@link InlineElements}, until {@link InlineLimits} are passed; from then on one
 * {@code data} row per element, and in the metadata record
 *
 * <pre>
 *   id:8  size:8  format:1
 * </pre>
 *
 * Changes are gathered until {@link #commit}, so that a command with many elements writes the
 * metadata record once, and one that changes nothing not at all. Size and rows always agree.
 */
final class Elements {
  /** Sees elements in turn. */
  @FunctionalInterface
  interface Visitor {
    /** Returns whether to go on. */
    boolean visit(byte[] element, byte[] stored);
  }

  private static final byte ROWS_FORMAT = 1;
  private static final int ROWS_PAYLOAD_BYTES = 2 * Long.BYTES + 1;

  private final KeyHandle key;
  private final KeyType type;

  /** Null once the elements are in rows. */
  private InlineElements inline;

  private long rowsId;
  private long rowsSize;
  private boolean changed;

  /** The next commit replaces the key, whatever it was. */
  private boolean replaces;

  private Elements(KeyHandle key, KeyType type) {
    this.key = key;
    this.type = type;
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
    byte[] payload = meta.payload();
    rowsId = meta.rowsId();
    if (payload.length != ROWS_PAYLOAD_BYTES
        || payload[ROWS_PAYLOAD_BYTES - 1] != ROWS_FORMAT
        || ByteBuffer.wrap(payload).getLong(Long.BYTES) <= 0) {
      throw new CorruptStoreException(type + " in rows with payload " + Arrays.toString(payload));
    }
    rowsSize = ByteBuffer.wrap(payload).getLong(Long.BYTES);
  }

  long size() {
    return inline != null ? inline.count() : rowsSize;
  }

  /** True while all elements are in the metadata record, and so are cheap to walk over. */
  boolean isInline() {
    return inline != null;
  }

  /** The stored value of an element, or null. One row at most is read. */
  byte[] get(byte[] element) {
    if (inline != null) {
      InlineElements.Walker at = inline.find(element);
      return at == null ? null : at.stored();
    }
    return key.rows().get(Family.DATA, row(element));
  }

  boolean contains(byte[] element) {
    return inline != null
        ? inline.find(element) != null
        : key.rows().get(Family.DATA, row(element)) != null;
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
    if (element.length <= InlineLimits.ELEMENT_BYTES
        && stored.length <= InlineLimits.ELEMENT_BYTES + FieldValues.HEADER_BYTES) {
      InlineElements after = at == null ? inline.add(element, stored) : inline.replace(at, stored);
      if (after.fits()) {
        inline = after;
        changed = true;
        return at == null;
      }
    }
    moveToRows();
    return putRow(element, stored);
  }

  private boolean putRow(byte[] element, byte[] stored) {
    byte[] row = row(element);
    byte[] before = key.rows().get(Family.DATA, row);
    if (before == null) {
      rowsSize++;
    } else if (Arrays.equals(before, stored)) {
      return false;
    }
    key.writableRows().put(Family.DATA, row, stored);
    changed = true;
    return before == null;
  }

  private void moveToRows() {
    WritableRows out = key.writableRows();
    rowsId = out.nextId();
    rowsSize = inline.count();
    for (InlineElements.Walker at = inline.walk(); at.next(); ) {
      out.put(Family.DATA, row(at.element()), at.stored());
    }
    inline = null;
    changed = true;
  }

  /** Removes an element. Returns whether it was there. */
  boolean remove(byte[] element) {
    if (inline != null) {
      InlineElements.Walker at = inline.find(element);
      if (at == null) {
        return false;
      }
      inline = inline.remove(at);
    } else {
      byte[] row = row(element);
      if (key.rows().get(Family.DATA, row) == null) {
        return false;
      }
      key.writableRows().delete(Family.DATA, row);
      rowsSize--;
    }
    changed = true;
    return true;
  }

  /** Removes all elements and with them the key, at once and in O(1). */
  void clear() {
    if (changed) {
      throw new IllegalStateException("rows of this command's own changes would stay behind");
    }
    key.delete();
    inline = InlineElements.empty(type);
  }

  /** Writes the metadata record if anything has changed; without elements the key is deleted. */
  void commit() {
    if (!changed) {
      return;
    }
    changed = false;
    if (size() == 0) {
      key.delete();
      return;
    }
    int encoding = inline != null ? MetaRow.INLINE : MetaRow.ROWS;
    byte[] payload = inline != null ? inline.encode() : rowsPayload();
    if (replaces) {
      replaces = false;
      key.replace(type, encoding, payload, MetaRow.NO_EXPIRY);
    } else {
      key.update(type, encoding, payload);
    }
  }

  private byte[] rowsPayload() {
    return ByteBuffer.allocate(ROWS_PAYLOAD_BYTES)
        .putLong(rowsId)
        .putLong(rowsSize)
        .put(ROWS_FORMAT)
        .array();
  }

  /** Visits elements in order until the visitor has enough; nothing may change meanwhile. */
  void walk(Visitor visitor) {
    if (inline != null) {
      for (InlineElements.Walker at = inline.walk(); at.next(); ) {
        if (!visitor.visit(at.element(), at.stored())) {
          return;
        }
      }
    } else {
      walkRows(ElementRows.from(key.slot(), rowsId), visitor);
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
        if (!visitor.visit(ElementRows.elementOf(cursor.key()), cursor.value())) {
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
   * @param count how many elements to visit, about; at least 1
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
        visitor.visit(ElementRows.elementOf(rows.key()), rows.value());
      }
    }
    return 0;
  }

  private byte[] row(byte[] element) {
    return ElementRows.element(key.slot(), rowsId, element);
  }
}

package io.raftkv.storage;

import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.row.PartTimes;
import java.util.Arrays;
import java.util.List;

/**
 * One key as one command sees it: its metadata record, and the ways to change it that keep counts,
 * expiry index and element rows right. The types' operations are built on it.
 *
 * <p>A key whose time has come counts as absent; the next change of it sweeps its remains away.
 */
public final class KeyHandle {
  private final Keyspace keyspace;
  private final byte[] row;
  private final int slot;
  private MetaRow stored;
  private boolean live;

  KeyHandle(Keyspace keyspace, int slot, byte[] row) {
    this.keyspace = keyspace;
    this.slot = slot;
    this.row = row;
    byte[] value = keyspace.rows().get(Family.META, row);
    this.stored = value == null ? null : MetaRow.decode(value);
    this.live = stored != null && !keyspace.isDead(stored.diesAtMillis());
  }

  /** True if the key exists and has not expired. */
  public boolean exists() {
    return live;
  }

  /** The record of a key that {@link #exists}. */
  public MetaRow meta() {
    if (!live) {
      throw new IllegalStateException("no such key");
    }
    return stored;
  }

  /**
   * The record if the key exists, null if not.
   *
   * @throws WrongTypeException if it holds another type
   */
  public MetaRow metaIf(KeyType type) {
    if (!live) {
      return null;
    }
    if (stored.type() != type) {
      throw new WrongTypeException();
    }
    return stored;
  }

  public int slot() {
    return slot;
  }

  /**
   * True if a part of this key that dies at a time is dead. A read that finds it alive by shard
   * time alone is told so, see {@link Keyspace#sawDue}.
   */
  public boolean isDead(long deadlineMillis) {
    return keyspace.isDead(deadlineMillis);
  }

  /** {@link #isDead} need not be asked about parts that die after this. */
  public long horizonMillis() {
    return keyspace.horizonMillis();
  }

  /** The rows to read elements from. */
  public Rows rows() {
    return keyspace.rows();
  }

  /** The rows to write elements to; only while an entry is applied. */
  public WritableRows writableRows() {
    return keyspace.writableRows();
  }

  /**
   * Stores a new payload. A key that exists keeps its expiry and its element rows; else it is made,
   * without expiry. None of its parts dies on its own.
   */
  public void update(KeyType type, int encoding, byte[] payload) {
    update(type, encoding, PartTimes.NONE, payload);
  }

  /** As above, for a key with parts that die on their own. */
  public void update(KeyType type, int encoding, PartTimes parts, byte[] payload) {
    if (live) {
      write(type, encoding, payload, stored.expireAtMillis(), parts);
    } else {
      replace(type, encoding, payload, MetaRow.NO_EXPIRY, parts);
    }
  }

  /** Makes the key anew, whatever it was: its old element rows and expiry are gone. */
  public void replace(KeyType type, int encoding, byte[] payload, long expireAtMillis) {
    replace(type, encoding, payload, expireAtMillis, PartTimes.NONE);
  }

  private void replace(
      KeyType type, int encoding, byte[] payload, long expireAtMillis, PartTimes parts) {
    if (stored != null) {
      dropRows();
    }
    write(type, encoding, payload, expireAtMillis, parts);
  }

  /** Sets or, with {@link MetaRow#NO_EXPIRY}, clears the expiry of a key that exists. */
  public void expireAt(long expireAtMillis) {
    MetaRow meta = meta();
    write(meta.type(), meta.encoding(), meta.payload(), expireAtMillis, meta.parts());
  }

  /** Removes the key, in O(1). Returns whether it existed. */
  public boolean delete() {
    boolean existed = live;
    if (stored != null) {
      dropRows();
      removeRecord();
    }
    return existed;
  }

  /**
   * Gives this key's value and expiry to another key, which loses what it had; this key is gone
   * then. O(1) within a slot, else as {@link #copyTo}.
   *
   * @throws IllegalArgumentException if both are the same key
   */
  public void moveTo(KeyHandle target) {
    MetaRow meta = meta();
    if (target.slot != slot) {
      copyTo(target);
      delete();
      return;
    }
    requireOther(target);
    target.replace(
        meta.type(), meta.encoding(), meta.payload(), meta.expireAtMillis(), meta.parts());
    removeRecord(); // not the element rows: they are the target's now
  }

  /**
   * Makes another key a copy of this one, expiry included; it loses what it had. O(number of
   * elements), all of which are held by the entry's batch.
   *
   * @throws IllegalArgumentException if both are the same key
   */
  public void copyTo(KeyHandle target) {
    MetaRow meta = meta();
    requireOther(target);
    byte[] payload = meta.payload();
    if (meta.encoding() == MetaRow.ROWS) {
      long id = keyspace.writableRows().nextId();
      payload = meta.withRowsId(id);
      RowCopy copy = new RowCopy(keyspace.writableRows(), slot, meta.rowsId(), target.slot, id);
      elementFamilies(meta).forEach(copy::copy);
    }
    target.replace(meta.type(), meta.encoding(), payload, meta.expireAtMillis(), meta.parts());
  }

  private void requireOther(KeyHandle target) {
    if (keyspace.rows() != target.keyspace.rows() || Arrays.equals(row, target.row)) {
      throw new IllegalArgumentException("not another key of the same store");
    }
  }

  private void removeRecord() {
    WritableRows out = keyspace.writableRows();
    if (stored.dueAtMillis() != MetaRow.NO_EXPIRY) {
      out.delete(Family.EXPIRY, KeyRows.expiry(stored.dueAtMillis(), row));
    }
    out.delete(Family.META, row);
    out.addKeys(slot, KeyRows.homeOf(row), -1, -expiring(stored.expireAtMillis()));
    stored = null;
    live = false;
  }

  private void write(
      KeyType type, int encoding, byte[] payload, long expireAtMillis, PartTimes parts) {
    WritableRows out = keyspace.writableRows();
    long before = stored == null ? MetaRow.NO_EXPIRY : stored.dueAtMillis();
    int moreKeys = stored == null ? 1 : 0;
    int moreExpiring =
        expiring(expireAtMillis) - (stored == null ? 0 : expiring(stored.expireAtMillis()));
    if (moreKeys != 0 || moreExpiring != 0) {
      out.addKeys(slot, KeyRows.homeOf(row), moreKeys, moreExpiring);
    }
    stored = new MetaRow(type, encoding, out.nextId(), expireAtMillis, parts, payload);
    live = true;
    out.put(Family.META, row, stored.encode());
    moveExpiryRow(before, stored.dueAtMillis());
  }

  /** A key has one row in the index, at the time when first something of it has to go. */
  private void moveExpiryRow(long before, long after) {
    WritableRows out = keyspace.writableRows();
    if (before != after && before != MetaRow.NO_EXPIRY) {
      out.delete(Family.EXPIRY, KeyRows.expiry(before, row));
    }
    if (before != after && after != MetaRow.NO_EXPIRY) {
      out.put(Family.EXPIRY, KeyRows.expiry(after, row), new byte[0]);
    }
  }

  private static int expiring(long expireAtMillis) {
    return expireAtMillis == MetaRow.NO_EXPIRY ? 0 : 1;
  }

  private void dropRows() {
    if (stored.encoding() == MetaRow.ROWS) {
      byte[] from = ElementRows.from(slot, stored.rowsId());
      byte[] to = ElementRows.to(slot, stored.rowsId());
      for (Family family : elementFamilies(stored)) {
        keyspace.writableRows().deleteRange(family, from, to);
      }
    }
  }

  /** Where the element rows of a key are. */
  static List<Family> elementFamilies(MetaRow meta) {
    return meta.parts().isNone()
        ? elementFamilies(meta.type())
        : List.of(Family.DATA, Family.SCORE);
  }

  /** Where the element rows of a type are, if none of the elements dies on its own. */
  static List<Family> elementFamilies(KeyType type) {
    return switch (type) {
      case ZSET -> List.of(Family.DATA, Family.SCORE);
      case STREAM -> List.of(Family.STREAM);
      case STRING, HASH, SET, LIST -> List.of(Family.DATA);
    };
  }

  /** See {@link Keyspace#hold}. */
  public void hold(byte[] element) {
    keyspace.hold(element);
  }
}

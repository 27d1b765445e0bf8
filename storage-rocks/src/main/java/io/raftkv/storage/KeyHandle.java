package io.raftkv.storage;

import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;

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
    this.live = stored != null && !stored.expiredAt(keyspace.timeMillis());
    if (live && stored.expireAtMillis() <= keyspace.wallTimeMillis()) {
      keyspace.noteDue();
    }
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
   * without expiry.
   */
  public void update(KeyType type, int encoding, byte[] payload) {
    if (live) {
      write(type, encoding, payload, stored.expireAtMillis());
    } else {
      replace(type, encoding, payload, MetaRow.NO_EXPIRY);
    }
  }

  /** Makes the key anew, whatever it was: its old element rows and expiry are gone. */
  public void replace(KeyType type, int encoding, byte[] payload, long expireAtMillis) {
    if (stored != null) {
      dropRows();
    }
    write(type, encoding, payload, expireAtMillis);
  }

  /** Sets or, with {@link MetaRow#NO_EXPIRY}, clears the expiry of a key that exists. */
  public void expireAt(long expireAtMillis) {
    MetaRow meta = meta();
    write(meta.type(), meta.encoding(), meta.payload(), expireAtMillis);
  }

  /** Removes the key, in O(1). Returns whether it existed. */
  public boolean delete() {
    boolean existed = live;
    if (stored != null) {
      WritableRows out = keyspace.writableRows();
      dropRows();
      if (stored.expireAtMillis() != MetaRow.NO_EXPIRY) {
        out.delete(Family.EXPIRY, KeyRows.expiry(stored.expireAtMillis(), row));
      }
      out.delete(Family.META, row);
      out.addKeys(slot, keyspace.database(), -1);
      stored = null;
      live = false;
    }
    return existed;
  }

  private void write(KeyType type, int encoding, byte[] payload, long expireAtMillis) {
    WritableRows out = keyspace.writableRows();
    long before = stored == null ? MetaRow.NO_EXPIRY : stored.expireAtMillis();
    if (before != expireAtMillis) {
      if (before != MetaRow.NO_EXPIRY) {
        out.delete(Family.EXPIRY, KeyRows.expiry(before, row));
      }
      if (expireAtMillis != MetaRow.NO_EXPIRY) {
        out.put(Family.EXPIRY, KeyRows.expiry(expireAtMillis, row), new byte[0]);
      }
    }
    if (stored == null) {
      out.addKeys(slot, keyspace.database(), 1);
    }
    stored = new MetaRow(type, encoding, out.nextId(), expireAtMillis, payload);
    live = true;
    out.put(Family.META, row, stored.encode());
  }

  private void dropRows() {
    if (stored.encoding() == MetaRow.ROWS) {
      WritableRows out = keyspace.writableRows();
      byte[] from = ElementRows.from(slot, stored.rowsId());
      byte[] to = ElementRows.to(slot, stored.rowsId());
      switch (stored.type()) {
        case ZSET -> {
          out.deleteRange(Family.DATA, from, to);
          out.deleteRange(Family.SCORE, from, to);
        }
        case STREAM -> out.deleteRange(Family.STREAM, from, to);
        case HASH, SET, LIST -> out.deleteRange(Family.DATA, from, to);
        case STRING -> throw new CorruptStoreException("a string with element rows");
      }
    }
  }
}

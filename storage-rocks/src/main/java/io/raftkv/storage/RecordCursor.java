package io.raftkv.storage;

import io.raftkv.storage.row.SysRows;

/**
 * Walks over the named records of a store in the order of their names (as UTF-8 bytes); starts
 * before the first one. Close it. Not thread-safe.
 */
public final class RecordCursor implements AutoCloseable {
  private final RowCursor rows;

  private RecordCursor(RowCursor rows) {
    this.rows = rows;
  }

  static RecordCursor over(Rows rows, String prefix) {
    return new RecordCursor(
        rows.ascending(Family.SYS, SysRows.record(prefix), SysRows.recordsTo(prefix)));
  }

  /** Moves to the next record; false when there is none. */
  public boolean next() {
    return rows.next();
  }

  public String name() {
    return SysRows.nameOfRecord(rows.key());
  }

  public byte[] value() {
    return rows.value();
  }

  @Override
  public void close() {
    rows.close();
  }
}

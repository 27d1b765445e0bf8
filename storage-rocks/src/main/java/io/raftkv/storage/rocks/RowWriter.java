package io.raftkv.storage.rocks;

import io.raftkv.storage.Family;
import java.util.Map;

/** Takes the changes of one atomic write. A later one of the same row wins. */
public final class RowWriter {
  private final RowWriteBatch batch;
  private final Map<Family, Integer> familyIds;

  RowWriter(RowWriteBatch batch, Map<Family, Integer> familyIds) {
    this.batch = batch;
    this.familyIds = familyIds;
  }

  public void put(Family family, byte[] row, byte[] value) {
    batch.put(familyIds.get(family), row, value);
  }

  public void delete(Family family, byte[] row) {
    batch.delete(familyIds.get(family), row);
  }

  /** Deletes rows from {@code from} (inclusive) to {@code to} (exclusive). */
  public void deleteRange(Family family, byte[] from, byte[] to) {
    batch.deleteRange(familyIds.get(family), from, to);
  }
}

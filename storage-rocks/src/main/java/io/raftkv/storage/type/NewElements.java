package io.raftkv.storage.type;

import io.raftkv.storage.row.ElementRows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Many elements that a collection is made of at once. They are put into the order of their {@code
 * data} rows before these are written: so none has to be looked up to know that it is new, and the
 * batch, which keeps rows sorted, takes each behind the last one. For a million elements, written
 * in any order, looking for their places was what took most of the time.
 */
final class NewElements {
  /** Takes elements in turn. */
  @FunctionalInterface
  interface Visitor {
    /**
     * @param row where the element is to be stored
     */
    void visit(byte[] row, byte[] element, byte[] stored);
  }

  /** The hash leads the row behind what all have in common; it decides nearly all comparisons. */
  private record Row(long hash, byte[] bytes, byte[] element, byte[] stored) {
    static final Comparator<Row> ORDER =
        (a, b) ->
            a.hash != b.hash
                ? Long.compare(a.hash, b.hash)
                : Arrays.compareUnsigned(a.bytes, b.bytes);
  }

  private final int slot;
  private final long rowsId;
  private final List<Row> rows;

  /** For about {@code count} elements of a collection, which will have the rows of an id. */
  NewElements(int slot, long rowsId, int count) {
    this.slot = slot;
    this.rowsId = rowsId;
    this.rows = new ArrayList<>(count);
  }

  void add(byte[] element, byte[] stored) {
    byte[] row = ElementRows.element(slot, rowsId, element);
    rows.add(new Row(ElementRows.hashOf(row), row, element, stored));
  }

  /**
   * Visits the elements in the order of their rows; of one that was added twice, only the first.
   *
   * @return how many elements were visited
   */
  long inOrder(Visitor visitor) {
    rows.sort(Row.ORDER);
    long visited = 0;
    byte[] before = null;
    for (Row row : rows) {
      if (!Arrays.equals(row.bytes, before)) {
        visitor.visit(row.bytes, row.element, row.stored);
        visited++;
      }
      before = row.bytes;
    }
    return visited;
  }
}

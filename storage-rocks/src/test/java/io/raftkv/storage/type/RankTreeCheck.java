package io.raftkv.storage.type;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.Family;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.Rows;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/** Reads the rank trees of all sorted sets row by row and compares them with the score rows. */
final class RankTreeCheck {
  private static final byte[] FIRST = {};
  private static final byte[] BEHIND_ALL = {-1, -1, -1, -1};
  private static final int PREFIX_BYTES = 10;
  private static final int KEPT_BYTES = 127;

  private final Rows rows;
  private final int slot;
  private final long id;
  private final Set<Integer> seen = new TreeSet<>();

  private RankTreeCheck(Rows rows, int slot, long id) {
    this.rows = rows;
    this.slot = slot;
    this.id = id;
  }

  /**
   * Every count is the number of rows it stands for, no node is lost or left over, and no row is
   * outside of the ends.
   */
  static void check(Rows rows) {
    try (RowCursor metas = rows.ascending(Family.META, FIRST, BEHIND_ALL)) {
      while (metas.next()) {
        MetaRow meta = MetaRow.decode(metas.value());
        if (meta.type() == KeyType.ZSET && meta.encoding() == MetaRow.ROWS) {
          new RankTreeCheck(rows, KeyRows.slotOf(metas.key()), meta.rowsId())
              .check(ByteBuffer.wrap(meta.payload()).position(Long.BYTES));
        }
      }
    }
  }

  /** Number of score rows of all sorted sets, without their rank nodes. */
  static int scores(Rows rows) {
    int scores = 0;
    try (RowCursor cursor = rows.ascending(Family.SCORE, FIRST, BEHIND_ALL)) {
      while (cursor.next()) {
        scores += isScore(cursor.key()) ? 1 : 0;
      }
    }
    return scores;
  }

  /** Number of rows of rank nodes of all sorted sets. */
  static int nodeRows(Rows rows) {
    int all = 0;
    try (RowCursor cursor = rows.ascending(Family.SCORE, FIRST, BEHIND_ALL)) {
      while (cursor.next()) {
        all++;
      }
    }
    return all - scores(rows);
  }

  private static boolean isScore(byte[] row) {
    return row[PREFIX_BYTES] != -1 || row[PREFIX_BYTES + 1] != -1;
  }

  private void check(ByteBuffer payload) {
    byte[] begin = ElementRows.from(slot, id);
    byte[] end = ElementRows.scoresTo(slot, id);
    long size = payload.getLong();
    int format = payload.get();
    assertThat(format).isBetween(3, 4);
    int height = payload.get();
    int root = payload.getInt();
    int nextNode = payload.getInt();
    assertThat(format == 3 || payload.getLong() > 0).isTrue();
    if (height > 0) {
      assertThat(checkNode(root, height, begin, end)).isEqualTo(size);
      assertThat(seen).allMatch(number -> number < nextNode);
    } else {
      assertThat(root).isZero();
      assertThat(rowsBetween(begin, end)).isEqualTo(size);
    }
    checkEnds(payload, begin, end);
    try (RowCursor nodes = rows.ascending(Family.SCORE, end, ElementRows.to(slot, id))) {
      while (nodes.next()) {
        int number = ByteBuffer.wrap(nodes.key()).getInt(PREFIX_BYTES + Short.BYTES);
        assertThat(seen).as("node with a parent").contains(number);
      }
    }
  }

  /** No row is outside of the ends in the record; those that say so are exact. */
  private void checkEnds(ByteBuffer payload, byte[] begin, byte[] end) {
    int exact = payload.get();
    byte[] from = new byte[payload.get()];
    byte[] to = new byte[payload.remaining() - from.length];
    payload.get(from).get(to);
    byte[] first = outermost(begin, end, true);
    byte[] last = outermost(begin, end, false);
    assertThat(Arrays.compareUnsigned(from, first)).isLessThanOrEqualTo(0);
    assertThat(Arrays.compareUnsigned(last, to)).isNegative();
    if ((exact & 1) != 0) {
      assertThat(from).isEqualTo(Arrays.copyOf(first, Math.min(first.length, KEPT_BYTES)));
    }
    if ((exact & 2) != 0 && last.length <= KEPT_BYTES) {
      assertThat(to).isEqualTo(Arrays.copyOf(last, last.length + 1));
    } else if ((exact & 2) != 0) {
      BigInteger kept = new BigInteger(1, Arrays.copyOf(last, KEPT_BYTES));
      assertThat(to).hasSize(KEPT_BYTES);
      assertThat(new BigInteger(1, to)).isEqualTo(kept.add(BigInteger.ONE));
    }
  }

  private byte[] outermost(byte[] begin, byte[] end, boolean first) {
    try (RowCursor cursor = rows.cursor(Family.SCORE, begin, end, first)) {
      assertThat(cursor.next()).isTrue();
      return Arrays.copyOfRange(cursor.key(), PREFIX_BYTES, cursor.key().length);
    }
  }

  private long checkNode(int number, int height, byte[] from, byte[] to) {
    assertThat(seen.add(number)).as("node with one parent").isTrue();
    RankNode node =
        new RankNode(
            number,
            rows.get(Family.SCORE, ElementRows.rankChildren(slot, id, number)),
            rows.get(Family.SCORE, ElementRows.rankCounts(slot, id, number)));
    assertThat(node.size()).isBetween(1, RankTree.CHILDREN_MAX);
    byte[] begin = from;
    long total = 0;
    for (int i = 0; i < node.size(); i++) {
      RankNode.Place child = node.at(i);
      byte[] end = child.to() == null ? to : ElementRows.scoreRow(slot, id, child.to());
      assertThat(Arrays.compareUnsigned(begin, end)).isNegative();
      long count;
      if (height == 1) {
        assertThat(child.node()).isZero();
        count = rowsBetween(begin, end);
        assertThat(count).isBetween(1L, (long) RankTree.BLOCK_MAX);
      } else {
        count = checkNode(child.node(), height - 1, begin, end);
      }
      assertThat(node.count(i)).isEqualTo(count);
      total += count;
      begin = end;
    }
    return total;
  }

  private long rowsBetween(byte[] from, byte[] to) {
    long count = 0;
    try (RowCursor cursor = rows.ascending(Family.SCORE, from, to)) {
      while (cursor.next()) {
        count++;
      }
    }
    return count;
  }
}

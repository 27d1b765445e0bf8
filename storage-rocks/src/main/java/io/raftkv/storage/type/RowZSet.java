package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.Rows;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.WritableRows;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A sorted set in element rows: every member has one row in each family, always both.
 *
 * <pre>
 *   metadata payload   id:8  size:8
 *   data row           member to score:8
 *   score row          score, member to nothing
 * </pre>
 *
 * A member and the ends of a range are found in O(log n). Ranks are not stored: to find the rank of
 * a member, or the member of a rank, costs a walk over the score rows between it and one end, about
 * a microsecond a row. A counted structure would make it O(log n) for more work in every write.
 */
final class RowZSet extends ZSetBody {
  private static final int PAYLOAD_BYTES = 2 * Long.BYTES;

  /** Rows that are read before rows are written: no cursor is open over rows that change. */
  private static final int CHUNK = 256;

  private final KeyHandle key;
  private final Rows rows;
  private final int slot;
  private final long id;
  private long size;

  private RowZSet(KeyHandle key, long id, long size) {
    this.key = key;
    this.rows = key.rows();
    this.slot = key.slot();
    this.id = id;
    this.size = size;
  }

  /** The set that a metadata record describes. */
  static RowZSet open(KeyHandle key, MetaRow meta) {
    byte[] payload = meta.payload();
    long size = payload.length == PAYLOAD_BYTES ? ByteBuffer.wrap(payload).getLong(Long.BYTES) : 0;
    if (size <= 0) {
      throw new CorruptStoreException(
          "sorted set record of " + payload.length + " bytes with " + size + " members");
    }
    return new RowZSet(key, meta.rowsId(), size);
  }

  /** Writes the members of a set that outgrew its record to new rows. */
  static RowZSet moveOut(KeyHandle key, InlineZSet small) {
    RowZSet set = new RowZSet(key, key.writableRows().nextId(), 0);
    try (ZSetCursor walk = small.walk(0, false)) {
      while (walk.next()) {
        set.write(walk.member(), walk.score());
        set.size++;
      }
    }
    return set;
  }

  @Override
  long size() {
    return size;
  }

  @Override
  double score(byte[] member) {
    byte[] value = rows.get(Family.DATA, memberRow(member));
    return value == null ? Double.NaN : decodeScore(value);
  }

  @Override
  void put(byte[] member, double score) {
    double before = score(member);
    if (Double.isNaN(before)) {
      size++;
    } else {
      key.writableRows().delete(Family.SCORE, scoreRow(before, member));
    }
    write(member, score);
  }

  @Override
  boolean remove(byte[] member) {
    double score = score(member);
    if (Double.isNaN(score)) {
      return false;
    }
    WritableRows out = key.writableRows();
    out.delete(Family.DATA, memberRow(member));
    out.delete(Family.SCORE, scoreRow(score, member));
    size--;
    return true;
  }

  @Override
  long rank(byte[] member, double score, boolean backwards) {
    byte[] row = scoreRow(score, member);
    long rank = 0;
    try (RowCursor before =
        backwards
            ? rows.ascending(Family.SCORE, behind(row), end())
            : rows.ascending(Family.SCORE, begin(), row)) {
      while (before.next()) {
        rank++;
      }
    }
    return rank;
  }

  @Override
  ZSetCursor walk(ZSetRange range, boolean backwards) {
    RowRange part = part(range);
    return cursor(part.from(), part.to(), backwards);
  }

  @Override
  ZSetCursor walk(long rank, boolean backwards) {
    return backwards
        ? cursor(begin(), rank == size - 1 ? end() : behind(rowAt(rank)), true)
        : cursor(rank == 0 ? begin() : rowAt(rank), end(), false);
  }

  @Override
  long remove(ZSetRange range) {
    return remove(part(range));
  }

  @Override
  long remove(long firstRank, long lastRank) {
    byte[] from = firstRank == 0 ? begin() : rowAt(firstRank);
    byte[] to = lastRank == size - 1 ? end() : behind(rowAt(lastRank));
    return remove(new RowRange(from, to));
  }

  @Override
  long scan(long cursor, long count, List<ScoredMember> page) {
    if (cursor < 0 || cursor > KeyRows.HASH_MAX) {
      return 0; // not a cursor of ours: nothing follows it
    }
    long last = -1;
    try (RowCursor members =
        rows.ascending(Family.DATA, ElementRows.elementFrom(slot, id, cursor), end())) {
      while (members.next()) {
        long hash = ElementRows.hashOf(members.key());
        if (page.size() >= count && hash != last) {
          return hash;
        }
        last = hash;
        page.add(memberAt(members));
      }
    }
    return 0;
  }

  @Override
  ScoredMember random(SeededRandom random) {
    return new RowZSetSampler(this, random).one();
  }

  @Override
  List<ScoredMember> sample(SeededRandom random, int count) {
    return new RowZSetSampler(this, random).distinct(count);
  }

  @Override
  int encoding() {
    return MetaRow.ROWS;
  }

  @Override
  byte[] payload() {
    return ByteBuffer.allocate(PAYLOAD_BYTES).putLong(id).putLong(size).array();
  }

  /** The members whose hash is at least {@code hash}, in the order of hashes. */
  RowCursor membersFrom(long hash) {
    return rows.ascending(Family.DATA, ElementRows.elementFrom(slot, id, hash), end());
  }

  /** The member in a {@code data} row. */
  static ScoredMember memberAt(RowCursor row) {
    return new ScoredMember(ElementRows.elementOf(row.key()), decodeScore(row.value()));
  }

  private void write(byte[] member, double score) {
    WritableRows out = key.writableRows();
    out.put(Family.DATA, memberRow(member), encodeScore(score));
    out.put(Family.SCORE, scoreRow(score, member), new byte[0]);
  }

  /** Removes what the part of the score rows names, in chunks of bounded size. */
  private long remove(RowRange part) {
    if (isAll(part)) {
      // The key's deletion, which must follow, drops all rows at once.
      long all = size;
      size = 0;
      return all;
    }
    WritableRows out = key.writableRows();
    long removed = 0;
    byte[] from = part.from();
    List<byte[]> chunk;
    do {
      chunk = read(from, part.to());
      for (byte[] row : chunk) {
        out.delete(Family.DATA, memberRow(ElementRows.memberOf(row)));
      }
      removed += chunk.size();
      from = chunk.isEmpty() ? from : behind(chunk.get(chunk.size() - 1));
    } while (chunk.size() == CHUNK);
    if (removed < CHUNK) {
      chunk.forEach(row -> out.delete(Family.SCORE, row));
    } else {
      out.deleteRange(Family.SCORE, part.from(), part.to());
    }
    size -= removed;
    return removed;
  }

  private boolean isAll(RowRange part) {
    if (part.isEmpty()) {
      return false;
    }
    try (RowCursor below = rows.ascending(Family.SCORE, begin(), part.from());
        RowCursor above = rows.ascending(Family.SCORE, part.to(), end())) {
      return !below.next() && !above.next();
    }
  }

  private List<byte[]> read(byte[] from, byte[] to) {
    List<byte[]> chunk = new ArrayList<>(CHUNK);
    try (RowCursor cursor = rows.ascending(Family.SCORE, from, to)) {
      while (chunk.size() < CHUNK && cursor.next()) {
        chunk.add(cursor.key());
      }
    }
    return chunk;
  }

  /** Score row of the member of a rank that exists: a walk from the nearer end. */
  private byte[] rowAt(long rank) {
    boolean backwards = rank > size / 2;
    long steps = backwards ? size - rank : rank + 1;
    try (RowCursor cursor =
        backwards
            ? rows.descending(Family.SCORE, begin(), end())
            : rows.ascending(Family.SCORE, begin(), end())) {
      while (steps > 0 && cursor.next()) {
        steps--;
      }
      if (steps > 0) {
        throw new CorruptStoreException("sorted set with fewer members than its size " + size);
      }
      return cursor.key();
    }
  }

  /** The score rows of a range. */
  private RowRange part(ZSetRange range) {
    if (range instanceof ZSetRange.ByScore scores) {
      return part(scores);
    }
    ZSetRange.ByMember members = (ZSetRange.ByMember) range;
    double lowest = scoreOfFirst(false);
    return lowest == scoreOfFirst(true) ? part(members, lowest) : runOf(members);
  }

  private RowRange part(ZSetRange.ByScore range) {
    double min = range.minExcluded() ? Math.nextUp(range.min()) : range.min();
    boolean beyondAll = range.minExcluded() && range.min() == Double.POSITIVE_INFINITY;
    byte[] from = beyondAll ? end() : ElementRows.scoreFrom(slot, id, min);
    byte[] to;
    if (range.maxExcluded()) {
      to = ElementRows.scoreFrom(slot, id, range.max());
    } else if (range.max() == Double.POSITIVE_INFINITY) {
      to = end();
    } else {
      to = ElementRows.scoreFrom(slot, id, Math.nextUp(range.max()));
    }
    return new RowRange(from, to);
  }

  /** All members have this one score: their rows are in the order of members. */
  private RowRange part(ZSetRange.ByMember range, double score) {
    byte[] from =
        switch (range.min().kind()) {
          case LOWEST -> begin();
          case INCLUDED -> scoreRow(score, range.min().value());
          case EXCLUDED -> behind(scoreRow(score, range.min().value()));
          case HIGHEST -> end();
        };
    byte[] to =
        switch (range.max().kind()) {
          case LOWEST -> begin();
          case INCLUDED -> behind(scoreRow(score, range.max().value()));
          case EXCLUDED -> scoreRow(score, range.max().value());
          case HIGHEST -> end();
        };
    return new RowRange(from, to);
  }

  /** Scores differ, so that no order helps: the whole set is walked. */
  private RowRange runOf(ZSetRange.ByMember range) {
    byte[] from = null;
    try (RowCursor cursor = rows.ascending(Family.SCORE, begin(), end())) {
      while (cursor.next()) {
        byte[] member = ElementRows.memberOf(cursor.key());
        if (from == null && range.aboveMin(member, 0)) {
          from = cursor.key();
        }
        if (from != null && !range.belowMax(member, 0)) {
          return new RowRange(from, cursor.key());
        }
      }
    }
    return new RowRange(from == null ? end() : from, end());
  }

  private double scoreOfFirst(boolean backwards) {
    try (ZSetCursor cursor = cursor(begin(), end(), backwards)) {
      if (!cursor.next()) {
        throw new CorruptStoreException("sorted set without members");
      }
      return cursor.score();
    }
  }

  private ZSetCursor cursor(byte[] from, byte[] to, boolean backwards) {
    RowCursor cursor =
        backwards
            ? rows.descending(Family.SCORE, from, to)
            : rows.ascending(Family.SCORE, from, to);
    return new ZSetCursor() {
      @Override
      public boolean next() {
        return cursor.next();
      }

      @Override
      public byte[] member() {
        return ElementRows.memberOf(cursor.key());
      }

      @Override
      public double score() {
        return ElementRows.scoreOf(cursor.key());
      }

      @Override
      public void close() {
        cursor.close();
      }
    };
  }

  private byte[] begin() {
    return ElementRows.from(slot, id);
  }

  private byte[] end() {
    return ElementRows.to(slot, id);
  }

  private byte[] memberRow(byte[] member) {
    return ElementRows.element(slot, id, member);
  }

  private byte[] scoreRow(double score, byte[] member) {
    return ElementRows.score(slot, id, score, member);
  }

  /** The smallest row key behind {@code row}. */
  private static byte[] behind(byte[] row) {
    return Arrays.copyOf(row, row.length + 1);
  }

  private static byte[] encodeScore(double score) {
    return ByteBuffer.allocate(Double.BYTES).putDouble(score).array();
  }

  private static double decodeScore(byte[] value) {
    if (value.length != Double.BYTES) {
      throw new CorruptStoreException("score of " + value.length + " bytes");
    }
    return ByteBuffer.wrap(value).getDouble();
  }

  /** Score rows from one key (inclusive) to another (exclusive); may be empty. */
  private record RowRange(byte[] from, byte[] to) {
    RowRange {
      to = Arrays.compareUnsigned(from, to) > 0 ? from : to;
    }

    boolean isEmpty() {
      return Arrays.equals(from, to);
    }
  }
}

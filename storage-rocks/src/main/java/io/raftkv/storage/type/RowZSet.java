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
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A sorted set in element rows: every member has one row in each family, always both. Behind the
 * score rows are those of a {@link RankTree}, which makes everything that deals with ranks O(log n)
 * too.
 *
 * <pre>
 *   metadata payload   id:8  size:8  what the tree has to say
 *   data row           member to score:8
 *   score row          score, member to nothing, or to 1 if the score is -0
 * </pre>
 *
 * The top bit of the size says that the set is <em>packed</em>: it has never had more members, nor
 * longer ones, than Redis packs, and is in rows only because they take more bytes together than a
 * record should have. -0 becomes 0 in it as in Redis.
 */
final class RowZSet extends ZSetBody {
  private static final int FIXED_BYTES = 2 * Long.BYTES;
  private static final long PACKED = Long.MIN_VALUE;
  private static final byte[] NOTHING = {};

  /** In a score row, whose key is that of 0. */
  private static final byte[] MINUS_ZERO = {1};

  /** Rows that are read before rows are written: no cursor is open over rows that change. */
  private static final int CHUNK = 256;

  /** A sample of more than one in this many reads the whole set once. */
  private static final int WALKED_SHARE = 3;

  /** Up to so many rows the rank tree is told of each one, beyond it of the range. */
  private static final int SINGLY = 8;

  /**
   * The rows are made anew when so many score rows were deleted for each one that is left: a walk
   * along ranks, of half a block, then steps over some hundred deleted rows at most.
   */
  private static final int REMOVED_FOR_EACH = 8;

  /** Up to so many members: one command must not take long. */
  private static final int MOVED_MEMBERS = 4_096;

  private final KeyHandle key;
  private final Rows rows;
  private final int slot;
  private final long id;
  private final RankTree ranks;
  private boolean packed;

  private RowZSet(KeyHandle key, long id, boolean packed, RankTree ranks) {
    this.key = key;
    this.rows = key.rows();
    this.slot = key.slot();
    this.id = id;
    this.packed = packed;
    this.ranks = ranks;
  }

  /** The set that a metadata record describes. */
  static RowZSet open(KeyHandle key, MetaRow meta) {
    ByteBuffer payload = ByteBuffer.wrap(meta.payload());
    long id = meta.rowsId();
    long sizeAndPacked = payload.capacity() < FIXED_BYTES ? 0 : payload.getLong(Long.BYTES);
    boolean packed = (sizeAndPacked & PACKED) != 0;
    long size = sizeAndPacked & ~PACKED;
    if (size == 0 || (packed && size > InlineLimits.ENTRIES)) {
      throw new CorruptStoreException(
          "sorted set record of " + payload.capacity() + " bytes with " + size + " members");
    }
    RankTree ranks = new RankTree(key, id, size, payload.position(FIXED_BYTES));
    return new RowZSet(key, id, packed, ranks);
  }

  /**
   * Writes the members of a new set that is too large for a record, all of its rows in order.
   *
   * @param members of one that comes twice only the first is taken
   */
  static RowZSet create(KeyHandle key, List<ScoredMember> members) {
    WritableRows out = key.writableRows();
    long id = out.nextId();
    NewElements rows = new NewElements(key.slot(), id, members.size());
    members.forEach(each -> rows.add(each.member(), encodeScore(each.score())));
    List<ScoredMember> different = new ArrayList<>(members.size());
    rows.inOrder(
        (row, member, score) -> {
          out.put(Family.DATA, row, score);
          different.add(new ScoredMember(member, decodeScore(score)));
        });
    different.sort(ScoredMember.ORDER);
    RowZSet set = new RowZSet(key, id, false, new RankTree(key, id));
    different.forEach(each -> out.put(Family.SCORE, set.scoreRow(each), scoreValue(each.score())));
    set.ranks.addAll(
        set.scoreRow(different.get(0)),
        set.scoreRow(different.get(different.size() - 1)),
        different.size());
    return set;
  }

  /** Writes the members of a set that is to outgrow its record to new rows. */
  static RowZSet moveOut(KeyHandle key, InlineZSet small) {
    long id = key.writableRows().nextId();
    RowZSet set = new RowZSet(key, id, true, new RankTree(key, id));
    try (ZSetCursor walk = small.walk(0, false)) {
      while (walk.next()) {
        set.write(walk.member(), walk.score());
      }
    }
    return set;
  }

  @Override
  long size() {
    return ranks.size();
  }

  @Override
  double score(byte[] member) {
    byte[] value = rows.get(Family.DATA, memberRow(member));
    return value == null ? Double.NaN : decodeScore(value);
  }

  @Override
  void put(byte[] member, double score) {
    double before = score(member);
    if (before == score) {
      return;
    }
    if (!Double.isNaN(before)) {
      dropScore(scoreRow(before, member));
    } else if (!InlineZSet.isShort(member) || ranks.size() >= InlineLimits.ENTRIES) {
      packed = false;
    }
    write(member, packed ? InlineZSet.packed(score) : score);
  }

  /** From now on Redis does not pack the set. Returns whether it did. */
  boolean unpack() {
    boolean was = packed;
    packed = false;
    return was;
  }

  @Override
  boolean remove(byte[] member) {
    double score = score(member);
    if (Double.isNaN(score)) {
      return false;
    }
    key.writableRows().delete(Family.DATA, memberRow(member));
    dropScore(scoreRow(score, member));
    return true;
  }

  @Override
  long rank(byte[] member, double score, boolean backwards) {
    long rank = ranks.rankOf(scoreRow(score, member));
    return backwards ? ranks.size() - 1 - rank : rank;
  }

  @Override
  long count(ZSetRange range) {
    return count(part(range));
  }

  @Override
  ZSetCursor walk(ZSetRange range, boolean backwards, long skip) {
    RowRange whole = part(range);
    RowRange part = skip == 0 ? whole : skipped(whole, backwards, skip);
    return new Cursor(
        backwards
            ? rows.descending(Family.SCORE, part.from(), part.to())
            : rows.ascending(Family.SCORE, part.from(), part.to()));
  }

  /** What is left of a part without so many members at its beginning. */
  private RowRange skipped(RowRange part, boolean backwards, long skip) {
    if (skip >= count(part)) {
      return new RowRange(part.from(), part.from());
    }
    return backwards
        ? new RowRange(part.from(), behind(ranks.rowAt(ranks.rankOf(part.to()) - 1 - skip)))
        : new RowRange(ranks.rowAt(ranks.rankOf(part.from()) + skip), part.to());
  }

  @Override
  ZSetCursor walk(long rank, boolean backwards) {
    return new Cursor(ranks.walk(rank, backwards));
  }

  @Override
  ZSetCursor walkAfter(ScoredMember member, boolean backwards) {
    byte[] row = scoreRow(member);
    return new Cursor(
        backwards
            ? rows.descending(Family.SCORE, begin(), row)
            : rows.ascending(Family.SCORE, behind(row), end()));
  }

  @Override
  long remove(ZSetRange range) {
    RowRange part = part(range);
    return remove(part, count(part));
  }

  @Override
  long remove(long firstRank, long lastRank) {
    boolean one = firstRank == lastRank; // as queues do all the time
    byte[] first = firstRank == 0 && !one ? begin() : ranks.rowAt(firstRank);
    byte[] last = one ? first : lastRank == ranks.size() - 1 ? null : ranks.rowAt(lastRank);
    RowRange part =
        new RowRange(
            firstRank == 0 ? begin() : first, lastRank == ranks.size() - 1 ? end() : behind(last));
    return one && ranks.size() > 1
        ? removeSingly(part, List.of(first))
        : remove(part, lastRank - firstRank + 1);
  }

  @Override
  long scan(long cursor, long count, List<ScoredMember> page) {
    if (cursor < 0 || cursor > KeyRows.HASH_MAX) {
      return 0; // not a cursor of ours: nothing follows it
    }
    long last = -1;
    byte[] from = ElementRows.elementFrom(slot, id, cursor);
    try (RowCursor members = rows.ascending(Family.DATA, from, ElementRows.to(slot, id))) {
      while (members.next()) {
        long hash = ElementRows.hashOf(members.key());
        if (page.size() >= count && hash != last) {
          return hash;
        }
        last = hash;
        double score = decodeScore(members.value());
        page.add(new ScoredMember(ElementRows.elementOf(members.key()), score));
      }
    }
    return 0;
  }

  @Override
  ScoredMember random(SeededRandom random) {
    return memberOf(ranks.rowAt(random.nextLong(ranks.size())));
  }

  @Override
  List<ScoredMember> sample(SeededRandom random, int count) {
    return count > ranks.size() / WALKED_SHARE
        ? sampleByWalking(random, count)
        : sampleByRank(random, count);
  }

  private List<ScoredMember> sampleByRank(SeededRandom random, int count) {
    List<ScoredMember> sample = new ArrayList<>(count);
    Set<Long> seen = new HashSet<>();
    while (sample.size() < count) {
      long rank = random.nextLong(ranks.size());
      if (seen.add(rank)) {
        ScoredMember member = memberOf(ranks.rowAt(rank));
        key.hold(member.member());
        sample.add(member);
      }
    }
    return sample;
  }

  /** Takes each member with the chance (still wanted) / (still to come): all samples alike. */
  private List<ScoredMember> sampleByWalking(SeededRandom random, int count) {
    List<ScoredMember> sample = new ArrayList<>(count);
    long toCome = ranks.size();
    try (RowCursor members = rows.ascending(Family.SCORE, begin(), end())) {
      while (sample.size() < count) {
        if (toCome == 0 || !members.next()) {
          throw new CorruptStoreException("sorted set with fewer members than it counts");
        }
        if (random.nextLong(toCome) < count - sample.size()) {
          ScoredMember member = memberAt(members);
          key.hold(member.member());
          sample.add(member);
        }
        toCome--;
      }
    }
    return sample;
  }

  /**
   * As {@link ZSetBody#store}. A set from which much was taken gets new rows: in the old ones every
   * walk would step over what was deleted between its members.
   */
  @Override
  ZSetBody store() {
    if (RowMove.isDue(ranks.size(), ranks.removed(), REMOVED_FOR_EACH, MOVED_MEMBERS)) {
      List<ScoredMember> members = readAll(RowMove.mostBytes(ranks.removed()));
      if (members != null) {
        return inNewRows(members);
      }
      ranks.forgetRemoved();
    }
    ranks.store();
    return this;
  }

  private RowZSet inNewRows(List<ScoredMember> members) {
    RowZSet next = create(key, members);
    next.packed = packed;
    if (next.size() != ranks.size()) {
      throw new CorruptStoreException(
          "sorted set with %d members where it counts %d".formatted(next.size(), ranks.size()));
    }
    next.ranks.store();
    for (Family family : List.of(Family.DATA, Family.SCORE)) {
      key.writableRows().deleteRange(family, ElementRows.from(slot, id), ElementRows.to(slot, id));
    }
    return next;
  }

  /** All members in order; null if their names have more than so many bytes. */
  private List<ScoredMember> readAll(long mostBytes) {
    List<ScoredMember> all = new ArrayList<>(Math.toIntExact(ranks.size()));
    long bytes = 0;
    try (RowCursor members = rows.ascending(Family.SCORE, begin(), end())) {
      while (members.next() && bytes <= mostBytes) {
        ScoredMember member = memberAt(members);
        bytes += member.member().length;
        all.add(member);
      }
    }
    return bytes > mostBytes ? null : all;
  }

  @Override
  int encoding() {
    return MetaRow.ROWS;
  }

  @Override
  byte[] payload() {
    byte[] tree = ranks.encode();
    return ByteBuffer.allocate(FIXED_BYTES + tree.length)
        .putLong(id)
        .putLong(packed ? ranks.size() | PACKED : ranks.size())
        .put(tree)
        .array();
  }

  /** The member in a score row, with the score that its other row has. */
  private ScoredMember memberOf(byte[] scoreRow) {
    byte[] member = ElementRows.memberOf(scoreRow);
    double score = ElementRows.scoreOf(scoreRow);
    if (score != 0) {
      return new ScoredMember(member, score);
    }
    double signed = score(member);
    if (signed != 0) {
      throw new CorruptStoreException("sorted set with a member of score 0 in one of its rows");
    }
    return new ScoredMember(member, signed);
  }

  /** The member in the score row at which a cursor is. */
  private static ScoredMember memberAt(RowCursor scores) {
    return new ScoredMember(ElementRows.memberOf(scores.key()), scoreAt(scores));
  }

  private static double scoreAt(RowCursor scores) {
    double score = ElementRows.scoreOf(scores.key());
    return score == 0 && scores.value().length > 0 ? -0.0 : score;
  }

  private static byte[] scoreValue(double score) {
    return score == 0 && 1 / score < 0 ? MINUS_ZERO : NOTHING;
  }

  /** Writes both rows of a member that has no score row. */
  private void write(byte[] member, double score) {
    WritableRows out = key.writableRows();
    byte[] row = scoreRow(score, member);
    out.put(Family.DATA, memberRow(member), encodeScore(score));
    out.put(Family.SCORE, row, scoreValue(score));
    ranks.add(row);
  }

  private void dropScore(byte[] row) {
    key.writableRows().delete(Family.SCORE, row);
    ranks.remove(row);
  }

  private long count(RowRange part) {
    return part.isEmpty() ? 0 : ranks.rankOf(part.to()) - ranks.rankOf(part.from());
  }

  /** Removes the members of a part, in chunks of bounded size. */
  private long remove(RowRange part, long count) {
    if (count == 0) {
      return 0;
    }
    if (count == ranks.size()) {
      ranks.clear(); // The key's deletion, which must follow, drops all rows at once.
      return count;
    }
    if (count <= SINGLY) {
      List<byte[]> few = read(part.from(), part.to());
      if (few.size() != count) {
        throw new CorruptStoreException(
            "sorted set with %d members where it counts %d".formatted(few.size(), count));
      }
      return removeSingly(part, few);
    }
    ranks.remove(part.from(), part.to(), count);
    WritableRows out = key.writableRows();
    long removed = 0;
    byte[] from = part.from();
    while (removed < count) {
      List<byte[]> chunk = read(from, part.to());
      if (chunk.isEmpty()) {
        throw new CorruptStoreException("sorted set with fewer members than it counts");
      }
      for (byte[] row : chunk) {
        out.delete(Family.DATA, memberRow(ElementRows.memberOf(row)));
        if (count <= CHUNK) {
          out.delete(Family.SCORE, row);
        }
      }
      removed += chunk.size();
      from = behind(chunk.get(chunk.size() - 1));
    }
    if (count > CHUNK) {
      out.deleteRange(Family.SCORE, part.from(), part.to());
    }
    return removed;
  }

  /** Removes the members of a part that has these score rows and no others. */
  private long removeSingly(RowRange part, List<byte[]> scoreRows) {
    WritableRows out = key.writableRows();
    for (byte[] row : scoreRows) {
      out.delete(Family.DATA, memberRow(ElementRows.memberOf(row)));
      out.delete(Family.SCORE, row);
    }
    ranks.remove(part.from(), part.to(), scoreRows);
    return scoreRows.size();
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

  /** The score rows of a range, without the removed ones before the first and behind the last. */
  private RowRange part(ZSetRange range) {
    RowRange part = unboundedPart(range);
    boolean before = Arrays.compareUnsigned(part.from(), begin()) < 0;
    boolean behind = Arrays.compareUnsigned(part.to(), end()) > 0;
    return new RowRange(before ? begin() : part.from(), behind ? end() : part.to());
  }

  private RowRange unboundedPart(ZSetRange range) {
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
    try (ZSetCursor cursor = walk(backwards ? ranks.size() - 1 : 0, backwards)) {
      if (!cursor.next()) {
        throw new CorruptStoreException("sorted set without members");
      }
      return cursor.score();
    }
  }

  /** Where the first member is: what was removed before it would have to be stepped over. */
  private byte[] begin() {
    return ranks.from();
  }

  private byte[] end() {
    return ranks.to();
  }

  private byte[] memberRow(byte[] member) {
    return ElementRows.element(slot, id, member);
  }

  private byte[] scoreRow(ScoredMember member) {
    return scoreRow(member.score(), member.member());
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

  /** Members as score rows name them. */
  private record Cursor(RowCursor rows) implements ZSetCursor {
    @Override
    public boolean next() {
      return rows.next();
    }

    @Override
    public byte[] member() {
      return ElementRows.memberOf(rows.key());
    }

    @Override
    public double score() {
      return scoreAt(rows);
    }

    @Override
    public void close() {
      rows.close();
    }
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

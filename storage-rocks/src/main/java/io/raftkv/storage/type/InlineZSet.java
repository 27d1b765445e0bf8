package io.raftkv.storage.type;

import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * A sorted set inside its metadata record, in the order of {@link ScoredMember#ORDER}.
 *
 * <pre>
 *   format:1  count:varint  { score:8  length:varint  member }
 * </pre>
 */
final class InlineZSet extends ZSetBody {
  private static final byte FORMAT = 1;

  private final List<ScoredMember> members;
  private int memberBytes;

  InlineZSet() {
    this.members = new ArrayList<>();
  }

  /** Decodes the payload of a metadata record. */
  InlineZSet(byte[] payload) {
    PackedReader in = new PackedReader(payload, FORMAT);
    int count = in.count();
    this.members = new ArrayList<>(count + 1);
    for (int i = 0; i < count; i++) {
      double score = in.float64();
      ScoredMember member = new ScoredMember(in.bytes(), score);
      note(member.member(), 1);
      members.add(member);
    }
    in.end();
  }

  /**
   * How many of these, from the first on, Redis packs one by one: it does not mind how many bytes
   * they take together.
   */
  static int packedOf(List<ScoredMember> members) {
    int most = Math.min(members.size(), InlineLimits.ENTRIES);
    int packed = 0;
    while (packed < most && isShort(members.get(packed).member())) {
      packed++;
    }
    return packed;
  }

  static boolean isShort(byte[] member) {
    return member.length <= InlineLimits.ELEMENT_BYTES;
  }

  /** False if the set has to move to rows before the member gets a score. */
  boolean hasRoomFor(byte[] member) {
    int more = Double.BYTES + PackedWriter.sizeOf(member);
    boolean fits =
        isShort(member)
            && members.size() < InlineLimits.ENTRIES
            && PackedWriter.headerBytes(members.size() + 1) + memberBytes + more
                <= InlineLimits.TOTAL_BYTES;
    return fits || indexOf(member) >= 0;
  }

  /** The score as small sets of Redis keep it: as a number whose zero has no sign. */
  static double packed(double score) {
    return score == 0 ? 0.0 : score;
  }

  @Override
  long size() {
    return members.size();
  }

  @Override
  double score(byte[] member) {
    int index = indexOf(member);
    return index < 0 ? Double.NaN : members.get(index).score();
  }

  @Override
  void put(byte[] member, double score) {
    remove(member);
    ScoredMember added = new ScoredMember(member, packed(score));
    int index = Collections.binarySearch(members, added, ScoredMember.ORDER);
    members.add(-index - 1, added);
    note(member, 1);
  }

  @Override
  boolean remove(byte[] member) {
    int index = indexOf(member);
    if (index < 0) {
      return false;
    }
    members.remove(index);
    note(member, -1);
    return true;
  }

  @Override
  long rank(byte[] member, double score, boolean backwards) {
    int index = indexOf(member);
    return backwards ? members.size() - 1 - index : index;
  }

  @Override
  long count(ZSetRange range) {
    return part(range).size();
  }

  @Override
  ZSetCursor walk(ZSetRange range, boolean backwards, long skip) {
    List<ScoredMember> part = part(range);
    int left = (int) Math.max(0, part.size() - skip);
    return backwards ? walk(part, left - 1, -1) : walk(part, part.size() - left, 1);
  }

  @Override
  ZSetCursor walk(long rank, boolean backwards) {
    return walk(members, (int) rank, backwards ? -1 : 1);
  }

  @Override
  ZSetCursor walkAfter(ScoredMember member, boolean backwards) {
    int step = backwards ? -1 : 1;
    return walk(members, indexOf(member.member()) + step, step);
  }

  @Override
  long remove(ZSetRange range) {
    return removeAll(part(range));
  }

  @Override
  long remove(long firstRank, long lastRank) {
    return removeAll(members.subList((int) firstRank, (int) lastRank + 1));
  }

  @Override
  long scan(long cursor, long count, List<ScoredMember> page) {
    page.addAll(members);
    return 0;
  }

  @Override
  ScoredMember random(SeededRandom random) {
    return members.get(random.nextInt(members.size()));
  }

  @Override
  List<ScoredMember> sample(SeededRandom random, int count) {
    List<ScoredMember> shuffled = new ArrayList<>(members);
    for (int i = 0; i < count; i++) {
      Collections.swap(shuffled, i, i + random.nextInt(shuffled.size() - i));
    }
    return shuffled.subList(0, count);
  }

  @Override
  ZSetBody store() {
    return this; // all of it is in the payload
  }

  @Override
  int encoding() {
    return MetaRow.INLINE;
  }

  @Override
  byte[] payload() {
    PackedWriter out = new PackedWriter(payloadBytes(), FORMAT, members.size());
    for (ScoredMember member : members) {
      out.float64(member.score()).bytes(member.member());
    }
    return out.finish();
  }

  private List<ScoredMember> part(ZSetRange range) {
    int from = 0;
    while (from < members.size()
        && !range.aboveMin(members.get(from).member(), members.get(from).score())) {
      from++;
    }
    int to = from;
    while (to < members.size()
        && range.belowMax(members.get(to).member(), members.get(to).score())) {
      to++;
    }
    return members.subList(from, to);
  }

  private long removeAll(List<ScoredMember> part) {
    long removed = part.size();
    part.forEach(each -> note(each.member(), -1));
    part.clear();
    return removed;
  }

  private int indexOf(byte[] member) {
    for (int i = 0; i < members.size(); i++) {
      if (Arrays.equals(members.get(i).member(), member)) {
        return i;
      }
    }
    return -1;
  }

  private int payloadBytes() {
    return PackedWriter.headerBytes(members.size()) + memberBytes;
  }

  private void note(byte[] member, int sign) {
    memberBytes += sign * (Double.BYTES + PackedWriter.sizeOf(member));
  }

  private static ZSetCursor walk(List<ScoredMember> part, int first, int step) {
    return new ZSetCursor() {
      private int at = first - step;

      @Override
      public boolean next() {
        at += step;
        return at >= 0 && at < part.size();
      }

      @Override
      public byte[] member() {
        return part.get(at).member();
      }

      @Override
      public double score() {
        return part.get(at).score();
      }

      @Override
      public void close() {}
    };
  }
}

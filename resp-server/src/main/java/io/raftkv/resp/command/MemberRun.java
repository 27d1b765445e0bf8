package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.type.ScoredMember;
import io.raftkv.storage.type.ZSetCursor;
import io.raftkv.storage.type.ZSetRange;
import io.raftkv.storage.type.ZSetType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * A reply with a run of members of a sorted set, which may be larger than memory: it remembers the
 * last member that it handed out, and looks it up again for the next portion.
 */
final class MemberRun {
  /** A run of a range is read once if it has no more members than this, else counted first. */
  private static final int SHORT_MEMBERS = 512;

  private static final int SHORT_BYTES = 64 * 1024;

  private final ZSetType set;
  private final boolean backwards;
  private final boolean withScores;
  private final Supplier<ZSetCursor> begin;
  private ScoredMember last;

  private MemberRun(
      ZSetType set, boolean backwards, boolean withScores, Supplier<ZSetCursor> begin) {
    this.set = set;
    this.backwards = backwards;
    this.withScores = withScores;
    this.begin = begin;
  }

  /**
   * The members from one rank to another, both included; ranks outside the set are cut.
   *
   * @param backwards the highest member has rank 0, and comes first
   */
  static Reply ofRanks(ZSetType set, long first, long last, boolean backwards, boolean scores) {
    long from = Math.max(first, 0);
    long to = Math.min(last, set.size() - 1);
    if (from > to) { // before any count is made of them, which may overflow
      return SortedSetMembers.members(List.of(), scores);
    }
    return new MemberRun(set, backwards, scores, () -> set.walkFrom(from, backwards))
        .reply(to - from + 1);
  }

  /**
   * Members of a range.
   *
   * @param backwards the highest member comes first
   * @param skip how many to leave out at first, not negative
   * @param limit how many to return at most, not negative
   */
  static Reply ofRange(
      ZSetType set, ZSetRange range, boolean backwards, boolean scores, long skip, long limit) {
    if (!set.exists() || limit == 0) {
      return SortedSetMembers.members(List.of(), scores);
    }
    MemberRun run = new MemberRun(set, backwards, scores, () -> set.walk(range, backwards, skip));
    List<ScoredMember> few = run.few(limit);
    return few != null
        ? SortedSetMembers.members(few, scores)
        : run.reply(Math.min(set.count(range) - skip, limit));
  }

  /** All members, or null if they are many. */
  private List<ScoredMember> few(long limit) {
    List<ScoredMember> few = new ArrayList<>();
    long bytes = 0;
    try (ZSetCursor cursor = begin.get()) {
      while (few.size() < limit && cursor.next()) {
        byte[] member = cursor.member();
        bytes += member.length;
        if (few.size() == SHORT_MEMBERS || bytes > SHORT_BYTES) {
          return null;
        }
        few.add(new ScoredMember(member, cursor.score()));
      }
    }
    return few;
  }

  private Reply reply(long count) {
    return new Reply.Streamed(
        withScores ? Reply.Shape.PAIRS : Reply.Shape.ARRAY, count, this::next);
  }

  private void next(Reply.ElementTaker taker) {
    try (ZSetCursor cursor = last == null ? begin.get() : set.walkAfter(last, backwards)) {
      boolean wanted = true;
      while (wanted && cursor.next()) {
        last = new ScoredMember(cursor.member(), cursor.score());
        wanted =
            taker.take(
                Reply.bulk(last.member()), withScores ? Reply.doubleValue(last.score()) : null);
      }
    }
  }
}

package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.ScoredMember;
import io.raftkv.storage.type.ZSetRange;
import io.raftkv.storage.type.ZSetRange.Limit;
import io.raftkv.storage.type.ZSetType;
import java.util.Arrays;
import java.util.List;

/** The commands that return, store, count or remove a range of a sorted set. */
final class SortedSetRanges {
  /** What the two limits of a range are. */
  enum By {
    RANK,
    SCORE,
    MEMBER
  }

  /**
   * A query for a range.
   *
   * @param keyAt where the key is; the limits follow it
   * @param backwards the highest member comes first; ranks count from it, and of other limits the
   *     higher one is given first
   * @param withScores whether scores are part of the reply
   * @param skip members to leave out at first; negative: all of them
   * @param limit most members to return; negative: all
   */
  private record Query(
      int keyAt, By by, boolean backwards, boolean withScores, long skip, long limit) {
    /** The members, to be stored. */
    List<ScoredMember> run(Args args, Keyspace db) {
      if (by == By.RANK) {
        Ranks ranks = ranks(args, db);
        return ranks.set().ranks(ranks.first(), ranks.last(), backwards);
      }
      ZSetRange range = range(args);
      ZSetType set = set(args, keyAt, db);
      return skip < 0 ? List.of() : set.range(range, backwards, skip, most());
    }

    /** The members as a reply. */
    Reply reply(Args args, Keyspace db) {
      if (by == By.RANK) {
        Ranks ranks = ranks(args, db);
        return MemberRun.ofRanks(ranks.set(), ranks.first(), ranks.last(), backwards, withScores);
      }
      ZSetRange range = range(args);
      ZSetType set = set(args, keyAt, db);
      return skip < 0
          ? SortedSetMembers.members(List.of(), withScores)
          : MemberRun.ofRange(set, range, backwards, withScores, skip, most());
    }

    private Ranks ranks(Args args, Keyspace db) {
      long first = args.int64(keyAt + 1);
      long last = args.int64(keyAt + 2);
      ZSetType set = set(args, keyAt, db);
      return new Ranks(set, fromStart(first, set.size()), fromStart(last, set.size()));
    }

    private ZSetRange range(Args args) {
      return parseRange(args, by, keyAt + (backwards ? 2 : 1), keyAt + (backwards ? 1 : 2));
    }

    private long most() {
      return limit < 0 ? Long.MAX_VALUE : limit;
    }
  }

  private record Ranks(ZSetType set, long first, long last) {}

  private SortedSetRanges() {}

  /** ZRANGE, whose options choose kind and direction. */
  static Reply zrange(Args args, Keyspace db) {
    return parse(args, 1, null, null, false).reply(args, db);
  }

  /** ZRANGEBYSCORE and its like, whose names choose kind and direction. */
  static CommandSpec.Handler fixed(By by, boolean backwards) {
    return (args, db) -> parse(args, 1, by, backwards, false).reply(args, db);
  }

  static Reply zrangestore(Args args, Keyspace db) {
    Query query = parse(args, 2, null, null, true);
    List<ScoredMember> members = query.run(args, db);
    db.release();
    boolean counted = query.by() == By.RANK;
    return Reply.integer(ZSetType.replaceOneByOne(db.key(args.bytes(1)), members, counted));
  }

  /** ZCOUNT and ZLEXCOUNT. */
  static CommandSpec.Handler count(By by) {
    return (args, db) -> {
      ZSetRange range = parseRange(args, by, 2, 3);
      return Reply.integer(set(args, 1, db).count(range));
    };
  }

  /** ZREMRANGEBYSCORE and ZREMRANGEBYLEX. */
  static CommandSpec.Handler remove(By by) {
    return (args, db) -> {
      ZSetRange range = parseRange(args, by, 2, 3);
      ZSetType set = set(args, 1, db);
      long removed = set.remove(range);
      set.save();
      return Reply.integer(removed);
    };
  }

  static Reply zremrangebyrank(Args args, Keyspace db) {
    long first = args.int64(2);
    long last = args.int64(3);
    ZSetType set = set(args, 1, db);
    long removed = set.removeRanks(fromStart(first, set.size()), fromStart(last, set.size()));
    set.save();
    return Reply.integer(removed);
  }

  /** {@code fixedBy} and {@code fixedBackwards} are null where options may choose them. */
  private static Query parse(
      Args args, int keyAt, By fixedBy, Boolean fixedBackwards, boolean store) {
    By by = fixedBy;
    Boolean backwards = fixedBackwards;
    boolean withScores = false;
    long skip = 0;
    long limit = -1;
    for (int i = keyAt + 3; i < args.size(); i++) {
      if (!store && args.is(i, "WITHSCORES")) {
        withScores = true;
      } else if (args.is(i, "LIMIT") && i + 2 < args.size()) {
        skip = args.int64(i + 1);
        limit = args.int64(i + 2);
        i += 2;
      } else if (backwards == null && args.is(i, "REV")) {
        backwards = true;
      } else if (by == null && args.is(i, "BYLEX")) {
        by = By.MEMBER;
      } else if (by == null && args.is(i, "BYSCORE")) {
        by = By.SCORE;
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    by = by == null ? By.RANK : by;
    // As in Redis a limit of -1 passes for none.
    if (limit != -1 && by == By.RANK) {
      throw new CommandException(RespErrors.ZRANGE_LIMIT_BY_RANK);
    }
    if (withScores && by == By.MEMBER) {
      throw new CommandException(RespErrors.ZRANGE_LEX_WITHSCORES);
    }
    return new Query(keyAt, by, backwards != null && backwards, withScores, skip, limit);
  }

  private static ZSetRange parseRange(Args args, By by, int minAt, int maxAt) {
    if (by == By.MEMBER) {
      return new ZSetRange.ByMember(parseMember(args.bytes(minAt)), parseMember(args.bytes(maxAt)));
    }
    return new ZSetRange.ByScore(
        parseScore(args.bytes(minAt)),
        isExcluded(args.bytes(minAt)),
        parseScore(args.bytes(maxAt)),
        isExcluded(args.bytes(maxAt)));
  }

  private static double parseScore(byte[] text) {
    byte[] digits = isExcluded(text) ? Arrays.copyOfRange(text, 1, text.length) : text;
    return Numbers.parseScoreLimit(digits, RespErrors.SCORE_RANGE_NOT_FLOAT);
  }

  private static boolean isExcluded(byte[] text) {
    return text.length > 0 && text[0] == '(';
  }

  private static Limit parseMember(byte[] text) {
    if (text.length > 0) {
      switch (text[0]) {
        case '[' -> {
          return Limit.included(Arrays.copyOfRange(text, 1, text.length));
        }
        case '(' -> {
          return Limit.excluded(Arrays.copyOfRange(text, 1, text.length));
        }
        case '-' -> {
          if (text.length == 1) {
            return Limit.LOWEST;
          }
        }
        case '+' -> {
          if (text.length == 1) {
            return Limit.HIGHEST;
          }
        }
        default -> {}
      }
    }
    throw new CommandException(RespErrors.LEX_RANGE_NOT_VALID);
  }

  private static ZSetType set(Args args, int keyAt, Keyspace db) {
    return new ZSetType(db.key(args.bytes(keyAt)));
  }

  /** The rank counted from the start; a negative one counts from the end. May be outside. */
  private static long fromStart(long rank, long size) {
    return rank < 0 ? rank + size : rank;
  }
}

package io.raftkv.resp.command;

import io.raftkv.resp.command.SortedSetAdding.Option;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.ScoredMember;
import io.raftkv.storage.type.ZSetType;
import java.util.ArrayList;
import java.util.List;

/** The sorted-set commands that deal with single members, by name, at the ends or at random. */
final class SortedSetMembers {
  private SortedSetMembers() {}

  static Reply zadd(Args args, Keyspace db) {
    return add(args, db, false);
  }

  /** As in Redis this is ZADD INCR, down to a score that is read as an option. */
  static Reply zincrby(Args args, Keyspace db) {
    return add(args, db, true);
  }

  private static Reply add(Args args, Keyspace db, boolean alwaysIncrement) {
    SortedSetAdding adding = new SortedSetAdding(args, SortedSetAdding.OF_ZADD);
    boolean increment = alwaysIncrement || adding.has(Option.INCR);
    int at = adding.end();
    int words = args.size() - at;
    if (words == 0 || words % 2 != 0) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    if (adding.hasSeveral(Option.NX, Option.XX)) {
      throw new CommandException(RespErrors.ZADD_XX_AND_NX);
    }
    if (adding.hasSeveral(Option.NX, Option.GT, Option.LT)) {
      throw new CommandException(RespErrors.ZADD_GT_LT_NX);
    }
    if (increment && words > 2) {
      throw new CommandException(RespErrors.ZADD_INCR_ONE_PAIR);
    }
    // All scores are read before the first is set: a bad one leaves the set as it was.
    double[] scores = new double[words / 2];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = args.float64(at + 2 * i);
    }
    ZSetType set = set(args, db);
    set.expect(scores.length);
    for (int i = 0; i < scores.length; i++) {
      adding.add(set, args.bytes(at + 2 * i + 1), scores[i], increment);
    }
    set.save();
    return increment ? adding.scoreReply() : adding.countReply();
  }

  static Reply zrem(Args args, Keyspace db) {
    ZSetType set = set(args, db);
    long removed = 0;
    for (int i = 2; i < args.size(); i++) {
      removed += set.remove(args.bytes(i)) ? 1 : 0;
    }
    set.save();
    return Reply.integer(removed);
  }

  static Reply zcard(Args args, Keyspace db) {
    return Reply.integer(set(args, db).size());
  }

  static Reply zscore(Args args, Keyspace db) {
    return score(set(args, db).score(args.bytes(2)));
  }

  static Reply zmscore(Args args, Keyspace db) {
    ZSetType set = set(args, db);
    List<Reply> scores = new ArrayList<>(args.size() - 2);
    for (int i = 2; i < args.size(); i++) {
      scores.add(score(set.score(args.bytes(i))));
    }
    return Reply.array(scores);
  }

  /** ZRANK and ZREVRANK. */
  static CommandSpec.Handler rank(boolean backwards) {
    return (args, db) -> {
      if (args.size() > 4) {
        throw new CommandException(RespErrors.wrongArity(args.text(0)));
      }
      boolean withScore = args.size() == 4;
      if (withScore && !args.is(3, "WITHSCORE")) {
        throw new CommandException(RespErrors.SYNTAX);
      }
      ZSetType set = set(args, db);
      long rank = set.rank(args.bytes(2), backwards);
      if (rank < 0) {
        return withScore ? Reply.NULL_ARRAY : Reply.NULL;
      }
      Reply reply = Reply.integer(rank);
      return withScore ? Reply.array(reply, Reply.doubleValue(set.score(args.bytes(2)))) : reply;
    };
  }

  /** ZPOPMIN and ZPOPMAX. */
  static CommandSpec.Handler pop(boolean highest) {
    return (args, db) -> {
      if (args.size() > 3) {
        throw new CommandException(RespErrors.SYNTAX);
      }
      boolean counted = args.size() == 3;
      long count = counted ? args.int64(2, 0, Long.MAX_VALUE, RespErrors.OUT_OF_RANGE_POSITIVE) : 1;
      List<ScoredMember> popped = take(set(args, db), highest, count);
      if (popped.isEmpty()) {
        return Reply.EMPTY_ARRAY;
      }
      return counted ? Reply.pairs(flat(popped)) : Reply.array(flat(popped));
    };
  }

  static Reply zmpop(Args args, Keyspace db) {
    MultiPop pop = MultiPop.parse(args, "MIN", "MAX");
    for (int i = pop.firstKey(); i < pop.firstKey() + pop.keys(); i++) {
      ZSetType set = new ZSetType(db.key(args.bytes(i)));
      if (set.exists()) {
        List<Reply> pairs = new ArrayList<>();
        for (ScoredMember each : take(set, !pop.fromStart(), pop.count())) {
          pairs.add(Reply.array(Reply.bulk(each.member()), Reply.doubleValue(each.score())));
        }
        return Reply.array(Reply.bulk(args.bytes(i)), Reply.array(pairs));
      }
    }
    return Reply.NULL_ARRAY;
  }

  static Reply zrandmember(Args args, Keyspace db) {
    if (args.size() == 2) {
      ZSetType set = set(args, db);
      return set.exists() ? Reply.bulk(set.random(db.random()).member()) : Reply.NULL;
    }
    long count = RandomCount.parse(args, 2);
    boolean withScores = args.size() == 4 && args.is(3, "WITHSCORES");
    if (args.size() > 3 && !withScores) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    if (withScores && (count < -Long.MAX_VALUE / 2 || count > Long.MAX_VALUE / 2)) {
      throw new CommandException(RespErrors.OUT_OF_RANGE);
    }
    ZSetType set = set(args, db);
    if (!set.exists()) {
      return Reply.EMPTY_ARRAY;
    }
    if (count >= 0) {
      return members(set.sample(db.random(), count), withScores);
    }
    int picks = RandomCount.repeated(count);
    List<ScoredMember> picked = new ArrayList<>(picks);
    for (int i = 0; i < picks; i++) {
      ScoredMember member = set.random(db.random());
      db.hold(member.member());
      picked.add(member);
    }
    return members(picked, withScores);
  }

  /** As in Redis the options are only looked at if the set exists. */
  static Reply zscan(Args args, Keyspace db) {
    return ScanOptions.scan(
        args,
        db,
        false,
        key -> {
          ZSetType set = new ZSetType(key);
          return (cursor, options, found) -> {
            List<ScoredMember> page = new ArrayList<>();
            long next = set.scan(cursor, options.count(), page);
            for (ScoredMember each : page) {
              if (options.matches(each.member())) {
                found.add(Reply.bulk(each.member()));
                found.add(Reply.bulk(Numbers.formatDouble(each.score())));
              }
            }
            return next;
          };
        });
  }

  /** Members, or members and scores as pairs. */
  static Reply members(List<ScoredMember> members, boolean withScores) {
    return withScores
        ? Reply.pairs(flat(members))
        : Reply.bulks(members.stream().map(ScoredMember::member).toList());
  }

  private static List<Reply> flat(List<ScoredMember> members) {
    List<Reply> flat = new ArrayList<>(2 * members.size());
    for (ScoredMember each : members) {
      flat.add(Reply.bulk(each.member()));
      flat.add(Reply.doubleValue(each.score()));
    }
    return flat;
  }

  private static List<ScoredMember> take(ZSetType set, boolean highest, long count) {
    long size = set.size();
    List<ScoredMember> taken = count == 0 ? List.of() : set.ranks(0, count - 1, highest);
    if (!taken.isEmpty()) {
      long first = highest ? size - taken.size() : 0;
      set.removeRanks(first, first + taken.size() - 1);
      set.save();
    }
    return taken;
  }

  private static Reply score(double score) {
    return Double.isNaN(score) ? Reply.NULL : Reply.doubleValue(score);
  }

  private static ZSetType set(Args args, Keyspace db) {
    return new ZSetType(db.key(args.bytes(1)));
  }
}

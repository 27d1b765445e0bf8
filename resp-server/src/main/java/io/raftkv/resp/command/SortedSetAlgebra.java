package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.ScoredMember;
import io.raftkv.storage.type.SetType;
import io.raftkv.storage.type.ZSetCursor;
import io.raftkv.storage.type.ZSetType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Union, intersection and difference of sorted sets and plain sets, whose members count as having
 * the score 1.
 */
final class SortedSetAlgebra {
  /** How the sets are combined. */
  enum Operation {
    UNION,
    INTERSECTION,
    DIFFERENCE
  }

  /** How the scores of one member in several sets become one. */
  private enum Aggregate {
    SUM,
    MIN,
    MAX;

    double of(double a, double b) {
      return switch (this) {
        case SUM -> zeroIfNaN(a + b); // infinities of both signs
        case MIN -> b < a ? b : a; // a NaN of zero times infinity does not count
        case MAX -> b > a ? b : a;
      };
    }
  }

  private SortedSetAlgebra() {}

  /** ZUNION, ZINTER and ZDIFF. */
  static CommandSpec.Handler returning(Operation operation) {
    return (args, db) -> {
      Call call = Call.parse(args, db, 1, operation, false);
      return SortedSetMembers.members(call.run(operation), call.withScores);
    };
  }

  /** ZUNIONSTORE, ZINTERSTORE and ZDIFFSTORE. */
  static CommandSpec.Handler storing(Operation operation) {
    return (args, db) -> {
      List<ScoredMember> result = Call.parse(args, db, 2, operation, true).run(operation);
      db.release();
      return Reply.integer(ZSetType.replace(db.key(args.bytes(1)), result));
    };
  }

  static Reply zintercard(Args args, Keyspace db) {
    List<Input> inputs = Input.parse(args, db, 1);
    long limit = 0;
    for (int i = 2 + inputs.size(); i < args.size(); i += 2) {
      if (!args.is(i, "LIMIT") || i + 1 == args.size()) {
        throw new CommandException(RespErrors.SYNTAX);
      }
      limit = args.int64(i + 1, 0, Long.MAX_VALUE, RespErrors.LIMIT_NEGATIVE);
    }
    inputs.sort(Input.SMALLEST_FIRST);
    long most = limit == 0 ? Long.MAX_VALUE : limit;
    long[] found = {0};
    inputs
        .get(0)
        .forEachWhile(
            member -> {
              found[0] += isInAll(inputs, member.member()) ? 1 : 0;
              return found[0] < most;
            });
    return Reply.integer(found[0]);
  }

  private static boolean isInAll(List<Input> inputs, byte[] member) {
    for (int i = 1; i < inputs.size(); i++) {
      if (Double.isNaN(inputs.get(i).score(member))) {
        return false;
      }
    }
    return true;
  }

  private static double zeroIfNaN(double score) {
    return Double.isNaN(score) ? 0 : score;
  }

  /** A call but for the key that takes the result. */
  private static final class Call {
    private final Keyspace db;
    private final List<Input> inputs;
    private Aggregate aggregate = Aggregate.SUM;
    private boolean withScores;

    private Call(Keyspace db, List<Input> inputs) {
      this.db = db;
      this.inputs = inputs;
    }

    static Call parse(Args args, Keyspace db, int countAt, Operation operation, boolean store) {
      Call call = new Call(db, Input.parse(args, db, countAt));
      int keys = call.inputs.size();
      boolean weighted = operation != Operation.DIFFERENCE;
      int i = countAt + 1 + keys;
      while (i < args.size()) {
        int following = args.size() - i - 1;
        if (weighted && args.is(i, "WEIGHTS") && following >= keys) {
          for (Input input : call.inputs) {
            input.weight = args.float64(++i, RespErrors.WEIGHT_NOT_FLOAT);
          }
        } else if (weighted && args.is(i, "AGGREGATE") && following >= 1) {
          call.aggregate = aggregate(args, ++i);
        } else if (!store && args.is(i, "WITHSCORES")) {
          call.withScores = true;
        } else {
          throw new CommandException(RespErrors.SYNTAX);
        }
        i++;
      }
      return call;
    }

    private static Aggregate aggregate(Args args, int index) {
      for (Aggregate each : Aggregate.values()) {
        if (args.is(index, each.name())) {
          return each;
        }
      }
      throw new CommandException(RespErrors.SYNTAX);
    }

    /** The result in the order of sorted sets. */
    List<ScoredMember> run(Operation operation) {
      List<ScoredMember> result =
          switch (operation) {
            case UNION -> union();
            case INTERSECTION -> intersection();
            case DIFFERENCE -> difference();
          };
      result.sort(ScoredMember.ORDER);
      return result;
    }

    private List<ScoredMember> union() {
      Map<byte[], Double> scores = new TreeMap<>(Arrays::compareUnsigned);
      // Sums of doubles depend on the order: Redis' is smallest set first.
      inputs.sort(Input.SMALLEST_FIRST);
      for (Input input : inputs) {
        input.forEachWhile(
            each -> {
              int known = scores.size();
              scores.merge(each.member(), input.weighted(each.score()), aggregate::of);
              if (scores.size() > known) {
                db.hold(each.member());
              }
              return true;
            });
      }
      List<ScoredMember> result = new ArrayList<>(scores.size());
      scores.forEach((member, score) -> result.add(new ScoredMember(member, score)));
      return result;
    }

    private List<ScoredMember> intersection() {
      inputs.sort(Input.SMALLEST_FIRST);
      List<ScoredMember> result = new ArrayList<>();
      Input smallest = inputs.get(0);
      smallest.forEachWhile(
          each -> {
            double score = smallest.weighted(each.score());
            for (int i = 1; i < inputs.size() && !Double.isNaN(score); i++) {
              Input other = inputs.get(i);
              double found = other.score(each.member());
              // As in Redis only the first set's zero times infinity is 0 at once.
              score = Double.isNaN(found) ? found : aggregate.of(score, other.weight * found);
            }
            if (!Double.isNaN(score)) {
              add(result, new ScoredMember(each.member(), score));
            }
            return true;
          });
      return result;
    }

    private List<ScoredMember> difference() {
      List<ScoredMember> result = new ArrayList<>();
      inputs
          .get(0)
          .forEachWhile(
              each -> {
                if (!isInAny(each.member())) {
                  add(result, each);
                }
                return true;
              });
      return result;
    }

    private void add(List<ScoredMember> result, ScoredMember member) {
      db.hold(member.member());
      result.add(member);
    }

    private boolean isInAny(byte[] member) {
      for (int i = 1; i < inputs.size(); i++) {
        if (!Double.isNaN(inputs.get(i).score(member))) {
          return true;
        }
      }
      return false;
    }
  }

  /** One of the sets that are combined: sorted, plain, or empty because there is no such key. */
  private static final class Input {
    static final Comparator<Input> SMALLEST_FIRST = Comparator.comparingLong(Input::size);

    private static final double PLAIN_SCORE = 1;

    private final ZSetType sorted;
    private final SetType plain;
    private double weight = 1;

    private Input(ZSetType sorted, SetType plain) {
      this.sorted = sorted;
      this.plain = plain;
    }

    /** The inputs of a call: a count, then so many keys. */
    static List<Input> parse(Args args, Keyspace db, int countAt) {
      long count = args.int64(countAt);
      if (count < 1) {
        throw new CommandException(RespErrors.noInputKeys(args.text(0)));
      }
      if (count > args.size() - countAt - 1) {
        throw new CommandException(RespErrors.SYNTAX);
      }
      List<Input> inputs = new ArrayList<>((int) count);
      long members = 0;
      for (int i = 0; i < count; i++) {
        Input input = of(db.key(args.bytes(countAt + 1 + i)));
        members += input.size();
        inputs.add(input);
      }
      db.mayTakeLong(members);
      return inputs;
    }

    private static Input of(KeyHandle key) {
      return key.exists() && key.meta().type() == KeyType.SET
          ? new Input(null, new SetType(key))
          : new Input(new ZSetType(key), null);
    }

    long size() {
      return plain != null ? plain.size() : sorted.size();
    }

    /** The score of a member before weighting, NaN if there is no such member. */
    double score(byte[] member) {
      if (plain != null) {
        return plain.contains(member) ? PLAIN_SCORE : Double.NaN;
      }
      return sorted.score(member);
    }

    double weighted(double score) {
      return zeroIfNaN(weight * score); // zero times infinity
    }

    /** Visits members, scores before weighting, until the visitor answers false. */
    void forEachWhile(Predicate<ScoredMember> visitor) {
      if (plain != null) {
        plain.forEachWhile(member -> visitor.test(new ScoredMember(member, PLAIN_SCORE)));
      } else if (sorted.exists()) {
        try (ZSetCursor cursor = sorted.walk()) {
          while (cursor.next() && visitor.test(new ScoredMember(cursor.member(), cursor.score()))) {
            // The visitor does the work.
          }
        }
      }
    }
  }
}

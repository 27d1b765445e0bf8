package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.type.ZSetType;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/** Adds members under the conditions of ZADD or GEOADD, and counts what became of them. */
final class SortedSetAdding {
  /** The words that may stand between the key and what is added. */
  enum Option {
    NX,
    XX,
    GT,
    LT,
    CH,
    INCR
  }

  static final Set<Option> OF_ZADD = EnumSet.allOf(Option.class);
  static final Set<Option> OF_GEOADD = EnumSet.of(Option.NX, Option.XX, Option.CH);

  private static final int FIRST_OPTION = 2;

  private final Set<Option> options = EnumSet.noneOf(Option.class);
  private final int end;
  private long added;
  private long updated;
  private long skipped;
  private double lastScore;

  /** Reads those of the options that the command knows, up to the first other word. */
  SortedSetAdding(Args args, Set<Option> known) {
    int at = FIRST_OPTION;
    for (Option option = named(args, at, known); option != null; ) {
      options.add(option);
      option = named(args, ++at, known);
    }
    end = at;
  }

  private static Option named(Args args, int at, Set<Option> known) {
    if (at < args.size()) {
      for (Option option : known) {
        if (args.is(at, option.name())) {
          return option;
        }
      }
    }
    return null;
  }

  /** Where the first word behind the options is. */
  int end() {
    return end;
  }

  boolean has(Option option) {
    return options.contains(option);
  }

  /** True if more than one of these is there. */
  boolean hasSeveral(Option... choices) {
    return Arrays.stream(choices).filter(options::contains).count() > 1;
  }

  /**
   * Adds a member, or changes its score, or neither.
   *
   * @param increment whether the score is what to add to the one that the member has
   */
  void add(ZSetType set, byte[] member, double score, boolean increment) {
    double before = set.score(member);
    if (Double.isNaN(before)) {
      if (has(Option.XX)) {
        skipped++;
      } else {
        set.put(member, score);
        lastScore = score;
        added++;
      }
      return;
    }
    if (has(Option.NX)) {
      skipped++;
      return;
    }
    double after = increment ? before + score : score;
    if (Double.isNaN(after)) {
      throw new CommandException(RespErrors.SCORE_NAN);
    }
    if ((has(Option.LT) && after >= before) || (has(Option.GT) && after <= before)) {
      skipped++;
      return;
    }
    lastScore = after;
    if (after != before) {
      set.put(member, after);
      updated++;
    }
  }

  /** The score of the one member, or null if the conditions did not hold. */
  Reply scoreReply() {
    return skipped > 0 ? Reply.NULL : Reply.doubleValue(lastScore);
  }

  /** How many are new or, with CH, new or changed. */
  Reply countReply() {
    return Reply.integer(has(Option.CH) ? added + updated : added);
  }
}

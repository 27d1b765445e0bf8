package io.raftkv.resp.command;

import io.raftkv.resp.command.SortedSetAlgebra.Operation;
import io.raftkv.resp.command.SortedSetRanges.By;
import java.util.List;

/**
 * The entries of the sorted-set commands. Their handlers are in {@link SortedSetMembers}, {@link
 * SortedSetRanges} and {@link SortedSetAlgebra}.
 */
public final class SortedSetCommands {
  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          sortedSet(
                  "ZADD",
                  -4,
                  KeySpec.FIRST,
                  "1.2.0",
                  "O(log n) per member",
                  "Adds members, or changes their scores.")
              .flags(Flag.DENYOOM, Flag.FAST)
              .writes(SortedSetMembers::zadd),
          sortedSet(
                  "ZINCRBY",
                  4,
                  KeySpec.FIRST,
                  "1.2.0",
                  "O(log n)",
                  "Adds to the score of a member.")
              .flags(Flag.DENYOOM, Flag.FAST)
              .writes(SortedSetMembers::zincrby),
          sortedSet("ZREM", -3, KeySpec.FIRST, "1.2.0", "O(log n) per member", "Removes members.")
              .flags(Flag.FAST)
              .writes(SortedSetMembers::zrem),
          sortedSet("ZCARD", 2, KeySpec.FIRST, "1.2.0", "O(1)", "Returns the number of members.")
              .flags(Flag.FAST)
              .reads(SortedSetMembers::zcard),
          sortedSet("ZSCORE", 3, KeySpec.FIRST, "1.2.0", "O(1)", "Returns the score of a member.")
              .flags(Flag.FAST)
              .reads(SortedSetMembers::zscore),
          sortedSet(
                  "ZMSCORE",
                  -3,
                  KeySpec.FIRST,
                  "6.2.0",
                  "O(1) per member",
                  "Returns the scores of members.")
              .flags(Flag.FAST)
              .reads(SortedSetMembers::zmscore),
          sortedSet(
                  "ZRANK",
                  -3,
                  KeySpec.FIRST,
                  "2.0.0",
                  "O(log n)",
                  "Returns how many members come before one.")
              .flags(Flag.FAST)
              .reads(SortedSetMembers.rank(false)),
          sortedSet(
                  "ZREVRANK",
                  -3,
                  KeySpec.FIRST,
                  "2.0.0",
                  "O(log n)",
                  "Returns how many members come after one.")
              .flags(Flag.FAST)
              .reads(SortedSetMembers.rank(true)),
          sortedSet(
                  "ZPOPMIN",
                  -2,
                  KeySpec.FIRST,
                  "5.0.0",
                  "O(n log n) for n members",
                  "Takes the members of the lowest scores.")
              .flags(Flag.FAST)
              .writes(SortedSetMembers.pop(false)),
          sortedSet(
                  "ZPOPMAX",
                  -2,
                  KeySpec.FIRST,
                  "5.0.0",
                  "O(n log n) for n members",
                  "Takes the members of the highest scores.")
              .flags(Flag.FAST)
              .writes(SortedSetMembers.pop(true)),
          sortedSet(
                  "ZMPOP",
                  -4,
                  KeySpec.counted(1),
                  "7.0.0",
                  "O(k + n log n) for k keys and n members",
                  "Takes members from the first sorted set that has any.")
              .writes(SortedSetMembers::zmpop),
          sortedSet(
                  "ZRANDMEMBER",
                  -2,
                  KeySpec.FIRST,
                  "6.2.0",
                  "O(m log n) for m members returned",
                  "Returns random members.")
              .differs(RandomCount.BOUNDED)
              .reads(SortedSetMembers::zrandmember),
          sortedSet(
                  "ZSCAN",
                  -3,
                  KeySpec.FIRST,
                  "2.8.0",
                  "O(n) for n members looked at",
                  "Goes through a sorted set in steps.")
              .reads(SortedSetMembers::zscan),
          sortedSet(
                  "ZRANGE",
                  -4,
                  KeySpec.FIRST,
                  "1.2.0",
                  "O(log n + m) for m members returned",
                  "Returns a range by rank, score or member.")
              .reads(SortedSetRanges::zrange),
          sortedSet(
                  "ZREVRANGE",
                  -4,
                  KeySpec.FIRST,
                  "1.2.0",
                  "O(log n + m) for m members returned",
                  "Returns a range by rank, highest first.")
              .reads(SortedSetRanges.fixed(By.RANK, true)),
          sortedSet(
                  "ZRANGEBYSCORE",
                  -4,
                  KeySpec.FIRST,
                  "1.0.5",
                  "O(log n + m) for m members returned",
                  "Returns a range by score.")
              .reads(SortedSetRanges.fixed(By.SCORE, false)),
          sortedSet(
                  "ZREVRANGEBYSCORE",
                  -4,
                  KeySpec.FIRST,
                  "2.2.0",
                  "O(log n + m) for m members returned",
                  "Returns a range by score, highest first.")
              .reads(SortedSetRanges.fixed(By.SCORE, true)),
          sortedSet(
                  "ZRANGEBYLEX",
                  -4,
                  KeySpec.FIRST,
                  "2.8.9",
                  "O(log n + m) for m members returned",
                  "Returns a range by member.")
              .reads(SortedSetRanges.fixed(By.MEMBER, false)),
          sortedSet(
                  "ZREVRANGEBYLEX",
                  -4,
                  KeySpec.FIRST,
                  "2.8.9",
                  "O(log n + m) for m members returned",
                  "Returns a range by member, highest first.")
              .reads(SortedSetRanges.fixed(By.MEMBER, true)),
          sortedSet(
                  "ZRANGESTORE",
                  -5,
                  KeySpec.FIRST_TWO,
                  "6.2.0",
                  "O(log n + m log m) for m members stored",
                  "Stores a range in a key.")
              .flags(Flag.DENYOOM)
              .writes(SortedSetRanges::zrangestore),
          sortedSet(
                  "ZCOUNT",
                  4,
                  KeySpec.FIRST,
                  "2.0.0",
                  "O(log n)",
                  "Counts the members of a range by score.")
              .flags(Flag.FAST)
              .reads(SortedSetRanges.count(By.SCORE)),
          sortedSet(
                  "ZLEXCOUNT",
                  4,
                  KeySpec.FIRST,
                  "2.8.9",
                  "O(log n)",
                  "Counts the members of a range by member.")
              .flags(Flag.FAST)
              .reads(SortedSetRanges.count(By.MEMBER)),
          sortedSet(
                  "ZREMRANGEBYRANK",
                  4,
                  KeySpec.FIRST,
                  "2.0.0",
                  "O(log n + m) for m members removed",
                  "Removes a range by rank.")
              .writes(SortedSetRanges::zremrangebyrank),
          sortedSet(
                  "ZREMRANGEBYSCORE",
                  4,
                  KeySpec.FIRST,
                  "1.2.0",
                  "O(log n + m) for m members removed",
                  "Removes a range by score.")
              .writes(SortedSetRanges.remove(By.SCORE)),
          sortedSet(
                  "ZREMRANGEBYLEX",
                  4,
                  KeySpec.FIRST,
                  "2.8.9",
                  "O(log n + m) for m members removed",
                  "Removes a range by member.")
              .writes(SortedSetRanges.remove(By.MEMBER)),
          sortedSet(
                  "ZUNION",
                  -3,
                  KeySpec.counted(1),
                  "6.2.0",
                  "O(n log n) for n members in all",
                  "Returns the union of sorted sets and sets.")
              .reads(SortedSetAlgebra.returning(Operation.UNION)),
          sortedSet(
                  "ZINTER",
                  -3,
                  KeySpec.counted(1),
                  "6.2.0",
                  "O(n k + m log m) for n members in the smallest of k sets",
                  "Returns the intersection of sorted sets and sets.")
              .reads(SortedSetAlgebra.returning(Operation.INTERSECTION)),
          sortedSet(
                  "ZDIFF",
                  -3,
                  KeySpec.counted(1),
                  "6.2.0",
                  "O(n k) for n members in the first of k sets",
                  "Returns what only the first sorted set or set has.")
              .reads(SortedSetAlgebra.returning(Operation.DIFFERENCE)),
          sortedSet(
                  "ZUNIONSTORE",
                  -4,
                  KeySpec.firstAndCounted(2),
                  "2.0.0",
                  "O(n log n) for n members in all",
                  "Stores the union of sorted sets and sets.")
              .flags(Flag.DENYOOM)
              .writes(SortedSetAlgebra.storing(Operation.UNION)),
          sortedSet(
                  "ZINTERSTORE",
                  -4,
                  KeySpec.firstAndCounted(2),
                  "2.0.0",
                  "O(n k + m log m) for n members in the smallest of k sets",
                  "Stores the intersection of sorted sets and sets.")
              .flags(Flag.DENYOOM)
              .writes(SortedSetAlgebra.storing(Operation.INTERSECTION)),
          sortedSet(
                  "ZDIFFSTORE",
                  -4,
                  KeySpec.firstAndCounted(2),
                  "6.2.0",
                  "O(n k) for n members in the first of k sets",
                  "Stores what only the first sorted set or set has.")
              .flags(Flag.DENYOOM)
              .writes(SortedSetAlgebra.storing(Operation.DIFFERENCE)),
          sortedSet(
                  "ZINTERCARD",
                  -3,
                  KeySpec.counted(1),
                  "7.0.0",
                  "O(n k) for n members in the smallest of k sets",
                  "Counts the members of an intersection.")
              .reads(SortedSetAlgebra::zintercard));

  private SortedSetCommands() {}

  private static CommandSpec.Builder sortedSet(
      String name, int arity, KeySpec keys, String since, String complexity, String summary) {
    return CommandSpec.command(name)
        .arity(arity)
        .keys(keys)
        .docs(Group.SORTED_SET, since, complexity, summary);
  }
}

package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.HyperLogLog;
import io.raftkv.storage.type.StringType;
import java.util.List;

/** Commands on {@link HyperLogLog}s, which are strings: parse, decide, reply. */
public final class HyperLogLogCommands {
  private static final int FIRST_ELEMENT = 2;

  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          command("PFADD")
              .arity(-2)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(
                  Group.HYPERLOGLOG,
                  "2.8.9",
                  "O(N) where N is the number of elements.",
                  "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.")
              .differs(
                  "A string whose registers are not 16,384 is refused in any case; Redis refuses it"
                      + " only where it comes across the damage.")
              .writes(HyperLogLogCommands::add),
          command("PFCOUNT")
              .arity(-2)
              .keys(KeySpec.ALL)
              .docs(
                  Group.HYPERLOGLOG,
                  "2.8.9",
                  "O(N) where N is the number of keys, each with 16,384 registers.",
                  "Returns the approximated cardinality of the set(s) observed by the HyperLogLog"
                      + " key(s).")
              .differs(
                  "Does not write the estimate into the string, so GET shows the one that was there.")
              .reads(HyperLogLogCommands::count),
          command("PFMERGE")
              .arity(-2)
              .keys(KeySpec.ALL)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.HYPERLOGLOG,
                  "2.8.9",
                  "O(N) where N is the number of keys, each with 16,384 registers.",
                  "Merges one or more HyperLogLog values into a single key.")
              .writes(HyperLogLogCommands::merge));

  private HyperLogLogCommands() {}

  /** Null if there is no such key. */
  private static HyperLogLog hyperLogLog(StringType string) {
    byte[] value = string.get();
    if (value == null) {
      return null;
    }
    return switch (HyperLogLog.formOf(value)) {
      case OTHER -> throw new CommandException(RespErrors.NOT_HYPERLOGLOG);
      case CORRUPT -> throw new CommandException(RespErrors.CORRUPT_HYPERLOGLOG);
      case SOUND -> HyperLogLog.of(value);
    };
  }

  private static void requireHeader(StringType string) {
    if (HyperLogLog.formOf(string.get()) == HyperLogLog.Form.OTHER) {
      throw new CommandException(RespErrors.NOT_HYPERLOGLOG);
    }
  }

  private static StringType string(Args args, Keyspace keys, int index) {
    return new StringType(keys.key(args.bytes(index)));
  }

  private static Reply add(Args args, Keyspace keys) {
    StringType string = string(args, keys, 1);
    if (args.size() == FIRST_ELEMENT && string.exists()) {
      requireHeader(string); // as in Redis, which looks no further for no elements
      return Reply.ZERO;
    }
    HyperLogLog stored = hyperLogLog(string);
    HyperLogLog changed = stored == null ? HyperLogLog.empty() : stored;
    boolean isChanged = stored == null;
    for (int i = FIRST_ELEMENT; i < args.size(); i++) {
      isChanged |= changed.add(args.bytes(i));
    }
    if (!isChanged) {
      return Reply.ZERO;
    }
    changed.forgetEstimate(); // of a new key, too: so are Redis' bytes
    string.update(changed.bytes());
    return Reply.ONE;
  }

  /** Of several keys it is the count of their union. */
  private static Reply count(Args args, Keyspace keys) {
    if (args.size() == 2) {
      HyperLogLog only = hyperLogLog(string(args, keys, 1));
      return only == null ? Reply.ZERO : Reply.integer(only.count());
    }
    byte[] union = HyperLogLog.newRanks();
    for (int i = 1; i < args.size(); i++) {
      HyperLogLog one = hyperLogLog(string(args, keys, i));
      if (one != null) {
        one.raiseAll(union);
      }
    }
    return Reply.integer(HyperLogLog.count(union));
  }

  /** The target is one of the sources, and dense if one of them is. */
  private static Reply merge(Args args, Keyspace keys) {
    byte[] union = HyperLogLog.newRanks();
    boolean dense = false;
    for (int i = 1; i < args.size(); i++) {
      HyperLogLog source = hyperLogLog(string(args, keys, i));
      if (source != null) {
        source.raiseAll(union);
        dense |= source.isDense();
      }
    }
    StringType string = string(args, keys, 1);
    HyperLogLog stored = hyperLogLog(string);
    HyperLogLog target = stored == null ? HyperLogLog.empty() : stored;
    target.merge(union, dense);
    string.update(target.bytes());
    return Reply.OK;
  }
}

package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Flush;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.SlotSet;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The commands that concern all shards, as they are sent to a shard for some of its slots only. One
 * of several shards may have done its part of such a command when another one has not, since they
 * are being merged: the part that is left is not all of what the new shard has. For the rest was
 * done, and what the same connection has sent since may be done there, too.
 *
 * <pre>
 *   RAFTKV.command  slots  the command's own arguments
 * </pre>
 *
 * with slots as in {@code 0-99 200}, in one word. Nodes send them; a client that sends one is told
 * that there is no such command.
 */
public final class WithinSlots {
  private static final String PREFIX = "RAFTKV.";

  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          within("DBSIZE", 2, CommandSpec.FanOut.SUM_ALL_SHARDS)
              .reads((args, keys) -> KeyWalks.dbSize(keys, slots(args, keys))),
          within("KEYS", 3, CommandSpec.FanOut.CONCAT_ALL_SHARDS)
              .reads((args, keys) -> KeyRun.run(args.bytes(2), keys, slots(args, keys))),
          within("RANDOMKEY", 2, CommandSpec.FanOut.FIRST_NON_NULL)
              .reads((args, keys) -> KeyWalks.anyKey(keys, slots(args, keys))),
          within("FLUSHDB", -2, CommandSpec.FanOut.ALL_OK_ALL_SHARDS)
              .writes((args, keys) -> flush(keys, slots(args, keys), false)),
          within("FLUSHALL", -2, CommandSpec.FanOut.ALL_OK_ALL_SHARDS)
              .writes((args, keys) -> flush(keys, slots(args, keys), true)));

  private WithinSlots() {}

  private static CommandSpec.Builder within(String name, int arity, CommandSpec.FanOut fanOut) {
    return command(PREFIX + name)
        .arity(arity)
        .flags(Flag.ADMIN)
        .docs(
            Group.SERVER,
            "0.1.0",
            "As " + name + ".",
            name + " of some slots of a shard; the dispatcher sends it itself.")
        .admission(
            (words, limits) -> {
              throw new CommandException(RespErrors.unknownCommand(words));
            })
        .fanOut(fanOut);
  }

  /** True if it is one of these. */
  public static boolean is(CommandSpec spec) {
    return ALL.contains(spec);
  }

  /** The form of a command of all shards that is for some slots; itself if it is one. */
  public static CommandSpec of(CommandSpec spec) {
    return is(spec)
        ? spec
        : ALL.stream()
            .filter(one -> one.name().equals(PREFIX + spec.name()))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException(spec.name()));
  }

  /** The slots that the words of such a command are for. */
  public static SlotSet slots(byte[][] words) {
    return SlotSet.parse(new String(words[1], StandardCharsets.US_ASCII));
  }

  /** The words of {@link #of} for some slots, from those of the command, in whichever form. */
  public static byte[][] words(CommandSpec spec, byte[][] words, SlotSet slots) {
    int own = is(spec) ? 2 : 1;
    byte[][] within = new byte[2 + words.length - own][];
    within[0] = of(spec).name().getBytes(StandardCharsets.US_ASCII);
    within[1] = slots.toString().getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(words, own, within, 2, words.length - own);
    return within;
  }

  private static SlotSet slots(Args args, Keyspace keys) {
    SlotSet slots;
    try {
      slots = slots(new byte[][] {args.bytes(0), args.bytes(1)});
    } catch (IllegalArgumentException none) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    keys.mayTakeLong(slots.size());
    slots.ranges().forEach(range -> keys.requireSlots(range.first(), range.last()));
    return slots;
  }

  private static Reply flush(Keyspace keys, SlotSet slots, boolean allDatabases) {
    Flush.slots(keys, slots, allDatabases);
    return Reply.OK;
  }
}

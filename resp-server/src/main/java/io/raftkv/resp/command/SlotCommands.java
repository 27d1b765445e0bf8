package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.SlotChanges;
import io.raftkv.storage.SlotOwnership;
import io.raftkv.storage.SlotSet;
import io.raftkv.storage.WritableRows;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;

/**
 * The orders by which a shard's slots go to another one, see {@link SlotOwnership}:
 *
 * <pre>
 *   RAFTKV.SLOTS FENCE    epoch  target group  slots
 *   RAFTKV.SLOTS UNFENCE  epoch  routing version
 *   RAFTKV.SLOTS KEEP     epoch  routing version  slots
 * </pre>
 *
 * with slots as in {@code 0-99 200}, in one word. They answer the epoch that they made, and do
 * nothing if the present one is not that which they name: an order that comes twice, or late, is
 * not obeyed. Nodes propose them; a client that sends one is told that there is no such command.
 */
public final class SlotCommands {
  /** The one command. */
  public static final CommandSpec SLOTS =
      command("RAFTKV.SLOTS")
          .arity(-3)
          .flags(Flag.ADMIN)
          .docs(
              Group.SERVER,
              "0.1.0",
              "O(1)",
              "Fences slots of a shard, or drops all but some; jobs of the cluster send it.")
          .forNodesOnly()
          .writes(SlotCommands::change);

  /** The entries of the family. */
  public static final List<CommandSpec> ALL = List.of(SLOTS);

  private SlotCommands() {}

  /** The words of the order after which slots stand still until another group takes over. */
  public static byte[][] fence(long epoch, UUID target, SlotSet slots) {
    return words("FENCE", epoch, target, slots);
  }

  /**
   * The words of the order after which no slots are about to go any more.
   *
   * @param routingVersion see {@link SlotOwnership#unfenced}
   */
  public static byte[][] unfence(long epoch, long routingVersion) {
    return words("UNFENCE", epoch, routingVersion);
  }

  /**
   * The words of the order that drops all slots but some, with their keys.
   *
   * @param routingVersion see {@link SlotOwnership#routingVersion}
   */
  public static byte[][] keep(long epoch, long routingVersion, SlotSet slots) {
    return words("KEEP", epoch, routingVersion, slots);
  }

  private static byte[][] words(Object... arguments) {
    byte[][] words = new byte[1 + arguments.length][];
    words[0] = SLOTS.name().getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < arguments.length; i++) {
      words[1 + i] = arguments[i].toString().getBytes(StandardCharsets.US_ASCII);
    }
    return words;
  }

  private static Reply change(Args args, Keyspace keys) {
    WritableRows rows = keys.writableRows();
    long epoch = args.int64(2, 0, Long.MAX_VALUE, RespErrors.SYNTAX);
    SlotOwnership after;
    if (args.is(1, "FENCE") && args.size() == 5) {
      UUID target = group(args, 3);
      SlotSet slots = slots(args, 4);
      after = fence(at(epoch, rows), rows, target, slots);
    } else if (args.is(1, "UNFENCE") && args.size() == 4) {
      long routingVersion = args.int64(3, 0, Long.MAX_VALUE, RespErrors.SYNTAX);
      at(epoch, rows);
      after = SlotChanges.unfence(rows, routingVersion);
    } else if (args.is(1, "KEEP") && args.size() == 5) {
      long routingVersion = args.int64(3, 0, Long.MAX_VALUE, RespErrors.SYNTAX);
      SlotSet slots = slots(args, 4);
      after = keep(at(epoch, rows), rows, routingVersion, slots);
    } else {
      throw new CommandException(RespErrors.SYNTAX);
    }
    return Reply.integer(after.epoch());
  }

  private static SlotOwnership at(long epoch, WritableRows rows) {
    SlotOwnership now = rows.ownership();
    if (now.epoch() != epoch) {
      throw new CommandException(RespErrors.slotsAtEpoch(now.epoch()));
    }
    return now;
  }

  private static SlotOwnership fence(
      SlotOwnership now, WritableRows rows, UUID target, SlotSet slots) {
    if (now.fence() != null) {
      throw new CommandException(RespErrors.slotsFenced(now.fence().target()));
    }
    if (slots.isEmpty() || !now.owned().containsAll(slots)) {
      throw new CommandException(RespErrors.SLOTS_NOT_HERE);
    }
    return SlotChanges.fence(rows, target, slots);
  }

  private static SlotOwnership keep(
      SlotOwnership now, WritableRows rows, long routingVersion, SlotSet slots) {
    if (slots.overlaps(now.away())) {
      throw new CommandException(RespErrors.SLOTS_NOT_HERE);
    }
    return SlotChanges.keep(rows, routingVersion, slots);
  }

  private static UUID group(Args args, int at) {
    try {
      return UUID.fromString(args.text(at));
    } catch (IllegalArgumentException none) {
      throw new CommandException(RespErrors.SYNTAX);
    }
  }

  private static SlotSet slots(Args args, int at) {
    try {
      return SlotSet.parse(args.text(at));
    } catch (IllegalArgumentException none) {
      throw new CommandException(RespErrors.SYNTAX);
    }
  }
}

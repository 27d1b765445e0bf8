package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.StringType;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** BITFIELD: reads and changes numbers of any width anywhere in a string. */
final class BitField {
  private static final int FIRST_SUBCOMMAND = 2;

  private enum Action {
    GET(2),
    SET(3),
    INCRBY(3);

    private final int operands;

    Action(int operands) {
      this.operands = operands;
    }

    /** The action a word names if its operands follow; null if there is none. */
    static Action at(Args args, int index) {
      for (Action action : values()) {
        if (args.is(index, action.name()) && index + action.operands < args.size()) {
          return action;
        }
      }
      return null;
    }
  }

  /**
   * One subcommand.
   *
   * @param offset position of the number's highest bit
   * @param operand what to set or to add
   */
  private record Step(
      Action action, BitFieldType type, long offset, long operand, BitOverflow overflow) {
    boolean writes() {
      return action != Action.GET;
    }

    int firstByte() {
      return StringBits.byteOf(offset);
    }

    int lastByte() {
      return StringBits.byteOf(offset + type.width() - 1);
    }

    /** The bytes that the number is in, wholly or in part. */
    byte[] bytesAround(StringType string) {
      return string.read(firstByte(), lastByte() + 1 - firstByte());
    }
  }

  private BitField() {}

  /**
   * A {@link CommandSpec.Admission}: every number to write must begin within the largest value. One
   * to read makes no value, whatever its place.
   */
  static byte[][] admit(byte[][] words, CommandSpec.Limits limits) {
    parse(new Args(words), limits.maxValueBytes());
    return words;
  }

  /**
   * @param maxBytes within which a number that is written must begin
   */
  private static List<Step> parse(Args args, long maxBytes) {
    List<Step> steps = new ArrayList<>();
    BitOverflow overflow = BitOverflow.WRAP;
    int at = FIRST_SUBCOMMAND;
    while (at < args.size()) {
      Action action = Action.at(args, at);
      if (action != null) {
        BitFieldType type = BitFieldType.parse(args.text(at + 1));
        long within = action == Action.GET ? StringType.MAX_BYTES : maxBytes;
        long offset = BitOffset.parse(args.bytes(at + 2), type.width(), within);
        long operand = action == Action.GET ? 0 : args.int64(at + 3);
        steps.add(new Step(action, type, offset, operand, overflow));
        at += 1 + action.operands;
      } else if (args.is(at, "OVERFLOW") && at + 1 < args.size()) {
        overflow = BitOverflow.parse(args, at + 1);
        at += 2;
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    return steps;
  }

  static Reply runReadOnly(Args args, Keyspace keys) {
    List<Step> steps = parse(args, StringType.MAX_BYTES);
    if (steps.stream().anyMatch(Step::writes)) {
      throw new CommandException(RespErrors.BITFIELD_RO_WRITES);
    }
    StringType string = string(args, keys);
    string.exists(); // a key of another type is refused even if nothing is asked of it
    return Reply.array(steps.stream().map(step -> Reply.integer(read(step, string))).toList());
  }

  /**
   * As in Redis, the string first gets as long as the subcommands that write need it, even if all
   * of them fail for an overflow then.
   */
  static Reply run(Args args, Keyspace keys) {
    List<Step> steps = parse(args, StringType.MAX_BYTES);
    StringType string = string(args, keys);
    string.lengthen(
        steps.stream().filter(Step::writes).mapToInt(step -> step.lastByte() + 1).max().orElse(0));
    List<Reply> replies = new ArrayList<>(steps.size());
    for (Step step : steps) {
      long before = read(step, string);
      if (!step.writes()) {
        replies.add(Reply.integer(before));
        continue;
      }
      OptionalLong result = result(step, before);
      if (result.isEmpty()) {
        replies.add(Reply.NULL);
        continue;
      }
      long after = result.getAsLong();
      replies.add(Reply.integer(step.action() == Action.SET ? before : after));
      if (after != before) {
        byte[] around = step.bytesAround(string);
        Bits.setNumber(around, step.offset() % Byte.SIZE, step.type().width(), after);
        string.write(step.firstByte(), around);
      }
    }
    string.save();
    return Reply.array(replies);
  }

  /** What a subcommand makes of a number; nothing if it fails. */
  private static OptionalLong result(Step step, long before) {
    return step.action() == Action.SET
        ? step.type().fit(step.operand(), step.overflow())
        : step.type().add(before, step.operand(), step.overflow());
  }

  private static long read(Step step, StringType string) {
    BitFieldType type = step.type();
    byte[] around = step.bytesAround(string);
    return type.extend(Bits.number(around, step.offset() % Byte.SIZE, type.width()));
  }

  private static StringType string(Args args, Keyspace keys) {
    return new StringType(keys.key(args.bytes(1)));
  }
}

package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.StringType;
import java.util.List;

/** Commands on the bits of strings: parse, decide, reply. */
public final class BitmapCommands {
  private static final String LENGTH_OF_RANGE =
      "O(N) where N is the length of the range" + StringParts.OR_OF_WHOLE;

  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          command("SETBIT")
              .arity(4)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.BITMAP,
                  "2.2.0",
                  "O(1)." + StringParts.AFTER_WHOLE,
                  "Sets or clears the bit at offset of the string value. Creates the key if it"
                      + " doesn't exist.")
              .admission(BitmapCommands::admitOffset)
              .differs("Bits beyond --max-value-bytes are refused; Redis takes 2^32 by default.")
              .writes(BitmapCommands::setBit),
          command("GETBIT")
              .arity(3)
              .keys(KeySpec.FIRST)
              .flags(Flag.FAST)
              .docs(
                  Group.BITMAP,
                  "2.2.0",
                  "O(1), or the length of a string of at most 1 MiB that was written whole.",
                  "Returns a bit value by offset.")
              .reads(BitmapCommands::getBit),
          command("BITCOUNT")
              .arity(-2)
              .keys(KeySpec.FIRST)
              .docs(
                  Group.BITMAP,
                  "2.6.0",
                  LENGTH_OF_RANGE,
                  "Counts the number of set bits (population counting) in a string.")
              .reads(BitmapCommands::bitCount),
          command("BITPOS")
              .arity(-3)
              .keys(KeySpec.FIRST)
              .docs(
                  Group.BITMAP,
                  "2.8.7",
                  LENGTH_OF_RANGE,
                  "Finds the first set (1) or clear (0) bit in a string.")
              .reads(BitmapCommands::bitPos),
          command("BITOP")
              .arity(-4)
              .keys(KeySpec.range(2, -1, 1))
              .flags(Flag.DENYOOM)
              .docs(
                  Group.BITMAP,
                  "2.6.0",
                  "O(N) where N is the length of all strings together.",
                  "Performs bitwise operations on multiple strings, and stores the result.")
              .writes(BitOperation::run),
          command("BITFIELD")
              .arity(-2)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.BITMAP,
                  "3.2.0",
                  "O(1) for each subcommand." + StringParts.AFTER_WHOLE,
                  "Performs arbitrary bitfield integer operations on strings.")
              .admission(BitField::admit)
              .differs(
                  "Writes beyond --max-value-bytes are refused; Redis takes 2^32 bits by default."
                      + " SAT of the smallest numbers of 64 bits takes the lowest that fits; in Redis"
                      + " their distance overflows, and it takes the highest.")
              .writes(BitField::run),
          command("BITFIELD_RO")
              .arity(-2)
              .keys(KeySpec.FIRST)
              .flags(Flag.FAST)
              .docs(
                  Group.BITMAP,
                  "6.0.0",
                  "O(1) for each subcommand, and the length of a string of at most 1 MiB that was written whole.",
                  "Performs arbitrary read-only bitfield integer operations on strings.")
              .reads(BitField::runReadOnly));

  private BitmapCommands() {}

  private static StringType string(Args args, Keyspace keys) {
    return new StringType(keys.key(args.bytes(1)));
  }

  private static byte[][] admitOffset(byte[][] words, CommandSpec.Limits limits) {
    BitOffset.parse(words[2], limits.maxValueBytes());
    return words;
  }

  private static Reply setBit(Args args, Keyspace keys) {
    long offset = BitOffset.parse(args.bytes(2), StringType.MAX_BYTES);
    int bit = (int) args.int64(3, 0, 1, RespErrors.BIT_NOT_0_OR_1);
    StringType string = string(args, keys);
    int at = StringBits.byteOf(offset);
    string.lengthen(at + 1);
    byte[] around = string.read(at, 1);
    int before = Bits.get(around, offset % Byte.SIZE);
    if (before != bit) {
      Bits.set(around, offset % Byte.SIZE, bit);
      string.write(at, around);
    }
    string.save();
    return Reply.integer(before);
  }

  private static Reply getBit(Args args, Keyspace keys) {
    long offset = BitOffset.parse(args.bytes(2), StringType.MAX_BYTES);
    byte[] around = string(args, keys).read(StringBits.byteOf(offset), 1);
    return Reply.integer(Bits.get(around, offset % Byte.SIZE));
  }

  private static Reply bitCount(Args args, Keyspace keys) {
    BitRange range = BitRange.ofCount(args, 2);
    StringType string = string(args, keys);
    long size = StringBits.size(string);
    if (range.isBackward()) {
      return Reply.ZERO;
    }
    return Reply.integer(StringBits.count(string, range.firstBit(size), range.lastBit(size)));
  }

  /**
   * A key that does not exist is an endless row of zeros. Of a string, only a search for a zero
   * without an end of its range may find the one behind the last byte.
   */
  private static Reply bitPos(Args args, Keyspace keys) {
    long bit = args.int64(2);
    if (bit != 0 && bit != 1) {
      throw new CommandException(RespErrors.BITPOS_BIT);
    }
    BitRange range = BitRange.ofPosition(args, 3);
    StringType string = string(args, keys);
    if (!string.exists()) {
      return Reply.integer(-bit);
    }
    long size = StringBits.size(string);
    long first = range.firstBit(size);
    long last = range.lastBit(size);
    if (first > last) {
      return Reply.integer(-1);
    }
    long found = StringBits.find(string, (int) bit, first, last);
    return Reply.integer(found < 0 && bit == 0 && !range.hasLast() ? size : found);
  }
}

package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;

/** What BITFIELD does with a number that is too large or too small for its width. */
enum BitOverflow {
  /** Keeps its lowest bits. */
  WRAP,
  /** Takes the nearest number that fits. */
  SAT,
  /** Leaves the field as it is. */
  FAIL;

  static BitOverflow parse(Args args, int index) {
    for (BitOverflow overflow : values()) {
      if (args.is(index, overflow.name())) {
        return overflow;
      }
    }
    throw new CommandException(RespErrors.BITFIELD_OVERFLOW);
  }
}

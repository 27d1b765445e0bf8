package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;

/**
 * The options of HSETEX, between its key and its fields.
 *
 * @param onlyIfAbsent do nothing if one of the fields exists
 * @param onlyIfPresent do nothing if one of the fields does not exist
 * @param keepTtl fields that exist keep their deadline
 * @param deadline when the fields die, in milliseconds since the epoch, or {@link
 *     MetaRow#NO_EXPIRY}
 * @param firstField index of the first field; fields and values follow in turn to the end
 */
record HashSetOptions(
    boolean onlyIfAbsent, boolean onlyIfPresent, boolean keepTtl, long deadline, int firstField) {

  /** Options and fields, from word 2 on. */
  static HashSetOptions parse(Args args, Keyspace keys) {
    boolean fnx = false;
    boolean fxx = false;
    boolean keepTtl = false;
    ExpireUnit unit = null;
    long deadline = MetaRow.NO_EXPIRY;
    for (int i = 2; i < args.size(); i++) {
      ExpireUnit named = ExpireUnit.named(args, i);
      if (args.is(i, "FIELDS")) {
        return new HashSetOptions(fnx, fxx, keepTtl, deadline, firstField(args, i));
      } else if (named != null || args.is(i, "KEEPTTL")) {
        if (keepTtl || unit != null) {
          throw new CommandException(RespErrors.HSETEX_TWO_EXPIRIES);
        }
        keepTtl = named == null;
        unit = named;
        if (unit != null) {
          deadline = deadline(args, ++i, unit, keys);
        }
      } else if (args.is(i, "FNX") || args.is(i, "FXX")) {
        if (fnx || fxx) {
          throw new CommandException(RespErrors.HSETEX_FXX_AND_FNX);
        }
        fnx = args.is(i, "FNX");
        fxx = !fnx;
      } else {
        throw new CommandException(RespErrors.unknownArgument(args.text(i)));
      }
    }
    throw new CommandException(RespErrors.HASH_FIELDS_MISSING);
  }

  private static long deadline(Args args, int index, ExpireUnit unit, Keyspace keys) {
    if (index == args.size()) {
      throw new CommandException(RespErrors.EXPIRE_TIME_MISSING);
    }
    return unit.fieldDeadline(args, index, keys);
  }

  private static int firstField(Args args, int fieldsAt) {
    int words = args.size() - fieldsAt - 2;
    if (words < 2) {
      throw new CommandException(RespErrors.wrongArity(args.text(0)));
    }
    long count =
        args.int64(fieldsAt + 1, 1, Integer.MAX_VALUE, RespErrors.HSETEX_FIELDS_NOT_POSITIVE);
    if (words != 2 * count) {
      throw new CommandException(RespErrors.wrongArity(args.text(0)));
    }
    return fieldsAt + 2;
  }
}

package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;

/**
 * The options behind key and value of SET, and behind the key of GETEX.
 *
 * @param unit what kind of expiry is given, or null
 * @param expireAt index of the word with its number
 */
record SetOptions(
    boolean onlyIfAbsent,
    boolean onlyIfPresent,
    boolean get,
    boolean keepTtl,
    boolean persist,
    ExpireUnit unit,
    int expireAt) {

  /** Options of SET, from word 3 on. */
  static SetOptions ofSet(Args args) {
    boolean nx = false;
    boolean xx = false;
    boolean get = false;
    boolean keepTtl = false;
    ExpireUnit unit = null;
    int expireAt = 0;
    for (int i = 3; i < args.size(); i++) {
      ExpireUnit named = ExpireUnit.named(args, i);
      if (args.is(i, "NX") && !xx) {
        nx = true;
      } else if (args.is(i, "XX") && !nx) {
        xx = true;
      } else if (args.is(i, "GET")) {
        get = true;
      } else if (args.is(i, "KEEPTTL") && unit == null) {
        keepTtl = true;
      } else if (isExpiry(args, i, named, unit) && !keepTtl) {
        unit = named;
        expireAt = ++i;
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    return new SetOptions(nx, xx, get, keepTtl, false, unit, expireAt);
  }

  /** Options of GETEX, from word 2 on. */
  static SetOptions ofGetEx(Args args) {
    boolean persist = false;
    ExpireUnit unit = null;
    int expireAt = 0;
    for (int i = 2; i < args.size(); i++) {
      ExpireUnit named = ExpireUnit.named(args, i);
      if (args.is(i, "PERSIST") && unit == null) {
        persist = true;
      } else if (isExpiry(args, i, named, unit) && !persist) {
        unit = named;
        expireAt = ++i;
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    return new SetOptions(false, false, false, false, persist, unit, expireAt);
  }

  /** The same kind of expiry may come twice, as in Redis; the last one counts. */
  private static boolean isExpiry(Args args, int index, ExpireUnit named, ExpireUnit before) {
    return named != null && (before == null || before == named) && index + 1 < args.size();
  }

  /** When the key dies, in milliseconds since the epoch; never, if no option says so. */
  long deadline(Args args, Keyspace keys) {
    return unit == null ? MetaRow.NO_EXPIRY : unit.positiveDeadline(args, expireAt, keys);
  }
}

package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;

/** Commands that set, tell or clear when a key dies. */
final class KeyExpiry {
  private static final Reply NO_KEY = Reply.integer(-2);
  private static final Reply NO_EXPIRY = Reply.integer(-1);
  private static final long SECOND = 1000;

  private KeyExpiry() {}

  /** EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT. */
  static Reply expire(Args args, Keyspace keys, ExpireUnit unit) {
    Conditions conditions = Conditions.of(args);
    long deadline = unit.deadline(args, 2, keys);
    KeyHandle key = keys.key(args.bytes(1));
    if (!key.exists() || !conditions.allow(key.meta().expireAtMillis(), deadline)) {
      return Reply.ZERO;
    }
    expire(key, deadline, keys);
    return Reply.ONE;
  }

  /** Lets a key die at a time; one in the past deletes it. */
  static void expire(KeyHandle key, long deadline, Keyspace keys) {
    if (deadline <= keys.timeMillis()) {
      key.delete();
    } else {
      key.expireAt(deadline);
    }
  }

  private record Conditions(boolean nx, boolean xx, boolean gt, boolean lt) {
    static Conditions of(Args args) {
      boolean nx = false;
      boolean xx = false;
      boolean gt = false;
      boolean lt = false;
      for (int i = 3; i < args.size(); i++) {
        if (args.is(i, "NX")) {
          nx = true;
        } else if (args.is(i, "XX")) {
          xx = true;
        } else if (args.is(i, "GT")) {
          gt = true;
        } else if (args.is(i, "LT")) {
          lt = true;
        } else {
          throw new CommandException(RespErrors.unsupportedOption(args.text(i)));
        }
      }
      if (nx && (xx || gt || lt)) {
        throw new CommandException(RespErrors.EXPIRE_NX_AND_OTHERS);
      }
      if (gt && lt) {
        throw new CommandException(RespErrors.EXPIRE_GT_AND_LT);
      }
      return new Conditions(nx, xx, gt, lt);
    }

    /** A key without expiry counts as one that dies later than any other. */
    boolean allow(long before, long after) {
      boolean expires = before != MetaRow.NO_EXPIRY;
      return !(nx && expires)
          && !(xx && !expires)
          && !(gt && after <= before)
          && !(lt && after >= before);
    }
  }

  /** TTL, PTTL. */
  static Reply timeToLive(Args args, Keyspace keys, boolean seconds) {
    return reply(keys.key(args.bytes(1)), keys.clockMillis(), seconds);
  }

  /** EXPIRETIME, PEXPIRETIME. */
  static Reply expireTime(Args args, Keyspace keys, boolean seconds) {
    return reply(keys.key(args.bytes(1)), 0, seconds);
  }

  private static Reply reply(KeyHandle key, long since, boolean seconds) {
    if (!key.exists()) {
      return NO_KEY;
    }
    long expireAt = key.meta().expireAtMillis();
    if (expireAt == MetaRow.NO_EXPIRY) {
      return NO_EXPIRY;
    }
    long millis = Math.max(0, expireAt - since); // eventual reads may see a key that is due
    return Reply.integer(seconds ? roundedSeconds(millis) : millis);
  }

  private static long roundedSeconds(long millis) {
    return millis / SECOND + (millis % SECOND >= SECOND / 2 ? 1 : 0);
  }

  static Reply persist(Args args, Keyspace keys) {
    KeyHandle key = keys.key(args.bytes(1));
    if (!key.exists() || key.meta().expireAtMillis() == MetaRow.NO_EXPIRY) {
      return Reply.ZERO;
    }
    key.expireAt(MetaRow.NO_EXPIRY);
    return Reply.ONE;
  }
}

package io.raftkv.resp.command;

import static io.raftkv.resp.command.Flag.DENYOOM;
import static io.raftkv.resp.command.Flag.FAST;
import static io.raftkv.resp.command.HashCommands.entry;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.type.HashType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongUnaryOperator;

/** Hash commands that set, tell or clear when fields die, and that remove what they answer. */
public final class HashFieldCommands {
  private static final String PER_FIELD = "O(N) where N is the number of fields given.";
  private static final long SECOND = 1000;

  private static final Reply NO_FIELD = Reply.integer(-2);
  private static final Reply NO_DEADLINE = Reply.integer(-1);
  private static final Reply CONDITION_NOT_MET = Reply.ZERO;
  private static final Reply DEADLINE_SET = Reply.ONE;
  private static final Reply DELETED = Reply.integer(2);

  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          entry("HEXPIRE", -6, "7.4.0", PER_FIELD, "Lets fields die in so many seconds.")
              .flags(DENYOOM, FAST)
              .writes((args, keys) -> expire(args, keys, ExpireUnit.EX)),
          entry("HPEXPIRE", -6, "7.4.0", PER_FIELD, "Lets fields die in so many milliseconds.")
              .flags(DENYOOM, FAST)
              .writes((args, keys) -> expire(args, keys, ExpireUnit.PX)),
          entry("HEXPIREAT", -6, "7.4.0", PER_FIELD, "Lets fields die at a second of Unix time.")
              .flags(DENYOOM, FAST)
              .writes((args, keys) -> expire(args, keys, ExpireUnit.EXAT)),
          entry(
                  "HPEXPIREAT",
                  -6,
                  "7.4.0",
                  PER_FIELD,
                  "Lets fields die at a millisecond of Unix time.")
              .flags(DENYOOM, FAST)
              .writes((args, keys) -> expire(args, keys, ExpireUnit.PXAT)),
          entry("HTTL", -5, "7.4.0", PER_FIELD, "Returns the seconds that fields have to live.")
              .flags(FAST)
              .reads((args, keys) -> tell(args, keys, at -> seconds(left(at, keys)))),
          entry(
                  "HPTTL",
                  -5,
                  "7.4.0",
                  PER_FIELD,
                  "Returns the milliseconds that fields have to live.")
              .flags(FAST)
              .reads((args, keys) -> tell(args, keys, at -> left(at, keys))),
          entry(
                  "HEXPIRETIME",
                  -5,
                  "7.4.0",
                  PER_FIELD,
                  "Returns the second of Unix time at which fields die.")
              .flags(FAST)
              .reads((args, keys) -> tell(args, keys, HashFieldCommands::seconds)),
          entry(
                  "HPEXPIRETIME",
                  -5,
                  "7.4.0",
                  PER_FIELD,
                  "Returns the millisecond of Unix time at which fields die.")
              .flags(FAST)
              .reads((args, keys) -> tell(args, keys, at -> at)),
          entry("HPERSIST", -5, "7.4.0", PER_FIELD, "Lets fields live as long as their hash.")
              .flags(FAST)
              .writes(HashFieldCommands::persist),
          entry(
                  "HGETDEL",
                  -5,
                  "8.0.0",
                  PER_FIELD,
                  "Returns the values of fields and removes them, and the hash with the last one.")
              .flags(FAST)
              .writes(HashFieldCommands::getAndDelete),
          entry(
                  "HGETEX",
                  -5,
                  "8.0.0",
                  PER_FIELD,
                  "Returns the values of fields and sets or clears when these die.")
              .flags(FAST)
              .writes(HashFieldCommands::getAndExpire),
          entry("HSETEX", -6, "8.0.0", PER_FIELD, "Sets fields of a hash and when these die.")
              .flags(DENYOOM, FAST)
              .writes(HashFieldCommands::setAndExpire));

  private HashFieldCommands() {}

  private static HashType hash(Args args, Keyspace keys) {
    return new HashType(keys.key(args.bytes(1)));
  }

  /**
   * The fields of {@code FIELDS numfields field …}, to the end of the command.
   *
   * @param at where the word FIELDS must be
   * @param notPositive the error for a number that is not one, or below 1
   */
  private static List<byte[]> fields(Args args, int at, String notPositive) {
    if (at >= args.size() || !args.is(at, "FIELDS")) {
      throw new CommandException(RespErrors.HASH_FIELDS_MISSING);
    }
    if (at + 1 == args.size()) {
      throw new CommandException(RespErrors.wrongArity(args.text(0)));
    }
    if (args.int64(at + 1, 1, Long.MAX_VALUE, notPositive) != args.size() - at - 2) {
      throw new CommandException(RespErrors.HASH_FIELDS_OTHER_NUMBER);
    }
    return Arrays.asList(args.words()).subList(at + 2, args.size());
  }

  private enum Condition {
    NX,
    XX,
    GT,
    LT;

    /** The condition whose name the word is, in any case; null if it is none. */
    static Condition named(Args args, int index) {
      for (Condition condition : values()) {
        if (args.is(index, condition.name())) {
          return condition;
        }
      }
      return null;
    }

    /** A field without deadline counts as one that dies later than any other. */
    boolean allows(HashType.Value before, long after) {
      return switch (this) {
        case NX -> !before.hasDeadline();
        case XX -> before.hasDeadline();
        case GT -> after > before.deadlineMillis();
        case LT -> after < before.deadlineMillis();
      };
    }
  }

  /** What a command does with a field, and answers for it; the value is null if there is none. */
  @FunctionalInterface
  private interface FieldChange {
    Reply run(HashType.Changes changes, byte[] field, HashType.Value value);
  }

  /** The replies for all fields, in their order. */
  private static Reply changeEach(HashType hash, List<byte[]> fields, FieldChange change) {
    List<Reply> replies = new ArrayList<>(fields.size());
    hash.change(
        changes -> {
          for (byte[] field : fields) {
            replies.add(change.run(changes, field, changes.find(field)));
          }
        });
    return Reply.array(replies);
  }

  private static Reply expire(Args args, Keyspace keys, ExpireUnit unit) {
    HashType hash = hash(args, keys);
    long deadline = unit.fieldDeadline(args, 2, keys);
    Condition condition = Condition.named(args, 3);
    List<byte[]> fields =
        fields(args, condition == null ? 3 : 4, RespErrors.HEXPIRE_FIELDS_NOT_POSITIVE);
    return changeEach(
        hash,
        fields,
        (changes, field, value) -> {
          if (value == null) {
            return NO_FIELD;
          }
          if (condition != null && !condition.allows(value, deadline)) {
            return CONDITION_NOT_MET;
          }
          boolean lives = putUntil(changes, field, value.bytes(), deadline, keys);
          return lives ? DEADLINE_SET : DELETED;
        });
  }

  /** Sets a field that dies at a time, if that is yet to come, else removes it: returns which. */
  private static boolean putUntil(
      HashType.Changes changes, byte[] field, byte[] value, long deadline, Keyspace keys) {
    boolean lives = deadline > keys.timeMillis();
    if (lives) {
      changes.put(field, new HashType.Value(value, deadline));
    } else {
      changes.remove(field);
    }
    return lives;
  }

  private static Reply tell(Args args, Keyspace keys, LongUnaryOperator ofDeadline) {
    HashType hash = hash(args, keys);
    List<byte[]> fields = fields(args, 2, RespErrors.HASH_FIELDS_NOT_POSITIVE);
    List<Reply> replies = new ArrayList<>(fields.size());
    for (byte[] field : fields) {
      HashType.Value value = hash.find(field);
      if (value == null) {
        replies.add(NO_FIELD);
      } else if (!value.hasDeadline()) {
        replies.add(NO_DEADLINE);
      } else {
        replies.add(Reply.integer(ofDeadline.applyAsLong(value.deadlineMillis())));
      }
    }
    return Reply.array(replies);
  }

  /** Rounded up, other than the times of keys: so Redis does it. */
  private static long seconds(long millis) {
    return (millis + SECOND - 1) / SECOND;
  }

  /** What is left until a deadline, as TTL tells it. */
  private static long left(long deadlineMillis, Keyspace keys) {
    return Math.max(0, deadlineMillis - keys.clockMillis());
  }

  private static Reply persist(Args args, Keyspace keys) {
    HashType hash = hash(args, keys);
    List<byte[]> fields = fields(args, 2, RespErrors.HASH_FIELDS_NOT_POSITIVE);
    return changeEach(
        hash,
        fields,
        (changes, field, value) -> {
          if (value == null) {
            return NO_FIELD;
          }
          if (!value.hasDeadline()) {
            return NO_DEADLINE;
          }
          changes.put(field, new HashType.Value(value.bytes(), MetaRow.NO_EXPIRY));
          return Reply.ONE;
        });
  }

  private static Reply getAndDelete(Args args, Keyspace keys) {
    HashType hash = hash(args, keys);
    List<byte[]> fields = fields(args, 2, RespErrors.HASH_FIELDS_NOT_POSITIVE);
    return changeEach(
        hash,
        fields,
        (changes, field, value) -> {
          changes.remove(field);
          return value == null ? Reply.NULL : Reply.bulk(value.bytes());
        });
  }

  private static Reply getAndExpire(Args args, Keyspace keys) {
    HashType hash = hash(args, keys);
    ExpireUnit unit = ExpireUnit.named(args, 2);
    boolean persist = args.is(2, "PERSIST");
    long deadline = unit == null ? MetaRow.NO_EXPIRY : unit.fieldDeadline(args, 3, keys);
    int fieldsAt = unit != null ? 4 : persist ? 3 : 2;
    List<byte[]> fields = fields(args, fieldsAt, RespErrors.HASH_FIELDS_NOT_POSITIVE);
    return changeEach(
        hash,
        fields,
        (changes, field, value) -> {
          keys.charge(value == null ? 0 : value.bytes().length); // named twice, it is there twice
          if (value != null && (unit != null || persist)) {
            putUntil(changes, field, value.bytes(), deadline, keys);
          }
          return value == null ? Reply.NULL : Reply.bulk(value.bytes());
        });
  }

  private static Reply setAndExpire(Args args, Keyspace keys) {
    HashSetOptions options = HashSetOptions.parse(args, keys);
    HashType hash = hash(args, keys);
    for (int i = options.firstField(); i < args.size(); i += 2) {
      boolean exists = hash.contains(args.bytes(i));
      if (exists ? options.onlyIfAbsent() : options.onlyIfPresent()) {
        return Reply.ZERO;
      }
    }
    hash.change(
        changes -> {
          for (int i = options.firstField(); i < args.size(); i += 2) {
            byte[] field = args.bytes(i);
            HashType.Value before = options.keepTtl() ? changes.find(field) : null;
            long deadline = before == null ? options.deadline() : before.deadlineMillis();
            putUntil(changes, field, args.bytes(i + 1), deadline, keys);
          }
        });
    return Reply.ONE;
  }
}

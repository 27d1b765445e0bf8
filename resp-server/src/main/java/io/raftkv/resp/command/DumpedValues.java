package io.raftkv.resp.command;

import io.raftkv.resp.rdb.OversizedDumpException;
import io.raftkv.resp.rdb.RdbOutput;
import io.raftkv.resp.rdb.RdbValue;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.type.HashType;
import io.raftkv.storage.type.ListType;
import io.raftkv.storage.type.SetType;
import io.raftkv.storage.type.StringType;
import io.raftkv.storage.type.ZSetCursor;
import io.raftkv.storage.type.ZSetType;

/** Between keys of every type and their values in Redis' serialization. */
final class DumpedValues {
  /** Elements of a list that are in memory beside the payload. */
  private static final int CHUNK = 256;

  private DumpedValues() {}

  /**
   * The payload of a key that exists.
   *
   * @throws OversizedDumpException if it is a collection and the payload would be too large; no
   *     more than that is in memory
   * @throws CommandException if it is a value that this cannot write without a loss
   */
  static byte[] write(KeyHandle key) {
    return switch (key.meta().type()) {
      case STRING -> RdbOutput.string(new StringType(key).get());
      case LIST -> write(new ListType(key));
      case SET -> write(new SetType(key));
      case ZSET -> write(new ZSetType(key));
      case HASH -> write(new HashType(requireNoDeadlines(key)));
      case STREAM -> throw new CommandException(RespErrors.DUMP_STREAM);
    };
  }

  private static byte[] write(ListType list) {
    RdbOutput out = RdbOutput.list();
    for (long first = 0; first < list.size(); first += CHUNK) {
      list.range(first, first + CHUNK - 1).forEach(out::writeString);
    }
    return out.seal(Math.toIntExact(list.size()));
  }

  private static byte[] write(SetType set) {
    RdbOutput out = RdbOutput.set();
    set.forEach(out::writeString);
    return out.seal(Math.toIntExact(set.size()));
  }

  private static byte[] write(ZSetType set) {
    RdbOutput out = RdbOutput.sortedSet();
    try (ZSetCursor cursor = set.walk()) {
      while (cursor.next()) {
        out.writeString(cursor.member());
        out.writeScore(cursor.score());
      }
    }
    return out.seal(Math.toIntExact(set.size()));
  }

  /**
   * The payload has no place for them before Redis 7.4, and to lose them in silence would be worse.
   */
  private static KeyHandle requireNoDeadlines(KeyHandle hash) {
    if (!hash.meta().parts().isNone()) {
      throw new CommandException(RespErrors.DUMP_FIELD_EXPIRY);
    }
    return hash;
  }

  private static byte[] write(HashType hash) {
    RdbOutput out = RdbOutput.hash();
    hash.forEach(
        (field, value) -> {
          out.writeString(field);
          out.writeString(value);
        });
    return out.seal(Math.toIntExact(hash.size()));
  }

  /**
   * Makes a key that does not exist this value, without expiry.
   *
   * @throws CommandException if an element comes twice, which rolls the command back, or if it is a
   *     value that RaftKV does not have
   */
  static void store(RdbValue value, KeyHandle key) {
    if (value instanceof RdbValue.StringValue string) {
      new StringType(key).set(string.bytes());
    } else if (value instanceof RdbValue.ListValue list) {
      new ListType(key).push(ListType.End.TAIL, list.elements());
    } else if (value instanceof RdbValue.SetValue set) {
      requireAllNew(SetType.replace(key, set.members()), set.members().size());
    } else if (value instanceof RdbValue.SortedSetValue set) {
      requireAllNew(ZSetType.replace(key, set.members()), set.members().size());
    } else if (value instanceof RdbValue.HashValue hash) {
      long fields = new HashType(key).putAll(hash.fieldsAndValues());
      requireAllNew(fields, hash.fieldsAndValues().size() / 2);
    } else if (value instanceof RdbValue.ExpiringHashValue) {
      throw new CommandException(RespErrors.RESTORE_FIELD_EXPIRY);
    } else if (value instanceof RdbValue.StreamValue) {
      throw new CommandException(RespErrors.RESTORE_STREAM);
    }
  }

  private static void requireAllNew(long stored, long given) {
    if (stored != given) {
      throw new CommandException(RespErrors.DUMP_BAD_FORMAT);
    }
  }
}

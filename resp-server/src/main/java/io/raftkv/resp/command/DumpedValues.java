package io.raftkv.resp.command;

import io.raftkv.resp.rdb.OversizedDumpException;
import io.raftkv.resp.rdb.RdbOutput;
import io.raftkv.resp.rdb.RdbValue;
import io.raftkv.resp.rdb.RdbValue.ExpiringField;
import io.raftkv.resp.rdb.StreamEncoder;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.type.HashType;
import io.raftkv.storage.type.ListType;
import io.raftkv.storage.type.SetType;
import io.raftkv.storage.type.StreamEntry;
import io.raftkv.storage.type.StreamGroup;
import io.raftkv.storage.type.StreamType;
import io.raftkv.storage.type.StringType;
import io.raftkv.storage.type.ZSetCursor;
import io.raftkv.storage.type.ZSetType;
import java.util.ArrayList;
import java.util.List;

/** Between keys of every type and their values in Redis' serialization. */
final class DumpedValues {
  /** Elements of a list, or entries of a stream, that are in memory beside the payload. */
  private static final int CHUNK = 256;

  private DumpedValues() {}

  /**
   * The payload of a key that exists.
   *
   * @throws OversizedDumpException if it is a collection and the payload would be too large; no
   *     more than that is in memory
   */
  static byte[] write(KeyHandle key) {
    return switch (key.meta().type()) {
      case STRING -> RdbOutput.string(new StringType(key).get());
      case LIST -> write(new ListType(key));
      case SET -> write(new SetType(key));
      case ZSET -> write(new ZSetType(key));
      case HASH -> write(new HashType(key));
      case STREAM -> write(new StreamType(key));
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

  /** Fields that expire need Redis 7.4; a hash without them is for all. */
  private static byte[] write(HashType hash) {
    long firstDeadline = hash.firstDeadlineMillis();
    if (firstDeadline != MetaRow.NO_EXPIRY) {
      return writeExpiring(hash, firstDeadline);
    }
    RdbOutput out = RdbOutput.hash();
    hash.forEach(
        (field, value) -> {
          out.writeString(field);
          out.writeString(value);
        });
    return out.seal(Math.toIntExact(hash.size()));
  }

  private static byte[] writeExpiring(HashType hash, long firstDeadline) {
    RdbOutput out = RdbOutput.expiringHash(firstDeadline);
    hash.forEachValue(
        (field, value) -> {
          out.writeTime(value.hasDeadline() ? value.deadlineMillis() : ExpiringField.NEVER);
          out.writeString(field);
          out.writeString(value.bytes());
        });
    return out.seal(Math.toIntExact(hash.size()));
  }

  private static byte[] write(StreamType stream) {
    StreamEncoder out = new StreamEncoder();
    StreamId from = StreamId.MIN;
    while (from != null) {
      List<StreamEntry> chunk = stream.range(from, StreamId.MAX, false, CHUNK);
      chunk.forEach(out::entry);
      from = chunk.size() < CHUNK ? null : chunk.get(CHUNK - 1).id().next();
    }
    out.ids(stream.lastId(), stream.maxDeletedId(), stream.entriesAdded(), stream.groupCount());
    for (StreamGroup group : stream.groups()) {
      StreamEncoder.requireRoomFor(group.pendingCount());
      out.group(group.image());
    }
    return out.seal();
  }

  /**
   * Makes a key that does not exist this value, without expiry. A hash all of whose fields have
   * expired is not made.
   *
   * @throws CommandException if an element comes twice, which rolls the command back
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
      store(plainFields(hash.fieldsAndValues()), key);
    } else if (value instanceof RdbValue.ExpiringHashValue hash) {
      store(hash.fields().stream().map(DumpedValues::field).toList(), key);
    } else if (value instanceof RdbValue.StreamValue stream) {
      StreamType.replace(key, stream.stream());
    }
  }

  private static void store(List<HashType.ValuedField> fields, KeyHandle key) {
    requireAllNew(HashType.replace(key, fields), fields.size());
  }

  private static List<HashType.ValuedField> plainFields(List<byte[]> fieldsAndValues) {
    List<HashType.ValuedField> fields = new ArrayList<>(fieldsAndValues.size() / 2);
    for (int i = 0; i < fieldsAndValues.size(); i += 2) {
      HashType.Value value = new HashType.Value(fieldsAndValues.get(i + 1), MetaRow.NO_EXPIRY);
      fields.add(new HashType.ValuedField(fieldsAndValues.get(i), value));
    }
    return fields;
  }

  private static HashType.ValuedField field(ExpiringField field) {
    boolean stays = field.expireAtMillis() == ExpiringField.NEVER;
    long deadline = stays ? MetaRow.NO_EXPIRY : field.expireAtMillis();
    return new HashType.ValuedField(field.name(), new HashType.Value(field.value(), deadline));
  }

  private static void requireAllNew(long stored, long given) {
    if (stored != given) {
      throw new CommandException(RespErrors.DUMP_BAD_FORMAT);
    }
  }
}

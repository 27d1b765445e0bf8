package io.raftkv.resp.rdb;

import io.raftkv.storage.type.ScoredMember;
import io.raftkv.storage.type.StreamImage;
import java.util.List;

/**
 * A value of a payload, whatever its encoding was. Collections are not empty, but elements may come
 * twice. Arrays in it belong to the value.
 */
public sealed interface RdbValue {
  record StringValue(byte[] bytes) implements RdbValue {}

  record ListValue(List<byte[]> elements) implements RdbValue {}

  record SetValue(List<byte[]> members) implements RdbValue {}

  record SortedSetValue(List<ScoredMember> members) implements RdbValue {}

  record HashValue(List<byte[]> fieldsAndValues) implements RdbValue {}

  /** A hash of which at least one field expires. */
  record ExpiringHashValue(List<ExpiringField> fields) implements RdbValue {}

  record StreamValue(StreamImage stream) implements RdbValue {}

  /**
   * A field and its value.
   *
   * @param expireAtMillis milliseconds since the epoch, or {@link #NEVER}
   */
  record ExpiringField(byte[] name, byte[] value, long expireAtMillis) {
    public static final long NEVER = Long.MAX_VALUE;
  }
}

package io.raftkv.resp.rdb;

import io.raftkv.resp.rdb.RdbValue.ExpiringField;
import io.raftkv.storage.type.ScoredMember;
import java.util.ArrayList;
import java.util.List;

/** Reads a value, whose type was read, in each of the encodings that Redis 2.8 to 7.4 write. */
final class RdbDecoder {
  private static final int NODE_PLAIN = 1;
  private static final int NODE_PACKED = 2;

  private final RdbInput in;
  private final Allowance allowance;

  RdbDecoder(RdbInput in) {
    this.in = in;
    this.allowance = in.allowance();
  }

  RdbValue decode(RdbType type) {
    return switch (type) {
      case STRING -> new RdbValue.StringValue(in.string());
      case LIST -> list(strings(in.count()));
      case LIST_ZIPLIST -> list(elements(ziplist()));
      case LIST_QUICKLIST -> list(quicklist());
      case LIST_QUICKLIST_2 -> list(quicklist2());
      case SET -> set(strings(in.count()));
      case SET_INTSET -> set(elements(new Intset(in.string(), allowance)));
      case SET_LISTPACK -> set(elements(listpack()));
      case ZSET -> sortedSet(in.count(), RdbInput::textScore);
      case ZSET_2 -> sortedSet(in.count(), RdbInput::binaryScore);
      case ZSET_ZIPLIST -> sortedSet(ziplist());
      case ZSET_LISTPACK -> sortedSet(listpack());
      case HASH -> plainHash(strings(2L * in.count()));
      case HASH_ZIPMAP -> plainHash(elements(new Zipmap(in.string(), allowance)));
      case HASH_ZIPLIST -> plainHash(elements(ziplist()));
      case HASH_LISTPACK -> plainHash(elements(listpack()));
      case HASH_METADATA -> hash(fieldsWithMetadata());
      case HASH_LISTPACK_EX -> hash(fieldsWithTimes());
      case STREAM_LISTPACKS, STREAM_LISTPACKS_2, STREAM_LISTPACKS_3 ->
          new RdbValue.StreamValue(new StreamDecoder(in, type).decode());
    };
  }

  private Ziplist ziplist() {
    return new Ziplist(in.string(), allowance);
  }

  private Listpack listpack() {
    return new Listpack(in.string(), allowance);
  }

  private List<byte[]> strings(long count) {
    List<byte[]> strings = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      strings.add(in.string());
    }
    return strings;
  }

  private static List<byte[]> elements(PackedList packed) {
    List<byte[]> elements = new ArrayList<>();
    addElements(packed, elements);
    return elements;
  }

  private static void addElements(PackedList packed, List<byte[]> elements) {
    while (packed.hasNext()) {
      elements.add(packed.next());
    }
  }

  private List<byte[]> quicklist() {
    List<byte[]> elements = new ArrayList<>();
    for (int nodes = in.count(); nodes > 0; nodes--) {
      addElements(ziplist(), elements);
    }
    return elements;
  }

  private List<byte[]> quicklist2() {
    List<byte[]> elements = new ArrayList<>();
    for (int nodes = in.count(); nodes > 0; nodes--) {
      long kind = in.number();
      if (kind == NODE_PLAIN) {
        elements.add(in.string());
      } else if (kind == NODE_PACKED) {
        addElements(listpack(), elements);
      } else {
        throw new MalformedDumpException("no node of a list has the kind " + kind);
      }
    }
    return elements;
  }

  private static RdbValue list(List<byte[]> elements) {
    requireSome(elements);
    return new RdbValue.ListValue(elements);
  }

  private static RdbValue set(List<byte[]> members) {
    requireSome(members);
    return new RdbValue.SetValue(members);
  }

  private static RdbValue plainHash(List<byte[]> fieldsAndValues) {
    requireSome(fieldsAndValues);
    if (fieldsAndValues.size() % 2 != 0) {
      throw new MalformedDumpException("a field without a value");
    }
    return new RdbValue.HashValue(fieldsAndValues);
  }

  /** Times are counted from the first one, which leads, by one more: 0 is a field without. */
  private List<ExpiringField> fieldsWithMetadata() {
    long firstTime = in.source().littleEndian(Long.BYTES);
    if (firstTime < 0 || firstTime > RdbFormat.LAST_FIELD_TIME + 1) {
      throw new MalformedDumpException("fields that expire from " + firstTime + " on");
    }
    List<ExpiringField> fields = new ArrayList<>();
    for (int left = in.count(); left > 0; left--) {
      long time = in.number();
      byte[] name = in.string();
      fields.add(field(name, in.string(), time == 0 ? 0 : firstTime + time - 1));
    }
    return fields;
  }

  /** Fields, values and times in turn, the times as they are; the first one leads here, too. */
  private List<ExpiringField> fieldsWithTimes() {
    in.source().skip(Long.BYTES);
    List<ExpiringField> fields = new ArrayList<>();
    for (Listpack packed = listpack(); packed.hasNext(); ) {
      byte[] name = packed.next();
      byte[] value = packed.next();
      fields.add(field(name, value, packed.nextNumber()));
    }
    return fields;
  }

  private static ExpiringField field(byte[] name, byte[] value, long time) {
    if (time < 0 || time > RdbFormat.LAST_FIELD_TIME) {
      throw new MalformedDumpException("a field that expires at " + time);
    }
    return new ExpiringField(name, value, time == 0 ? ExpiringField.NEVER : time);
  }

  private static RdbValue hash(List<ExpiringField> fields) {
    requireSome(fields);
    if (fields.stream().anyMatch(field -> field.expireAtMillis() != ExpiringField.NEVER)) {
      return new RdbValue.ExpiringHashValue(fields);
    }
    List<byte[]> fieldsAndValues = new ArrayList<>();
    for (ExpiringField field : fields) {
      fieldsAndValues.add(field.name());
      fieldsAndValues.add(field.value());
    }
    return new RdbValue.HashValue(fieldsAndValues);
  }

  private static RdbValue sortedSet(List<ScoredMember> members) {
    requireSome(members);
    return new RdbValue.SortedSetValue(members);
  }

  /** How a score is written. */
  private interface Score {
    double read(RdbInput in);
  }

  private RdbValue sortedSet(int count, Score score) {
    List<ScoredMember> members = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] member = in.string();
      members.add(new ScoredMember(member, score.read(in)));
    }
    return sortedSet(members);
  }

  /** Members and scores in turn. */
  private static RdbValue sortedSet(PackedList packed) {
    List<ScoredMember> members = new ArrayList<>();
    while (packed.hasNext()) {
      byte[] member = packed.next();
      if (!packed.hasNext()) {
        throw new MalformedDumpException("a member without a score");
      }
      members.add(new ScoredMember(member, ScoreText.parse(packed.next())));
    }
    return sortedSet(members);
  }

  private static void requireSome(List<?> elements) {
    if (elements.isEmpty()) {
      throw new MalformedDumpException("a collection without elements");
    }
  }
}

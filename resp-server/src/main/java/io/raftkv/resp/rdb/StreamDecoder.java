package io.raftkv.resp.rdb;

import io.raftkv.resp.rdb.StreamRecord.Consumer;
import io.raftkv.resp.rdb.StreamRecord.EntryId;
import io.raftkv.resp.rdb.StreamRecord.Group;
import io.raftkv.resp.rdb.StreamRecord.Pending;
import io.raftkv.resp.rdb.StreamRecord.StreamEntry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Reads a stream in the three forms of Redis 5.0, 7.0 and 7.2; see {@link StreamFormat}. */
final class StreamDecoder {
  private final RdbInput in;
  private final Allowance allowance;
  private final boolean hasCounters;
  private final boolean hasActiveTimes;
  private final List<StreamEntry> entries = new ArrayList<>();

  StreamDecoder(RdbInput in, RdbType type) {
    this.in = in;
    this.allowance = in.allowance();
    this.hasCounters = type != RdbType.STREAM_LISTPACKS;
    this.hasActiveTimes = type == RdbType.STREAM_LISTPACKS_3;
  }

  StreamRecord decode() {
    for (int nodes = in.count(); nodes > 0; nodes--) {
      readNode();
    }
    if (in.number() != entries.size()) {
      throw new MalformedDumpException("a stream of another length than it says");
    }
    EntryId lastId = readId();
    if (!entries.isEmpty() && entries.get(entries.size() - 1).id().compareTo(lastId) > 0) {
      throw new MalformedDumpException("a stream with a last id before that of an entry");
    }
    EntryId maxDeletedId = EntryId.ZERO;
    long entriesAdded = entries.size();
    if (hasCounters) {
      readId(); // of the first entry, which is known
      maxDeletedId = readId();
      entriesAdded = in.number();
    }
    return new StreamRecord(entries, lastId, maxDeletedId, entriesAdded, readGroups(lastId));
  }

  private EntryId readId() {
    long millis = in.number();
    return new EntryId(millis, in.number());
  }

  private EntryId readFixedId() {
    long millis = in.source().bigEndian(Long.BYTES);
    return new EntryId(millis, in.source().bigEndian(Long.BYTES));
  }

  private void readNode() {
    byte[] key = in.string();
    if (key.length != StreamFormat.ID_BYTES) {
      throw new MalformedDumpException("a node's id of " + key.length + " bytes");
    }
    ByteBuffer keyNumbers = ByteBuffer.wrap(key);
    EntryId first = new EntryId(keyNumbers.getLong(), keyNumbers.getLong());
    Listpack node = new Listpack(in.string(), allowance);
    long live = node.nextNumber();
    long deleted = node.nextNumber();
    List<byte[]> masterFields = new ArrayList<>();
    for (long fields = node.nextNumber(); fields > 0; fields--) {
      masterFields.add(node.next());
    }
    requireNumber(node, 0);
    while (node.hasNext()) {
      if (readEntry(node, first, masterFields)) {
        live--;
      } else {
        deleted--;
      }
    }
    if (live != 0 || deleted != 0) {
      throw new MalformedDumpException("a node with another number of entries than it says");
    }
  }

  /** Returns whether the entry is there still. */
  private boolean readEntry(Listpack node, EntryId first, List<byte[]> masterFields) {
    long flags = node.nextNumber();
    long millis = first.millis() + node.nextNumber();
    EntryId id = new EntryId(millis, first.sequence() + node.nextNumber());
    List<byte[]> fieldsAndValues = new ArrayList<>();
    long elements;
    if ((flags & StreamFormat.SAME_FIELDS) != 0) {
      for (byte[] field : masterFields) {
        allowance.takeString(field.length); // the store has it once per entry
        fieldsAndValues.add(field);
        fieldsAndValues.add(node.next());
      }
      elements = masterFields.size();
    } else {
      long fields = node.nextNumber();
      for (long i = 0; i < fields; i++) {
        fieldsAndValues.add(node.next());
        fieldsAndValues.add(node.next());
      }
      elements = 1L + fieldsAndValues.size();
    }
    requireNumber(node, elements + StreamFormat.ELEMENTS_OF_ANY_ENTRY);
    if (fieldsAndValues.isEmpty()) {
      throw new MalformedDumpException("a stream entry without fields");
    }
    if ((flags & StreamFormat.DELETED) != 0) {
      return false;
    }
    if (!entries.isEmpty() && entries.get(entries.size() - 1).id().compareTo(id) >= 0) {
      throw new MalformedDumpException("stream entries that do not ascend");
    }
    entries.add(new StreamEntry(id, fieldsAndValues));
    return true;
  }

  private static void requireNumber(Listpack node, long expected) {
    if (node.nextNumber() != expected) {
      throw new MalformedDumpException("a stream entry of another length than it says");
    }
  }

  private List<Group> readGroups(EntryId lastId) {
    List<Group> groups = new ArrayList<>();
    Set<byte[]> names = new TreeSet<>(Arrays::compareUnsigned);
    for (int left = in.count(); left > 0; left--) {
      byte[] name = in.string();
      requireNew(names, name);
      EntryId lastDelivered = readId();
      long entriesRead = hasCounters ? in.number() : entriesReadUpTo(lastDelivered, lastId);
      if (entriesRead < 0 && entriesRead != Group.UNKNOWN_ENTRIES_READ) {
        throw new MalformedDumpException("a group that read more entries than there can be");
      }
      groups.add(new Group(name, lastDelivered, entriesRead, readConsumers()));
    }
    return groups;
  }

  /** What Redis 7.0 takes for granted when it reads a stream that an older one wrote. */
  private long entriesReadUpTo(EntryId id, EntryId lastId) {
    int toLast = id.compareTo(lastId);
    if (entries.isEmpty() || toLast == 0) {
      return toLast > 0 ? Group.UNKNOWN_ENTRIES_READ : entries.size();
    }
    int toFirst = id.compareTo(entries.get(0).id());
    return toFirst < 0 ? 0 : toFirst == 0 ? 1 : Group.UNKNOWN_ENTRIES_READ;
  }

  private List<Consumer> readConsumers() {
    Map<EntryId, Pending> unowned = new TreeMap<>();
    for (int left = in.count(); left > 0; left--) {
      allowance.takeString(StreamFormat.ID_BYTES);
      EntryId id = readFixedId();
      long deliveredAt = in.source().littleEndian(Long.BYTES);
      if (unowned.put(id, new Pending(id, deliveredAt, in.number())) != null) {
        throw new MalformedDumpException("an entry that is pending twice");
      }
    }
    List<Consumer> consumers = new ArrayList<>();
    Set<byte[]> names = new TreeSet<>(Arrays::compareUnsigned);
    for (int left = in.count(); left > 0; left--) {
      consumers.add(readConsumer(names, unowned));
    }
    if (!unowned.isEmpty()) {
      throw new MalformedDumpException("a pending entry without a consumer");
    }
    return consumers;
  }

  private Consumer readConsumer(Set<byte[]> names, Map<EntryId, Pending> unowned) {
    byte[] name = in.string();
    requireNew(names, name);
    long seenAt = in.source().littleEndian(Long.BYTES);
    long activeAt = hasActiveTimes ? in.source().littleEndian(Long.BYTES) : seenAt;
    Map<EntryId, Pending> pending = new TreeMap<>();
    for (int left = in.count(); left > 0; left--) {
      EntryId id = readFixedId();
      Pending owned = unowned.remove(id);
      if (owned == null) {
        throw new MalformedDumpException("a consumer's pending entry that the group has not");
      }
      pending.put(id, owned);
    }
    return new Consumer(name, seenAt, activeAt, List.copyOf(pending.values()));
  }

  private static void requireNew(Set<byte[]> names, byte[] name) {
    if (!names.add(name)) {
      throw new MalformedDumpException("two groups or consumers of one name");
    }
  }
}

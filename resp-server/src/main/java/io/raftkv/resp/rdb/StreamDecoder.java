package io.raftkv.resp.rdb;

import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.PendingEntry;
import io.raftkv.storage.type.StreamEntry;
import io.raftkv.storage.type.StreamGroup;
import io.raftkv.storage.type.StreamImage;
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

  StreamImage decode() {
    for (int nodes = in.count(); nodes > 0; nodes--) {
      readNode();
    }
    if (in.number() != entries.size()) {
      throw new MalformedDumpException("a stream of another length than it says");
    }
    StreamId lastId = readId();
    if (lastEntryId().isAfter(lastId)) {
      throw new MalformedDumpException("a stream with a last id before that of an entry");
    }
    StreamId maxDeletedId = StreamId.MIN;
    long entriesAdded = entries.size();
    if (hasCounters) {
      readId(); // of the first entry, which is known
      maxDeletedId = readId();
      entriesAdded = in.number();
    }
    return new StreamImage(entries, lastId, maxDeletedId, entriesAdded, readGroups(lastId));
  }

  /** 0-0 if there is no entry yet. */
  private StreamId lastEntryId() {
    return entries.isEmpty() ? StreamId.MIN : entries.get(entries.size() - 1).id();
  }

  private StreamId readId() {
    long millis = in.number();
    return new StreamId(millis, in.number());
  }

  private StreamId readFixedId() {
    long millis = in.source().bigEndian(Long.BYTES);
    return new StreamId(millis, in.source().bigEndian(Long.BYTES));
  }

  private void readNode() {
    byte[] key = in.string();
    if (key.length != StreamFormat.ID_BYTES) {
      throw new MalformedDumpException("a node's id of " + key.length + " bytes");
    }
    ByteBuffer keyNumbers = ByteBuffer.wrap(key);
    StreamId first = new StreamId(keyNumbers.getLong(), keyNumbers.getLong());
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
  private boolean readEntry(Listpack node, StreamId first, List<byte[]> masterFields) {
    long flags = node.nextNumber();
    long millis = first.millis() + node.nextNumber();
    StreamId id = new StreamId(millis, first.sequence() + node.nextNumber());
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
    if (!id.isAfter(lastEntryId())) { // 0-0 is no id of an entry, either
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

  private List<StreamImage.Group> readGroups(StreamId lastId) {
    List<StreamImage.Group> groups = new ArrayList<>();
    Set<byte[]> names = new TreeSet<>(Arrays::compareUnsigned);
    for (int left = in.count(); left > 0; left--) {
      byte[] name = in.string();
      requireNew(names, name);
      StreamId lastDelivered = readId();
      long entriesRead = hasCounters ? in.number() : entriesReadUpTo(lastDelivered, lastId);
      if (entriesRead < 0 && entriesRead != StreamGroup.UNKNOWN) {
        throw new MalformedDumpException("a group that read more entries than there can be");
      }
      groups.add(readConsumers(name, lastDelivered, entriesRead));
    }
    return groups;
  }

  /** What Redis 7.0 takes for granted when it reads a stream that an older one wrote. */
  private long entriesReadUpTo(StreamId id, StreamId lastId) {
    int toLast = id.compareTo(lastId);
    if (entries.isEmpty() || toLast == 0) {
      return toLast > 0 ? StreamGroup.UNKNOWN : entries.size();
    }
    int toFirst = id.compareTo(entries.get(0).id());
    return toFirst < 0 ? 0 : toFirst == 0 ? 1 : StreamGroup.UNKNOWN;
  }

  /** What is pending comes twice: first with times, for nobody, then by consumer. */
  private StreamImage.Group readConsumers(byte[] name, StreamId lastDelivered, long entriesRead) {
    Map<StreamId, PendingEntry> pending = new TreeMap<>();
    int unowned = in.count();
    for (int left = unowned; left > 0; left--) {
      allowance.takeString(StreamFormat.ID_BYTES);
      StreamId id = readFixedId();
      long deliveredAt = in.source().littleEndian(Long.BYTES);
      if (pending.put(id, new PendingEntry(id, null, deliveredAt, in.number())) != null) {
        throw new MalformedDumpException("an entry that is pending twice");
      }
    }
    List<StreamImage.Consumer> consumers = new ArrayList<>();
    Set<byte[]> names = new TreeSet<>(Arrays::compareUnsigned);
    for (int left = in.count(); left > 0; left--) {
      byte[] consumer = in.string();
      requireNew(names, consumer);
      long seenAt = in.source().littleEndian(Long.BYTES);
      long activeAt = hasActiveTimes ? in.source().littleEndian(Long.BYTES) : seenAt;
      consumers.add(new StreamImage.Consumer(consumer, seenAt, activeAt));
      unowned -= readOwned(consumer, pending);
    }
    if (unowned > 0) {
      throw new MalformedDumpException("a pending entry without a consumer");
    }
    return new StreamImage.Group(
        name, lastDelivered, entriesRead, consumers, List.copyOf(pending.values()));
  }

  /** Gives a consumer what is pending for it; returns how many entries that is. */
  private int readOwned(byte[] consumer, Map<StreamId, PendingEntry> pending) {
    int owned = in.count();
    for (int left = owned; left > 0; left--) {
      StreamId id = readFixedId();
      PendingEntry entry = pending.get(id);
      if (entry == null || entry.consumer() != null) {
        throw new MalformedDumpException("a pending entry of two consumers, or not of the group");
      }
      pending.put(id, new PendingEntry(id, consumer, entry.deliveredMillis(), entry.deliveries()));
    }
    return owned;
  }

  private static void requireNew(Set<byte[]> names, byte[] name) {
    if (!names.add(name)) {
      throw new MalformedDumpException("two groups or consumers of one name");
    }
  }
}

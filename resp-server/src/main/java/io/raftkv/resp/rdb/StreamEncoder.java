package io.raftkv.resp.rdb;

import io.raftkv.resp.rdb.StreamRecord.Consumer;
import io.raftkv.resp.rdb.StreamRecord.EntryId;
import io.raftkv.resp.rdb.StreamRecord.Group;
import io.raftkv.resp.rdb.StreamRecord.Pending;
import io.raftkv.resp.rdb.StreamRecord.StreamEntry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * Writes a stream as Redis 7.0 does; see {@link StreamFormat}. Entries are taken one by one, so
 * that a stream need not be in memory as a whole beside its payload.
 */
public final class StreamEncoder {
  /** As Redis fills its nodes by default. */
  private static final int NODE_ENTRIES = 100;

  private static final int NODE_BYTES = 4096;

  private final RdbOutput out =
      RdbOutput.ofCollection(RdbType.STREAM_LISTPACKS_2, RdbFormat.STREAMS_VERSION);
  private final List<StreamEntry> node = new ArrayList<>();
  private int nodes;
  private long nodeBytes;
  private long length;
  private EntryId firstId = EntryId.ZERO;

  /** The payload of a whole stream. */
  static byte[] encode(StreamRecord stream) {
    StreamEncoder encoder = new StreamEncoder();
    stream.entries().forEach(encoder::entry);
    return encoder.finish(
        stream.lastId(), stream.maxDeletedId(), stream.entriesAdded(), stream.groups());
  }

  /**
   * Adds an entry; its id is above those before.
   *
   * @throws OversizedDumpException if the payload becomes larger than it may be
   */
  public void entry(StreamEntry entry) {
    if (length == 0) {
      firstId = entry.id();
    }
    long bytes = entry.fieldsAndValues().stream().mapToLong(part -> part.length).sum();
    if (node.size() == NODE_ENTRIES || (!node.isEmpty() && nodeBytes + bytes > NODE_BYTES)) {
      writeNode();
    }
    node.add(entry);
    nodeBytes += bytes;
    length++;
  }

  private void writeNode() {
    EntryId first = node.get(0).id();
    List<byte[]> masterFields = fields(node.get(0));
    ListpackWriter packed = new ListpackWriter();
    packed.write(node.size());
    packed.write(0); // deleted entries are not written
    packed.write(masterFields.size());
    masterFields.forEach(packed::write);
    packed.write(0);
    for (StreamEntry entry : node) {
      writeEntry(packed, entry, first, masterFields);
    }
    out.writeNumber(StreamFormat.ID_BYTES);
    writeFixedId(first);
    byte[] bytes = packed.finish();
    out.writeNumber(bytes.length);
    out.writeBytes(bytes, 0, bytes.length);
    nodes++;
    node.clear();
    nodeBytes = 0;
  }

  private static void writeEntry(
      ListpackWriter packed, StreamEntry entry, EntryId first, List<byte[]> masterFields) {
    List<byte[]> parts = entry.fieldsAndValues();
    boolean same = Arrays.deepEquals(fields(entry).toArray(), masterFields.toArray());
    packed.write(same ? StreamFormat.SAME_FIELDS : 0);
    packed.write(entry.id().millis() - first.millis());
    packed.write(entry.id().sequence() - first.sequence());
    int elements = StreamFormat.ELEMENTS_OF_ANY_ENTRY;
    if (same) {
      for (int i = 1; i < parts.size(); i += 2) {
        packed.write(parts.get(i));
      }
      elements += parts.size() / 2;
    } else {
      packed.write(parts.size() / 2);
      parts.forEach(packed::write);
      elements += 1 + parts.size();
    }
    packed.write(elements);
  }

  private static List<byte[]> fields(StreamEntry entry) {
    List<byte[]> fields = new ArrayList<>();
    for (int i = 0; i < entry.fieldsAndValues().size(); i += 2) {
      fields.add(entry.fieldsAndValues().get(i));
    }
    return fields;
  }

  /**
   * Ends the payload; this encoder is used up then.
   *
   * @param lastId as in {@link StreamRecord}, and so are the others
   */
  public byte[] finish(
      EntryId lastId, EntryId maxDeletedId, long entriesAdded, List<Group> groups) {
    if (!node.isEmpty()) {
      writeNode();
    }
    out.fillInCount(nodes);
    out.writeNumber(length);
    writeId(lastId);
    writeId(firstId);
    writeId(maxDeletedId);
    out.writeNumber(entriesAdded);
    out.writeNumber(groups.size());
    groups.forEach(this::writeGroup);
    return out.seal();
  }

  private void writeGroup(Group group) {
    out.writeString(group.name());
    writeId(group.lastDelivered());
    out.writeNumber(group.entriesRead());
    TreeMap<EntryId, Pending> pending = new TreeMap<>();
    for (Consumer consumer : group.consumers()) {
      consumer.pending().forEach(each -> pending.put(each.id(), each));
    }
    out.writeNumber(pending.size());
    for (Pending each : pending.values()) {
      writeFixedId(each.id());
      out.writeLittleEndian(each.deliveredAtMillis());
      out.writeNumber(each.deliveries());
    }
    out.writeNumber(group.consumers().size());
    for (Consumer consumer : group.consumers()) {
      out.writeString(consumer.name());
      out.writeLittleEndian(consumer.seenAtMillis());
      out.writeNumber(consumer.pending().size());
      consumer.pending().forEach(each -> writeFixedId(each.id()));
    }
  }

  private void writeId(EntryId id) {
    out.writeNumber(id.millis());
    out.writeNumber(id.sequence());
  }

  private void writeFixedId(EntryId id) {
    out.writeBigEndian(id.millis());
    out.writeBigEndian(id.sequence());
  }
}

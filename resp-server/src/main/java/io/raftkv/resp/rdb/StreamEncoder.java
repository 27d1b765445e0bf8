package io.raftkv.resp.rdb;

import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.PendingEntry;
import io.raftkv.storage.type.StreamEntry;
import io.raftkv.storage.type.StreamImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes a stream as Redis 7.0 does; see {@link StreamFormat}. First each {@link #entry}, then the
 * {@link #ids}, then each {@link #group}, at last the {@link #seal}: so a stream need not be in
 * memory as a whole beside its payload.
 *
 * <p>This form has no place for the times at which consumers got something last: who reads it takes
 * those at which they asked.
 */
public final class StreamEncoder {
  /** As Redis fills its nodes by default. */
  private static final int NODE_ENTRIES = 100;

  private static final int NODE_BYTES = 4096;

  /** What an entry takes at least that is pending: its id twice, time and number of deliveries. */
  private static final int PENDING_BYTES = 2 * StreamFormat.ID_BYTES + Long.BYTES + 1;

  private final RdbOutput out =
      RdbOutput.ofCollection(RdbType.STREAM_LISTPACKS_2, RdbFormat.STREAMS_VERSION);
  private final List<StreamEntry> node = new ArrayList<>();
  private int nodes;
  private long nodeBytes;
  private long length;
  private StreamId firstId = StreamId.MIN;

  /** The payload of a whole stream. */
  static byte[] encode(StreamImage stream) {
    StreamEncoder encoder = new StreamEncoder();
    stream.entries().forEach(encoder::entry);
    encoder.ids(
        stream.lastId(), stream.maxDeletedId(), stream.entriesAdded(), stream.groups().size());
    stream.groups().forEach(encoder::group);
    return encoder.seal();
  }

  /**
   * Checks that a group with so much pending can be written, before it is read.
   *
   * @throws OversizedDumpException if the payload would become larger than it may be
   */
  public static void requireRoomFor(long pending) {
    if (pending > RdbOutput.MAX_COLLECTION_BYTES / PENDING_BYTES) {
      throw new OversizedDumpException("a group with " + pending + " pending entries");
    }
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
    StreamId first = node.get(0).id();
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
      ListpackWriter packed, StreamEntry entry, StreamId first, List<byte[]> masterFields) {
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
   * Says what the stream knows beside its entries, all of which were added.
   *
   * @param lastId as in {@link StreamImage}, and so are the others
   * @param groups how many follow
   * @throws OversizedDumpException if the payload becomes larger than it may be
   */
  public void ids(StreamId lastId, StreamId maxDeletedId, long entriesAdded, long groups) {
    if (!node.isEmpty()) {
      writeNode();
    }
    out.fillInCount(nodes);
    out.writeNumber(length);
    writeId(lastId);
    writeId(firstId);
    writeId(maxDeletedId);
    out.writeNumber(entriesAdded);
    out.writeNumber(groups);
  }

  /**
   * Adds a group.
   *
   * @throws OversizedDumpException if the payload becomes larger than it may be
   */
  public void group(StreamImage.Group group) {
    out.writeString(group.name());
    writeId(group.lastDelivered());
    out.writeNumber(group.entriesRead());
    Map<byte[], List<StreamId>> pending = new TreeMap<>(Arrays::compareUnsigned);
    group.consumers().forEach(consumer -> pending.put(consumer.name(), new ArrayList<>()));
    out.writeNumber(group.pending().size());
    for (PendingEntry each : group.pending()) {
      writeFixedId(each.id());
      out.writeLittleEndian(each.deliveredMillis());
      out.writeNumber(each.deliveries());
      pending.get(each.consumer()).add(each.id());
    }
    out.writeNumber(group.consumers().size());
    for (StreamImage.Consumer consumer : group.consumers()) {
      List<StreamId> ids = pending.get(consumer.name());
      out.writeString(consumer.name());
      out.writeLittleEndian(consumer.seenMillis());
      out.writeNumber(ids.size());
      ids.forEach(this::writeFixedId);
    }
  }

  /** Ends the payload, when all groups were added; this encoder is used up then. */
  public byte[] seal() {
    return out.seal();
  }

  private void writeId(StreamId id) {
    out.writeNumber(id.millis());
    out.writeNumber(id.sequence());
  }

  private void writeFixedId(StreamId id) {
    out.writeBigEndian(id.millis());
    out.writeBigEndian(id.sequence());
  }
}

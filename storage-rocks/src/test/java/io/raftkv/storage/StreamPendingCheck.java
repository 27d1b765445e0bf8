package io.raftkv.storage;

import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Reads the consumer groups of a stream row by row: groups and consumers say how many entries are
 * pending and from which one on, and each of these has its two rows.
 */
final class StreamPendingCheck {
  private static final int PREFIX_BYTES = 10;
  private static final int GROUP_PENDING_AT = 41;
  private static final int CONSUMER_PENDING_AT = 25;
  private static final int ENTRY_BYTES = 16;

  /** Pending entries by the beginning of their rows: of a group, or of one of its consumers. */
  private final Map<String, TreeSet<byte[]>> pending = new TreeMap<>();

  /** Value of the group or consumer that such a beginning belongs to, from the count on. */
  private final Map<String, ByteBuffer> said = new TreeMap<>();

  private StreamPendingCheck() {}

  /**
   * Checks all groups of a stream.
   *
   * @throws AssertionError if anything of it does not hold
   */
  static void verify(Rows rows, int slot, MetaRow meta) {
    StreamPendingCheck check = new StreamPendingCheck();
    long id = meta.rowsId();
    try (RowCursor cursor =
        rows.ascending(Family.STREAM, ElementRows.from(slot, id), ElementRows.to(slot, id))) {
      while (cursor.next()) {
        byte[] row = cursor.key();
        check.take(Arrays.copyOfRange(row, PREFIX_BYTES, row.length), cursor.value());
      }
    }
    check.said.forEach(check::verify);
    MemoryRows.require(
        check.said.keySet().containsAll(check.pending.keySet()), "entries pending for nobody");
  }

  private void take(byte[] row, byte[] value) {
    ByteBuffer key = ByteBuffer.wrap(row);
    int kind = key.get();
    if (kind == 2) {
      long group = ByteBuffer.wrap(value).getLong(1);
      MemoryRows.require(value[0] == 3, "group of another format");
      say("group " + group, value, GROUP_PENDING_AT);
    } else if (kind == 3) {
      long group = key.getLong();
      int part = key.get();
      if (part == 1) {
        long consumer = ByteBuffer.wrap(value).getLong(1);
        MemoryRows.require(value[0] == 2, "consumer of another format");
        say("group " + group + " consumer " + consumer, value, CONSUMER_PENDING_AT);
        return;
      }
      String owner = "group " + group + (part == 3 ? " consumer " + key.getLong() : "");
      byte[] entry = Arrays.copyOfRange(row, key.position(), row.length);
      pending.computeIfAbsent(owner, any -> new TreeSet<>(Arrays::compareUnsigned)).add(entry);
    }
  }

  private void say(String owner, byte[] value, int at) {
    said.put(owner, ByteBuffer.wrap(value, at, value.length - at));
  }

  private void verify(String owner, ByteBuffer value) {
    long count = value.getLong();
    boolean exact = value.get() == 1;
    byte[] first = new byte[ENTRY_BYTES];
    value.get(first);
    TreeSet<byte[]> entries = pending.getOrDefault(owner, new TreeSet<>(Arrays::compareUnsigned));
    MemoryRows.require(entries.size() == count, owner + " counts " + count + " pending entries");
    MemoryRows.require(entries.headSet(first).isEmpty(), owner + " has entries before the first");
    MemoryRows.require(!exact || entries.contains(first), owner + " has another first entry");
  }
}

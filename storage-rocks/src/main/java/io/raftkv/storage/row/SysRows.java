package io.raftkv.storage.row;

import io.raftkv.storage.CorruptStoreException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Layout of the {@code sys} rows, the store's own records. All numbers are big-endian.
 *
 * <pre>
 *   01                       format version:4
 *   02                       term:8  index:8  shard time:8  last id:8
 *   03  slot:2  home:1       number of keys:8  how many of them expire:8
 *   04  proposer:8           last sequence:8  shard time of it:8
 *   05  name (UTF-8)         bytes of the named record
 *   06                       per database its home:1; no row while each has its own number
 *   07                       the expiry row from which on there may be some that no key answers for;
 *                            no row if there are none
 *   08                       which slots the store has, see {@link
 *                            io.raftkv.storage.SlotOwnership}; no row before that has ever changed
 * </pre>
 */
public final class SysRows {
  private static final byte FORMAT = 1;
  private static final byte POSITION = 2;
  private static final byte COUNT = 3;
  private static final byte PROPOSER = 4;
  private static final byte RECORD = 5;
  private static final byte HOMES = 6;
  private static final byte ORPHANS = 7;
  private static final byte OWNERSHIP = 8;

  private static final int COUNT_ROW_BYTES = 1 + Short.BYTES + 1;

  private SysRows() {}

  /** Row of where orphans of the {@code expiry} family may begin. */
  public static byte[] orphans() {
    return new byte[] {ORPHANS};
  }

  /** Row of the format version. */
  public static byte[] format() {
    return new byte[] {FORMAT};
  }

  public static byte[] formatValue(int version) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(version).array();
  }

  public static int formatOf(byte[] value) {
    return sized(value, Integer.BYTES, "format").getInt();
  }

  /** Row of the position in the log. */
  public static byte[] position() {
    return new byte[] {POSITION};
  }

  /**
   * Value of the {@link #position} row.
   *
   * @param term term of the entry applied last
   * @param index index of that entry
   * @param timeMillis shard time of that entry
   * @param lastId the id handed out last
   */
  public record Position(long term, long index, long timeMillis, long lastId) {
    private static final int BYTES = 4 * Long.BYTES;

    /** The bytes of the row. */
    public byte[] encode() {
      return ByteBuffer.allocate(BYTES)
          .putLong(term)
          .putLong(index)
          .putLong(timeMillis)
          .putLong(lastId)
          .array();
    }

    /** Inverse of {@link #encode}. */
    public static Position decode(byte[] value) {
      ByteBuffer in = sized(value, BYTES, "position");
      return new Position(in.getLong(), in.getLong(), in.getLong(), in.getLong());
    }
  }

  /** Row of the numbers of keys of a slot in a home. */
  public static byte[] count(int slot, int home) {
    return ByteBuffer.allocate(COUNT_ROW_BYTES)
        .put(COUNT)
        .putShort((short) slot)
        .put((byte) home)
        .array();
  }

  /** First row of all counts. */
  public static byte[] countsFrom() {
    return new byte[] {COUNT};
  }

  /** The row behind all counts. */
  public static byte[] countsTo() {
    return new byte[] {COUNT + 1};
  }

  public static int slotOfCount(byte[] row) {
    return sized(row, COUNT_ROW_BYTES, "count key").getShort(1) & 0xffff;
  }

  public static int homeOfCount(byte[] row) {
    return sized(row, COUNT_ROW_BYTES, "count key").get(1 + Short.BYTES) & 0xff;
  }

  /**
   * Value of a {@link #count} row. There is no row for no keys.
   *
   * @param keys number of keys
   * @param expiring how many of them have an expiry
   */
  public record Count(long keys, long expiring) {
    private static final int BYTES = 2 * Long.BYTES;

    /** No keys at all. */
    public static final Count NONE = new Count(0, 0);

    /**
     * The sum of both.
     *
     * @throws IllegalStateException if that were a number of keys that cannot be
     */
    public Count plus(long moreKeys, long moreExpiring) {
      Count sum = new Count(keys + moreKeys, expiring + moreExpiring);
      if (sum.expiring < 0 || sum.keys < sum.expiring) {
        throw new IllegalStateException("there would be " + sum);
      }
      return sum;
    }

    /** The bytes of the row. */
    public byte[] encode() {
      return ByteBuffer.allocate(BYTES).putLong(keys).putLong(expiring).array();
    }

    /** Inverse of {@link #encode}. */
    public static Count decode(byte[] value) {
      ByteBuffer in = sized(value, BYTES, "count");
      return new Count(in.getLong(), in.getLong());
    }
  }

  /** The number in a {@link #count} row of format 1, which did not count keys that expire. */
  public static long keysOfFormat1(byte[] value) {
    return sized(value, Long.BYTES, "count of format 1").getLong();
  }

  /** Row of the homes of the databases. */
  public static byte[] homes() {
    return new byte[] {HOMES};
  }

  /** Row of which slots the store has. */
  public static byte[] ownership() {
    return new byte[] {OWNERSHIP};
  }

  /** Row of what is known of a proposer. */
  public static byte[] proposer(long proposer) {
    return ByteBuffer.allocate(1 + Long.BYTES).put(PROPOSER).putLong(proposer).array();
  }

  /** Whether a {@code sys} row is of a proposer. */
  public static boolean isProposer(byte[] row) {
    return row[0] == PROPOSER;
  }

  /** First row of all proposers. */
  public static byte[] proposersFrom() {
    return new byte[] {PROPOSER};
  }

  /** The row behind all proposers. */
  public static byte[] proposersTo() {
    return new byte[] {PROPOSER + 1};
  }

  /**
   * Value of a {@link #proposer} row.
   *
   * @param sequence of its last proposal
   * @param timeMillis shard time of that proposal
   */
  public record Proposer(long sequence, long timeMillis) {
    private static final int BYTES = 2 * Long.BYTES;

    /** The bytes of the row. */
    public byte[] encode() {
      return ByteBuffer.allocate(BYTES).putLong(sequence).putLong(timeMillis).array();
    }

    /** Inverse of {@link #encode}. */
    public static Proposer decode(byte[] value) {
      ByteBuffer in = sized(value, BYTES, "proposer");
      return new Proposer(in.getLong(), in.getLong());
    }
  }

  /** Row of a named record; names order as their UTF-8 bytes. */
  public static byte[] record(String name) {
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(1 + utf8.length).put(RECORD).put(utf8).array();
  }

  private static ByteBuffer sized(byte[] bytes, int expected, String what) {
    if (bytes.length != expected) {
      throw new CorruptStoreException(
          "%s of %d bytes instead of %d".formatted(what, bytes.length, expected));
    }
    return ByteBuffer.wrap(bytes);
  }
}

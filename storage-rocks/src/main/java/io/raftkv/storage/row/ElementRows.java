package io.raftkv.storage.row;

import io.raftkv.storage.CorruptStoreException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Layout of the rows of a value that outgrew its metadata record.
 *
 * <pre>
 *   data    slot:2  id:8  hash:6  element       hash field, set member, sorted-set member
 *   data    slot:2  id:8  position:8            list element
 *   data    slot:2  id:8  chunk:4               piece of a long string
 *   score   slot:2  id:8  score:8  member       sorted-set member by score
 *   score   slot:2  id:8  deadline:8  field     hash field by the time it dies, if it does
 *   score   slot:2  id:8  ffff  node:4  part:1  rank node of a sorted set, in two parts
 * </pre>
 *
 * No score begins with {@code ffff}, which would be a NaN: rank nodes come behind all scores.
 *
 * <p>The id comes from {@link io.raftkv.storage.WritableRows#nextId} when the collection is made,
 * so that the rows of a deleted collection are one dead range that no later key can meet.
 */
public final class ElementRows {
  private static final int PREFIX_BYTES = Short.BYTES + Long.BYTES;
  private static final int HASH_BYTES = KeyRows.HASH_BITS / Byte.SIZE;

  /** Stands where a score would be in the rows of rank nodes. */
  private static final short NO_SCORE = (short) 0xffff;

  private static final byte CHILDREN_PART = 0;
  private static final byte COUNTS_PART = 1;

  private ElementRows() {}

  /** First row key of a collection, in any family. */
  public static byte[] from(int slot, long id) {
    return prefix(slot, id, 0).array();
  }

  /** The row key behind the last one of a collection, in any family. */
  public static byte[] to(int slot, long id) {
    return prefix(slot, id + 1, 0).array();
  }

  /**
   * Id of the collection that a row of any kind belongs to; 0, which none has, if it is too short.
   */
  public static long idOf(byte[] row) {
    return row.length < PREFIX_BYTES ? 0 : ByteBuffer.wrap(row).getLong(Short.BYTES);
  }

  /** {@link #to} of the collection that a row belongs to. */
  public static byte[] behindAllOf(byte[] row) {
    requireAtLeast(row, PREFIX_BYTES);
    return to(ByteBuffer.wrap(row).getShort(), idOf(row));
  }

  /** The same row of another collection: what a copied element is stored under. */
  public static byte[] rehomed(byte[] row, int slot, long id) {
    requireAtLeast(row, PREFIX_BYTES);
    return ByteBuffer.wrap(row.clone()).putShort((short) slot).putLong(id).array();
  }

  /** Row of a hash field, set member or sorted-set member. */
  public static byte[] element(int slot, long id, byte[] element) {
    byte[] row = prefix(slot, id, HASH_BYTES + element.length).array();
    KeyRows.putHash(row, PREFIX_BYTES, KeyRows.hash(element));
    System.arraycopy(element, 0, row, PREFIX_BYTES + HASH_BYTES, element.length);
    return row;
  }

  /** The smallest row that an element with this hash can have: where a SCAN cursor resumes. */
  public static byte[] elementFrom(int slot, long id, long hash) {
    byte[] row = prefix(slot, id, HASH_BYTES).array();
    KeyRows.putHash(row, PREFIX_BYTES, hash);
    return row;
  }

  /** Element of a row made by {@link #element}. */
  public static byte[] elementOf(byte[] row) {
    requireAtLeast(row, PREFIX_BYTES + HASH_BYTES);
    return Arrays.copyOfRange(row, PREFIX_BYTES + HASH_BYTES, row.length);
  }

  /** Hash in a row made by {@link #element}. */
  public static long hashOf(byte[] row) {
    requireAtLeast(row, PREFIX_BYTES + HASH_BYTES);
    return KeyRows.getHash(row, PREFIX_BYTES);
  }

  /** Row of a list element; positions may be negative and order as signed numbers. */
  public static byte[] position(int slot, long id, long position) {
    return prefix(slot, id, Long.BYTES).putLong(position ^ Long.MIN_VALUE).array();
  }

  /** Position in a row made by {@link #position}. */
  public static long positionOf(byte[] row) {
    requireAtLeast(row, PREFIX_BYTES + Long.BYTES);
    return ByteBuffer.wrap(row).getLong(PREFIX_BYTES) ^ Long.MIN_VALUE;
  }

  /** Row of a piece of a long string; pieces are numbered from 0 on. */
  public static byte[] chunk(int slot, long id, int chunk) {
    return prefix(slot, id, Integer.BYTES).putInt(chunk).array();
  }

  /** Number in a row made by {@link #chunk}. */
  public static int chunkOf(byte[] row) {
    requireAtLeast(row, PREFIX_BYTES + Integer.BYTES);
    return ByteBuffer.wrap(row).getInt(PREFIX_BYTES);
  }

  /** Row of a sorted-set member by score; equal scores order by member. */
  public static byte[] score(int slot, long id, double score, byte[] member) {
    return prefix(slot, id, Long.BYTES + member.length)
        .putLong(sortable(score))
        .put(member)
        .array();
  }

  /** The smallest row that a member with this score can have. */
  public static byte[] scoreFrom(int slot, long id, double score) {
    return prefix(slot, id, Long.BYTES).putLong(sortable(score)).array();
  }

  /** The row key behind the last score row of a sorted set. */
  public static byte[] scoresTo(int slot, long id) {
    return prefix(slot, id, Short.BYTES).putShort(NO_SCORE).array();
  }

  /** A score row, or where one could be, from its bytes behind slot and id. */
  public static byte[] scoreRow(int slot, long id, byte[] scoreAndMember) {
    return prefix(slot, id, scoreAndMember.length).put(scoreAndMember).array();
  }

  /** Row of the children of a rank node. */
  public static byte[] rankChildren(int slot, long id, int node) {
    return rankNode(slot, id, node, CHILDREN_PART);
  }

  /** Row of the counts of a rank node. */
  public static byte[] rankCounts(int slot, long id, int node) {
    return rankNode(slot, id, node, COUNTS_PART);
  }

  private static byte[] rankNode(int slot, long id, int node, byte part) {
    return prefix(slot, id, Short.BYTES + Integer.BYTES + 1)
        .putShort(NO_SCORE)
        .putInt(node)
        .put(part)
        .array();
  }

  /** Whether a row of the family of scores is one of a rank node. */
  public static boolean isRankNode(byte[] row) {
    return row.length == PREFIX_BYTES + Short.BYTES + Integer.BYTES + 1
        && row[PREFIX_BYTES] == (byte) (NO_SCORE >>> Byte.SIZE)
        && row[PREFIX_BYTES + 1] == (byte) NO_SCORE;
  }

  /** Score in a row made by {@link #score}. */
  public static double scoreOf(byte[] row) {
    requireAtLeast(row, PREFIX_BYTES + Long.BYTES);
    return unsortable(ByteBuffer.wrap(row).getLong(PREFIX_BYTES));
  }

  /** Member in a row made by {@link #score}. */
  public static byte[] memberOf(byte[] row) {
    requireAtLeast(row, PREFIX_BYTES + Long.BYTES);
    return Arrays.copyOfRange(row, PREFIX_BYTES + Long.BYTES, row.length);
  }

  /** Row of a hash field by the time it dies, in milliseconds since the epoch, not negative. */
  public static byte[] deadline(int slot, long id, long deadlineMillis, byte[] field) {
    return prefix(slot, id, Long.BYTES + field.length).putLong(deadlineMillis).put(field).array();
  }

  /** The smallest row that a field with this deadline can have. */
  public static byte[] deadlineFrom(int slot, long id, long deadlineMillis) {
    return prefix(slot, id, Long.BYTES).putLong(deadlineMillis).array();
  }

  /** Time in a row made by {@link #deadline}. */
  public static long deadlineOf(byte[] row) {
    requireAtLeast(row, PREFIX_BYTES + Long.BYTES);
    return ByteBuffer.wrap(row).getLong(PREFIX_BYTES);
  }

  /** Field in a row made by {@link #deadline}. */
  public static byte[] fieldOf(byte[] row) {
    return memberOf(row);
  }

  /** A double as a number whose unsigned order is the order of doubles; -0 and 0 are equal. */
  private static long sortable(double score) {
    long bits = Double.doubleToLongBits(score == 0 ? 0.0 : score);
    return bits < 0 ? ~bits : bits ^ Long.MIN_VALUE;
  }

  private static double unsortable(long sortable) {
    return Double.longBitsToDouble(sortable < 0 ? sortable ^ Long.MIN_VALUE : ~sortable);
  }

  private static ByteBuffer prefix(int slot, long id, int more) {
    return ByteBuffer.allocate(PREFIX_BYTES + more).putShort((short) slot).putLong(id);
  }

  private static void requireAtLeast(byte[] row, int bytes) {
    if (row.length < bytes) {
      throw new CorruptStoreException("element row of " + row.length + " bytes");
    }
  }
}

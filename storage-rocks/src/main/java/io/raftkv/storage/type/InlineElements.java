package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.KeyType;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The payload of a small hash or set. Immutable: a change makes a new one.
 *
 * <pre>
 *   format:1  count:2  entries
 *   entry of FIELDS               length field  length stored
 *   entry of MEMBERS, INTEGERS    length member
 * </pre>
 *
 * Lengths are LEB128. Entries keep the order of insertion, except for INTEGERS: a set all of whose
 * members, since it was made, are 64-bit numbers keeps them ascending, as Redis' intset does.
 */
final class InlineElements {
  private static final byte FIELDS = 1;
  private static final byte MEMBERS = 2;
  private static final byte INTEGERS = 3;

  private static final int COUNT_AT = 1;
  private static final int HEADER_BYTES = COUNT_AT + Short.BYTES;
  private static final int LENGTH_BITS = 7;
  private static final int MORE = 1 << LENGTH_BITS;

  private static final byte[] NOTHING = {};

  private final byte[] payload;

  private InlineElements(byte[] payload) {
    this.payload = payload;
  }

  /** A hash or a set without elements. */
  static InlineElements empty(KeyType type) {
    return new InlineElements(new byte[] {type == KeyType.HASH ? FIELDS : INTEGERS, 0, 0});
  }

  /** Reads the payload of a key; it is not copied. */
  static InlineElements decode(KeyType type, byte[] payload) {
    byte format = payload.length < HEADER_BYTES ? 0 : payload[0];
    boolean known =
        type == KeyType.HASH ? format == FIELDS : format == MEMBERS || format == INTEGERS;
    if (!known) {
      throw new CorruptStoreException(
          "inline " + type + " of " + payload.length + " bytes, format " + format);
    }
    return new InlineElements(payload);
  }

  /** The bytes for the metadata record; not to be changed. */
  byte[] encode() {
    return payload;
  }

  int count() {
    return ByteBuffer.wrap(payload).getShort(COUNT_AT) & 0xffff;
  }

  /** True while the payload as a whole may stay in the metadata record. */
  boolean fits() {
    return count() <= InlineLimits.ENTRIES && payload.length <= InlineLimits.TOTAL_BYTES;
  }

  /** All entries in order. */
  Walker walk() {
    return new Walker();
  }

  /** The entry of an element, or null. */
  Walker find(byte[] element) {
    Walker walker = new Walker();
    while (walker.next()) {
      if (walker.elementIs(element)) {
        return walker;
      }
    }
    return null;
  }

  /** With one more entry, for an element that {@link #find} does not find. */
  InlineElements add(byte[] element, byte[] stored) {
    byte format = payload[0];
    int at = payload.length;
    if (format == INTEGERS) {
      if (CanonicalInt.is(element)) {
        at = ascendingPlace(element);
      } else {
        format = MEMBERS;
      }
    }
    return splice(format, count() + 1, at, at, entry(element, stored));
  }

  /** With another value for the entry at which {@code walker} stands. */
  InlineElements replace(Walker walker, byte[] stored) {
    byte[] entry = entry(walker.element(), stored);
    return splice(payload[0], count(), walker.start, walker.end, entry);
  }

  /** Without the entry at which {@code walker} stands. */
  InlineElements remove(Walker walker) {
    return splice(payload[0], count() - 1, walker.start, walker.end, NOTHING);
  }

  private int ascendingPlace(byte[] element) {
    Walker walker = new Walker();
    while (walker.next()) {
      if (CanonicalInt.compare(walker.element(), element) > 0) {
        return walker.start;
      }
    }
    return payload.length;
  }

  private InlineElements splice(byte format, int count, int from, int to, byte[] entry) {
    byte[] after =
        ByteBuffer.allocate(payload.length - (to - from) + entry.length)
            .put(payload, 0, from)
            .put(entry)
            .put(payload, to, payload.length - to)
            .put(0, format)
            .putShort(COUNT_AT, (short) count)
            .array();
    return new InlineElements(after);
  }

  private byte[] entry(byte[] element, byte[] stored) {
    boolean valued = payload[0] == FIELDS;
    int bytes = lengthBytes(element.length) + element.length;
    if (valued) {
      bytes += lengthBytes(stored.length) + stored.length;
    }
    ByteBuffer out = ByteBuffer.allocate(bytes);
    putLengthed(out, element);
    if (valued) {
      putLengthed(out, stored);
    }
    return out.array();
  }

  private static void putLengthed(ByteBuffer out, byte[] bytes) {
    int length = bytes.length;
    for (; length >= MORE; length >>>= LENGTH_BITS) {
      out.put((byte) (length | MORE));
    }
    out.put((byte) length).put(bytes);
  }

  private static int lengthBytes(int length) {
    int bytes = 1;
    for (; length >= MORE; length >>>= LENGTH_BITS) {
      bytes++;
    }
    return bytes;
  }

  /** Stands before the first entry at first. Checks every length before it is used. */
  final class Walker {
    private int start;
    private int elementFrom;
    private int elementTo;
    private int storedFrom;
    private int end = HEADER_BYTES;
    private int seen;

    private Walker() {}

    /** Moves to the next entry; false when there is none. */
    boolean next() {
      if (end == payload.length) {
        if (seen != count()) {
          throw new CorruptStoreException("inline payload of " + count() + " entries has " + seen);
        }
        return false;
      }
      seen++;
      start = end;
      skipLengthed();
      elementFrom = storedFrom;
      elementTo = end;
      if (payload[0] == FIELDS) {
        skipLengthed();
      } else {
        storedFrom = end;
      }
      return true;
    }

    boolean elementIs(byte[] wanted) {
      return Arrays.equals(payload, elementFrom, elementTo, wanted, 0, wanted.length);
    }

    boolean storedIs(byte[] wanted) {
      return Arrays.equals(payload, storedFrom, end, wanted, 0, wanted.length);
    }

    byte[] element() {
      return Arrays.copyOfRange(payload, elementFrom, elementTo);
    }

    /** The value as stored; empty in a set. */
    byte[] stored() {
      return Arrays.copyOfRange(payload, storedFrom, end);
    }

    private void skipLengthed() {
      int length = 0;
      int at = end;
      int shift = 0;
      int piece;
      do {
        if (at == payload.length || shift > 3 * LENGTH_BITS) {
          throw new CorruptStoreException("inline payload ends inside a length");
        }
        piece = payload[at++];
        length |= (piece & (MORE - 1)) << shift;
        shift += LENGTH_BITS;
      } while ((piece & MORE) != 0);
      if (length > payload.length - at) {
        throw new CorruptStoreException(
            "inline payload of " + payload.length + " bytes claims " + length + " at " + at);
      }
      storedFrom = at;
      end = at + length;
    }
  }
}

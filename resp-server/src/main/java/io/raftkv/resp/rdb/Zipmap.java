package io.raftkv.resp.rdb;

/**
 * Reads a zipmap, which packed small hashes up to Redis 2.4; later ones read it still.
 *
 * <pre>
 *   count:1  { length field  length free:1 value  free bytes }*  ff
 * </pre>
 *
 * A length is one byte, or {@code fe} and four, lowest first. A count of 254 or more stands for any
 * that does not fit.
 */
final class Zipmap implements PackedList {
  private static final int END = 0xff;
  private static final int LONG_LENGTH = 0xfe;
  private static final int UNKNOWN_COUNT = 0xfe;

  private final ByteSource in;
  private final Allowance allowance;
  private final int count;
  private int fields;
  private boolean valueIsNext;

  /** Fields and values in turn; {@code packed} is the whole structure and nothing else. */
  Zipmap(byte[] packed, Allowance allowance) {
    this.in = new ByteSource(packed);
    this.allowance = allowance;
    count = in.unsignedByte();
  }

  @Override
  public boolean hasNext() {
    if (valueIsNext || !in.isAtEndMark(END)) {
      return true;
    }
    if (count < UNKNOWN_COUNT && count != fields) {
      throw new MalformedDumpException(count + " fields are claimed, " + fields + " are there");
    }
    return false;
  }

  @Override
  public byte[] next() {
    long length = in.unsignedByte();
    if (length == LONG_LENGTH) {
      length = in.unsignedLittleEndian32();
    } else if (length == END) {
      throw new MalformedDumpException("a zipmap that ends behind a field");
    }
    int free = valueIsNext ? in.unsignedByte() : 0;
    byte[] element = in.bytes(length);
    in.skip(free);
    fields += valueIsNext ? 0 : 1;
    valueIsNext = !valueIsNext;
    allowance.takeString(element.length);
    return element;
  }
}

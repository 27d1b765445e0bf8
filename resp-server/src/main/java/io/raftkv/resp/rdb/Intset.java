package io.raftkv.resp.rdb;

import java.nio.charset.StandardCharsets;

/**
 * Reads an intset, which packs sets of numbers: {@code width:4 count:4 number*}, all lowest byte
 * first, the numbers ascending.
 */
final class Intset implements PackedList {
  private final ByteSource in;
  private final Allowance allowance;
  private final int width;
  private boolean first = true;
  private long before;

  /** The numbers; {@code packed} is the whole structure and nothing else. */
  Intset(byte[] packed, Allowance allowance) {
    this.in = new ByteSource(packed);
    this.allowance = allowance;
    long claimedWidth = in.unsignedLittleEndian32();
    if (claimedWidth != Short.BYTES
        && claimedWidth != Integer.BYTES
        && claimedWidth != Long.BYTES) {
      throw new MalformedDumpException("an intset of numbers of " + claimedWidth + " bytes");
    }
    width = (int) claimedWidth;
    if (in.unsignedLittleEndian32() * width != in.remaining()) {
      throw new MalformedDumpException("an intset of another length than its head says");
    }
  }

  @Override
  public boolean hasNext() {
    return in.remaining() > 0;
  }

  @Override
  public byte[] next() {
    long number = in.littleEndian(width);
    if (!first && number <= before) {
      throw new MalformedDumpException("an intset that does not ascend");
    }
    first = false;
    before = number;
    byte[] text = Long.toString(number).getBytes(StandardCharsets.ISO_8859_1);
    allowance.takeString(text.length);
    return text;
  }
}

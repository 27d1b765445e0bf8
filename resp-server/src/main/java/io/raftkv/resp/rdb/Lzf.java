package io.raftkv.resp.rdb;

/**
 * Undoes LibLZF's compression, which Redis uses for longer strings.
 *
 * <p>The compressed bytes are runs: a control byte below 32 says how many plain bytes follow, less
 * one; any other has a length in its upper three bits (7: the next byte is added) and with the next
 * byte a distance, and means bytes that are already there.
 */
final class Lzf {
  private static final int LITERAL_LIMIT = 1 << 5;
  private static final int LONG_RUN = 7;

  /** No run of a back reference is shorter. */
  private static final int MIN_RUN = 2;

  /** The most that a compressed byte can stand for, rounded up: three bytes for 264. */
  private static final long MAX_RATIO = 88;

  private Lzf() {}

  /**
   * The plain bytes.
   *
   * @param claimed how many there are, as the payload says; nothing is allocated for a claim that
   *     the compressed bytes cannot fulfil
   * @param allowance is charged for them
   * @throws MalformedDumpException if the runs do not give exactly that
   */
  static byte[] decompress(ByteSource in, long claimed, Allowance allowance) {
    if (claimed < 0 || claimed > in.remaining() * MAX_RATIO) {
      throw new MalformedDumpException(
          in.remaining() + " bytes claim to unpack to " + Long.toUnsignedString(claimed));
    }
    allowance.requireDecompressible(claimed);
    allowance.takeString(claimed);
    int length = (int) claimed;
    byte[] out = new byte[length];
    int at = 0;
    while (in.remaining() > 0) {
      int control = in.unsignedByte();
      if (control < LITERAL_LIMIT) {
        int run = control + 1;
        requireRoom(out, at, run);
        in.copyTo(out, at, run);
        at += run;
      } else {
        int run = control >>> 5;
        if (run == LONG_RUN) {
          run += in.unsignedByte();
        }
        run += MIN_RUN;
        int distance = (((control & 0x1f) << Byte.SIZE) | in.unsignedByte()) + 1;
        requireRoom(out, at, run);
        if (distance > at) {
          throw new MalformedDumpException("a back reference to before the beginning");
        }
        // Byte by byte: source and target of a run may overlap, and then it repeats itself.
        for (int i = 0; i < run; i++, at++) {
          out[at] = out[at - distance];
        }
      }
    }
    if (at != length) {
      throw new MalformedDumpException(length + " plain bytes are claimed, " + at + " are there");
    }
    return out;
  }

  private static void requireRoom(byte[] out, int at, int run) {
    if (run > out.length - at) {
      throw new MalformedDumpException("more plain bytes than the " + out.length + " claimed");
    }
  }
}

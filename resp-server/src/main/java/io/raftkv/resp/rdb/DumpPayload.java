package io.raftkv.resp.rdb;

/**
 * What DUMP answers and RESTORE takes: a value as in an RDB file, and a seal of ten bytes.
 *
 * <pre>
 *   type:1  value  version:2  checksum:8
 * </pre>
 *
 * Version and checksum are lowest byte first; the checksum covers all that is in front of it.
 */
public final class DumpPayload {
  static final int SEAL_BYTES = Short.BYTES + Long.BYTES;

  private DumpPayload() {}

  /** True if the checksum is right and the version is not newer than what can be read. */
  public static boolean isSealed(byte[] payload) {
    if (payload.length < SEAL_BYTES) {
      return false;
    }
    int checked = payload.length - Long.BYTES;
    ByteSource seal = new ByteSource(payload, payload.length - SEAL_BYTES, payload.length);
    int version = (int) seal.littleEndian(Short.BYTES) & 0xffff;
    return version <= RdbFormat.NEWEST_VERSION
        && seal.littleEndian(Long.BYTES) == Crc64.of(payload, checked);
  }

  /**
   * The value of a payload that {@link #isSealed is sealed}.
   *
   * @throws MalformedDumpException if the bytes are no value, or one that Redis never keeps: an
   *     empty collection. Elements that come twice are left to the store to find
   * @throws OversizedDumpException if the value would take too much memory
   */
  public static RdbValue decode(byte[] payload) {
    int end = payload.length - SEAL_BYTES;
    ByteSource in = new ByteSource(payload, 0, end);
    RdbType type = RdbType.of(in.unsignedByte());
    RdbValue value = new RdbDecoder(new RdbInput(in, new Allowance(end))).decode(type);
    in.requireEnd();
    return value;
  }
}

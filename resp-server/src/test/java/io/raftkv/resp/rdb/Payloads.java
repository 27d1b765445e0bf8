package io.raftkv.resp.rdb;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;

/** Payloads that nobody wrote. */
public final class Payloads {
  private Payloads() {}

  /** The same payload with the checksum that its bytes have now. */
  public static byte[] resealed(byte[] payload) {
    byte[] sealed = payload.clone();
    int checked = payload.length - Long.BYTES;
    ByteBuffer.wrap(sealed)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(checked, Crc64.of(sealed, checked));
    return sealed;
  }

  /** Type and value in hex, blanks allowed, as a payload of RDB version 10. */
  public static byte[] of(String hex) {
    byte[] body = HexFormat.of().parseHex(hex.replace(" ", ""));
    byte[] payload = Arrays.copyOf(body, body.length + DumpPayload.SEAL_BYTES);
    payload[body.length] = 10;
    return resealed(payload);
  }
}

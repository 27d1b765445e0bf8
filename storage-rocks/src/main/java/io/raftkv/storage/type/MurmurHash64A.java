package io.raftkv.storage.type;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The hash of 64 bits that Austin Appleby put into the public domain, in its variant A. */
final class MurmurHash64A {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long MULTIPLIER = 0xc6a4a7935bd1e995L;
  private static final int SHIFT = 47;

  private MurmurHash64A() {}

  static long hash(byte[] bytes, long seed) {
    long hash = seed ^ (bytes.length * MULTIPLIER);
    int at = 0;
    for (; at <= bytes.length - Long.BYTES; at += Long.BYTES) {
      hash = (hash ^ scrambled((long) LONGS.get(bytes, at))) * MULTIPLIER;
    }
    if (at < bytes.length) {
      long rest = 0;
      for (int i = bytes.length - 1; i >= at; i--) {
        rest = (rest << Byte.SIZE) | (bytes[i] & 0xff);
      }
      hash = (hash ^ rest) * MULTIPLIER;
    }
    return mixed(mixed(hash) * MULTIPLIER);
  }

  private static long scrambled(long word) {
    return mixed(word * MULTIPLIER) * MULTIPLIER;
  }

  private static long mixed(long value) {
    return value ^ (value >>> SHIFT);
  }
}

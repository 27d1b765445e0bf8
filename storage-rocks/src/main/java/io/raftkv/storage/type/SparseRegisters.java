package io.raftkv.storage.type;

import java.util.Arrays;

/**
 * The registers of a {@link HyperLogLog} as runs of equal ranks:
 *
 * <ul>
 *   <li>{@code 00llllll}: up to 64 zeros, {@code l + 1} of them,
 *   <li>{@code 01llllll llllllll}: up to 16,384 zeros, {@code l + 1} of them,
 *   <li>{@code 1rrrrrll}: up to 4 registers, {@code l + 1} of them, of rank {@code r + 1}.
 * </ul>
 *
 * <p>Equal registers can be cut into runs in many ways. This one cuts and joins them where Redis
 * does, so that the same elements give the same bytes.
 */
final class SparseRegisters {
  /** What became of an attempt to raise a register. */
  enum Raised {
    NOTHING_TO_DO,
    DONE,
    /** Nothing was changed: the rank or the length is beyond what sparse registers may have. */
    NO_ROOM
  }

  /** Longest string, its header included, that raising may make longer: Redis' default. */
  static final int MAX_STRING_BYTES = 3000;

  /** The largest rank that a run can have. */
  static final int MAX_RANK = 32;

  private static final int MAX_RANKED = 4;
  private static final int MAX_SHORT_ZEROS = 64;
  private static final int RANKED = 0x80;
  private static final int LONG_ZEROS = 0x40;
  private static final int SIX_BITS = 0x3f;

  /** How many runs from the one before the change on are looked at to join them, as in Redis. */
  private static final int JOIN_STEPS = 5;

  private byte[] runs;
  private int length;

  /** Takes over runs that are {@link #isSound sound}. */
  SparseRegisters(byte[] runs) {
    this.runs = runs;
    this.length = runs.length;
  }

  static SparseRegisters zeros() {
    byte[] all = new byte[2];
    writeRun(all, 0, 0, HyperLogLog.REGISTERS);
    return new SparseRegisters(all);
  }

  /** True if the bytes from {@code from} on are whole runs of all registers and nothing else. */
  static boolean isSound(byte[] bytes, int from) {
    long registers = 0;
    int at = from;
    while (at < bytes.length) {
      if (at + width(bytes, at) > bytes.length) {
        return false;
      }
      registers += span(bytes, at);
      at += width(bytes, at);
    }
    return registers == HyperLogLog.REGISTERS;
  }

  byte[] bytes() {
    return Arrays.copyOf(runs, length);
  }

  void forEach(HyperLogLog.RegisterVisitor visitor) {
    int register = 0;
    for (int at = 0; at < length; at += width(runs, at)) {
      int end = register + span(runs, at);
      int rank = rank(runs, at);
      for (; register < end; register++) {
        visitor.visit(register, rank);
      }
    }
  }

  /** Adds to each rank how many registers have it. */
  void countRanks(int[] registersOfRank) {
    for (int at = 0; at < length; at += width(runs, at)) {
      registersOfRank[rank(runs, at)] += span(runs, at);
    }
  }

  /** Raises a register to a rank. */
  Raised raise(int register, int rank) {
    if (rank > MAX_RANK) {
      return Raised.NO_ROOM;
    }
    int at = 0;
    int before = 0; // the run before, or the first one
    int first = 0; // the first register of the run
    while (register >= first + span(runs, at)) {
      first += span(runs, at);
      before = at;
      at += width(runs, at);
    }
    int oldRank = rank(runs, at);
    if (oldRank >= rank) {
      return Raised.NOTHING_TO_DO;
    }
    byte[] pieces = new byte[5]; // zeros, the register, zeros
    int end = writeRun(pieces, 0, oldRank, register - first);
    end = writeRun(pieces, end, rank, 1);
    end = writeRun(pieces, end, oldRank, first + span(runs, at) - register - 1);
    int growth = end - width(runs, at);
    if (growth > 0 && HyperLogLog.HEADER_BYTES + length + growth > MAX_STRING_BYTES) {
      return Raised.NO_ROOM;
    }
    replace(at, width(runs, at), pieces, end);
    joinFrom(before);
    return Raised.DONE;
  }

  private void replace(int at, int oldBytes, byte[] with, int newBytes) {
    int newLength = length + newBytes - oldBytes;
    if (newLength > runs.length) {
      int room = Math.min(2 * newLength, MAX_STRING_BYTES - HyperLogLog.HEADER_BYTES);
      runs = Arrays.copyOf(runs, room);
    }
    System.arraycopy(runs, at + oldBytes, runs, at + newBytes, length - at - oldBytes);
    System.arraycopy(with, 0, runs, at, newBytes);
    length = newLength;
  }

  private void joinFrom(int start) {
    int at = start;
    for (int step = 0; step < JOIN_STEPS && at < length; step++) {
      int next = at + width(runs, at);
      int together = next < length ? span(runs, at) + span(runs, next) : 0;
      boolean isOneRun =
          next < length
              && rank(runs, at) != 0
              && rank(runs, at) == rank(runs, next)
              && together <= MAX_RANKED;
      if (isOneRun) { // which the run behind may join, too
        byte[] joined = new byte[1];
        writeRun(joined, 0, rank(runs, at), together);
        replace(at, 2, joined, 1);
      } else {
        at = next;
      }
    }
  }

  // ---- one run ----

  /** Bytes of the run at a position. */
  private static int width(byte[] runs, int at) {
    return (runs[at] & (RANKED | LONG_ZEROS)) == LONG_ZEROS ? 2 : 1;
  }

  /** How many registers the run has. */
  private static int span(byte[] runs, int at) {
    int head = runs[at] & 0xff;
    if (head >= RANKED) {
      return (head & (MAX_RANKED - 1)) + 1;
    }
    return head >= LONG_ZEROS
        ? (((head & SIX_BITS) << Byte.SIZE) | (runs[at + 1] & 0xff)) + 1
        : head + 1;
  }

  private static int rank(byte[] runs, int at) {
    int head = runs[at] & 0xff;
    return head >= RANKED ? ((head >> 2) & (MAX_RANK - 1)) + 1 : 0;
  }

  /** Writes a run in its shortest form, nothing for an empty one. Returns where it ends. */
  private static int writeRun(byte[] target, int at, int rank, int span) {
    if (span == 0) {
      return at;
    }
    if (rank > 0) {
      target[at] = (byte) (RANKED | ((rank - 1) << 2) | (span - 1));
      return at + 1;
    }
    if (span <= MAX_SHORT_ZEROS) {
      target[at] = (byte) (span - 1);
      return at + 1;
    }
    target[at] = (byte) (LONG_ZEROS | ((span - 1) >> Byte.SIZE));
    target[at + 1] = (byte) (span - 1);
    return at + 2;
  }
}

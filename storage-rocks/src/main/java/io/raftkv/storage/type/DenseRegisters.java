package io.raftkv.storage.type;

/**
 * The registers of a {@link HyperLogLog}, six bits for each: register 0 is the lowest bits of the
 * first byte, register 1 begins with its two highest ones, and so on.
 */
final class DenseRegisters {
  private static final int BITS = 6;
  private static final int MASK = (1 << BITS) - 1;

  /** Length of all registers. */
  static final int BYTES = HyperLogLog.REGISTERS * BITS / Byte.SIZE;

  private final byte[] bytes;

  /** Takes over the bytes. */
  DenseRegisters(byte[] bytes) {
    this.bytes = bytes;
  }

  byte[] bytes() {
    return bytes;
  }

  private int rank(int register) {
    int shift = register * BITS % Byte.SIZE;
    return (window(register * BITS / Byte.SIZE) >> shift) & MASK;
  }

  /** A byte and the one behind it, which may be behind the last one, as the bits above it. */
  private int window(int at) {
    int low = bytes[at] & 0xff;
    return at + 1 < BYTES ? low | ((bytes[at + 1] & 0xff) << Byte.SIZE) : low;
  }

  /** Raises a register. Returns false if it has at least this rank. */
  boolean raise(int register, int rank) {
    if (rank <= rank(register)) {
      return false;
    }
    int at = register * BITS / Byte.SIZE;
    int shift = register * BITS % Byte.SIZE;
    int changed = (window(at) & ~(MASK << shift)) | (rank << shift);
    bytes[at] = (byte) changed;
    if (at + 1 < BYTES) {
      bytes[at + 1] = (byte) (changed >> Byte.SIZE);
    }
    return true;
  }

  void forEach(HyperLogLog.RegisterVisitor visitor) {
    for (int register = 0; register < HyperLogLog.REGISTERS; register += 4) {
      int four = four(register);
      visitor.visit(register, four & MASK);
      visitor.visit(register + 1, (four >> BITS) & MASK);
      visitor.visit(register + 2, (four >> (2 * BITS)) & MASK);
      visitor.visit(register + 3, four >> (3 * BITS));
    }
  }

  /** Adds to each rank how many registers have it. */
  void countRanks(int[] registersOfRank) {
    // A table for each of the four: most registers have one of few ranks, and an addition to a
    // number has to wait for the one before.
    int ranks = MASK + 1;
    int[] counts = new int[4 * ranks];
    for (int register = 0; register < HyperLogLog.REGISTERS; register += 4) {
      int four = four(register);
      counts[four & MASK]++;
      counts[ranks + ((four >> BITS) & MASK)]++;
      counts[2 * ranks + ((four >> (2 * BITS)) & MASK)]++;
      counts[3 * ranks + (four >> (3 * BITS))]++;
    }
    for (int i = 0; i < counts.length; i++) {
      registersOfRank[i & MASK] += counts[i];
    }
  }

  /** Four registers, the first of which begins a byte. */
  private int four(int register) {
    int at = register * BITS / Byte.SIZE;
    return (bytes[at] & 0xff) | ((bytes[at + 1] & 0xff) << 8) | ((bytes[at + 2] & 0xff) << 16);
  }
}

package io.raftkv.storage.type;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * An estimate of how many different elements were added, in a string of at most 12,304 bytes. The
 * string is Redis' own, byte for byte, so that it can be carried from one to the other with GET and
 * SET; the standard error is 0.81 %.
 *
 * <p>The hash of an element names one of 16,384 registers and a rank, one more than the number of
 * zeros its remaining bits end with; each register keeps the largest rank it saw. They are kept
 * {@link SparseRegisters sparse} until that takes too many bytes, then {@link DenseRegisters
 * dense}.
 *
 * <p>The header may hold the estimate itself. Adding marks it as outdated; only Redis puts one
 * there when it counts, for a read must not write here.
 *
 * <p>Not thread-safe; lives for one command.
 */
public final class HyperLogLog {
  /** How a string looks to the commands of this type. */
  public enum Form {
    /** Not one of ours. */
    OTHER,
    /** Says that it is one, but its registers are damaged. */
    CORRUPT,
    /** One to work with. */
    SOUND
  }

  /** How many registers there are. */
  static final int REGISTERS = 1 << 14;

  /** Bytes of a rank beyond the bits that name the register. */
  static final int RANK_BITS = Long.SIZE - 14;

  /** A register has six bits. */
  private static final int RANKS = 1 << 6;

  /** Magic, encoding, three bytes that are free, and the estimate. */
  static final int HEADER_BYTES = 16;

  private static final byte[] MAGIC = {'H', 'Y', 'L', 'L'};
  private static final int ENCODING_AT = 4;
  private static final int ESTIMATE_AT = 8;
  private static final int OUTDATED_AT = 15;
  private static final byte OUTDATED = (byte) 0x80;
  private static final byte DENSE = 0;
  private static final byte SPARSE = 1;
  private static final long HASH_SEED = 0xadc83b19L;

  private final byte[] header;
  private SparseRegisters sparse; // exactly one of the two is there
  private DenseRegisters dense;

  private HyperLogLog(byte[] header, SparseRegisters sparse, DenseRegisters dense) {
    this.header = header;
    this.sparse = sparse;
    this.dense = dense;
  }

  /** One that has seen nothing. */
  public static HyperLogLog empty() {
    byte[] header = Arrays.copyOf(MAGIC, HEADER_BYTES);
    header[ENCODING_AT] = SPARSE;
    return new HyperLogLog(header, SparseRegisters.zeros(), null);
  }

  /**
   * What a string is. The registers are looked at as a whole: damage is found even where Redis
   * would not come across it.
   */
  public static Form formOf(byte[] value) {
    if (value.length < HEADER_BYTES
        || !Arrays.equals(value, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      return Form.OTHER;
    }
    return switch (value[ENCODING_AT]) {
      case DENSE -> value.length == HEADER_BYTES + DenseRegisters.BYTES ? Form.SOUND : Form.OTHER;
      case SPARSE -> SparseRegisters.isSound(value, HEADER_BYTES) ? Form.SOUND : Form.CORRUPT;
      default -> Form.OTHER;
    };
  }

  /** The one that a string holds, whose form is {@link Form#SOUND}. The string is not changed. */
  public static HyperLogLog of(byte[] value) {
    if (formOf(value) != Form.SOUND) {
      throw new IllegalArgumentException("no HyperLogLog, but " + formOf(value));
    }
    byte[] header = Arrays.copyOf(value, HEADER_BYTES);
    byte[] registers = Arrays.copyOfRange(value, HEADER_BYTES, value.length);
    return header[ENCODING_AT] == DENSE
        ? new HyperLogLog(header, null, new DenseRegisters(registers))
        : new HyperLogLog(header, new SparseRegisters(registers), null);
  }

  /** Adds an element. Returns whether that changed a register. */
  public boolean add(byte[] element) {
    long hash = MurmurHash64A.hash(element, HASH_SEED);
    int register = (int) (hash & (REGISTERS - 1));
    // The bit behind the last one ends a row of zeros only.
    long rest = (hash >>> (Long.SIZE - RANK_BITS)) | (1L << RANK_BITS);
    boolean raised = raise(register, Long.numberOfTrailingZeros(rest) + 1);
    if (raised) {
      forgetEstimate();
    }
    return raised;
  }

  private boolean raise(int register, int rank) {
    if (dense == null) {
      switch (sparse.raise(register, rank)) {
        case NOTHING_TO_DO -> {
          return false;
        }
        case DONE -> {
          return true;
        }
        case NO_ROOM -> makeDense();
      }
    }
    return dense.raise(register, rank);
  }

  private void makeDense() {
    dense = new DenseRegisters(new byte[DenseRegisters.BYTES]);
    sparse.forEach(dense::raise);
    sparse = null;
    header[ENCODING_AT] = DENSE;
  }

  /** Raises {@code ranks}, one for each register, to those of this one. */
  public void raiseAll(byte[] ranks) {
    RegisterVisitor visitor =
        (register, rank) -> ranks[register] = (byte) Math.max(ranks[register], rank);
    if (dense == null) {
      sparse.forEach(visitor);
    } else {
      dense.forEach(visitor);
    }
  }

  /**
   * Raises the registers to these ranks.
   *
   * @param asDense whether to become dense in any case
   */
  public void merge(byte[] ranks, boolean asDense) {
    if (asDense && dense == null) {
      makeDense();
    }
    for (int register = 0; register < REGISTERS; register++) {
      if (ranks[register] != 0) {
        raise(register, ranks[register]);
      }
    }
    forgetEstimate();
  }

  /** Ranks of {@link #REGISTERS} registers, all 0. */
  public static byte[] newRanks() {
    return new byte[REGISTERS];
  }

  /** True if the registers are dense. */
  public boolean isDense() {
    return dense != null;
  }

  /** Marks the estimate in the header as outdated. */
  public void forgetEstimate() {
    header[OUTDATED_AT] |= OUTDATED;
  }

  /** The estimate: the one in the header, if it is there. */
  public long count() {
    if ((header[OUTDATED_AT] & OUTDATED) == 0) {
      return ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getLong(ESTIMATE_AT);
    }
    int[] registersOfRank = new int[RANKS];
    if (dense == null) {
      sparse.countRanks(registersOfRank);
    } else {
      dense.countRanks(registersOfRank);
    }
    return CardinalityEstimate.of(registersOfRank);
  }

  /** The estimate for these ranks, one for each register. */
  public static long count(byte[] ranks) {
    int[] registersOfRank = new int[RANKS];
    for (byte rank : ranks) {
      registersOfRank[rank]++;
    }
    return CardinalityEstimate.of(registersOfRank);
  }

  /** The string to store. */
  public byte[] bytes() {
    byte[] registers = dense == null ? sparse.bytes() : dense.bytes();
    byte[] value = Arrays.copyOf(header, HEADER_BYTES + registers.length);
    System.arraycopy(registers, 0, value, HEADER_BYTES, registers.length);
    return value;
  }

  /** Takes registers in turn. */
  @FunctionalInterface
  interface RegisterVisitor {
    void visit(int register, int rank);
  }
}

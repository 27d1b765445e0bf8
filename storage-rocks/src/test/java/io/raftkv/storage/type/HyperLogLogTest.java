package io.raftkv.storage.type;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.type.HyperLogLog.Form;
import io.raftkv.storage.type.SparseRegisters.Raised;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bytes in these tests are those of a real Redis. */
class HyperLogLogTest {
  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  private static String hex(HyperLogLog value) {
    return HexFormat.of().formatHex(value.bytes());
  }

  private static HyperLogLog ofNumbers(int count) {
    HyperLogLog made = HyperLogLog.empty();
    for (int i = 0; i < count; i++) {
      made.add(bytes("e" + i));
    }
    return made;
  }

  @Test
  void headerAndRunsArePinned() {
    HyperLogLog value = HyperLogLog.empty();
    assertThat(hex(value)).isEqualTo("48594c4c" + "01" + "000000" + "0000000000000000" + "7fff");
    assertThat(value.count()).isZero();
    for (String element : new String[] {"a", "b", "c"}) {
      assertThat(value.add(bytes(element))).isTrue();
      assertThat(value.add(bytes(element))).isFalse();
    }
    assertThat(hex(value))
        .isEqualTo(
            "48594c4c"
                + "01"
                + "000000"
                + "0000000000000080"
                + "60f3 80 50b1 84 4bfb 80 425a".replace(" ", ""));
    assertThat(value.count()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 100, 700, 5_000, 300_000})
  void countsTheSameOfRegistersAsOfTheirRanks(int elements) {
    HyperLogLog value = ofNumbers(elements);
    byte[] ranks = HyperLogLog.newRanks();
    value.raiseAll(ranks);
    value.forgetEstimate();
    assertThat(value.count()).isEqualTo(HyperLogLog.count(ranks));
    HyperLogLog copy = HyperLogLog.empty();
    copy.merge(ranks, true);
    assertThat(copy.isDense()).isTrue();
    assertThat(copy.count()).isEqualTo(value.count());
    byte[] again = HyperLogLog.newRanks();
    copy.raiseAll(again);
    assertThat(again).isEqualTo(ranks);
  }

  /** Words of all lengths up to twelve bytes go through the hash. */
  @Test
  void elementsOfAnyLengthAreHashedAsInRedis() {
    HyperLogLog value = HyperLogLog.empty();
    for (String element : "a b c foo bar zap 0 1 2 3 4 5 6 7 8 9 abcdefghijkl".split(" ", -1)) {
      value.add(bytes(element));
    }
    assertThat(hex(value).substring(32))
        .isEqualTo(
            "41ee84482380529e9040b18041548442358044e99041368043308040928046c88442008c43738042d7804212"
                + "8c40cf8440c680425a");
  }

  @ParameterizedTest
  @CsvSource({
    "1000, 1906, 1008, 519a7f0764d633e025ff9f8cdeb30cd2f452e2ad37f729f6b9ea7a4699791162",
    "5000, 12304, 4968, 0a4b61a05c269540574e1293e6e18e69a4e9cb96ade9ecb5b7ff490debf31722",
  })
  void manyElementsMakeTheBytesAndTheEstimateOfRedis(
      int elements, int length, long estimate, String sha256) throws NoSuchAlgorithmException {
    HyperLogLog value = ofNumbers(elements);
    assertThat(value.bytes()).hasSize(length);
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(value.bytes());
    assertThat(HexFormat.of().formatHex(digest)).isEqualTo(sha256);
    assertThat(value.count()).isEqualTo(estimate);
  }

  @Test
  void theEstimateInTheHeaderIsTakenUntilAnElementChangesARegister() {
    byte[] value = ofNumbers(1000).bytes();
    System.arraycopy(HexFormat.of().parseHex("f103000000000000"), 0, value, 8, 8); // one too many
    HyperLogLog read = HyperLogLog.of(value);
    assertThat(read.count()).isEqualTo(1009);
    assertThat(read.add(bytes("e7"))).isFalse();
    assertThat(read.count()).isEqualTo(1009);
    assertThat(read.bytes()).isEqualTo(value);
    int added = 0;
    while (!read.add(bytes("new" + added))) {
      added++;
    }
    assertThat(read.count()).isBetween(1008L, 1011L);
    assertThat(read.bytes()[15]).isEqualTo((byte) 0x80);
    assertThat(value[15]).as("the string that was read").isZero();
  }

  /** Seed 3: the standard error is 0.81 %, and the mean of 20 is closer. */
  @ParameterizedTest
  @ValueSource(ints = {100, 2_000, 30_000, 300_000})
  void theErrorIsAsSmallAsRedisPromises(int elements) {
    SeededRandom random = new SeededRandom(3);
    double sumOfSquares = 0;
    for (int round = 0; round < 20; round++) {
      HyperLogLog value = HyperLogLog.empty();
      byte[] element = new byte[8];
      for (int i = 0; i < elements; i++) {
        ByteBuffer.wrap(element).putLong(random.nextLong());
        value.add(element);
      }
      double error = (double) value.count() / elements - 1;
      sumOfSquares += error * error;
    }
    assertThat(Math.sqrt(sumOfSquares / 20)).isLessThan(0.0081 * 1.4);
  }

  /** Seed 4; sparse and dense registers against an array. */
  @Test
  void registersKeepTheirLargestRank() {
    SeededRandom random = new SeededRandom(4);
    SparseRegisters sparse = SparseRegisters.zeros();
    DenseRegisters dense = new DenseRegisters(new byte[DenseRegisters.BYTES]);
    byte[] model = HyperLogLog.newRanks();
    Raised raised = Raised.DONE;
    while (raised != Raised.NO_ROOM) {
      int register = random.nextInt(random.nextInt(2) == 0 ? 200 : HyperLogLog.REGISTERS);
      int rank = 1 + random.nextInt(SparseRegisters.MAX_RANK);
      boolean higher = rank > model[register];
      byte[] before = sparse.bytes();
      raised = sparse.raise(register, rank);
      if (raised == Raised.NO_ROOM) {
        assertThat(sparse.bytes()).isEqualTo(before);
      } else {
        assertThat(raised).isEqualTo(higher ? Raised.DONE : Raised.NOTHING_TO_DO);
        model[register] = (byte) Math.max(model[register], rank);
        assertThat(dense.raise(register, rank)).isEqualTo(higher);
      }
      assertThat(SparseRegisters.isSound(sparse.bytes(), 0)).isTrue();
    }
    assertThat(sparse.bytes().length).isBetween(2980, 2984);
    byte[] fromSparse = HyperLogLog.newRanks();
    sparse.forEach((register, rank) -> fromSparse[register] = (byte) rank);
    byte[] fromDense = HyperLogLog.newRanks();
    dense.forEach((register, rank) -> fromDense[register] = (byte) rank);
    assertThat(fromSparse).isEqualTo(model);
    assertThat(fromDense).isEqualTo(model);
  }

  @Test
  void aRankBeyondThoseOfRunsNeedsDenseRegisters() {
    SparseRegisters sparse = SparseRegisters.zeros();
    assertThat(sparse.raise(5, 33)).isEqualTo(Raised.NO_ROOM);
    byte[] ranks = HyperLogLog.newRanks();
    ranks[5] = 33;
    ranks[HyperLogLog.REGISTERS - 1] = 51;
    HyperLogLog value = HyperLogLog.empty();
    value.merge(ranks, false);
    assertThat(value.isDense()).isTrue();
    byte[] read = HyperLogLog.newRanks();
    HyperLogLog.of(value.bytes()).raiseAll(read);
    assertThat(read).isEqualTo(ranks);
  }

  @Test
  void mergingStaysSparseUnlessToldOrForced() {
    byte[] ranks = HyperLogLog.newRanks();
    ranks[7] = 2;
    HyperLogLog sparse = HyperLogLog.empty();
    sparse.merge(ranks, false);
    assertThat(sparse.isDense()).isFalse();
    HyperLogLog dense = HyperLogLog.empty();
    dense.merge(ranks, true);
    assertThat(dense.isDense()).isTrue();
    assertThat(sparse.count()).isEqualTo(1).isEqualTo(dense.count());
  }

  @Test
  void damageIsToldFromOtherStrings() {
    byte[] sound = ofNumbers(100).bytes();
    assertThat(HyperLogLog.formOf(sound)).isEqualTo(Form.SOUND);
    assertThat(HyperLogLog.formOf(Arrays.copyOf(sound, sound.length - 1))).isEqualTo(Form.CORRUPT);
    assertThat(HyperLogLog.formOf(Arrays.copyOf(sound, sound.length + 1))).isEqualTo(Form.CORRUPT);
    assertThat(HyperLogLog.formOf(Arrays.copyOf(sound, 16))).isEqualTo(Form.CORRUPT);
    assertThat(HyperLogLog.formOf(Arrays.copyOf(sound, 15))).isEqualTo(Form.OTHER);
    byte[] unknown = sound.clone();
    unknown[4] = 2;
    assertThat(HyperLogLog.formOf(unknown)).isEqualTo(Form.OTHER);
    byte[] dense = ofNumbers(5000).bytes();
    assertThat(HyperLogLog.formOf(dense)).isEqualTo(Form.SOUND);
    assertThat(HyperLogLog.formOf(Arrays.copyOf(dense, dense.length - 1))).isEqualTo(Form.OTHER);
    assertThatThrownBy(() -> HyperLogLog.of(unknown)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void halfALongRunIsDamage() {
    byte[] cut = HyperLogLog.empty().bytes();
    assertThat(HyperLogLog.formOf(Arrays.copyOf(cut, cut.length - 1))).isEqualTo(Form.CORRUPT);
  }
}

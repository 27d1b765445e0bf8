package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RaftLogFilesTest {
  private static final int RESERVED = 1 << 17;
  private static final int CHECKSUM_BYTES = 4;

  @TempDir Path directory;
  private Path open;
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private int lastEntry;

  @BeforeEach
  void writeThreeEntries() {
    open = directory.resolve("log_inprogress_7");
    Random random = new Random(3);
    written.writeBytes("RaftLog1".getBytes(StandardCharsets.US_ASCII));
    for (int size : new int[] {1, 100, 70_000}) {
      lastEntry = written.size();
      byte[] entry = new byte[size];
      random.nextBytes(entry);
      entry[size - 1] = 1;
      ByteArrayOutputStream frame = new ByteArrayOutputStream();
      int length = size;
      while (length > 0x7f) {
        frame.write(length | 0x80);
        length >>>= 7;
      }
      frame.write(length);
      frame.writeBytes(entry);
      CRC32C checksum = new CRC32C();
      checksum.update(frame.toByteArray());
      written.writeBytes(frame.toByteArray());
      written.writeBytes(
          ByteBuffer.allocate(CHECKSUM_BYTES).putInt((int) checksum.getValue()).array());
    }
  }

  /** The file as it is when its first bytes are on disk, with the rest of the space reserved. */
  private byte[] cutAt(int bytes) {
    return Arrays.copyOf(Arrays.copyOf(written.toByteArray(), bytes), RESERVED);
  }

  private byte[] repaired(byte[] content) throws IOException {
    Files.write(open, content);
    RaftLogFiles.cutTornEntry(directory);
    return Files.readAllBytes(open);
  }

  @Test
  void soundFileIsLeftAlone() throws IOException {
    byte[] whole = cutAt(written.size());
    assertThat(repaired(whole)).isEqualTo(whole);
    assertThat(RaftLogFiles.damage(directory)).isNull();
    Files.write(open, written.toByteArray());
    assertThat(RaftLogFiles.damage(directory)).isNull();
  }

  @Test
  void entryThatIsCutAnywhereBeforeItsChecksumIsCutOff() throws IOException {
    byte[] sound = Arrays.copyOf(written.toByteArray(), lastEntry);
    int end = written.size() - CHECKSUM_BYTES;
    for (int cut = lastEntry + 1; cut <= end; cut += cut < lastEntry + 20 ? 1 : 997) {
      assertThat(repaired(cutAt(cut))).as("cut at %d", cut).isEqualTo(sound);
    }
    assertThat(repaired(cutAt(end))).isEqualTo(sound);
    assertThat(RaftLogFiles.damage(directory)).isNull();
  }

  @Test
  void damageIsNotCutOffButNamed() throws IOException {
    for (int at : new int[] {0, 9, 20, lastEntry + 3, lastEntry + 5_000, written.size() - 1}) {
      byte[] damaged = cutAt(written.size());
      damaged[at] ^= 0x11;
      assertThat(repaired(damaged)).as("damaged at %d", at).isEqualTo(damaged);
      assertThat(RaftLogFiles.damage(directory)).contains(open + " is damaged from byte");
    }
  }

  @Test
  void damagedLengthDoesNotPassForTheEndOfTheFile() throws IOException {
    byte[] damaged = cutAt(written.size());
    int second = "RaftLog1".length() + 1 + 1 + CHECKSUM_BYTES;
    Arrays.fill(damaged, second, second + 4, (byte) 0xff);
    assertThat(repaired(damaged)).isEqualTo(damaged);
    assertThat(RaftLogFiles.damage(directory)).endsWith("from byte " + second);
  }

  @Test
  void somethingBehindTheEndIsDamage() throws IOException {
    byte[] garbage = cutAt(written.size());
    garbage[RESERVED - 1] = 1;
    assertThat(repaired(garbage)).isEqualTo(garbage);
    assertThat(RaftLogFiles.damage(directory)).isNotNull();
  }

  @Test
  void closedFilesAreNeverCut() throws IOException {
    Path closed = directory.resolve("log_0-6");
    byte[] cut = cutAt(lastEntry + 10);
    Files.write(closed, cut);
    RaftLogFiles.cutTornEntry(directory);
    assertThat(Files.readAllBytes(closed)).isEqualTo(cut);
    assertThat(RaftLogFiles.damage(directory)).contains(closed.toString());
  }

  @Test
  void directoryThatIsNotThereIsFine() throws IOException {
    RaftLogFiles.cutTornEntry(directory.resolve("missing"));
    assertThat(RaftLogFiles.damage(directory.resolve("missing"))).isNull();
  }
}

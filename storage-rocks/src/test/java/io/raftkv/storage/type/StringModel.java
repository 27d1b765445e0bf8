package io.raftkv.storage.type;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.SeededRandom;
import java.util.Arrays;

/** What a string does, on a plain array: random changes of both, and what both must then answer. */
final class StringModel {
  /** Some lengths lie behind the chunks of a string that had just outgrown its record. */
  private static final int LONGEST = 120_000;

  private static final int CHUNK = RowString.CHUNK_BYTES;

  private final SeededRandom random;

  /** Null if there is no such key. */
  private byte[] value;

  private boolean inRows;

  StringModel(SeededRandom random) {
    this.random = random;
  }

  private StringModel(StringModel other) {
    this.random = other.random;
    this.value = other.value;
    this.inRows = other.inRows;
  }

  /** This state, to go on with another random sequence. */
  StringModel copy() {
    return new StringModel(this);
  }

  boolean exists() {
    return value != null;
  }

  boolean inRows() {
    return inRows;
  }

  /** One command. */
  void change(StringType string) {
    switch (random.nextInt(20)) {
      case 0 -> {
        byte[] whole = bytes(random.nextInt(4) == 0 ? LONGEST : 100);
        string.set(whole);
        become(whole, false);
      }
      case 1 -> {
        byte[] whole = bytes(random.nextInt(2) == 0 ? LONGEST / 2 : 10);
        string.update(whole);
        become(whole, false);
      }
      case 2, 3 -> {
        lengthen(string, random.nextInt(LONGEST));
        string.save();
      }
      case 4, 5, 6 -> {
        write(string, string.length() < LONGEST ? string.length() : 0);
        string.save();
      }
      default -> {
        for (int i = random.nextInt(4); i >= 0; i--) {
          write(string, place());
          checkPart(string);
        }
        string.save();
      }
    }
  }

  /** Often where chunks meet. */
  private int place() {
    if (random.nextInt(2) == 0) {
      return random.nextInt(LONGEST);
    }
    return Math.max(0, random.nextInt(LONGEST / CHUNK) * CHUNK + random.nextInt(7) - 3);
  }

  private byte[] bytes(int longest) {
    byte[] bytes = new byte[random.nextInt(longest)];
    if (random.nextInt(4) > 0) {
      byte content = (byte) (random.nextLong() | 1);
      Arrays.fill(bytes, content);
    }
    return bytes;
  }

  private void write(StringType string, int at) {
    byte[] more =
        switch (random.nextInt(4)) {
          case 0 -> bytes(3 * CHUNK);
          case 1 -> new byte[] {(byte) random.nextLong()};
          default -> bytes(20);
        };
    string.write(at, more);
    if (more.length > 0 || value == null) {
      grow(at + more.length);
      System.arraycopy(more, 0, value, at, more.length);
    }
  }

  private void lengthen(StringType string, int length) {
    string.lengthen(length);
    if (length > (value == null ? 0 : value.length)) {
      grow(length);
    }
  }

  private void grow(int length) {
    int before = value == null ? 0 : value.length;
    byte[] longer = value == null ? new byte[length] : value;
    longer = Arrays.copyOf(longer, Math.max(before, length));
    become(longer, inRows || longer.length > InlineLimits.STRING_BYTES);
  }

  private void become(byte[] next, boolean rows) {
    value = next.clone();
    inRows = rows;
  }

  /** Length and some part, by a way that is drawn. */
  void checkPart(StringType string) {
    int length = value == null ? 0 : value.length;
    assertThat(string.length()).isEqualTo(length);
    assertThat(string.exists()).isEqualTo(value != null);
    int from = place();
    int count = random.nextInt(random.nextInt(3) == 0 ? 5 * CHUNK : 20);
    byte[] expected = new byte[count];
    if (from < length) {
      System.arraycopy(value, from, expected, 0, Math.min(count, length - from));
    }
    if (random.nextInt(2) == 0) {
      assertThat(string.read(from, count)).isEqualTo(expected);
    } else {
      assertThat(gathered(string, from, count)).isEqualTo(expected);
    }
  }

  /** From the pieces, which must be in order. */
  private static byte[] gathered(StringType string, int from, int count) {
    byte[] bytes = new byte[count];
    int[] end = {0};
    string.forEachPiece(
        from,
        from + count,
        (at, piece) -> {
          assertThat(at).isGreaterThanOrEqualTo(end[0]);
          end[0] = at + piece.length;
          for (int i = Math.max(at, from); i < Math.min(end[0], from + count); i++) {
            bytes[i - from] = piece[i - at];
          }
          return true;
        });
    return bytes;
  }

  /** All of it. */
  void check(StringType string) {
    assertThat(string.get()).isEqualTo(value);
    if (value != null) {
      int start = random.nextInt(LONGEST) - LONGEST / 2;
      int end = random.nextInt(LONGEST) - LONGEST / 2;
      assertThat(string.range(start, end)).isEqualTo(range(start, end));
    }
  }

  private byte[] range(int start, int end) {
    int from = Math.max(0, start < 0 ? start + value.length : start);
    int to = Math.min(value.length - 1, Math.max(0, end < 0 ? end + value.length : end));
    boolean backward = start < 0 && end < 0 && start > end;
    return backward || from > to ? new byte[0] : Arrays.copyOfRange(value, from, to + 1);
  }

  /** The key is gone. */
  void delete() {
    value = null;
    inRows = false;
  }
}

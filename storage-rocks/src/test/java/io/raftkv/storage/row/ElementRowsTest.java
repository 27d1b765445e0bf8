package io.raftkv.storage.row;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ElementRowsTest {
  private static final HexFormat HEX = HexFormat.of();
  private static final String PREFIX = "1f2e" + "0000000000000007";

  @Test
  void elementRowLayoutIsPinned() {
    byte[] row = ElementRows.element(0x1f2e, 7, ascii("k"));
    assertThat(HEX.formatHex(row)).isEqualTo(PREFIX + "2ba437a975bf" + "6b");
    assertThat(ElementRows.elementOf(row)).isEqualTo(ascii("k"));
    assertThat(ElementRows.hashOf(row)).isEqualTo(0x2ba437a975bfL);
    assertThat(HEX.formatHex(ElementRows.elementFrom(0x1f2e, 7, 0x2ba437a975bfL)))
        .isEqualTo(PREFIX + "2ba437a975bf");
  }

  @Test
  void positionRowLayoutIsPinned() {
    assertThat(HEX.formatHex(ElementRows.position(0x1f2e, 7, 5)))
        .isEqualTo(PREFIX + "8000000000000005");
    assertThat(HEX.formatHex(ElementRows.position(0x1f2e, 7, -1)))
        .isEqualTo(PREFIX + "7fffffffffffffff");
    for (long position : new long[] {Long.MIN_VALUE, -1, 0, 1, Long.MAX_VALUE}) {
      assertThat(ElementRows.positionOf(ElementRows.position(1, 2, position))).isEqualTo(position);
    }
  }

  @Test
  void chunkRowLayoutIsPinned() {
    byte[] row = ElementRows.chunk(0x1f2e, 7, 5);
    assertThat(HEX.formatHex(row)).isEqualTo(PREFIX + "00000005");
    assertThat(ElementRows.chunkOf(row)).isEqualTo(5);
    assertThat(
            Arrays.compareUnsigned(
                ElementRows.chunk(3, 9, Integer.MAX_VALUE), ElementRows.to(3, 9)))
        .isNegative();
  }

  @Test
  void scoreRowLayoutIsPinned() {
    byte[] row = ElementRows.score(0x1f2e, 7, 1.5, ascii("m"));
    assertThat(HEX.formatHex(row)).isEqualTo(PREFIX + "bff8000000000000" + "6d");
    assertThat(ElementRows.scoreOf(row)).isEqualTo(1.5);
    assertThat(ElementRows.memberOf(row)).isEqualTo(ascii("m"));
    assertThat(HEX.formatHex(ElementRows.scoreFrom(0x1f2e, 7, -1.5)))
        .isEqualTo(PREFIX + "4007ffffffffffff");
  }

  @Test
  void deadlineRowLayoutIsPinned() {
    byte[] row = ElementRows.deadline(0x1f2e, 7, 0x0102030405060708L, ascii("f"));
    assertThat(HEX.formatHex(row)).isEqualTo(PREFIX + "0102030405060708" + "66");
    assertThat(ElementRows.deadlineOf(row)).isEqualTo(0x0102030405060708L);
    assertThat(ElementRows.fieldOf(row)).isEqualTo(ascii("f"));
    assertThat(HEX.formatHex(ElementRows.deadlineFrom(0x1f2e, 7, 1)))
        .isEqualTo(PREFIX + "0000000000000001");
  }

  @Test
  void rankNodeLayoutIsPinned() {
    assertThat(HEX.formatHex(ElementRows.rankChildren(0x1f2e, 7, 5)))
        .isEqualTo(PREFIX + "ffff" + "00000005" + "00");
    assertThat(HEX.formatHex(ElementRows.rankCounts(0x1f2e, 7, 5)))
        .isEqualTo(PREFIX + "ffff" + "00000005" + "01");
    assertThat(HEX.formatHex(ElementRows.scoreRow(0x1f2e, 7, ascii("xm"))))
        .isEqualTo(PREFIX + "786d");
  }

  @Test
  void rankNodesLieBehindAllScoresAndInsideTheCollection() {
    byte[] highest = ElementRows.score(3, 9, Double.POSITIVE_INFINITY, new byte[] {-1, -1, -1, -1});
    byte[] border = ElementRows.scoresTo(3, 9);
    byte[] node = ElementRows.rankChildren(3, 9, 0);
    assertThat(Arrays.compareUnsigned(highest, border)).isNegative();
    assertThat(Arrays.compareUnsigned(border, node)).isNegative();
    assertThat(Arrays.compareUnsigned(ElementRows.rankCounts(3, 9, -1), ElementRows.to(3, 9)))
        .isNegative();
  }

  @Test
  void scoresOrderAsNumbersAndSurviveTheRoundTrip() {
    double[] scores = {
      Double.NEGATIVE_INFINITY,
      -Double.MAX_VALUE,
      -1.5,
      -Double.MIN_VALUE,
      0.0,
      Double.MIN_VALUE,
      1.5,
      Double.MAX_VALUE,
      Double.POSITIVE_INFINITY
    };
    byte[] last = null;
    for (double score : scores) {
      byte[] row = ElementRows.scoreFrom(1, 2, score);
      assertThat(ElementRows.scoreOf(row)).isEqualTo(score);
      if (last != null) {
        assertThat(Arrays.compareUnsigned(last, row)).isNegative();
      }
      last = row;
    }
    assertThat(ElementRows.scoreFrom(1, 2, -0.0)).isEqualTo(ElementRows.scoreFrom(1, 2, 0.0));
  }

  @Test
  void rangeOfACollectionHoldsItsRowsAndNoOthers() {
    byte[] from = ElementRows.from(3, 0xff);
    byte[] to = ElementRows.to(3, 0xff);
    assertThat(HEX.formatHex(from)).isEqualTo("0003" + "00000000000000ff");
    assertThat(HEX.formatHex(to)).isEqualTo("0003" + "0000000000000100");
    byte[] inside = ElementRows.position(3, 0xff, Long.MAX_VALUE);
    assertThat(Arrays.compareUnsigned(from, inside)).isNegative();
    assertThat(Arrays.compareUnsigned(inside, to)).isNegative();
  }

  @Test
  void rowsTooShortAreDamage() {
    byte[] tooShort = new byte[15];
    assertThatThrownBy(() -> ElementRows.elementOf(tooShort))
        .isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> ElementRows.scoreOf(tooShort))
        .isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> ElementRows.chunkOf(new byte[13]))
        .isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> ElementRows.positionOf(tooShort))
        .isInstanceOf(CorruptStoreException.class);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(US_ASCII);
  }
}

package io.raftkv.storage.row;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class KeyRowsTest {
  private static final HexFormat HEX = HexFormat.of();

  @Test
  void metaRowLayoutIsPinned() {
    byte[] row = KeyRows.meta(0x1f2e, 0xa5, ascii("k"));
    assertThat(HEX.formatHex(row)).isEqualTo("1f2e" + "a5" + "2ba437a975bf" + "6b");
    assertThat(KeyRows.slotOf(row)).isEqualTo(0x1f2e);
    assertThat(KeyRows.homeOf(row)).isEqualTo(0xa5);
    assertThat(KeyRows.hashOf(row)).isEqualTo(0x2ba437a975bfL);
    assertThat(KeyRows.keyOf(row)).isEqualTo(ascii("k"));
  }

  @Test
  void expiryRowLayoutIsPinned() {
    byte[] meta = KeyRows.meta(1, 2, ascii("k"));
    byte[] row = KeyRows.expiry(0x0102030405060708L, meta);
    assertThat(HEX.formatHex(row)).isEqualTo("0102030405060708" + HEX.formatHex(meta));
    assertThat(KeyRows.expireAtOf(row)).isEqualTo(0x0102030405060708L);
    assertThat(KeyRows.metaOfExpiry(row)).isEqualTo(meta);
  }

  @Test
  void smallestRowOfAHashIsBeforeAllItsKeys() {
    byte[] from = KeyRows.metaFrom(7, 0, KeyRows.hash(ascii("k")));
    assertThat(HEX.formatHex(from)).isEqualTo("0007" + "00" + "2ba437a975bf");
    assertThat(Arrays.compareUnsigned(from, KeyRows.meta(7, 0, ascii("k")))).isNegative();
    assertThat(KeyRows.metaFrom(7, 0, KeyRows.HASH_MAX)).endsWith(HEX.parseHex("ffffffffffff"));
  }

  /** Computed with another implementation. */
  @Test
  void hashIsPinned() {
    assertThat(KeyRows.hash(ascii("123456789"))).isEqualTo(0xc75e35ec0168L);
    assertThat(KeyRows.hash(ascii("foo"))).isEqualTo(0xaf85ea556958L);
    assertThat(KeyRows.hash(new byte[0])).isEqualTo(0xefd01f60ba99L);
  }

  @Test
  void hashBytesRoundTrip() {
    byte[] bytes = new byte[8];
    KeyRows.putHash(bytes, 1, 0xfedcba987654L);
    assertThat(HEX.formatHex(bytes)).isEqualTo("00" + "fedcba987654" + "00");
    assertThat(KeyRows.getHash(bytes, 1)).isEqualTo(0xfedcba987654L);
  }

  @Test
  void rowsTooShortAreDamage() {
    assertThatThrownBy(() -> KeyRows.keyOf(new byte[8])).isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> KeyRows.slotOf(new byte[1])).isInstanceOf(CorruptStoreException.class);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(US_ASCII);
  }
}

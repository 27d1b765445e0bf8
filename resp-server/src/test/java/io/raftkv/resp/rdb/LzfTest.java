package io.raftkv.resp.rdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LzfTest {
  private static String decompress(String hex, int length) {
    byte[] compressed = HexFormat.of().parseHex(hex.replace(" ", ""));
    byte[] plain = Lzf.decompress(new ByteSource(compressed), length, new Allowance(0));
    return new String(plain, StandardCharsets.ISO_8859_1);
  }

  @Test
  void plainRunsAndReferencesGiveTheText() {
    assertThat(decompress("", 0)).isEmpty();
    assertThat(decompress("02 616263", 3)).isEqualTo("abc");
    assertThat(decompress("02 616263 20 02", 6)).isEqualTo("abcabc");
    assertThat(decompress("02 616263 20 00", 6)).as("overlapping").isEqualTo("abcccc");
    assertThat(decompress("00 61 e0 04 00", 14)).as("long run").isEqualTo("a".repeat(14));
  }

  @Test
  void farReferencesReachBack() {
    // "b", 263 and 264 times "a", then three bytes from the beginning: the distance has 10 bits
    assertThat(decompress("01 6261 e0 ff 00 e0 fe 00 22 10", 532))
        .isEqualTo("b" + "a".repeat(528) + "baa");
  }

  @ParameterizedTest
  @CsvSource({
    "02 6162, 3",
    "02 616263, 2",
    "02 616263, 4",
    "20 00, 3",
    "00 61 20 01, 4",
    "00 61 20, 4",
    "00 61 e0, 9",
    "00 61 e0 ff 00, 9",
    "00 61, 1000000000"
  })
  void whatDoesNotFitIsMalformed(String hex, int length) {
    assertThatThrownBy(() -> decompress(hex, length)).isInstanceOf(MalformedDumpException.class);
  }
}

package io.raftkv.resp.rdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Listpacks, ziplists, zipmaps and intsets: sound ones are among the golden dumps, too. */
class PackedListsTest {
  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  private static List<byte[]> read(String kind, byte[] packed) {
    Allowance allowance = new Allowance(packed.length);
    PackedList list =
        switch (kind) {
          case "listpack" -> new Listpack(packed, allowance);
          case "ziplist" -> new Ziplist(packed, allowance);
          case "zipmap" -> new Zipmap(packed, allowance);
          case "intset" -> new Intset(packed, allowance);
          default -> throw new IllegalArgumentException(kind);
        };
    List<byte[]> elements = new ArrayList<>();
    while (list.hasNext()) {
      elements.add(list.next());
    }
    assertThat(list.hasNext()).isFalse();
    return elements;
  }

  @ParameterizedTest
  @CsvSource({
    "listpack, 08000000 0100 01 01",
    "listpack, 09000000 0200 01 01 ff",
    "listpack, 09000000 0100 01 02 ff",
    "listpack, 0a000000 0100 01 01 ff ff",
    "listpack, 09000000 0100 85 01 ff",
    "listpack, 09000000 0100 f5 01 ff",
    "listpack, 0d000000 0100 f0 ffffffff 01 ff",
    "listpack, 06000000",
    "ziplist, 0d000000 0a000000 0200 00 f2 ff",
    "ziplist, 0d000000 0a000000 0100 01 f2 ff",
    "ziplist, 0d000000 0a000000 0100 00 ff ff",
    "ziplist, 0d000000 0a000000 0100 00 e1 ff",
    "ziplist, 0d000000 0a000000 0100 00 3f ff",
    "ziplist, 11000000 0a000000 0100 00 80 7fffffff ff",
    "ziplist, 0e000000 0a000000 0100 00 f2 ff",
    "zipmap, 02 01 66 01 00 76 ff",
    "zipmap, 01 01 66 ff",
    "zipmap, 01 01 66 01 05 76 ff",
    "zipmap, 01 fe ffffffff 01 00 76 ff",
    "zipmap, 01 01 66 01 00 76 ff 00",
    "intset, 02000000 02000000 0100 0100",
    "intset, 02000000 02000000 0100 ffff",
    "intset, 02000000 03000000 0100 0200",
    "intset, 03000000 01000000 010000",
    "intset, 08000000 00000020",
    "intset, 02000000"
  })
  void unsoundOnesAreMalformed(String kind, String hex) {
    assertThatThrownBy(() -> read(kind, bytes(hex))).isInstanceOf(MalformedDumpException.class);
  }

  @Test
  void listpackElementsOfEverySizeAreReadAsWritten() {
    List<byte[]> elements = new ArrayList<>();
    for (int bits = 0; bits < Long.SIZE; bits++) {
      for (long near = -2; near <= 2; near++) {
        elements.add(ascii(Long.toString((1L << bits) + near)));
        elements.add(ascii(Long.toString(-(1L << bits) + near)));
      }
    }
    for (int length :
        new int[] {0, 1, 63, 64, 65, 126, 127, 128, 4095, 4096, 16376, 16377, 16378}) {
      elements.add(new byte[length]);
    }
    elements.add(new byte[(1 << 21) - 7]);
    elements.add(new byte[(1 << 21) - 6]);
    ListpackWriter writer = new ListpackWriter();
    elements.forEach(writer::write);
    List<byte[]> again = read("listpack", writer.finish());
    assertThat(again).containsExactlyElementsOf(elements);
  }

  @Test
  void moreElementsThanTheHeadCanCountAreRead() {
    ListpackWriter writer = new ListpackWriter();
    for (int i = 0; i < 70_000; i++) {
      writer.write(i);
    }
    byte[] packed = writer.finish();
    assertThat(packed[4] & packed[5] & 0xff).isEqualTo(0xff);
    assertThat(read("listpack", packed)).hasSize(70_000);
  }

  /** Redis gives up one length for each number of bytes: 16,383 takes three though two would do. */
  @Test
  void lengthsForThoseWhoReadBackwardsTakeWhatTheyTakeInRedis() {
    assertThat(List.of(127, 128, 16382, 16383, 2097150, 2097151, 268435454, 268435455))
        .extracting(Listpack::backwardLengthBytes)
        .containsExactly(1, 2, 2, 3, 3, 4, 4, 5);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}

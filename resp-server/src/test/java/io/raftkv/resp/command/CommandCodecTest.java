package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandCodecTest {
  private static byte[] encode(int database, byte[]... words) {
    return encodeRouted(database, 0, words);
  }

  private static byte[] encodeRouted(int database, long routedBy, byte[]... words) {
    ByteBuffer out = ByteBuffer.allocate(CommandCodec.encodedBytes(routedBy, words));
    CommandCodec.encode(database, routedBy, words, out);
    assertThat(out.hasRemaining()).as("the size is exact").isFalse();
    return out.array();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void theBytesArePinned() {
    assertThat(HexFormat.of().formatHex(encode(3, bytes("SET"), bytes("k"), bytes(""))))
        .isEqualTo("03" + "03" + "03534554" + "016b" + "00");
    byte[] longWord = encode(0, bytes("x".repeat(300)));
    assertThat(HexFormat.of().formatHex(longWord, 0, 5)).isEqualTo("00" + "01" + "ac02" + "78");
  }

  @Test
  void theBytesWithARoutingVersionArePinned() {
    byte[] routed = encodeRouted(3, 258, bytes("DBSIZE"));
    assertThat(HexFormat.of().formatHex(routed)).isEqualTo("83" + "8202" + "01" + "06444253495a45");
    CommandCodec.Call call = CommandCodec.decode(ByteBuffer.wrap(routed));
    assertThat(call.database()).isEqualTo(3);
    assertThat(call.routedBy()).isEqualTo(258);
    assertThat(call.args().text(0)).isEqualTo("DBSIZE");
  }

  /** As all log entries have them that were written before there was one. */
  @Test
  void withoutARoutingVersionItIsZero() {
    byte[] old = HexFormat.of().parseHex("03" + "01" + "06444253495a45");
    CommandCodec.Call call = CommandCodec.decode(ByteBuffer.wrap(old));
    assertThat(call.database()).isEqualTo(3);
    assertThat(call.routedBy()).isZero();
    assertThat(encode(3, bytes("DBSIZE"))).isEqualTo(old);
  }

  @Test
  void commandsComeBackAsTheyWere() {
    Random random = new Random(7);
    for (int run = 0; run < 200; run++) {
      byte[][] words = new byte[1 + random.nextInt(run < 5 ? 20_000 : 6)][];
      for (int i = 0; i < words.length; i++) {
        words[i] = new byte[random.nextInt(100) == 0 ? random.nextInt(40_000) : random.nextInt(4)];
        random.nextBytes(words[i]);
      }
      int database = random.nextInt(16);
      long routedBy = random.nextBoolean() ? 0 : random.nextLong(Long.MAX_VALUE);
      ByteBuffer in = ByteBuffer.allocate(CommandCodec.encodedBytes(routedBy, words) + 3);
      CommandCodec.encode(database, routedBy, words, in);
      in.put(bytes("END")).flip();
      CommandCodec.Call call = CommandCodec.decode(in);
      assertThat(call.database()).isEqualTo(database);
      assertThat(call.routedBy()).isEqualTo(routedBy);
      assertThat(call.args().words()).isDeepEqualTo(words);
      assertThat(in.remaining()).as("it stands behind the command").isEqualTo(3);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152})
  void lengthsAroundTheStepsOfTheVarint(int length) {
    byte[] encoded = encode(1, new byte[length]);
    assertThat(CommandCodec.decode(ByteBuffer.wrap(encoded)).args().bytes(0)).hasSize(length);
    // What the size of the largest entry is reckoned by, see NodeOptions.
    assertThat(encoded.length - length - 2).isLessThanOrEqualTo(1 + length / 128);
  }

  @Test
  void whatIsCutOffIsRefused() {
    byte[] whole = encodeRouted(2, 7, bytes("SET"), bytes("key"), bytes("v".repeat(200)));
    for (int length = 0; length < whole.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> CommandCodec.decode(cut))
          .as("%d bytes", length)
          .isInstanceOf(RuntimeException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "00" + "ffffffff07", // 2^31 - 1 words
        "00" + "ffffffff0f", // -1 words
        "00" + "01" + "ffffffff07", // a word of 2^31 - 1 bytes
        "00" + "01" + "ffffffff0f", // a word of -1 bytes
        "00" + "01" + "03" + "6161", // a word of which a byte is missing
        "00" + "808080808001", // a varint that does not end in time
        "00" + "05" + "00" // fewer bytes than words
      })
  void damagedLengthsAreRefusedWithoutAllocation(String hex) {
    ByteBuffer in = ByteBuffer.wrap(HexFormat.of().parseHex(hex));
    assertThatThrownBy(() -> CommandCodec.decode(in))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching("length .* with .* bytes left|varint of more than 32 bits");
  }
}

package io.raftkv.resp.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.resp.reply.Reply;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RespEncoderTest {
  static Stream<Arguments> kinds() {
    byte[] text = "Some string".getBytes(StandardCharsets.US_ASCII);
    Reply item = Reply.bulk("a");
    return Stream.of(
        both(Reply.OK, "+OK\r\n"),
        both(Reply.simple("OK"), "+OK\r\n"),
        both(Reply.PONG, "+PONG\r\n"),
        both(Reply.error("ERR no"), "-ERR no\r\n"),
        both(Reply.integer(0), ":0\r\n"),
        both(Reply.integer(-1000), ":-1000\r\n"),
        both(Reply.integer(Long.MIN_VALUE), ":-9223372036854775808\r\n"),
        both(Reply.bulk("hello"), "$5\r\nhello\r\n"),
        both(Reply.EMPTY_BULK, "$0\r\n\r\n"),
        Arguments.of(Reply.NULL, "$-1\r\n", "_\r\n"),
        Arguments.of(Reply.NULL_ARRAY, "*-1\r\n", "_\r\n"),
        both(Reply.EMPTY_ARRAY, "*0\r\n"),
        Arguments.of(
            Reply.array(item, Reply.NULL, Reply.array(Reply.ONE)),
            "*3\r\n$1\r\na\r\n$-1\r\n*1\r\n:1\r\n",
            "*3\r\n$1\r\na\r\n_\r\n*1\r\n:1\r\n"),
        Arguments.of(
            Reply.map(List.of(item, Reply.ONE, Reply.ZERO, item)),
            "*4\r\n$1\r\na\r\n:1\r\n:0\r\n$1\r\na\r\n",
            "%2\r\n$1\r\na\r\n:1\r\n:0\r\n$1\r\na\r\n"),
        Arguments.of(
            Reply.pairs(List.of(item, Reply.ONE)),
            "*2\r\n$1\r\na\r\n:1\r\n",
            "*1\r\n*2\r\n$1\r\na\r\n:1\r\n"),
        Arguments.of(
            Reply.mapOfPairs(List.of(item, Reply.NULL)),
            "*1\r\n*2\r\n$1\r\na\r\n$-1\r\n",
            "%1\r\n$1\r\na\r\n_\r\n"),
        Arguments.of(Reply.set(List.of(item)), "*1\r\n$1\r\na\r\n", "~1\r\n$1\r\na\r\n"),
        Arguments.of(new Reply.Push(List.of(item)), "*1\r\n$1\r\na\r\n", ">1\r\n$1\r\na\r\n"),
        Arguments.of(Reply.doubleValue(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"),
        Arguments.of(Reply.doubleValue(3), "$1\r\n3\r\n", ",3\r\n"),
        Arguments.of(Reply.doubleValue(1e21), "$5\r\n1e+21\r\n", ",1e+21\r\n"),
        Arguments.of(
            Reply.doubleValue(-2.2250738585072014e-308),
            "$24\r\n-2.2250738585072014e-308\r\n",
            ",-2.2250738585072014e-308\r\n"),
        Arguments.of(Reply.doubleValue(Double.POSITIVE_INFINITY), "$3\r\ninf\r\n", ",inf\r\n"),
        Arguments.of(Reply.doubleValue(Double.NEGATIVE_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n"),
        Arguments.of(Reply.doubleValue(Double.NaN), "$3\r\nnan\r\n", ",nan\r\n"),
        Arguments.of(new Reply.Bool(true), ":1\r\n", "#t\r\n"),
        Arguments.of(new Reply.Bool(false), ":0\r\n", "#f\r\n"),
        Arguments.of(new Reply.Decimal("1.50"), "$4\r\n1.50\r\n", ",1.50\r\n"),
        Arguments.of(new Reply.BigNumber("-12"), "$3\r\n-12\r\n", "(-12\r\n"),
        Arguments.of(
            new Reply.Verbatim("txt", text),
            "$11\r\nSome string\r\n",
            "=15\r\ntxt:Some string\r\n"));
  }

  private static Arguments both(Reply reply, String text) {
    return Arguments.of(reply, text, text);
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void everyKindIsWrittenForBothProtocols(Reply reply, String resp2, String resp3) {
    assertThat(encode(reply, 2)).isEqualTo(resp2);
    assertThat(encode(reply, 3)).isEqualTo(resp3);
  }

  @Test
  void lineBreaksInTextsCannotForgeReplies() {
    assertThat(encode(Reply.error("ERR a\r\n+OK\r\nb"), 2)).isEqualTo("-ERR a  +OK  b\r\n");
    assertThat(encode(Reply.simple("a\nb\r"), 3)).isEqualTo("+a b \r\n");
  }

  @Test
  void textsKeepTheBytesOfTheClientAndOtherwiseAreUtf8() {
    assertThat(encode(Reply.error("ERR '\u00e9'"), 2)).isEqualTo("-ERR '\u00e9'\r\n");
    assertThat(encode(Reply.simple("\u20ac"), 2)).isEqualTo("+\u00e2\u0082\u00ac\r\n");
  }

  @Test
  void commandsAreArraysOfBulkStrings() {
    byte[][] words = {"SET".getBytes(StandardCharsets.US_ASCII), {}, {0}};
    assertThat(Encoding.text(out -> RespEncoder.encodeCommand(words, out)))
        .isEqualTo("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$1\r\n\0\r\n");
  }

  @Test
  void whatCannotBeWrittenIsRefused() {
    List<Reply> wrong =
        List.of(
            Reply.map(List.of(Reply.ONE)), new Reply.Verbatim("text", new byte[0]), Reply.MOVED);
    for (Reply reply : wrong) {
      assertThatThrownBy(() -> encode(reply, 3)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> encode(Reply.OK, 4)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void bulksOfEveryLengthAroundTheBoundariesAreWhole() {
    Random random = new Random(5);
    List<Integer> lengths = new ArrayList<>();
    for (int around : new int[] {0, 110, 128, 512, 16 * 1024, 64 * 1024, 200_000}) {
      for (int length = Math.max(0, around - 20); length < around + 20; length++) {
        lengths.add(length);
      }
    }
    for (int length : lengths) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      byte[] encoded = Encoding.bytes(out -> RespEncoder.encode(Reply.bulk(bytes), 2, out));
      byte[] header = ("$" + length + "\r\n").getBytes(StandardCharsets.US_ASCII);
      assertThat(encoded)
          .hasSize(header.length + length + 2)
          .startsWith(header)
          .endsWith('\r', '\n');
      assertThat(Arrays.copyOfRange(encoded, header.length, header.length + length))
          .isEqualTo(bytes);
    }
  }

  @Test
  void longBulksAreHandedOverAsTheyAre() {
    Encoding encoding = new Encoding();
    byte[] large = new byte[100_000];
    RespEncoder.encode(Reply.array(Reply.ONE, Reply.bulk(large), Reply.ONE), 2, encoding.output);
    encoding.output.finish();
    assertThat(encoding.handedOver).hasSize(3);
    assertThat(encoding.handedOver.get(1).array()).isSameAs(large);
    encoding.takeBytes();
  }

  @Test
  void longVerbatimTextsAreHandedOverAsTheyAre() {
    Encoding encoding = new Encoding();
    byte[] large = new byte[20_000];
    RespEncoder.encode(new Reply.Verbatim("txt", large), 3, encoding.output);
    encoding.output.finish();
    assertThat(encoding.handedOver.get(1).array()).isSameAs(large);
    assertThat(new String(encoding.takeBytes(), StandardCharsets.US_ASCII))
        .startsWith("=20004\r\ntxt:\0")
        .endsWith("\0\r\n")
        .hasSize(8 + 4 + 20_000 + 2);
  }

  @Test
  void aMillionElementsNeedNoBufferBeyondItsBound() {
    // Without leak detection, which would keep a stack trace of every element.
    Encoding encoding = new Encoding(new UnpooledByteBufAllocator(true, true));
    Reply million = new Reply.Array(Collections.nCopies(1_000_000, Reply.bulk("element")));
    RespEncoder.encode(million, 3, encoding.output);
    encoding.output.finish();
    assertThat(encoding.handedOver)
        .allSatisfy(
            buffer ->
                assertThat(buffer.capacity())
                    .isLessThanOrEqualTo(
                        2 * (RespOutput.HAND_OVER_BYTES + RespOutput.UNCOPIED_BYTES)));
    byte[] bytes = encoding.takeBytes();
    assertThat(bytes).hasSize("*1000000\r\n".length() + 1_000_000 * "$7\r\nelement\r\n".length());
  }

  @Test
  void anOutputIsUsedAgainAfterFinish() {
    Encoding encoding = new Encoding();
    for (int round = 0; round < 3; round++) {
      RespEncoder.encode(Reply.OK, 2, encoding.output);
      RespEncoder.encode(Reply.ONE, 2, encoding.output);
      encoding.output.flush();
      assertThat(encoding.handedOver).hasSize(1);
      assertThat(new String(encoding.takeBytes(), StandardCharsets.US_ASCII))
          .isEqualTo("+OK\r\n:1\r\n");
    }
    encoding.output.flush();
    assertThat(encoding.handedOver).as("nothing to hand over").isEmpty();
    assertThat(encoding.flushes).isEqualTo(4);
  }

  @Test
  void releaseDropsWhatWasNotHandedOver() {
    Encoding encoding = new Encoding();
    RespEncoder.encode(Reply.OK, 2, encoding.output);
    encoding.output.release();
    encoding.output.release();
    encoding.output.finish();
    assertThat(encoding.handedOver).isEmpty();
  }

  @Test
  void outputOfAChannelIsWrittenAndFlushedThere() {
    EmbeddedChannel channel = new EmbeddedChannel();
    RespOutput output = RespOutput.to(channel);
    RespEncoder.encode(Reply.PONG, 2, output);
    assertThat(channel.<ByteBuf>readOutbound()).isNull();
    output.flush();
    ByteBuf written = channel.readOutbound();
    assertThat(written.toString(StandardCharsets.US_ASCII)).isEqualTo("+PONG\r\n");
    written.release();
    channel.finishAndReleaseAll();
  }

  private static String encode(Reply reply, int protocolVersion) {
    return Encoding.text(out -> RespEncoder.encode(reply, protocolVersion, out));
  }
}

package io.raftkv.resp.codec;

import static io.raftkv.resp.codec.Decoding.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.resp.reply.MalformedReplyException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.ReplyCodec;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RespReplyDecoderTest {
  private static final RespLimits SMALL = new RespLimits(1000, 100, 200, 5000);

  /** Replies compare by their bytes: records with arrays in them do not compare by content. */
  private static byte[] content(List<Reply> replies) {
    return ReplyCodec.encodeAll(replies);
  }

  private static List<Reply> decode(RespLimits limits, List<byte[]> pieces) {
    EmbeddedChannel channel = new EmbeddedChannel(new RespReplyDecoder(limits));
    List<ByteBuf> given = new ArrayList<>();
    List<Reply> replies = new ArrayList<>();
    try {
      for (byte[] piece : pieces) {
        ByteBuf buffer = Decoding.direct(piece);
        given.add(buffer);
        channel.writeInbound(buffer);
        for (Reply reply = channel.readInbound(); reply != null; reply = channel.readInbound()) {
          replies.add(reply);
        }
      }
    } finally {
      channel.finishAndReleaseAll();
      assertThat(given).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
    }
    return replies;
  }

  private static List<Reply> decode(String stream) {
    return decode(RespLimits.DEFAULT, List.of(bytes(stream)));
  }

  private static byte[] encode(List<Reply> replies, int protocolVersion) {
    return Encoding.bytes(
        out -> replies.forEach(reply -> RespEncoder.encode(reply, protocolVersion, out)));
  }

  @Test
  void everyKindComesBackFromResp3WhateverTheCut() {
    List<Reply> replies = Replies.everyKind();
    byte[] stream = encode(replies, 3);
    for (int cut = 0; cut <= stream.length; cut++) {
      List<byte[]> halves =
          List.of(Arrays.copyOf(stream, cut), Arrays.copyOfRange(stream, cut, stream.length));
      assertThat(content(decode(RespLimits.DEFAULT, halves))).isEqualTo(content(replies));
    }
    assertThat(content(decode(RespLimits.DEFAULT, Decoding.cut(stream, 1, new Random(1)))))
        .isEqualTo(content(replies));
  }

  @Test
  void resp2RepliesAreRead() {
    assertThat(content(decode("$-1\r\n*-1\r\n*2\r\n*0\r\n$2\r\nab\r\n-ERR x\r\n:+5\r\n")))
        .isEqualTo(
            content(
                List.of(
                    Reply.NULL,
                    Reply.NULL_ARRAY,
                    Reply.array(Reply.EMPTY_ARRAY, Reply.bulk("ab")),
                    Reply.error("ERR x"),
                    Reply.integer(5))));
  }

  @Test
  void blobErrorsAreErrorsAndAttributesAreDropped() {
    assertThat(
            content(
                decode(
                    "!5\r\nERR x\r\n|1\r\n+ttl\r\n*1\r\n:3\r\n*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:0\r\n|0\r\n+OK\r\n")))
        .isEqualTo(
            content(List.of(Reply.error("ERR x"), Reply.array(Reply.ONE, Reply.ZERO), Reply.OK)));
  }

  @Test
  void doublesAreReadAsRedisWritesThem() {
    assertThat(content(decode(",inf\r\n,-inf\r\n,nan\r\n,1e-7\r\n,-0\r\n,3\r\n")))
        .isEqualTo(
            content(
                List.of(
                    Reply.doubleValue(Double.POSITIVE_INFINITY),
                    Reply.doubleValue(Double.NEGATIVE_INFINITY),
                    Reply.doubleValue(Double.NaN),
                    Reply.doubleValue(1e-7),
                    Reply.doubleValue(-0.0),
                    Reply.doubleValue(3))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hello\r\n",
        "\r\n",
        "+x\n",
        ":\r\n",
        ":1x\r\n",
        ":9223372036854775808\r\n",
        "_x\r\n",
        "#x\r\n",
        "#\r\n",
        ",\r\n",
        ",0x1p3\r\n",
        ",1f\r\n",
        ",NaN\r\n",
        "(12a\r\n",
        "(\r\n",
        "$-2\r\n",
        "$1001\r\n",
        "$?\r\n",
        "$2\r\nabc\r\n",
        "$2\r\nab\rx",
        "!-1\r\n",
        "=2\r\nab\r\n",
        "=4\r\ntxt-\r\n",
        "*-2\r\n",
        "*101\r\n",
        "*?\r\n",
        "%51\r\n",
        "%-1\r\n",
        "~-1\r\n",
        "*9223372036854775807\r\n",
        "%9223372036854775807\r\n",
        "|4611686018427387905\r\n"
      })
  void brokenRepliesAreRefusedAndNothingAfterThemIsRead(String broken) {
    EmbeddedChannel channel = new EmbeddedChannel(new RespReplyDecoder(SMALL));
    assertThatThrownBy(() -> channel.writeInbound(Decoding.direct(bytes("+a\r\n" + broken))))
        .isInstanceOf(MalformedReplyException.class);
    channel.writeInbound(Decoding.direct(bytes("+b\r\n")));
    assertThat(channel.<Reply>readInbound()).isEqualTo(Reply.simple("a"));
    assertThat(channel.<Reply>readInbound()).isNull();
    channel.finishAndReleaseAll();
  }

  @Test
  void depthLineAndTotalSizeAreBounded() {
    String deep = "*1\r\n".repeat(ReplyCodec.MAX_DEPTH);
    assertThat(decode(deep + ":1\r\n")).hasSize(1);
    assertThatThrownBy(() -> decode(deep + "*1\r\n:1\r\n"))
        .isInstanceOf(MalformedReplyException.class)
        .hasMessageContaining("nested");

    String longest = "+" + "x".repeat(199) + "\r\n";
    assertThat(decode(SMALL, List.of(bytes(longest)))).hasSize(1);
    assertThatThrownBy(() -> decode(SMALL, List.of(bytes("+" + "x".repeat(200) + "\r\n"))))
        .isInstanceOf(MalformedReplyException.class)
        .hasMessageContaining("line");

    String bulk = "$1000\r\n" + "x".repeat(1000) + "\r\n";
    assertThat(decode(SMALL, List.of(bytes(bulk.repeat(20))))).hasSize(20);
    assertThatThrownBy(() -> decode(SMALL, List.of(bytes("*5\r\n" + bulk.repeat(5)))))
        .isInstanceOf(MalformedReplyException.class)
        .hasMessageContaining("5000 bytes");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void randomRepliesComeBackInAnyPieces(long seed) {
    Random random = new Random(seed);
    List<Reply> replies = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      replies.add(Replies.random(random, 4));
    }
    byte[] stream = encode(replies, 3);
    for (int most : new int[] {97, 5000, 100_000}) {
      assertThat(content(decode(RespLimits.DEFAULT, Decoding.cut(stream, most, random))))
          .as("seed %s pieces to %s", seed, most)
          .isEqualTo(content(replies));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14})
  void damagedRepliesRaiseNothingElse(long seed) {
    Random random = new Random(seed);
    byte[] likely = bytes("*$%~>|+-:_#,(!=\r\n0159?x");
    for (int round = 0; round < 300; round++) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.writeBytes(encode(List.of(Replies.random(random, 3), Replies.random(random, 3)), 3));
      byte[] stream = out.toByteArray();
      for (int i = 1 + random.nextInt(3); i > 0; i--) {
        stream[random.nextInt(stream.length)] = likely[random.nextInt(likely.length)];
      }
      String whole = outcome(List.of(stream));
      String pieces = outcome(Decoding.cut(stream, 50, random));
      assertThat(pieces).as("seed %s round %s", seed, round).isEqualTo(whole);
    }
  }

  private static String outcome(List<byte[]> pieces) {
    ReplyParser parser = new ReplyParser(SMALL);
    StringBuilder outcome = new StringBuilder();
    try {
      for (byte[] piece : pieces) {
        for (int at = 0; at < piece.length; ) {
          at = parser.parse(piece, at, piece.length);
          Reply reply = parser.takeReply();
          if (reply != null) {
            outcome.append(Arrays.toString(ReplyCodec.encode(reply)));
          }
        }
      }
    } catch (MalformedReplyException refused) {
      outcome.append("refused");
    }
    return outcome.toString();
  }
}

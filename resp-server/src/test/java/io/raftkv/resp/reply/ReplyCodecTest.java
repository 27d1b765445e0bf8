package io.raftkv.resp.reply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.codec.Replies;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplyCodecTest {
  @Test
  void layoutIsPinned() {
    List<Reply> replies = new ArrayList<>(Replies.everyKind());
    replies.add(Reply.NULL_ARRAY);
    replies.add(Reply.bulk(new byte[300]));
    replies.add(Reply.decimal("1.50"));
    assertThat(HexFormat.of().formatHex(ReplyCodec.encodeAll(replies)))
        .isEqualTo(
            "0116" // format 1, 22 replies
                + "10" // OK
                + "0105636166c3a9"
                + "020c57524f4e4754595045206e6f"
                + "0353" // -42
                + "03ffffffffffffffffff01" // the least number
                + "03feffffffffffffffff01" // the greatest
                + "0404000d0aff"
                + "0400"
                + "05"
                + "0703"
                + "0302"
                + "0700"
                + "040178"
                + "0c02"
                + "04016b"
                + "070105"
                + "0d01"
                + "04016d"
                + "083ff8000000000000"
                + "08fff0000000000000"
                + "0a"
                + "0b"
                + "092c2d33343932383930333238343039323338353039333234383530393433383530393433"
                + "383235303234333835"
                + "0f03747874"
                + "0b536f6d6520737472696e67"
                + "0e02"
                + "04076d657373616765"
                + "0300"
                + "06"
                + "04ac02"
                + "00".repeat(300)
                + "1204312e3530");
  }

  @Test
  void everyKindComesBack() {
    List<Reply> replies = Replies.everyKind();
    List<Reply> decoded = ReplyCodec.decodeAll(ReplyCodec.encodeAll(replies));
    assertThat(decoded).hasSameSizeAs(replies);
    for (int i = 0; i < replies.size(); i++) {
      assertThat(decoded.get(i)).hasSameClassAs(replies.get(i));
      assertThat(decoded.get(i)).usingRecursiveComparison().isEqualTo(replies.get(i));
    }
    assertThat(decoded.get(0)).isSameAs(Reply.OK);
    Reply decimal = Reply.decimal("13.36138933897018433");
    assertThat(ReplyCodec.decode(ReplyCodec.encode(decimal))).isEqualTo(decimal);
  }

  /** They look alike to a client of one protocol version, and must not be taken for each other. */
  @Test
  void pairsAndMapsOfPairsArePinnedAndComeBack() {
    List<Reply> items = List.of(Reply.ONE, Reply.ZERO);
    byte[] pairs = ReplyCodec.encode(Reply.pairs(items));
    byte[] map = ReplyCodec.encode(Reply.mapOfPairs(items));
    assertThat(HexFormat.of().formatHex(pairs)).isEqualTo("0101" + "1102" + "0302" + "0300");
    assertThat(HexFormat.of().formatHex(map)).isEqualTo("0101" + "1302" + "0302" + "0300");
    assertThat(ReplyCodec.decode(pairs)).isEqualTo(Reply.pairs(items));
    assertThat(ReplyCodec.decode(map)).isEqualTo(Reply.mapOfPairs(items));
  }

  @Test
  void thatASlotHasMovedIsPinnedAndComesBack() {
    byte[] moved = ReplyCodec.encode(Reply.MOVED);
    assertThat(HexFormat.of().formatHex(moved)).isEqualTo("0101" + "14");
    assertThat(ReplyCodec.decode(moved)).isSameAs(Reply.MOVED);
  }

  @Test
  void oneReplyIsAMessageOfOne() {
    assertThat(ReplyCodec.decode(ReplyCodec.encode(Reply.integer(7)))).isEqualTo(new Reply.Int(7));
    assertThat(ReplyCodec.decodeAll(ReplyCodec.encodeAll(List.of()))).isEmpty();
    assertThatThrownBy(() -> ReplyCodec.decode(ReplyCodec.encodeAll(List.of())))
        .isInstanceOf(MalformedReplyException.class);
  }

  @Test
  void textsOfAnyLanguageComeBack() {
    Reply reply = Reply.error("ERR \u00e9\u20ac\ud83d\ude00");
    assertThat(ReplyCodec.decode(ReplyCodec.encode(reply))).isEqualTo(reply);
  }

  @Test
  void depthIsBoundedAtBothEnds() {
    Reply deep = Reply.ONE;
    for (int i = 0; i < ReplyCodec.MAX_DEPTH; i++) {
      deep = Reply.array(deep);
    }
    assertThat(ReplyCodec.decode(ReplyCodec.encode(deep))).isEqualTo(deep);
    Reply deeper = Reply.array(deep);
    assertThatThrownBy(() -> ReplyCodec.encode(deeper))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ReplyCodec.decode(hex("0101" + "0701".repeat(65) + "05")))
        .isInstanceOf(MalformedReplyException.class)
        .hasMessageContaining("nested");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", // nothing
        "02" + "00", // a format to come
        "01", // no count
        "0101", // no reply
        "010505", // fewer than counted
        "01010505", // more than counted
        "010111", // unknown tag
        "010100", // unknown tag
        "01010405aa", // bulk cut off
        "010104ffffffffffffffffff01", // negative length
        "0101038000", // number longer than need be
        "010103ffffffffffffffffff02", // number beyond 64 bits
        "010103ffffffffffffffffffff01", // number too long
        "010108000000", // double cut off
        "01010c0105", // key without value
        "010107ffffff7f05", // more elements than bytes
        "ff00"
      })
  void anythingElseIsRefused(String bytes) {
    assertThatThrownBy(() -> ReplyCodec.decodeAll(hex(bytes)))
        .isInstanceOf(MalformedReplyException.class);
  }

  @Test
  void everyPrefixIsRefused() {
    byte[] whole = ReplyCodec.encodeAll(Replies.everyKind());
    for (int length = 0; length < whole.length; length++) {
      byte[] prefix = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> ReplyCodec.decodeAll(prefix))
          .isInstanceOf(MalformedReplyException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void damagedBytesAreRefusedOrAreOtherReplies(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      byte[] message = ReplyCodec.encode(Replies.random(random, 4));
      message[random.nextInt(message.length)] = (byte) random.nextInt(20);
      try {
        ReplyCodec.encodeAll(ReplyCodec.decodeAll(message));
      } catch (MalformedReplyException refused) {
        assertThat(refused).hasMessageMatching("(?s).+");
      }
    }
  }

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text);
  }
}

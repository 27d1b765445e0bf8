package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import org.junit.jupiter.api.Test;

class WholeRepliesTest {
  private static final byte[] ITEM = new byte[1 << 20];

  private final WholeReplies replies = new WholeReplies();

  /** So many items of 1 MiB, which are all the same one. */
  private static Reply mebibytes(int count) {
    int[] given = {0};
    return new Reply.Streamed(
        Reply.Shape.ARRAY,
        count,
        taker -> {
          while (given[0]++ < count && taker.take(Reply.bulk(ITEM), null)) {}
        });
  }

  private static Reply shortItems(int count) {
    return new Reply.Streamed(
        Reply.Shape.SET,
        count,
        taker -> {
          for (int i = 0; i < count && taker.take(Reply.bulk("item"), null); i++) {}
        });
  }

  @Test
  void aReplyIsCollectedOrTooLargeForItself() {
    assertThat(replies.whole(mebibytes(40))).isEqualTo(Reply.error(RespErrors.REPLY_TOO_LARGE));
    assertThat(replies.whole(mebibytes(30))).isInstanceOf(Reply.Array.class);
  }

  @Test
  void repliesAreTooLargeTogetherButSmallOnesAreAlwaysGiven() {
    assertThat(replies.whole(mebibytes(20))).isInstanceOf(Reply.Array.class);
    assertThat(replies.whole(mebibytes(20))).isEqualTo(Reply.error(RespErrors.REPLIES_TOO_LARGE));
    assertThat(replies.whole(mebibytes(11))).isInstanceOf(Reply.Array.class);
    assertThat(replies.whole(mebibytes(1))).isEqualTo(Reply.error(RespErrors.REPLIES_TOO_LARGE));
    for (int i = 0; i < 1_000; i++) {
      assertThat(replies.whole(shortItems(100))).isInstanceOf(Reply.SetOf.class);
    }
    assertThat(replies.whole(shortItems(1_000)))
        .isEqualTo(Reply.error(RespErrors.REPLIES_TOO_LARGE));
  }

  @Test
  void otherRepliesAreNoBusinessOfThis() {
    Reply other = Reply.bulk(new byte[1 << 26]);
    assertThat(replies.whole(other)).isSameAs(other);
  }
}

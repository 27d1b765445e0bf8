package io.raftkv.resp.reply;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ReplySizeTest {
  private static final Reply BULK = Reply.bulk(new byte[1_000]);

  @Test
  void countsWhatIsInsideOfEveryKindOfCollection() {
    List<Reply> two = List.of(BULK, BULK);
    assertThat(ReplySize.of(BULK)).isBetween(1_000L, 1_100L);
    assertThat(
            List.of(
                Reply.array(two),
                Reply.map(two),
                Reply.mapOfPairs(two),
                Reply.pairs(two),
                Reply.set(two),
                new Reply.Push(two),
                Reply.array(Reply.array(two))))
        .allSatisfy(reply -> assertThat(ReplySize.of(reply)).isBetween(2_000L, 2_300L));
    assertThat(ReplySize.of(new Reply.Verbatim("txt", new byte[500]))).isBetween(500L, 600L);
  }

  @Test
  void smallRepliesAreNotFree() {
    assertThat(List.of(Reply.OK, Reply.NULL, Reply.ONE, Reply.error("ERR no")))
        .allSatisfy(reply -> assertThat(ReplySize.of(reply)).isPositive());
  }
}

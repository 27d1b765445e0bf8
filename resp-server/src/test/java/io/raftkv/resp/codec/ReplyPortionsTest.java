package io.raftkv.resp.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.raftkv.resp.codec.ReplyPortions.Portion;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.Reply.Shape;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReplyPortionsTest {
  private static final int ITEM_BYTES = 100;

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);

  private static Reply item(long index) {
    return Reply.bulk(("%0" + ITEM_BYTES + "d").formatted(index).getBytes(StandardCharsets.UTF_8));
  }

  /** A reply that announces {@code count} elements and has {@code there}. */
  private static Reply.Streamed streamed(Shape shape, long count, long there) {
    long[] next = {0};
    return new Reply.Streamed(
        shape,
        count,
        taker -> {
          boolean wanted = true;
          while (wanted && next[0] < there) {
            long at = next[0]++;
            Reply second = shape == Shape.PAIRS ? Reply.doubleValue(at) : item(-at);
            wanted = taker.take(item(at), shape.isPaired() ? second : null);
          }
        });
  }

  private static byte[] take(Portion portion) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    portion.writeTo(
        buffer -> {
          bytes.writeBytes(bytesOf(buffer));
          buffer.release();
        });
    return bytes.toByteArray();
  }

  private static byte[] bytesOf(ByteBuf buffer) {
    byte[] bytes = new byte[buffer.readableBytes()];
    buffer.readBytes(bytes);
    return bytes;
  }

  @ParameterizedTest
  @EnumSource(Shape.class)
  void portionsAreTogetherWhatTheWholeReplyIs(Shape shape) {
    for (int protocol = 2; protocol <= 3; protocol++) {
      for (long count : new long[] {0, 1, 10, 20_000}) {
        Reply whole = streamed(shape, count, count).collect(Long.MAX_VALUE).reply();
        int version = protocol;
        byte[] expected = Encoding.bytes(out -> RespEncoder.encode(whole, version, out));

        ReplyPortions portions =
            new ReplyPortions(streamed(shape, count, count), protocol, allocator);
        ByteArrayOutputStream actual = new ByteArrayOutputStream();
        int number = 0;
        Portion portion;
        do {
          portion = portions.next();
          number++;
          assertThat(portion.bytes()).isLessThan(ReplyPortions.BYTES + RespOutput.HAND_OVER_BYTES);
          byte[] bytes = take(portion);
          assertThat(bytes).hasSize((int) portion.bytes());
          actual.writeBytes(bytes);
        } while (!portion.isLast());
        assertThat(actual.toByteArray())
            .as("%s RESP%d %d", shape, protocol, count)
            .isEqualTo(expected);
        assertThat(number).isGreaterThanOrEqualTo(expected.length / ReplyPortions.BYTES);
      }
    }
    assertThat(allocator.metric().usedHeapMemory()).isZero();
  }

  /** Small ones between large ones, and ends of some where a portion ends. */
  @Test
  void aggregatesWithinAnAggregateComeInPortionsToo() {
    for (int protocol = 2; protocol <= 3; protocol++) {
      for (long count : new long[] {0, 1, 2_600, 6_000}) {
        Reply whole = nested(count).collect(Long.MAX_VALUE).reply();
        int version = protocol;
        byte[] expected = Encoding.bytes(out -> RespEncoder.encode(whole, version, out));
        ReplyPortions portions = new ReplyPortions(nested(count), protocol, allocator);
        ByteArrayOutputStream actual = new ByteArrayOutputStream();
        Portion portion;
        do {
          portion = portions.next();
          assertThat(portion.bytes()).isLessThan(ReplyPortions.BYTES + RespOutput.HAND_OVER_BYTES);
          actual.writeBytes(take(portion));
        } while (!portion.isLast());
        assertThat(actual.toByteArray()).as("RESP%d %d", protocol, count).isEqualTo(expected);
      }
    }
    assertThat(allocator.metric().usedHeapMemory()).isZero();
  }

  private static Reply.Streamed nested(long count) {
    List<Reply> items = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Reply.Streamed uncounted =
          Reply.Streamed.walked(Shape.ARRAY, () -> streamed(Shape.ARRAY, count, count).elements());
      items.addAll(List.of(item(i), uncounted, item(-i), Reply.array(item(i))));
    }
    return Reply.Streamed.of(Reply.mapOfPairs(items));
  }

  @Test
  void anUncountedReplyIsCountedOnlyIfItIsSent() {
    Reply.Streamed few =
        Reply.Streamed.uncounted(
            Shape.SET,
            () -> {
              throw new AssertionError("counted");
            },
            streamed(Shape.SET, 10, 10).elements());
    assertThat(few.collect(10_000).bytes()).isEqualTo(10 * (32 + ITEM_BYTES));
    assertThat(nested(10).collect(5_243)).isNull();
    assertThat(nested(10).collect(5_244).bytes()).isEqualTo(5_244);
  }

  @Test
  void anElementThatIsLargerThanAPortionGoesAlone() {
    byte[] large = new byte[3 * ReplyPortions.BYTES];
    List<Reply> elements = new ArrayList<>(List.of(item(0), Reply.bulk(large), item(1)));
    ReplyPortions portions =
        new ReplyPortions(
            new Reply.Streamed(
                Shape.ARRAY,
                3,
                taker -> {
                  boolean wanted = true;
                  while (wanted && !elements.isEmpty()) {
                    wanted = taker.take(elements.remove(0), null);
                  }
                }),
            2,
            allocator);
    assertThat(take(portions.next())).hasSizeGreaterThan(large.length);
    Portion rest = portions.next();
    assertThat(rest.isLast()).isTrue();
    assertThat(take(rest)).hasSizeLessThan(2 * ITEM_BYTES);
  }

  @Test
  void aReplyWithFewerElementsThanAnnouncedIsAFaultThatLeavesNothingBehind() {
    ReplyPortions portions = new ReplyPortions(streamed(Shape.SET, 5, 3), 3, allocator);
    assertThatThrownBy(portions::next)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("a reply of 5 elements has only 3");
    assertThat(allocator.metric().usedHeapMemory()).isZero();
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  @Test
  void aFaultInTheMiddleOfAPortionLeavesNothingBehind() {
    long[] given = {0};
    ReplyPortions portions =
        new ReplyPortions(
            new Reply.Streamed(
                Shape.ARRAY,
                10_000,
                taker -> {
                  while (taker.take(item(0), null)) {
                    if (++given[0] == 1_000) {
                      throw new IllegalStateException("a bug of the test");
                    }
                  }
                }),
            3,
            allocator);
    assertThatThrownBy(portions::next).hasMessage("a bug of the test");
    assertThat(allocator.metric().usedHeapMemory()).isZero();
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  @Test
  void aReplyIsCollectedOnlyIfItIsSmallEnough() {
    assertThat(streamed(Shape.MAP, 10, 10).collect(10_000).reply()).isInstanceOf(Reply.MapOf.class);
    assertThat(streamed(Shape.MAP, 10, 10).collect(1_000)).isNull();
    assertThat(streamed(Shape.SET, 1L << 40, 0).collect(1 << 20)).isNull();
    assertThatThrownBy(() -> streamed(Shape.SET, 5, 3).collect(10_000))
        .isInstanceOf(IllegalStateException.class);
  }
}

package io.raftkv.resp.codec;

import static io.raftkv.resp.codec.Decoding.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Counts what the decoder allocates: bytes moved and kept, without measuring time. */
class RespDecoderMemoryTest {
  private static final int MEGABYTE = 1 << 20;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static long allocated() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }

  @Test
  void aBulkOf64MegabytesInSmallPiecesIsMovedAFixedNumberOfTimes() {
    int length = 64 * MEGABYTE;
    byte[] value = new byte[length];
    new Random(7).nextBytes(value);
    CommandParser parser = new CommandParser(RespLimits.DEFAULT);
    byte[] header = bytes("*1\r\n$" + length + "\r\n");
    parser.parse(header, 0, header.length);

    long before = allocated();
    for (int at = 0; at < length; at += 1024) {
      assertThat(parser.parse(value, at, at + 1024)).isEqualTo(at + 1024);
    }
    long spent = allocated() - before;
    byte[] end = bytes("\r\n");
    parser.parse(end, 0, 2);

    assertThat(parser.hasCommand()).isTrue();
    assertThat(parser.takeCommand()[0]).isEqualTo(value);
    // The array doubles on its way: all of them together are twice the last.
    assertThat(spent).isLessThan(3L * length);
  }

  @Test
  void aBulkThatComesThroughTheChannelIsWhole() {
    int length = 8 * MEGABYTE + 3;
    byte[] value = new byte[length];
    new Random(8).nextBytes(value);
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    decoding.receive("*2\r\n$1\r\na\r\n$" + length + "\r\n");
    Decoding.cut(value, 100_000, new Random(9)).forEach(decoding::receive);
    decoding.receive("\r\nPING\r\n");
    List<Object> messages = decoding.take();
    CommandBatch batch = (CommandBatch) messages.get(0);
    assertThat(batch.words(0)[1]).isEqualTo(value);
    assertThat(Decoding.describe(messages.subList(1, messages.size()))).containsExactly("[PING]");
    decoding.finish();
  }

  @Test
  void whatIsTooLongIsSkippedWithoutBeingHeld() {
    int length = 256 * MEGABYTE;
    RespLimits limits = new RespLimits(MEGABYTE, 16, 1024, 2L * MEGABYTE);
    EmbeddedChannel channel = new EmbeddedChannel(new RespDecoder(limits));
    ByteBuf begin =
        Unpooled.wrappedBuffer(bytes("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + length + "\r\n"));
    ByteBuf piece = Unpooled.wrappedBuffer(new byte[MEGABYTE]);
    ByteBuf end = Unpooled.wrappedBuffer(bytes("\r\n"));
    try {
      channel.writeInbound(begin);
      long before = allocated();
      for (int i = 0; i < length / MEGABYTE; i++) {
        channel.writeInbound(piece.retain().readerIndex(0));
      }
      assertThat(allocated() - before).isLessThan(MEGABYTE);
      assertThat(channel.<Object>readInbound()).isNull();
      channel.writeInbound(end);
      CommandBatch batch = channel.readInbound();
      assertThat(batch.oversize(0)).isEqualTo(Oversize.WORD);
    } finally {
      piece.release();
      channel.finishAndReleaseAll();
    }
  }

  @Test
  void aCommandThatGrowsTooLongIsLetGoOfAtOnce() {
    RespLimits limits = new RespLimits(MEGABYTE, 1 << 20, 1024, 2L * MEGABYTE);
    CommandParser parser = new CommandParser(limits);
    byte[] begin = bytes("*100001\r\n$4\r\nMSET\r\n");
    byte[] word = bytes("$1024\r\n" + "w".repeat(1024) + "\r\n");
    parser.parse(begin, 0, begin.length);
    long before = allocated();
    long parsed = 0;
    for (int i = 0; i < 100_000; i++) {
      parsed += parser.parse(word, 0, word.length); // not asserted one by one, which allocates
    }
    assertThat(allocated() - before).as("of 100 MB").isLessThan(4L * MEGABYTE);
    assertThat(parsed).isEqualTo(100_000L * word.length);
    assertThat(parser.hasCommand()).isTrue();
    assertThat(parser.oversize()).isEqualTo(Oversize.COMMAND);
    assertThat(Decoding.describe(parser.takeCommand())).isEqualTo("[MSET]");
  }

  @Test
  void announcingMuchCostsLittle() {
    List<CommandParser> parsers = new ArrayList<>();
    byte[] announced = bytes("*1048576\r\n$536870912\r\nx");
    long before = allocated();
    for (int i = 0; i < 1000; i++) {
      CommandParser parser = new CommandParser(RespLimits.DEFAULT);
      assertThat(parser.parse(announced, 0, announced.length)).isEqualTo(announced.length);
      parsers.add(parser);
    }
    assertThat(allocated() - before).isLessThan(100L * MEGABYTE);
    assertThat(parsers).hasSize(1000).allMatch(parser -> !parser.hasCommand());
  }

  @Test
  void smallCommandsCostNoMoreThanTheirWords() {
    byte[] pipeline = bytes("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n".repeat(400));
    EmbeddedChannel channel = new EmbeddedChannel(new RespDecoder(RespLimits.DEFAULT));
    ByteBuf buffer = Unpooled.wrappedBuffer(pipeline); // not tracked for leaks, which allocates
    try {
      long spent = Long.MAX_VALUE;
      for (int i = 0; i < 50; i++) { // the first rounds also load classes
        buffer.readerIndex(0).retain();
        long before = allocated();
        channel.writeInbound(buffer);
        spent = Math.min(spent, allocated() - before);
        CommandBatch batch = channel.readInbound();
        assertThat(batch.size()).isEqualTo(400);
      }
      // Array of three words 32 bytes, words 24 each, place in the batch 4 + 8.
      assertThat(spent).isLessThan(400L * (32 + 3 * 24 + 12) + 4096);
    } finally {
      channel.finishAndReleaseAll();
      buffer.release();
    }
  }
}

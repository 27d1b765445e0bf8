package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a reply of a million fields takes while a slow client reads it. */
class LargeReplyWriterTest {
  private static final long MIB = 1L << 20;
  private static final int FIELDS = 1_000_000;
  private static final byte[] VALUE = "v".repeat(100).getBytes(StandardCharsets.US_ASCII);

  /** What an event loop may write before it looks at its other connections. */
  private static final long MOST_IN_ONE_TURN_BYTES = MIB / 2;

  /** An output buffer and a portion; a buffer may be half empty. */
  private static final long MOST_BUFFERS_BYTES = MIB;

  private static final long CLIENT_TAKES_BYTES = 100_000;
  private static final int MOST_STEPS = 100_000;

  /** Garbage and what the JVM itself does beside; the reply would take 300 MiB as objects. */
  private static final long HEAP_NOISE_BYTES = 16 * MIB;

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  private final ArrayDeque<Runnable> pool = new ArrayDeque<>();
  private final SlowNetwork network = new SlowNetwork(OutputStream.nullOutputStream());
  private boolean sent;

  @TempDir private Path directory;

  /** A hash that is not in memory anywhere. */
  private static Reply.Streamed fields() {
    int[] next = {0};
    return new Reply.Streamed(
        Reply.Shape.MAP,
        FIELDS,
        taker -> {
          boolean wanted = true;
          while (wanted && next[0] < FIELDS) {
            wanted = taker.take(Reply.bulk("field" + next[0]++), Reply.bulk(VALUE.clone()));
          }
        });
  }

  private long buffersBytes() {
    return allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory();
  }

  private static long usedHeapBytes() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  @Test
  void aSlowReaderOfAMillionFieldsCostsAnOutputBufferAndAPortion() {
    StoreOptions options = new StoreOptions(8 * MIB, 2 * MIB, 16 * MIB, 64, 2);
    try (StoreEnvironment environment = new StoreEnvironment(options);
        ShardStore store = ShardStore.open(directory.resolve("store"), environment)) {
      EmbeddedChannel channel = new EmbeddedChannel(network);
      channel.config().setOption(ChannelOption.ALLOCATOR, allocator);
      LargeReplyWriter writer =
          new LargeReplyWriter(
              channel,
              RespOutput.to(channel),
              1,
              () -> sent = true,
              Duration.ofMinutes(10).toNanos(),
              System::nanoTime);
      network.stand();
      long heapBefore = usedHeapBytes();
      writer.begin(new ReplyStream(fields(), store.tryRetain(), pool::add, channel.eventLoop()), 3);
      long mostBuffers = 0;
      long mostInOneTurn = 0;
      long mostHeap = 0;
      int steps = 0;
      while (!sent || !network.isEmpty()) {
        Runnable portion = pool.poll();
        if (portion != null) {
          portion.run();
          mostBuffers = Math.max(mostBuffers, buffersBytes());
        } else {
          network.deliver(CLIENT_TAKES_BYTES);
        }
        long writtenBefore = network.writtenBytes();
        channel.runPendingTasks();
        mostInOneTurn = Math.max(mostInOneTurn, network.writtenBytes() - writtenBefore);
        mostBuffers = Math.max(mostBuffers, buffersBytes());
        if (++steps % 1_000 == 0) {
          mostHeap = Math.max(mostHeap, usedHeapBytes());
        }
        writer.writabilityChanged();
        assertThat(steps).as("the reply goes on").isLessThan(MOST_STEPS);
      }
      channel.checkException();
      System.out.printf(
          "%d MiB for a slow reader: most in buffers %d KiB, written by one turn of the event loop"
              + " %d KiB, most growth of the heap %d KiB%n",
          network.writtenBytes() / MIB,
          mostBuffers >> 10,
          mostInOneTurn >> 10,
          (mostHeap - heapBefore) >> 10);
      assertThat(network.writtenBytes()).isGreaterThan(100 * MIB);
      assertThat(mostHeap).as("heap was looked at").isPositive();
      assertThat(mostHeap - heapBefore).isLessThan(HEAP_NOISE_BYTES);
      assertThat(mostBuffers).isLessThan(MOST_BUFFERS_BYTES);
      assertThat(mostInOneTurn).isLessThan(MOST_IN_ONE_TURN_BYTES);
      assertThat(store.retainedViews()).isZero();
      assertThat(buffersBytes()).isZero();
      assertThat(channel.finishAndReleaseAll()).isFalse();
    }
  }
}

package io.raftkv.resp.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.metrics.ClientTraffic;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class TrafficMeterTest {
  @Test
  void bytesOfClientsAreCountedAndThoseOfNodesAreNot() {
    ClientTraffic traffic = new ClientTraffic();
    AtomicBoolean link = new AtomicBoolean();
    EmbeddedChannel channel = new EmbeddedChannel(new TrafficMeter(traffic, link::get));
    try {
      channel.writeInbound(Unpooled.wrappedBuffer(new byte[10]));
      channel.writeOutbound(Unpooled.wrappedBuffer(new byte[300]));
      channel.writeOutbound(Unpooled.wrappedBuffer(new byte[1], new byte[4]));
      assertThat(traffic.receivedBytes()).isEqualTo(10);
      assertThat(traffic.sentBytes()).isEqualTo(305);

      link.set(true);
      channel.writeInbound(Unpooled.wrappedBuffer(new byte[10]));
      channel.writeOutbound(Unpooled.wrappedBuffer(new byte[10]));
      assertThat(traffic.receivedBytes()).isEqualTo(10);
      assertThat(traffic.sentBytes()).isEqualTo(305);
      assertThat(channel.inboundMessages()).hasSize(2);
      assertThat(channel.outboundMessages()).hasSize(3);
    } finally {
      channel.finishAndReleaseAll();
    }
  }
}

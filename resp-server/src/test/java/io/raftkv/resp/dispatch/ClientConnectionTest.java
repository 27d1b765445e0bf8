package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClientConnectionTest {
  /** The texts are those of a Redis server. */
  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 127.0.0.1:6379",
    "0:0:0:0:0:0:0:1, [::1]:6379",
    "2001:db8:0:0:8:800:200c:417a, [2001:db8::8:800:200c:417a]:6379",
    "::ffff:10.0.0.1, 10.0.0.1:6379"
  })
  void addressesAreWrittenAsRedisWritesThem(String ip, String shown) throws UnknownHostException {
    InetSocketAddress address =
        new InetSocketAddress(
            InetAddress.getByAddress(NetUtil.createByteArrayFromIpAddressString(ip)), 6379);
    assertThat(ClientConnection.address(address)).isEqualTo(shown);
  }

  @Test
  void whatIsNoInternetAddressIsShownAsItIs() {
    assertThat(ClientConnection.address(new EmbeddedChannel().remoteAddress()))
        .isEqualTo("embedded");
    assertThat(ClientConnection.address(null)).isEqualTo("null");
  }
}

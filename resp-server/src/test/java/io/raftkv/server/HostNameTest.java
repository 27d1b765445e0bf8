package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostNameTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "db-1.example.com",
        "db.example.com.",
        "raftkv_n1",
        "1node",
        "10.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "::1",
        "::",
        "fe80::1%eth0",
        "2001:db8::ff00:42:8329",
        "::ffff:10.0.0.1"
      })
  void hosts(String host) {
    assertThat(HostName.check(host)).isEqualTo(host);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "no such host!!",
        "a b",
        "a,b",
        "a..b",
        ".a",
        "-a",
        "a-",
        "a\nb",
        "a\0b",
        "h\u00f6st",
        "1",
        "999999999999999999999",
        "256.0.0.1",
        "1.2.3",
        "1.2.3.4.5",
        "a:b",
        "host:6379",
        ":",
        "::g",
        "[::1]",
        "http://host"
      })
  void nonsense(String host) {
    assertThatThrownBy(() -> HostName.check(host))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("'" + host + "' is not a host name or address");
  }

  @Test
  void lengths() {
    String label = "a".repeat(63);
    assertThat(HostName.check(label + "." + label)).hasSize(127);
    assertThatThrownBy(() -> HostName.check(label + "a"));
    assertThatThrownBy(() -> HostName.check((label + ".").repeat(4)));
  }
}

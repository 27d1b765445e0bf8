package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.RespError;
import io.raftkv.it.cluster.TestCluster;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client's mistake costs it an error; broken framing costs it the connection; nobody else. */
class BadInputIT {
  private static final int OVER_LIMIT_BYTES = 1_100_000;

  @RegisterExtension
  static final TestCluster CLUSTER =
      TestCluster.ofNodes(1).flags("--max-value-bytes", "1mb", "--batch-bytes", "1mb");

  private static RespConnection connect() throws IOException {
    return CLUSTER.nodes().get(0).connect();
  }

  private static void assertError(Object reply, String text) {
    assertThat(reply)
        .isInstanceOfSatisfying(RespError.class, e -> assertThat(e.text()).startsWith(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*1\r\n+PING\r\n",
        "*1\r\n$abc\r\nPING\r\n",
        "*1\r\n$-5\r\n",
        "*1\r\n$4294967296\r\n",
        "*99999999999999999999\r\n",
        "*abc\r\n",
        "*2147483648\r\n",
      })
  void brokenFramingIsNamedAndEndsTheConnection(String bytes) throws IOException {
    try (RespConnection broken = connect();
        RespConnection other = connect()) {
      broken.sendRaw(bytes);
      broken.flush();
      assertError(broken.read(), "ERR Protocol error");
      assertThat(broken.isClosedByServer()).isTrue();
      assertThat(other.call("PING")).isEqualTo("PONG");
    }
  }

  @Test
  void whatCameBeforeTheBrokenFrameIsAnsweredFirst() throws IOException {
    try (RespConnection connection = connect()) {
      connection.send("SET", "before", "v");
      connection.send("GET", "before");
      connection.sendRaw("*1\r\n!oops\r\n");
      connection.flush();
      assertThat(connection.read()).isEqualTo("OK");
      assertThat(connection.read()).isEqualTo("v");
      assertError(connection.read(), "ERR Protocol error");
      assertThat(connection.isClosedByServer()).isTrue();
    }
  }

  @Test
  void mistakesInCommandsLeaveTheConnectionOpen() throws IOException {
    try (RespConnection connection = connect()) {
      assertError(connection.call("NOSUCHCOMMAND", "a", "b"), "ERR unknown command");
      assertError(connection.call("GET"), "ERR wrong number of arguments for 'get' command");
      assertError(connection.call("SET", "k"), "ERR wrong number of arguments for 'set' command");
      assertError(connection.call("SET", "k", "v", "EX", "0"), "ERR invalid expire time");
      assertError(connection.call("SET", "k", "v", "NONSENSE"), "ERR syntax error");
      assertThat(connection.call("SET", "text", "abc")).isEqualTo("OK");
      assertError(connection.call("INCR", "text"), "ERR value is not an integer or out of range");
      assertError(connection.call("LPUSH", "text", "x"), "WRONGTYPE");
      assertError(connection.call("HGET", "text", "x"), "WRONGTYPE");
      assertThat(connection.call("GET", "text")).isEqualTo("abc");
      assertThat(connection.call("PING")).isEqualTo("PONG");
    }
  }

  @Test
  void inlineCommandsAndEmptyLinesWork() throws IOException {
    try (RespConnection connection = connect()) {
      connection.sendRaw("\r\nPING\r\nSET inline \"a b\"\r\nGET inline\r\n*0\r\n");
      connection.send("PING");
      connection.flush();
      assertThat(connection.read()).isEqualTo("PONG");
      assertThat(connection.read()).isEqualTo("OK");
      assertThat(connection.read()).isEqualTo("a b");
      assertThat(connection.read()).isEqualTo("PONG");
    }
  }

  @Test
  void aValueOverTheLimitIsAnErrorInItsPlaceAndTheConnectionLives() throws IOException {
    try (RespConnection connection = connect()) {
      connection.send("SET", "small", "v");
      connection.send("SET", "big", "x".repeat(OVER_LIMIT_BYTES));
      connection.send("GET", "small");
      connection.flush();
      assertThat(connection.read()).isEqualTo("OK");
      assertError(
          connection.read(), "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
      assertThat(connection.read()).isEqualTo("v");
      assertThat(connection.call("PING")).isEqualTo("PONG");
      assertThat(connection.call("EXISTS", "big")).isEqualTo(0L);
      assertThat(connection.call("SET", "fits", "x".repeat(1_000_000))).isEqualTo("OK");
      assertThat(connection.call("STRLEN", "fits")).isEqualTo(1_000_000L);
    }
  }

  /** Several times what any buffer of the server may hold, and more than its largest command. */
  @Test
  void aValueFarOverTheLimitIsAnErrorAndTheConnectionLives() throws IOException {
    try (RespConnection connection = connect()) {
      String part = "x".repeat(1 << 20);
      connection.sendRaw("*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$" + 64 * part.length() + "\r\n");
      for (int i = 0; i < 64; i++) {
        connection.sendRaw(part);
      }
      connection.sendRaw("\r\n");
      assertError(connection.call("PING"), "ERR string exceeds maximum allowed size");
      assertThat(connection.read()).isEqualTo("PONG");
      assertThat(connection.call("EXISTS", "big")).isEqualTo(0L);
    }
  }

  @Test
  void aCommandOverTheLimitIsAnErrorAndTheConnectionLives() throws IOException {
    String value = "x".repeat(900_000);
    try (RespConnection connection = connect()) {
      assertError(
          connection.call("MSET", "m1", value, "m2", value, "m3", value),
          "ERR command exceeds maximum allowed size (client-query-buffer-limit)");
      assertThat(connection.call("PING")).isEqualTo("PONG");
      assertThat(connection.call("EXISTS", "m1", "m2", "m3")).isEqualTo(0L);
      assertThat(connection.call("MSET", "m1", value, "m2", value)).isEqualTo("OK");
    }
  }

  @Test
  void binaryKeysAndValuesSurvive() throws IOException {
    StringBuilder bytes = new StringBuilder();
    for (char c = 0; c < 256; c++) {
      bytes.append(c);
    }
    try (RespConnection connection = connect()) {
      assertThat(connection.call("SET", bytes.toString(), bytes.toString())).isEqualTo("OK");
      assertThat(connection.call("GET", bytes.toString())).isEqualTo(bytes.toString());
      assertThat(connection.call("SET", "", "")).isEqualTo("OK");
      assertThat(connection.call("GET", "")).isEqualTo("");
      assertThat(connection.call("MGET", "", "absent")).isEqualTo(Arrays.asList("", null));
    }
  }

  @Test
  void halfACommandHurtsNobody() throws IOException {
    try (RespConnection half = connect();
        RespConnection other = connect()) {
      half.sendRaw("*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$10\r\n12345");
      half.flush();
      assertThat(other.call("PING")).isEqualTo("PONG");
      half.close();
      assertThat(other.call("EXISTS", "half")).isEqualTo(0L);
      assertThat(other.call("MGET", "half")).isEqualTo(Collections.singletonList(null));
      assertThat(other.call("PING")).isEqualTo("PONG");
    }
  }
}

package io.raftkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.bench.RequestTemplate.Command;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RequestTemplateTest {
  private static String encode(RequestTemplate template, long number) {
    ByteBuffer out = ByteBuffer.allocateDirect(template.size() + 3);
    out.put(new byte[3]);
    template.copyTo(out, number);
    byte[] bytes = new byte[template.size()];
    out.flip().position(3).get(bytes);
    return new String(bytes, StandardCharsets.US_ASCII);
  }

  @Test
  void theKeyNumberIsFilledIn() {
    assertThat(encode(RequestTemplate.of(Command.SET, 3), 10_203))
        .isEqualTo("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000010203\r\n$3\r\nxxx\r\n");
  }

  @Test
  void elementsAreSpreadOverKeysOfAThousand() {
    assertThat(encode(RequestTemplate.of(Command.SADD, 0), 12_345))
        .contains("set:000000000012\r\n", "element:000000000345\r\n");
  }

  @Test
  void aPasswordThatLooksLikeAKeyStaysAsItIs() {
    assertThat(encode(RequestTemplate.fixed("AUTH", "a:000000000000"), 77))
        .isEqualTo("*2\r\n$4\r\nAUTH\r\n$14\r\na:000000000000\r\n");
  }

  @ParameterizedTest
  @EnumSource(Command.class)
  void everyCommandIsOneWellFormedRequest(Command command) {
    String request = encode(RequestTemplate.of(command, 8), 5);
    String[] lines = request.split("\r\n", -1);
    int words = Integer.parseInt(lines[0].substring(1));
    assertThat(lines).hasSize(2 * words + 2);
    for (int i = 0; i < words; i++) {
      assertThat(lines[2 * i + 1]).isEqualTo("$" + lines[2 * i + 2].length());
    }
  }
}

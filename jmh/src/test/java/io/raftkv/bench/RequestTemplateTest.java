package io.raftkv.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class RequestTemplateTest {
  private static final long NUMBERS = 1_000;
  private static final int CONNECTIONS = 50;

  private static Turn turn(long connection, long... numbers) {
    Turn turn = new Turn(connection, new KeySequence(NUMBERS, false, 7));
    for (long number : numbers) {
      turn.next(number);
    }
    return turn;
  }

  private static List<String> words(String line, Turn turn) {
    return Requests.words(RequestTemplate.parse(line, 100, 3), turn);
  }

  @Test
  void aRequestIsWrittenWhereTheBufferStands() {
    RequestTemplate template = RequestTemplate.parse("SET key:{key} {value}", 1, 3);
    ByteBuffer out = ByteBuffer.allocateDirect(template.size() + 3).put(new byte[3]);
    template.copyTo(out, turn(0, 10_203));
    assertThat(Requests.text(out.flip().position(3)))
        .isEqualTo("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000010203\r\n$3\r\nxxx\r\n");
  }

  @Test
  void elementsAreSpreadOverKeys() {
    assertThat(words("SADD set:{key} m:{element}", turn(0, 12_345)))
        .containsExactly("SADD", "set:000000000123", "m:000000000045");
  }

  @Test
  void placesTakeTheLastDigitsAndStandAnywhereInAWord() {
    assertThat(words("SETBIT {key:2}x{element:1}{value}. 1{key:3} 1", turn(0, 12_345)))
        .containsExactly("SETBIT", "23x5xxx.", "1123", "1");
  }

  @Test
  void turnsAreCountedPerConnection() {
    assertThat(words("XADD q:{connection:2} 1-1{turn:3}", turn(17, 5, 6, 7)))
        .containsExactly("XADD", "q:17", "1-1002");
  }

  @Test
  void randomPlacesOfARequestTakeDigitAfterDigit() {
    Turn turn = turn(0, 5);
    String digits = "%019d".formatted(turn.random());
    assertThat(words("GEOADD {random:4} {random:3}", turn))
        .containsExactly("GEOADD", digits.substring(15), digits.substring(12, 15));
  }

  @Test
  void aPasswordThatLooksLikeAPlaceStaysAsItIs() {
    RequestTemplate template = RequestTemplate.fixed("AUTH", "{key} 0");
    ByteBuffer out = ByteBuffer.allocate(template.size());
    template.copyTo(out);
    assertThat(Requests.text(out.flip())).isEqualTo("*2\r\n$4\r\nAUTH\r\n$7\r\n{key} 0\r\n");
  }

  @Test
  void anUnknownPlaceIsRefused() {
    assertThatThrownBy(() -> RequestTemplate.parse("GET {kay}", 1, 3))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatIsLeftUnfilledIsRefused() {
    RequestTemplate template = RequestTemplate.parse("GET {key}", 1, 3);
    assertThatThrownBy(() -> template.copyTo(ByteBuffer.allocate(100)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aPreloadSendsEachVariantOnce() {
    expectVariants("DEL set:{key}", 10, 100);
    expectVariants("SADD set:{key} m:{element}", 1_000, 1);
    expectVariants("DEL q:{connection}", CONNECTIONS, NUMBERS);
    expectVariants("PING", 1, NUMBERS);
  }

  private static void expectVariants(String line, long variants, long stride) {
    RequestTemplate template = RequestTemplate.parse(line, 100, 3);
    assertThat(template.variants(NUMBERS, CONNECTIONS)).as(line).isEqualTo(variants);
    assertThat(template.stride(NUMBERS)).as(line).isEqualTo(stride);
  }
}

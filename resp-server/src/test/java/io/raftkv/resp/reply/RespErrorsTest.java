package io.raftkv.resp.reply;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** How words of a user come back in error lines. */
class RespErrorsTest {
  /** The expected lines are redis-server's. */
  @Test
  void wordsAreQuotedUpToAZeroByteAndWithoutLineBreaks() {
    assertThat(RespErrors.unsupportedOption("a\r\nb\0c")).isEqualTo("ERR Unsupported option a  b");
    assertThat(RespErrors.unsupportedOption("\0")).isEqualTo("ERR Unsupported option ");
    assertThat(RespErrors.unknownSubcommand("OBJECT", "\0x"))
        .isEqualTo("ERR unknown subcommand ''. Try OBJECT HELP.");
    assertThat(unknownCommand("no\0pe", "a\0b", "c"))
        .isEqualTo("ERR unknown command 'no', with args beginning with: 'a' 'c' ");
  }

  @Test
  void longWordsAreCut() {
    String word = "w".repeat(200);
    assertThat(RespErrors.unsupportedOption(word))
        .isEqualTo("ERR Unsupported option " + "w".repeat(128));
    assertThat(unknownCommand(word, word, "next"))
        .isEqualTo(
            "ERR unknown command '%s', with args beginning with: '%s' "
                .formatted("w".repeat(128), "w".repeat(128)));
  }

  private static String unknownCommand(String... words) {
    return RespErrors.unknownCommand(
        Arrays.stream(words)
            .map(word -> word.getBytes(StandardCharsets.ISO_8859_1))
            .toArray(byte[][]::new));
  }
}

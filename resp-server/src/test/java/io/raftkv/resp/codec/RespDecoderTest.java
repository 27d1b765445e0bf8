package io.raftkv.resp.codec;

import static io.raftkv.resp.codec.Decoding.bytes;
import static io.raftkv.resp.codec.Decoding.outcome;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RespDecoderTest {
  private static final String LONG_LINE = "1".repeat(64 * 1024);
  private static final RespLimits SMALL = new RespLimits(15, 5, 64, 32);

  @Test
  void commandsOfOneReadArriveInOneBatch() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    decoding.receive("*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPI");
    assertThat(decoding.take()).hasSize(1);
    assertThat(decoding.outcome()).containsExactly("[GET][a]", "[PING]", "[PING]");
    decoding.receive("NG\r\n");
    assertThat(decoding.outcome()).hasSize(4).endsWith("[PING]");
    decoding.finish();
  }

  @Test
  void emptyRequestsAreIgnored() {
    assertThat(outcome("\r\n\n*0\r\n*-1\r\n   \r\n*-7\r\n*-9223372036854775808\r\nPING\r\n"))
        .containsExactly("[PING]");
  }

  @Test
  void emptyWordsAndAnyBytesAreWords() {
    assertThat(outcome("*3\r\n$0\r\n\r\n$2\r\n\r\n\r\n$1\r\n\0\r\n"))
        .containsExactly("[][\r\n][\0]");
  }

  @Test
  void whatFollowsABulkStringIsSkippedUnseen() {
    assertThat(outcome("*2\r\n$3\r\nGETxx$1\rya--*1\r\n$4\r\nPING\r\n"))
        .containsExactly("[GET][a]", "[PING]");
  }

  static Stream<Arguments> violations() {
    return Stream.of(
        Arguments.of("*x\r\n", "invalid multibulk length"),
        Arguments.of("*\r\n", "invalid multibulk length"),
        Arguments.of("*+1\r\n", "invalid multibulk length"),
        Arguments.of("*01\r\n", "invalid multibulk length"),
        Arguments.of("*1048577\r\n", "invalid multibulk length"),
        Arguments.of("*99999999999999999999\r\n", "invalid multibulk length"),
        Arguments.of("*-9223372036854775809\r\n", "invalid multibulk length"),
        Arguments.of("*1\r\nfoo\r\n", "expected '$', got 'f'"),
        Arguments.of("*1\r\n:1\r\n", "expected '$', got ':'"),
        Arguments.of("*1\r\n\r\n", "expected '$', got ' '"),
        Arguments.of("*1\r\n\u00e9\r\n", "expected '$', got '\u00e9'"),
        Arguments.of("*1\r\n$-1\r\n", "invalid bulk length"),
        Arguments.of("*1\r\n$\r\n", "invalid bulk length"),
        Arguments.of("*1\r\n$1x\r\n", "invalid bulk length"),
        Arguments.of("*1\r\n$536870913\r\n", "invalid bulk length"),
        Arguments.of("*1\r\n$2000000000000\r\n", "invalid bulk length"),
        Arguments.of("*" + LONG_LINE, "too big mbulk count string"),
        Arguments.of("*1\r\n$" + LONG_LINE, "too big bulk count string"),
        Arguments.of("x" + LONG_LINE, "too big inline request"),
        Arguments.of("x" + LONG_LINE + "\r\n", "too big inline request"),
        Arguments.of("SET a \"b\r\n", "unbalanced quotes in request"),
        Arguments.of("SET a 'b\n", "unbalanced quotes in request"),
        Arguments.of("SET a \"b\"c\r\n", "unbalanced quotes in request"),
        Arguments.of("SET 'a'b\r\n", "unbalanced quotes in request"));
  }

  @ParameterizedTest
  @MethodSource("violations")
  void brokenFramingEndsTheStreamWithRedisText(String broken, String what) {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    decoding.receive("PING\r\n" + broken + "\r\nPING\r\n");
    decoding.receive("PING\r\n");
    assertThat(decoding.outcome()).containsExactly("[PING]", "-ERR Protocol error: " + what);
    decoding.finish();
  }

  @Test
  void longestLinesAreAccepted() {
    String word = "x".repeat(64 * 1024 - 1);
    assertThat(outcome(word + "\r\n")).containsExactly("[" + word + "]");
  }

  @Test
  void limitsAreAcceptedToTheByteAndNotBeyond() {
    RespLimits limits = new RespLimits(15, 3, 64, 32);
    String fifteen = "$15\r\n123456789012345\r\n";
    assertThat(outcome(limits, List.of(bytes("*3\r\n" + fifteen + fifteen + "$2\r\n12\r\n"))))
        .containsExactly("[123456789012345][123456789012345][12]");
    assertThat(outcome(limits, List.of(bytes("*2\r\n$1\r\na\r\n$16\r\n1234567890123456\r\n"))))
        .containsExactly("!WORD[a]");
    assertThat(outcome(limits, List.of(bytes("*4\r\n"))))
        .containsExactly("-ERR Protocol error: invalid multibulk length");
    assertThat(outcome(limits, List.of(bytes("*3\r\n" + fifteen + fifteen + "$3\r\n123\r\n"))))
        .containsExactly("!COMMAND[123456789012345]");
  }

  /** Its end is found, whatever follows the word that was too much, and so is the next command. */
  @Test
  void anOversizedCommandCostsItselfOnly() {
    String word = "*3\r\n$3\r\nSET\r\n$16\r\n*1\r\n$4\r\nPING\r\nab\r\n$2\r\nxy\r\n";
    String twice = "*2\r\n$40\r\n" + "n".repeat(40) + "\r\n$20\r\n" + "v".repeat(20) + "\r\n";
    String command = "*5\r\n$3\r\nDEL\r\n" + "$10\r\n0123456789\r\n".repeat(3) + "$0\r\n\r\n";
    String inline = "ECHO a 1234567890123456 b\r\n";
    String wordy = "A bcdefghijklm opqrstuvwxyz 0123456789\r\n";
    String stream =
        "PING\r\n" + word + twice + command + "*1\r\n$1\r\nx\r\n" + inline + wordy + word;
    byte[] whole = bytes(stream + "PING\r\n");
    List<String> expected =
        List.of(
            "[PING]",
            "!WORD[SET]",
            "!WORD[]",
            "!COMMAND[DEL]",
            "[x]",
            "!WORD[ECHO]",
            "!COMMAND[A]",
            "!WORD[SET]",
            "[PING]");
    assertThat(outcome(SMALL, List.of(whole))).isEqualTo(expected);
    List<byte[]> single = new ArrayList<>();
    for (int cut = 0; cut < whole.length; cut++) {
      List<byte[]> halves =
          List.of(Arrays.copyOf(whole, cut), Arrays.copyOfRange(whole, cut, whole.length));
      assertThat(outcome(SMALL, halves)).as("cut at %s", cut).isEqualTo(expected);
      single.add(new byte[] {whole[cut]});
    }
    assertThat(outcome(SMALL, single)).isEqualTo(expected);
  }

  @Test
  void manyOversizedCommandsShareABatchWithTheOthers() {
    Decoding decoding = new Decoding(SMALL);
    String oversized = "*2\r\n$1\r\na\r\n$16\r\n1234567890123456\r\n";
    decoding.receive(("PING\r\n".repeat(20) + oversized).repeat(3) + "PING\r\n");
    assertThat(decoding.take()).hasSize(1);
    assertThat(decoding.outcome())
        .hasSize(64)
        .filteredOn(line -> !line.equals("[PING]"))
        .containsExactly("!WORD[a]", "!WORD[a]", "!WORD[a]");
    decoding.receive("PING\r\n");
    assertThat(decoding.outcome()).hasSize(65).endsWith("[PING]");
    decoding.finish();
  }

  @Test
  void whatRedisWouldNotTakeEitherIsAViolation() {
    assertThat(outcome(SMALL, List.of(bytes("*1\r\n$536870912\r\nx")))).isEmpty();
    assertThat(outcome(SMALL, List.of(bytes("*1\r\n$536870913\r\n"))))
        .containsExactly("-ERR Protocol error: invalid bulk length");
    assertThat(outcome(SMALL, List.of(bytes("*3\r\n$16\r\n1234567890123456\r\n$-1\r\n"))))
        .containsExactly("-ERR Protocol error: invalid bulk length");
    assertThat(outcome(SMALL, List.of(bytes("*3\r\n$16\r\n1234567890123456\r\n:1\r\n"))))
        .containsExactly("-ERR Protocol error: expected '$', got ':'");
  }

  @Test
  void senselessLimitsAreRefused() {
    assertThatThrownBy(() -> new RespLimits(-1, 1, 64, 64)).hasMessageContaining("maxBulkBytes");
    assertThatThrownBy(() -> new RespLimits(1, 0, 64, 64)).hasMessageContaining("maxArrayLength");
    assertThatThrownBy(() -> new RespLimits(1, 1, 1, 64)).hasMessageContaining("maxInlineBytes");
    assertThatThrownBy(() -> new RespLimits(1, 1, 64, 0)).hasMessageContaining("queryBufferBytes");
  }

  @Test
  void clientsThatHaveNotAuthenticatedHaveSmallLimits() {
    assertThat(unauthenticated("*11\r\n"))
        .containsExactly("-ERR Protocol error: unauthenticated multibulk length");
    assertThat(unauthenticated("*1\r\n$16385\r\n"))
        .containsExactly("-ERR Protocol error: unauthenticated bulk length");
    String words = "$1\r\na\r\n".repeat(9);
    String longest = "y".repeat(16384);
    assertThat(unauthenticated("*10\r\n" + words + "$16384\r\n" + longest + "\r\n"))
        .containsExactly("[a]".repeat(9) + "[" + longest + "]");
  }

  private static List<String> unauthenticated(String stream) {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    decoding.decoder.setUnauthenticated(true);
    decoding.receive(stream);
    decoding.finish();
    return decoding.outcome();
  }

  static Stream<Arguments> inlineRequests() {
    return Stream.of(
        Arguments.of("SET a b", "[SET][a][b]"),
        Arguments.of("  SET\ta\u000b b \f", "[SET][a\u000b][b]"),
        Arguments.of("a \"b c\" 'd e'", "[a][b c][d e]"),
        Arguments.of("\"\" ''", "[][]"),
        Arguments.of("\"\\n\\r\\t\\b\\a\\\\\\\"\\q\"", "[\n\r\t\b\u0007\\\"q]"),
        Arguments.of("\"\\x41\\xfF\\x00\"", "[A\u00ff\0]"),
        Arguments.of("\"\\x4g\\xz1\"", "[x4gxz1]"),
        Arguments.of("'\\'\\n\"'", "['\\n\"]"),
        Arguments.of("ab\"cd e\" f'g h'", "[abcd e][fg h]"),
        Arguments.of("a\\nb", "[a\\nb]"),
        Arguments.of("a\rb", "[a][b]"),
        Arguments.of("a\0b", "[a\0b]"),
        Arguments.of("caf\u00e9", "[caf\u00e9]"));
  }

  @ParameterizedTest
  @MethodSource("inlineRequests")
  void inlineWordsFollowRedisQuoting(String line, String words) {
    assertThat(outcome(line + "\r\n" + line + "\n")).containsExactly(words, words);
  }

  @Test
  void anUnfinishedEscapeIsAnUnbalancedQuote() {
    assertThat(outcome("\"\\x4\r\n"))
        .containsExactly("-" + ProtocolViolation.UNBALANCED_QUOTES.line());
    assertThat(outcome("\"\\\r\n"))
        .containsExactly("-" + ProtocolViolation.UNBALANCED_QUOTES.line());
  }

  /** Streams that reach every state, cut everywhere: the outcome is that of the whole. */
  @Test
  void noCutChangesTheOutcome() {
    List<String> streams = new ArrayList<>();
    String framed = "*2\r\n$3\r\nGET\r\n$0\r\n\r\n*0\r\n*-1\r\n*1\r\n$12\r\nhello\r\nworld\r\n";
    String inline = "\r\nSET \"a\\x41\" 'b'\r\n\nPING\n";
    streams.add(framed + inline + framed);
    streams.add(inline + framed + "*0000\r\n");
    violations()
        .map(arguments -> (String) arguments.get()[0])
        .filter(broken -> broken.length() < 100)
        .forEach(broken -> streams.add("ECHO x\r\n" + broken + "PING\r\n"));
    for (String stream : streams) {
      byte[] whole = bytes(stream);
      List<String> expected = outcome(stream);
      assertThat(expected).isNotEmpty();
      List<byte[]> single = new ArrayList<>();
      for (int cut = 0; cut <= whole.length; cut++) {
        List<byte[]> halves =
            List.of(Arrays.copyOf(whole, cut), Arrays.copyOfRange(whole, cut, whole.length));
        assertThat(outcome(RespLimits.DEFAULT, halves)).as("cut at %s", cut).isEqualTo(expected);
        if (cut < whole.length) {
          single.add(new byte[] {whole[cut]});
        }
      }
      assertThat(outcome(RespLimits.DEFAULT, single)).isEqualTo(expected);
    }
  }

  @Test
  void linesTooLongAreFoundWhateverTheirPieces() {
    for (String broken : List.of("*" + LONG_LINE, "*1\r\n$" + LONG_LINE, "x" + LONG_LINE)) {
      byte[] whole = bytes(broken + "\r\nPING\r\n");
      List<String> expected = outcome(broken + "\r\nPING\r\n");
      assertThat(expected).hasSize(1);
      for (int piece : new int[] {101, 1000, 16 * 1024, 65535, 65536, 65537}) {
        List<byte[]> pieces = new ArrayList<>();
        for (int at = 0; at < whole.length; at += piece) {
          pieces.add(Arrays.copyOfRange(whole, at, Math.min(whole.length, at + piece)));
        }
        assertThat(outcome(RespLimits.DEFAULT, pieces))
            .as("pieces of %s", piece)
            .isEqualTo(expected);
      }
    }
  }
}

package io.raftkv.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplyScannerTest {
  /** One line each; the spaces stand for line ends. */
  private static final String REPLIES =
      ("+OK :12 :-3 $5 ab c $0  $-1 -ERR_no *2 $1 a *2 :1 -ERR_inside *0 *-1 "
              + "%1 +k *1 +v _ #t ,1.5 ~1 :9 +END ")
          .replace(" ", "\r\n");

  private static final List<String> FOUND =
      List.of(
          "+0",
          ":12",
          ":-3",
          "$5",
          "$0",
          "$-1",
          "-0 ERR_no",
          "*0",
          "*0",
          "*0",
          "%0",
          "_0",
          "#0",
          ",0",
          "~0",
          "+0");

  private static List<String> scan(int pieceBytes) {
    List<String> found = new ArrayList<>();
    ReplyScanner scanner = new ReplyScanner();
    byte[] bytes = REPLIES.getBytes(StandardCharsets.US_ASCII);
    for (int at = 0; at < bytes.length; at += pieceBytes) {
      int length = Math.min(pieceBytes, bytes.length - at);
      scanner.scan(
          ByteBuffer.wrap(bytes, at, length),
          (type, number, error) ->
              found.add((char) type + "" + number + (error == null ? "" : " " + error)));
    }
    return found;
  }

  @Test
  void repliesAreFoundHoweverTheStreamIsCut() {
    for (int pieceBytes = 1; pieceBytes <= REPLIES.length(); pieceBytes++) {
      assertThat(scan(pieceBytes)).as("pieces of %d bytes", pieceBytes).isEqualTo(FOUND);
    }
  }

  @Test
  void bytesThatAreNoReplyAreRefused() {
    ByteBuffer html = ByteBuffer.wrap("HTTP/1.1 200\r\n".getBytes(StandardCharsets.US_ASCII));
    assertThatThrownBy(() -> new ReplyScanner().scan(html, (type, number, error) -> {}))
        .isInstanceOf(IllegalStateException.class);
  }
}

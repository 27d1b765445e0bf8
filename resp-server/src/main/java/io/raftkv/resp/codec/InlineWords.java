package io.raftkv.resp.codec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Splits an inline command into words by Redis' rules: blanks separate; double quotes know {@code
 * \n \r \t \b \a \xHH} and a backslash before any other character; single quotes know {@code \'}; a
 * quote may open within a word but must be followed by a blank or the end when it closes.
 *
 * <p>A zero byte is a character like any other. (In Redis it hides the rest of the request.)
 */
final class InlineWords {
  private static final int HEX_ESCAPE = 4;

  private final byte[] line;
  private final int end;
  private final byte[] word;
  private int at;
  private int length;

  private InlineWords(byte[] line, int from, int to) {
    this.line = line;
    this.at = from;
    this.end = to;
    this.word = new byte[to - from];
  }

  /** The words, none for a blank line; null if quotes are unbalanced. */
  static byte[][] split(byte[] line, int from, int to) {
    return new InlineWords(line, from, to).split();
  }

  private byte[][] split() {
    List<byte[]> words = new ArrayList<>();
    while (true) {
      while (at < end && isSpace(line[at])) {
        at++;
      }
      if (at == end) {
        return words.toArray(new byte[0][]);
      }
      length = 0;
      if (!readWord()) {
        return null;
      }
      words.add(Arrays.copyOf(word, length));
    }
  }

  private boolean readWord() {
    while (at < end) {
      byte c = line[at++];
      switch (c) {
        case ' ', '\n', '\r', '\t' -> {
          return true;
        }
        case '"' -> {
          return readDoubleQuoted();
        }
        case '\'' -> {
          return readSingleQuoted();
        }
        default -> word[length++] = c;
      }
    }
    return true;
  }

  private boolean readDoubleQuoted() {
    while (at < end) {
      byte c = line[at++];
      if (c == '"') {
        return closesWell();
      }
      if (c != '\\' || at == end) {
        word[length++] = c;
      } else if (isHexEscape()) {
        word[length++] =
            (byte) (Character.digit(line[at + 1], 16) << 4 | Character.digit(line[at + 2], 16));
        at += HEX_ESCAPE - 1;
      } else {
        word[length++] = unescape(line[at++]);
      }
    }
    return false;
  }

  private boolean readSingleQuoted() {
    while (at < end) {
      byte c = line[at++];
      if (c == '\'') {
        return closesWell();
      }
      if (c == '\\' && at < end && line[at] == '\'') {
        at++;
        word[length++] = '\'';
      } else {
        word[length++] = c;
      }
    }
    return false;
  }

  /** After a closing quote: the word is complete only before a blank or the end. */
  private boolean closesWell() {
    return at == end || isSpace(line[at]);
  }

  /** At the {@code x} of {@code \xHH}. */
  private boolean isHexEscape() {
    return line[at] == 'x'
        && at + 2 < end
        && Character.digit(line[at + 1], 16) >= 0
        && Character.digit(line[at + 2], 16) >= 0;
  }

  private static byte unescape(byte c) {
    return switch (c) {
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'b' -> '\b';
      case 'a' -> 7;
      default -> c;
    };
  }

  private static boolean isSpace(byte c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
  }
}

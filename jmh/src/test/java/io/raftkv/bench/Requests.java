package io.raftkv.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Encoded requests, taken apart again. */
final class Requests {
  private Requests() {}

  static String text(ByteBuffer bytes) {
    return StandardCharsets.US_ASCII.decode(bytes).toString();
  }

  /** The words of a request; throws if it is not one and only one. */
  static List<String> words(RequestTemplate template, Turn turn) {
    ByteBuffer out = ByteBuffer.allocate(template.size());
    template.copyTo(out, turn);
    String request = text(out.flip());
    String[] lines = request.split("\r\n", -1);
    List<String> words = new ArrayList<>();
    StringBuilder again = new StringBuilder("*" + (lines.length / 2 - 1) + "\r\n");
    for (int i = 2; i < lines.length; i += 2) {
      words.add(lines[i]);
      again.append("$" + lines[i].length() + "\r\n" + lines[i] + "\r\n");
    }
    if (!again.toString().equals(request)) {
      throw new IllegalArgumentException("not a request: " + request);
    }
    return words;
  }
}

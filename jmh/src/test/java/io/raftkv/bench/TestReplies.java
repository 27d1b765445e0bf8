package io.raftkv.bench;

import io.raftkv.resp.reply.Reply;
import java.nio.charset.StandardCharsets;

/** Replies with bytes, which compare by identity, as text. */
final class TestReplies {
  private TestReplies() {}

  static String text(Reply bulk) {
    return new String(((Reply.Bulk) bulk).bytes(), StandardCharsets.US_ASCII);
  }
}

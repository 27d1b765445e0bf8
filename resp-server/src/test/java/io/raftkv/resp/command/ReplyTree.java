package io.raftkv.resp.command;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.raftkv.resp.codec.RespEncoder;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.reply.Reply;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The bytes of a reply, taken apart: two are equal if their bytes are, and can be compared without
 * the order of what has none.
 *
 * @param head type and, for what has no items, content
 */
record ReplyTree(String head, List<ReplyTree> items) {
  /** What a connection that speaks {@code protocol} gets for this reply. */
  static ReplyTree of(Reply reply, int protocol) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    RespOutput out =
        new RespOutput(UnpooledByteBufAllocator.DEFAULT, part -> append(part, bytes), () -> {});
    RespEncoder.encode(reply, protocol, out);
    out.flush();
    return of(bytes.toByteArray());
  }

  private static void append(ByteBuf part, ByteArrayOutputStream bytes) {
    byte[] content = new byte[part.readableBytes()];
    part.readBytes(content);
    part.release();
    bytes.writeBytes(content);
  }

  static ReplyTree of(byte[] reply) {
    Reader reader = new Reader(new String(reply, StandardCharsets.ISO_8859_1));
    ReplyTree tree = reader.next();
    if (reader.at != reader.text.length()) {
      throw new IllegalArgumentException("bytes behind the reply: " + reader.text);
    }
    return tree;
  }

  private static final class Reader {
    private final String text;
    private int at;

    private Reader(String text) {
      this.text = text;
    }

    private ReplyTree next() {
      int end = text.indexOf("\r\n", at);
      String line = text.substring(at, end);
      at = end + 2;
      return switch (line.charAt(0)) {
        case '$', '=' -> bulk(line);
        case '*', '~', '>' -> aggregate(line, 1);
        case '%' -> aggregate(line, 2);
        default -> new ReplyTree(line, List.of());
      };
    }

    private ReplyTree bulk(String line) {
      int length = Integer.parseInt(line.substring(1));
      if (length < 0) {
        return new ReplyTree(line, List.of());
      }
      String content = text.substring(at, at + length);
      at += length + 2;
      return new ReplyTree(line.charAt(0) + content, List.of());
    }

    private ReplyTree aggregate(String line, int itemsPerEntry) {
      List<ReplyTree> items = new ArrayList<>();
      int count = itemsPerEntry * Integer.parseInt(line.substring(1));
      for (int i = 0; i < count; i++) {
        items.add(next());
      }
      return new ReplyTree(line, items);
    }
  }

  /** The same with the items of every aggregate in the order of their text. */
  ReplyTree unordered() {
    List<ReplyTree> sorted = new ArrayList<>(items.stream().map(ReplyTree::unordered).toList());
    Collections.sort(sorted, (a, b) -> a.toString().compareTo(b.toString()));
    return new ReplyTree(head, sorted);
  }

  /** The number that an integer reply is. */
  long number() {
    return Long.parseLong(head.substring(1));
  }

  boolean isNumber() {
    return head.charAt(0) == ':';
  }

  @Override
  public String toString() {
    return items.isEmpty()
        ? head
        : head + items.stream().map(ReplyTree::toString).collect(Collectors.joining(" ", "[", "]"));
  }
}

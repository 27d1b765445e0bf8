package io.raftkv.resp.codec;

import io.raftkv.resp.reply.Reply;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Replies for tests. */
public final class Replies {
  private Replies() {}

  /** One of every kind, aggregates with something in them. */
  public static List<Reply> everyKind() {
    return List.of(
        Reply.OK,
        Reply.simple("caf\u00e9"),
        Reply.error("WRONGTYPE no"),
        Reply.integer(-42),
        Reply.integer(Long.MIN_VALUE),
        Reply.integer(Long.MAX_VALUE),
        Reply.bulk(new byte[] {0, '\r', '\n', (byte) 0xFF}),
        Reply.EMPTY_BULK,
        Reply.NULL,
        Reply.array(Reply.ONE, Reply.array(), Reply.bulk("x")),
        Reply.map(List.of(Reply.bulk("k"), Reply.array(Reply.NULL))),
        Reply.set(List.of(Reply.bulk("m"))),
        Reply.doubleValue(1.5),
        Reply.doubleValue(Double.NEGATIVE_INFINITY),
        new Reply.Bool(true),
        new Reply.Bool(false),
        new Reply.BigNumber("-3492890328409238509324850943850943825024385"),
        new Reply.Verbatim("txt", "Some string".getBytes(StandardCharsets.US_ASCII)),
        new Reply.Push(List.of(Reply.bulk("message"), Reply.ZERO)));
  }

  /** A random reply that RESP3 can tell from every other. */
  public static Reply random(Random random, int depth) {
    int kind = random.nextInt(depth > 0 ? 13 : 9);
    return switch (kind) {
      case 0 -> Reply.simple("s" + random.nextInt(1000));
      case 1 -> Reply.error("ERR " + "e".repeat(random.nextInt(200)));
      case 2 -> Reply.integer(random.nextLong() >> random.nextInt(64));
      case 3 -> Reply.bulk(randomBytes(random));
      case 4 -> Reply.NULL;
      case 5 -> Reply.doubleValue(Double.longBitsToDouble(random.nextLong()));
      case 6 -> new Reply.Bool(random.nextBoolean());
      case 7 -> new Reply.BigNumber(Long.toString(random.nextLong()));
      case 8 -> new Reply.Verbatim("mkd", randomBytes(random));
      case 9 -> new Reply.Array(items(random, depth, random.nextInt(5)));
      case 10 -> new Reply.SetOf(items(random, depth, random.nextInt(5)));
      case 11 -> new Reply.Push(items(random, depth, random.nextInt(5)));
      default -> new Reply.MapOf(items(random, depth, 2 * random.nextInt(4)));
    };
  }

  private static byte[] randomBytes(Random random) {
    byte[] bytes = new byte[random.nextInt(random.nextInt(30) == 0 ? 40_000 : 150)];
    random.nextBytes(bytes);
    return bytes;
  }

  private static List<Reply> items(Random random, int depth, int count) {
    List<Reply> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      items.add(random(random, depth - 1));
    }
    return items;
  }
}

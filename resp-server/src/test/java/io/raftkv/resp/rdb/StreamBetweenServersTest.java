package io.raftkv.resp.rdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.codec.Encoding;
import io.raftkv.resp.redis.RedisServer;
import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.type.StreamImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Streams of a real redis-server, decoded and encoded, and given back to it. */
class StreamBetweenServersTest {
  private static final long SEED = 815;
  private static final String KEY = "s";

  private static RedisServer redis;

  private final Random random = new Random(SEED);

  @BeforeAll
  static void start() throws IOException {
    redis = RedisServer.start();
  }

  @AfterAll
  static void stop() throws IOException {
    if (redis != null) {
      redis.close();
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static Reply redis(String... words) throws IOException {
    Reply reply = Encoding.received(redis.call(words));
    assertThat(reply).as(String.join(" ", words)).isNotInstanceOf(Reply.Failure.class);
    return reply;
  }

  /** All that Redis tells of the stream, but for how its entries lie in nodes. */
  private static String told() throws IOException {
    List<Reply> info = ((Reply.Array) redis("XINFO", "STREAM", KEY, "FULL", "COUNT", "0")).items();
    StringBuilder told = new StringBuilder();
    for (int i = 0; i < info.size(); i += 2) {
      String name = text(info.get(i));
      if (!name.startsWith("radix-tree")) {
        told.append(name).append(' ').append(text(info.get(i + 1))).append('\n');
      }
    }
    return told.toString();
  }

  private static String text(Reply reply) {
    if (reply instanceof Reply.Bulk bulk) {
      return new String(bulk.bytes(), StandardCharsets.ISO_8859_1);
    } else if (reply instanceof Reply.Array array) {
      return array.items().stream().map(StreamBetweenServersTest::text).toList().toString();
    }
    return reply.toString();
  }

  private static void roundTrip(String what) throws IOException {
    String before = told();
    byte[] there = ((Reply.Bulk) redis("DUMP", KEY)).bytes();
    assertThat(DumpPayload.isSealed(there)).isTrue();
    StreamImage stream = ((RdbValue.StreamValue) DumpPayload.decode(there)).stream();
    byte[] back = StreamEncoder.encode(stream);
    assertThat(redis.call(ascii("RESTORE"), ascii(KEY), ascii("0"), back, ascii("REPLACE")))
        .as(what)
        .isEqualTo("+OK\r\n");
    assertThat(told()).as(what).isEqualTo(before);
  }

  @Test
  void streamsComeBackAsTheyWere() throws IOException {
    for (int size : new int[] {1, 99, 100, 101, 1500}) {
      redis("DEL", KEY);
      for (int i = 0; i < size; i++) {
        add(i);
      }
      roundTrip("entries, " + size);
      redis("XGROUP", "CREATE", KEY, "readers", "0");
      redis("XGROUP", "CREATE", KEY, "17", "$", "ENTRIESREAD", Integer.toString(size));
      redis("XGROUP", "CREATECONSUMER", KEY, "readers", "idle");
      for (int i = 0; i < size / 2; i++) {
        String consumer = "consumer" + random.nextInt(3);
        redis("XREADGROUP", "GROUP", "readers", consumer, "COUNT", "1", "STREAMS", KEY, ">");
      }
      roundTrip("groups, " + size);
      for (int i = 0; i < size / 3; i++) {
        redis("XDEL", KEY, id(random.nextInt(size)));
        redis("XACK", KEY, "readers", id(random.nextInt(size)));
      }
      roundTrip("deleted entries, some pending, " + size);
      redis("XTRIM", KEY, "MAXLEN", "0");
      roundTrip("no entries, " + size);
    }
  }

  private static String id(int i) {
    return i / 3 + 1 + "-" + i % 3;
  }

  private void add(int i) throws IOException {
    String[] head = {"XADD", KEY, id(i)};
    String[] pairs =
        switch (random.nextInt(5)) {
          case 0 ->
              new String[] {"temperature", Integer.toString(random.nextInt(100_000) - 50_000)};
          case 1 -> new String[] {"text", "x".repeat(random.nextInt(300))};
          case 2 -> new String[] {"17", Long.toString(random.nextLong()), "", ""};
          case 3 -> new String[] {"large", "y".repeat(16370 + random.nextInt(20))};
          default -> new String[] {"a", "1", "b", "2", "c", Double.toString(random.nextDouble())};
        };
    String[] words = Arrays.copyOf(head, head.length + pairs.length);
    System.arraycopy(pairs, 0, words, head.length, pairs.length);
    redis(words);
  }
}

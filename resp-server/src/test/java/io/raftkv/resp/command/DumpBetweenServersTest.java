package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.codec.Encoding;
import io.raftkv.resp.rdb.GoldenDumps;
import io.raftkv.resp.redis.RedisServer;
import io.raftkv.resp.reply.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Keys that move from a real redis-server into RaftKV and back. What the two say of a key must be
 * the same at each step; the encodings that the way back gives are Redis' own business.
 */
class DumpBetweenServersTest {
  private static final long SEED = 4711;
  private static final String KEY = "k";

  /** A third of what an id's number within its millisecond may be. */
  private static final long THIRD_OF_ALL = 0x5555_5555_5555_5555L;

  private static final Set<String> NOT_COMPARED =
      Set.of("radix-tree-keys", "radix-tree-nodes", "active-time");

  private static RedisServer redis;

  private final CommandRunner raftkv = new CommandRunner(DumpCommandsTest.SPECS);
  private final Random random = new Random(SEED);
  private final TreeSet<String> encodings = new TreeSet<>();

  @BeforeAll
  static void start() throws IOException {
    redis = RedisServer.start("--enable-debug-command", "yes");
  }

  @AfterAll
  static void stop() throws IOException {
    if (redis != null) {
      redis.close();
    }
  }

  @BeforeEach
  void clear() throws IOException {
    redis("FLUSHALL");
    config("list-compress-depth", "0");
    redis("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0");
  }

  private Object redis(String... words) throws IOException {
    Object reply = text(Encoding.received(redis.call(words)));
    assertThat(reply instanceof String text && text.startsWith("-"))
        .as("%s: %s", words[0], reply)
        .isFalse();
    return reply;
  }

  private static Object restore(byte[]... words) throws IOException {
    return text(Encoding.received(redis.call(words)));
  }

  private void config(String name, String value) throws IOException {
    redis("CONFIG", "SET", name, value);
  }

  private static String ascii(Object bytes) {
    return new String((byte[]) bytes, StandardCharsets.ISO_8859_1);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Redis to RaftKV to Redis; the key is read on each of the two, and once more at the end. */
  private void roundTrip(String what) throws IOException {
    encodings.add(ascii(redis("OBJECT", "ENCODING", KEY)));
    String before = told(this::redis);
    byte[] there = (byte[]) redis("DUMP", KEY);
    assertThat(raftkv.run(ascii("RESTORE"), ascii(KEY), ascii("0"), there, ascii("REPLACE")))
        .as(what)
        .isEqualTo(Reply.OK);
    assertThat(told(words -> plain(raftkv.run(words)))).as(what).isEqualTo(before);
    byte[] back = ((Reply.Bulk) raftkv.run("DUMP", KEY)).bytes();
    assertThat(restore(ascii("RESTORE"), ascii(KEY), ascii("0"), back, ascii("REPLACE")))
        .as(what)
        .isEqualTo("OK");
    assertThat(told(this::redis)).as(what).isEqualTo(before);
    redis("DEL", KEY);
  }

  /** Asks one of the two servers. */
  private interface Server {
    Object call(String... words) throws IOException;
  }

  /** RaftKV to Redis to RaftKV, as {@link #roundTrip}. */
  private void roundTripFromRaftkv(String what) throws IOException {
    String before = told(words -> plain(raftkv.run(words)));
    byte[] there = ((Reply.Bulk) raftkv.run("DUMP", KEY)).bytes();
    assertThat(restore(ascii("RESTORE"), ascii(KEY), ascii("0"), there, ascii("REPLACE")))
        .as(what)
        .isEqualTo("OK");
    assertThat(told(this::redis)).as(what).isEqualTo(before);
    byte[] back = (byte[]) redis("DUMP", KEY);
    assertThat(raftkv.run(ascii("RESTORE"), ascii(KEY), ascii("0"), back, ascii("REPLACE")))
        .as(what)
        .isEqualTo(Reply.OK);
    assertThat(told(words -> plain(raftkv.run(words)))).as(what).isEqualTo(before);
    redis("DEL", KEY);
  }

  /** All that there is to say of the key, elements of sets and hashes sorted. */
  private static String told(Server server) throws IOException {
    String type = server.call("TYPE", KEY).toString();
    return type
        + " "
        + switch (type) {
          case "string" -> ascii(server.call("GET", KEY));
          case "list" -> texts(server.call("LRANGE", KEY, "0", "-1"));
          case "set" -> new TreeSet<>(texts(server.call("SMEMBERS", KEY)));
          case "zset" -> scores(texts(server.call("ZRANGE", KEY, "0", "-1", "WITHSCORES")));
          case "hash" -> pairs(texts(server.call("HGETALL", KEY)));
          case "stream" -> stream(server);
          default -> throw new AssertionError(type);
        };
  }

  /** With all groups and all that is pending, and per group the summary of XPENDING. */
  private static String stream(Server server) throws IOException {
    StringBuilder told = new StringBuilder();
    append(told, (List<?>) server.call("XINFO", "STREAM", KEY, "FULL", "COUNT", "0"));
    for (Object group : (List<?>) server.call("XINFO", "GROUPS", KEY)) {
      String name = ascii(((List<?>) group).get(1));
      append(told.append('\n').append(name), (List<?>) server.call("XPENDING", KEY, name));
    }
    return told.toString();
  }

  /**
   * Left out is how Redis' radix tree is made, and when consumers got something last, which Redis
   * 7.0 does not know.
   */
  private static void append(StringBuilder told, List<?> items) {
    told.append('[');
    for (int i = 0; i < items.size(); i++) {
      Object item = items.get(i);
      String text = item instanceof byte[] ? ascii(item) : String.valueOf(item);
      if (NOT_COMPARED.contains(text)) {
        i++; // nor what it is
      } else if (item instanceof List<?> inner) {
        append(told, inner);
      } else {
        told.append(text).append(' ');
      }
    }
    told.append(']');
  }

  private static List<String> texts(Object array) {
    return ((List<?>) array).stream().map(DumpBetweenServersTest::ascii).toList();
  }

  /** Redis 7.0 prints scores with 17 digits, RaftKV as Redis 7.2 does. */
  private static List<String> scores(List<String> membersAndScores) {
    List<String> told = new ArrayList<>(membersAndScores);
    for (int i = 1; i < told.size(); i += 2) {
      String score = told.get(i).replace("inf", "Infinity");
      told.set(i, Double.toString(Double.parseDouble(score)));
    }
    return told;
  }

  private static Set<String> pairs(List<String> items) {
    Set<String> pairs = new TreeSet<>();
    for (int i = 0; i < items.size(); i += 2) {
      pairs.add(items.get(i) + "=" + items.get(i + 1));
    }
    return pairs;
  }

  /** A reply of RaftKV as the connection to Redis gives it. */
  private static Object plain(Reply reply) {
    if (reply instanceof Reply.Simple simple) {
      return simple.text();
    } else if (reply instanceof Reply.Bulk bulk) {
      return bulk.bytes();
    } else if (reply instanceof Reply.DoubleValue score) {
      return ascii(Double.toString(score.value()).replace("Infinity", "inf"));
    } else if (reply instanceof Reply.Int number) {
      return number.value();
    } else if (reply instanceof Reply.Null || reply instanceof Reply.NullArray) {
      return null;
    } else if (reply instanceof Reply.Array array) {
      return array.items().stream().map(DumpBetweenServersTest::plain).toList();
    } else if (reply instanceof Reply.SetOf set) {
      return set.items().stream().map(DumpBetweenServersTest::plain).toList();
    } else if (reply instanceof Reply.MapOf map) {
      return map.keysAndValues().stream().map(DumpBetweenServersTest::plain).toList();
    } else if (reply instanceof Reply.MapOfPairs map) {
      return map.keysAndValues().stream().map(DumpBetweenServersTest::plain).toList();
    } else if (reply instanceof Reply.Pairs pairs) {
      return pairs.firstsAndSeconds().stream().map(DumpBetweenServersTest::plain).toList();
    }
    throw new AssertionError("unexpected " + reply);
  }

  /** Numbers of every width, texts of every kind of length, bytes of every value. */
  private String element() {
    return switch (random.nextInt(6)) {
      case 0 -> Long.toString(random.nextInt(300) - 150);
      case 1 -> Long.toString(random.nextLong() >> random.nextInt(Long.SIZE));
      case 2 -> "x".repeat(random.nextInt(200));
      case 3 -> {
        byte[] bytes = new byte[random.nextInt(70)];
        random.nextBytes(bytes);
        yield new String(bytes, StandardCharsets.ISO_8859_1);
      }
      case 4 -> random.nextInt(10) == 0 ? "y".repeat(16370 + random.nextInt(20)) : "short";
      default -> "e" + random.nextInt(1000);
    };
  }

  @Test
  void strings() throws IOException {
    List<String> values =
        new ArrayList<>(
            List.of("", "0", "-0", "-1", "127", "-129", "40000", "-2147483649", "007", "3.14"));
    for (int length : new int[] {44, 45, 63, 64, 16383, 16384, 1 << 20}) {
      values.add("z".repeat(length));
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      values.add(new String(bytes, StandardCharsets.ISO_8859_1));
    }
    for (int i = 0; i < 200; i++) {
      values.add(element());
    }
    for (String value : values) {
      redis("SET", KEY, value);
      roundTrip("string of " + value.length());
    }
    assertThat(encodings).containsExactly("embstr", "int", "raw");
  }

  @Test
  void lists() throws IOException {
    for (int size : new int[] {1, 5, 127, 128, 129, 2000}) {
      for (String depth : List.of("0", "1")) {
        for (String plainFrom : List.of("0", "100")) {
          config("list-compress-depth", depth);
          redis("DEBUG", "QUICKLIST-PACKED-THRESHOLD", plainFrom);
          for (int i = 0; i < size; i++) {
            redis("RPUSH", KEY, element());
          }
          roundTrip("list of " + size + ", depth " + depth + ", plain from " + plainFrom);
        }
      }
    }
    assertThat(encodings).containsExactly("quicklist");
  }

  @Test
  void sets() throws IOException {
    for (int size : new int[] {1, 5, 128, 512, 513, 2000}) {
      for (int i = 0; i < size; i++) {
        redis("SADD", KEY, element());
      }
      roundTrip("set of " + size);
      for (int width : new int[] {15, 31, 63}) {
        for (int i = 0; i < size; i++) {
          redis("SADD", KEY, Long.toString(random.nextLong() >> (Long.SIZE - 1 - width)));
        }
        roundTrip("numbers of " + width + " bits, " + size);
      }
    }
    assertThat(encodings).containsExactly("hashtable", "intset");
  }

  @Test
  void sortedSets() throws IOException {
    List<String> scores =
        List.of(
            "inf", "-inf", "0", "-0", "0.1", "1e300", "-1e-300", "4.9e-324", "9007199254740993");
    for (int size : new int[] {1, 5, 128, 129, 2000}) {
      for (int i = 0; i < size; i++) {
        String score =
            i % 3 == 0
                ? scores.get(random.nextInt(scores.size()))
                : i % 3 == 1
                    ? Integer.toString(random.nextInt(2000) - 1000)
                    : Double.toString(random.nextGaussian());
        redis("ZADD", KEY, score, element());
      }
      roundTrip("sorted set of " + size);
    }
    redis("ZADD", KEY, "1.5", "a", "-inf", "12");
    roundTrip("small sorted set");
    assertThat(encodings).containsExactly("listpack", "skiplist");
  }

  @Test
  void hashes() throws IOException {
    for (int size : new int[] {1, 5, 128, 512, 513, 2000}) {
      for (int i = 0; i < size; i++) {
        redis("HSET", KEY, element(), element());
      }
      roundTrip("hash of " + size);
    }
    redis("HSET", KEY, "f", "v", "12", "-70000", "", "");
    roundTrip("small hash");
    assertThat(encodings).containsExactly("hashtable", "listpack");
  }

  /** The same commands for a server that has none of the deadlines that there were. */
  @Test
  void hashesOfRaftkvAreReadByRedisUnlessFieldsExpire() throws IOException {
    for (int size : new int[] {1, 5, 128, 129, 2000}) {
      for (int i = 0; i < size; i++) {
        raftkv.run("HSET", KEY, element(), element());
      }
      raftkv.run("HSETEX", KEY, "PX", "10", "FIELDS", "2", "dies", "1", "stays", "2");
      raftkv.run("HPERSIST", KEY, "FIELDS", "1", "stays");
      byte[] expiring = ((Reply.Bulk) raftkv.run("DUMP", KEY)).bytes();
      assertThat(restore(ascii("RESTORE"), ascii(KEY), ascii("0"), expiring))
          .isEqualTo("-ERR DUMP payload version or checksum are wrong");
      raftkv.timeMillis(raftkv.timeMillis() + 10);
      roundTripFromRaftkv("hash of " + size + ", its mortal field dead");
      raftkv.run("DEL", KEY);
    }
  }

  @Test
  void streamsOfRedis() throws IOException {
    for (int size : new int[] {0, 1, 99, 100, 101, 128, 129, 700}) {
      change(this::redis, size);
      roundTrip("stream of " + size);
    }
    assertThat(encodings).containsExactly("stream");
  }

  @Test
  void streamsOfRaftkv() throws IOException {
    for (int size : new int[] {0, 1, 99, 100, 101, 128, 129, 700}) {
      change(words -> plain(raftkv.run(words)), size);
      roundTripFromRaftkv("stream of " + size);
      raftkv.run("DEL", KEY);
    }
  }

  /** A stream that entries were added to, delivered, claimed, acknowledged, deleted and trimmed. */
  private void change(Server server, int size) throws IOException {
    server.call("XGROUP", "CREATE", KEY, "all", "0", "MKSTREAM");
    server.call("XGROUP", "CREATE", KEY, "17", "$");
    server.call("XGROUP", "CREATECONSUMER", KEY, "all", "idle");
    String id = "0-0";
    for (int i = 0; i < size; i++) {
      id = i / 3 + 1 + "-" + Long.toUnsignedString(i % 3 * THIRD_OF_ALL);
      List<String> add = new ArrayList<>(List.of("XADD", KEY, id));
      for (int pairs = random.nextInt(3); pairs >= 0; pairs--) {
        add.addAll(List.of(random.nextBoolean() ? "same" : element(), element()));
      }
      if (server.call(add.toArray(String[]::new)) == null) {
        throw new AssertionError(add);
      }
      String consumer = random.nextInt(10) == 0 ? element() : "c" + random.nextInt(3);
      switch (random.nextInt(8)) {
        case 0, 1, 2 -> read(server, random.nextBoolean() ? "all" : "17", consumer);
        case 3 -> server.call("XACK", KEY, "all", id);
        case 4 -> server.call("XDEL", KEY, id);
        case 5 ->
            server.call(
                "XCLAIM", KEY, "all", consumer, "0", id, "FORCE", "RETRYCOUNT", "3000000000");
        case 6 -> server.call("XTRIM", KEY, "MAXLEN", Integer.toString(size / 2));
        default -> server.call("XGROUP", "SETID", KEY, "17", random.nextBoolean() ? "$" : id);
      }
    }
    if (size == 128) {
      server.call("XTRIM", KEY, "MAXLEN", "0");
    }
    server.call("XGROUP", "CREATE", KEY, "late", id, "ENTRIESREAD", Integer.toString(size));
    server.call("XSETID", KEY, "18446744073709551615-18446744073709551615");
  }

  private static void read(Server server, String group, String consumer) throws IOException {
    server.call("XREADGROUP", "GROUP", group, consumer, "COUNT", "2", "STREAMS", KEY, ">");
  }

  /** Encodings that a Redis 7.0 reads and does not write any more. */
  @Test
  void olderEncodingsAreReadAlike() throws IOException {
    int compared = 0;
    for (GoldenDumps.Dump dump : GoldenDumps.all()) {
      Object reply = restore(ascii("RESTORE"), ascii(KEY), ascii("0"), dump.payload());
      if (reply.equals("OK")) {
        roundTrip(dump.name());
        compared++;
      } else {
        assertThat(dump.name()).containsAnyOf("version 11", "version 12");
      }
    }
    assertThat(compared).isGreaterThan(20);
  }

  @Test
  void timesToLiveComeAlong() throws IOException {
    redis("SET", KEY, "v");
    byte[] payload = (byte[]) redis("DUMP", KEY);
    String due = Long.toString(raftkv.timeMillis() + 12_345);
    assertThat(raftkv.run(ascii("RESTORE"), ascii(KEY), ascii(due), payload, ascii("ABSTTL")))
        .isEqualTo(Reply.OK);
    assertThat(raftkv.run("PEXPIRETIME", KEY)).isEqualTo(Reply.integer(Long.parseLong(due)));
    byte[] back = ((Reply.Bulk) raftkv.run("DUMP", KEY)).bytes();
    redis("DEL", KEY);
    String later = "4000000000000";
    assertThat(restore(ascii("RESTORE"), ascii(KEY), ascii(later), back, ascii("ABSTTL")))
        .isEqualTo("OK");
    assertThat(redis("PEXPIRETIME", KEY)).isEqualTo(Long.parseLong(later));
  }

  @Test
  void mistakesHaveTheSameAnswers() throws IOException {
    redis("SET", "old", "v");
    raftkv.run("SET", "old", "v");
    byte[] sound = (byte[]) redis("DUMP", "old");
    byte[] broken = sound.clone();
    broken[1]++;
    for (byte[] payload : List.of(sound, broken)) {
      for (String call :
          List.of(
              "new 0",
              "old 0",
              "old x",
              "old 0 REPLACE",
              "new -1 REPLACE",
              "new x REPLACE",
              "new 0 NOPE",
              "old 0 FREQ",
              "new 0 FREQ 256",
              "new 0 FREQ -1 NOPE",
              "new 0 IDLETIME -1",
              "new 0 IDLETIME x",
              "new 0 IDLETIME 1 FREQ 1",
              "new 0 FREQ 1 IDLETIME 1",
              "new 1 ABSTTL",
              "old 1 ABSTTL REPLACE")) {
        List<byte[]> words = new ArrayList<>(List.of(ascii("RESTORE")));
        Arrays.stream(call.split(" ", -1)).map(DumpBetweenServersTest::ascii).forEach(words::add);
        words.add(3, payload);
        byte[][] command = words.toArray(byte[][]::new);
        assertThat(text(raftkv.run(command))).as(call).isEqualTo(restore(command));
        assertThat(raftkv.run("EXISTS", "new", "old"))
            .as(call)
            .isEqualTo(Reply.integer((Long) redis("EXISTS", "new", "old")));
        for (String key : List.of("new", "old")) {
          redis("SET", key, "v");
          raftkv.run("SET", key, "v");
        }
        redis("DEL", "new");
        raftkv.run("DEL", "new");
      }
    }
  }

  private static Object text(Reply reply) {
    return reply instanceof Reply.Failure failure ? "-" + failure.line() : plain(reply);
  }
}

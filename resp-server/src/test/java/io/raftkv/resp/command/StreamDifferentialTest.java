package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.codec.Encoding;
import io.raftkv.resp.redis.RedisServer;
import io.raftkv.resp.reply.Reply;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The same random stream commands here and on a real redis-server of release 7.0 give the same
 * replies. Masked are times (idle, seen, delivered) and the figures of Redis' radix tree; left out
 * is what 7.2 answers otherwise, for which {@link StreamCommandsTest} has expectations.
 *
 * <p>The server keeps one entry in a node, so that its {@code ~} trims exactly, too. Idle times are
 * either next to nothing or beyond what {@code MUCH} asks for.
 */
class StreamDifferentialTest {
  private static final int STEPS = 6_000;
  private static final String MASKED = "*";
  private static final Set<String> TIMES =
      Set.of("idle", "seen-time", "radix-tree-keys", "radix-tree-nodes");
  private static final Set<String> NEWER = Set.of("inactive", "active-time");

  private static RedisServer redis;

  @BeforeAll
  static void startRedis() throws Exception {
    redis = RedisServer.start("--stream-node-max-entries", "1");
  }

  @AfterAll
  static void stopRedis() throws Exception {
    if (redis != null) {
      redis.close();
    }
  }

  @ParameterizedTest(name = "seed {0}, RESP{1}")
  @CsvSource({"1,2", "2,3", "3,2", "4,3", "5,2", "6,3"})
  void randomCommandsAreAnsweredAsByRedis(long seed, int protocol) throws Exception {
    redis.call("FLUSHALL");
    redis.call("HELLO", Integer.toString(protocol));
    List<CommandSpec> specs = new ArrayList<>(StreamCommands.ALL);
    specs.addAll(StringCommands.ALL);
    specs.addAll(GenericCommands.ALL);
    CommandRunner runner = new CommandRunner(specs);
    StreamScriptMaker maker = new StreamScriptMaker(seed);
    Map<String, Integer> good = new HashMap<>();
    List<String> last = new ArrayList<>();
    for (int step = 0; step < STEPS; step++) {
      runner.timeMillis(System.currentTimeMillis());
      for (String[] words : maker.next()) {
        last.add(String.join(" ", words));
        String where =
            "seed %d, step %d:%n%s"
                .formatted(
                    seed,
                    step,
                    String.join("\n", last.subList(Math.max(0, last.size() - 40), last.size())));
        Reply theirs = Encoding.received(redis.call(words));
        Reply ours = Encoding.received(Encoding.text(runner.run(words), protocol));
        assertThat(text(words, ours)).as(where).isEqualTo(text(words, theirs));
        if (!(theirs instanceof Reply.Failure)) {
          good.merge(words[0], 1, Integer::sum);
        }
      }
    }
    // The script must not get stuck in errors: every command succeeds often.
    for (CommandSpec spec : StreamCommands.ALL) {
      if (!spec.name().contains("|")) {
        assertThat(good.getOrDefault(spec.name(), 0)).as(spec.name()).isGreaterThan(20);
      }
    }
  }

  /** The reply with its kinds, without what depends on time or release. */
  private static String text(String[] words, Reply reply) {
    boolean pending = words[0].equals("XPENDING") && words.length > 3;
    StringBuilder out = new StringBuilder();
    append(out, pending ? withoutIdle(reply) : reply, null);
    return out.toString();
  }

  private static Reply withoutIdle(Reply reply) {
    if (!(reply instanceof Reply.Array array)) {
      return reply;
    }
    List<Reply> entries = new ArrayList<>();
    for (Reply each : array.items()) {
      List<Reply> items = new ArrayList<>(((Reply.Array) each).items());
      items.set(2, Reply.bulk(MASKED));
      entries.add(Reply.array(items));
    }
    return Reply.array(entries);
  }

  /** {@code name} is what the value stands for in a map, or in the flat form of one. */
  private static void append(StringBuilder out, Reply reply, String name) {
    if (name != null && TIMES.contains(name)) {
      out.append(MASKED);
    } else if (reply instanceof Reply.Array array) {
      appendAll(out, "[", array.items(), name, isFlatMap(array.items()));
    } else if (reply instanceof Reply.MapOf map) {
      appendAll(out, "{", map.keysAndValues(), name, true);
    } else if (reply instanceof Reply.Bulk bulk) {
      out.append('"').append(new String(bulk.bytes(), StandardCharsets.ISO_8859_1)).append('"');
    } else {
      out.append(reply);
    }
  }

  private static boolean isFlatMap(List<Reply> items) {
    return items.size() % 2 == 0
        && !items.isEmpty()
        && items.get(0) instanceof Reply.Bulk bulk
        && Set.of("name", "length").contains(new String(bulk.bytes(), StandardCharsets.US_ASCII));
  }

  private static void appendAll(
      StringBuilder out, String open, List<Reply> items, String name, boolean map) {
    out.append(open);
    String key = null;
    for (int i = 0; i < items.size(); i++) {
      Reply item = items.get(i);
      if (map && i % 2 == 0) {
        key = new String(((Reply.Bulk) item).bytes(), StandardCharsets.ISO_8859_1);
      }
      if (map && NEWER.contains(key)) {
        continue;
      }
      if ("pending".equals(name) && item instanceof Reply.Array entry) {
        item = withoutDelivery(entry);
      }
      append(out.append(' '), item, map && i % 2 == 1 ? key : null);
    }
    out.append(open.equals("[") ? "]" : "}");
  }

  /** The time of delivery is the last but one of what XINFO STREAM FULL says of pending entries. */
  private static Reply withoutDelivery(Reply.Array entry) {
    List<Reply> items = new ArrayList<>(entry.items());
    items.set(items.size() - 2, Reply.bulk(MASKED));
    return Reply.array(items);
  }
}

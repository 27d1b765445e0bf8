package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.codec.Encoding;
import io.raftkv.resp.redis.RedisServer;
import io.raftkv.server.Commands;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What COMMAND tells of the keys of all data commands, beside a real redis-server. */
class KeySpecsAgainstRedisTest {
  /** PFCOUNT writes nothing here; of the others we know less than their keywords. */
  private static final List<String> DIFFERENT =
      List.of("PFCOUNT", "SORT", "GEORADIUS", "GEORADIUSBYMEMBER");

  private static final List<String> CALLS =
      List.of(
          "SET k v",
          "SET k v EX 1 get",
          "BITFIELD k",
          "BITFIELD k GET u8 0 OVERFLOW WRAP",
          "BITFIELD k GET u8 0 INCRBY u8 0 1",
          "BITFIELD k set u8 0 1",
          "COPY a b",
          "RENAME a b",
          "DEL a b",
          "EXISTS a",
          "MSETNX a 1 b 2",
          "SORT k",
          "SORT k BY x STORE d",
          "SORT_RO k",
          "GEORADIUS k 1 1 1 m STORE d",
          "GEORADIUSBYMEMBER k a 1 m",
          "ZUNIONSTORE d 2 a b",
          "ZDIFF 2 a b",
          "LMPOP 2 a b LEFT",
          "BITOP AND d a b",
          "PFMERGE d a b",
          "SINTERSTORE d a",
          "SMOVE a b m",
          "XREADGROUP GROUP g c STREAMS a b 0 0",
          "XGROUP CREATE k g 0",
          "OBJECT ENCODING k",
          "GET a");

  private static final int KEY_SPECS = 8;
  private static final int SUBCOMMANDS = 9;

  private final CommandTable table = new CommandTable(Commands.dataFamilies());
  private final CommandDocs docs = new CommandDocs(table, Arrays::equals);

  @Test
  void keySpecificationsAreThoseOfRedis() throws IOException {
    Map<String, String> differences = new TreeMap<>();
    int compared = 0;
    try (RedisServer redis = RedisServer.start()) {
      for (CommandSpec spec : table.all()) {
        ReplyTree theirs = info(redis, spec);
        if (spec.name().contains("|") || theirs.items().isEmpty()) {
          continue; // part of its parent, or newer than this redis-server
        }
        compared++;
        String ours = specs(ReplyTree.of(Encoding.text(docs.info(info(spec)), 2)).items().get(0));
        if (!ours.equals(specs(theirs))) {
          differences.put(spec.name(), "\n" + ours + "\nRedis:\n" + specs(theirs) + "\n");
        }
      }
    }
    assertThat(compared).isGreaterThan(150);
    assertThat(differences.keySet())
        .as(differences.toString())
        .containsExactlyInAnyOrderElementsOf(DIFFERENT);
  }

  private static Args info(CommandSpec spec) {
    return args("COMMAND INFO " + spec.name());
  }

  private static ReplyTree info(RedisServer redis, CommandSpec spec) throws IOException {
    return ReplyTree.of(redis.call("COMMAND", "INFO", spec.name())).items().get(0);
  }

  /** The specifications of a command and of its subcommands, by name, without notes. */
  private static String specs(ReplyTree info) {
    Map<String, String> specs = new TreeMap<>();
    collect(info, specs);
    return specs.toString();
  }

  private static void collect(ReplyTree info, Map<String, String> specs) {
    StringBuilder text = new StringBuilder();
    for (ReplyTree spec : info.items().get(KEY_SPECS).items()) {
      boolean hasNotes = spec.items().get(0).text().equals("notes");
      text.append(spec.items().subList(hasNotes ? 2 : 0, spec.items().size()));
    }
    specs.put(info.items().get(0).text(), text.toString());
    info.items().get(SUBCOMMANDS).items().forEach(subcommand -> collect(subcommand, specs));
  }

  @Test
  void flagsOfTheKeysOfACallAreThoseOfRedis() throws IOException {
    try (RedisServer redis = RedisServer.start()) {
      for (String call : CALLS) {
        String question = "COMMAND GETKEYSANDFLAGS " + call;
        assertThat(Encoding.text(docs.keysAndFlags(args(question)), 2))
            .as(call)
            .isEqualTo(redis.call(question.split(" ")));
      }
    }
  }

  private static Args args(String line) {
    return new Args(
        Arrays.stream(line.split(" "))
            .map(word -> word.getBytes(StandardCharsets.US_ASCII))
            .toArray(byte[][]::new));
  }
}

package io.raftkv.it.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.it.cluster.RedisServer;
import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.Seed;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The comparison itself, of Redis with Redis: it finds what differs, and nothing else. */
class ContestTest {
  private static final Sequence.Place PLACE = new Sequence.Place("9", false);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path directory;

  @BeforeEach
  void needsRedis() {
    Opponents.requireRedis("ContestTest");
  }

  private static Contest contest(RedisServer one, RedisServer other) {
    return new Contest("ContestTest", one.address(), List.of(other.address()), false, Seed.next());
  }

  private static Family family(String name, RedisServer redis) throws IOException {
    try (RespConnection connection = redis.node().connect()) {
      return Family.load(name, Contest.served(connection));
    }
  }

  /** The families with chance, scans and doubles, in which rules do most of the work. */
  @Test
  void redisDoesNotDifferFromRedis() throws IOException {
    try (RedisServer one = RedisServer.standalone(directory.resolve("one"));
        RedisServer other = RedisServer.standalone(directory.resolve("other"))) {
      for (String name : List.of("hashes", "sets", "sortedsets", "database")) {
        contest(one, other).run(family(name, one), 60, 60, PATIENCE);
      }
    }
  }

  @Test
  void aCommandThatIsMissingIsFoundAndTheHistoryIsShort() throws IOException {
    try (RedisServer one = RedisServer.standalone(directory.resolve("one"));
        RedisServer other =
            RedisServer.standalone(directory.resolve("other"), "--rename-command", "LPOS", "")) {
      Family lists = family("lists", one);
      assertThatThrownBy(() -> contest(one, other).run(lists, 20, 20, PATIENCE))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("raftkv: -ERR unknown command 'LPOS'")
          .hasMessageContaining("command 0, RESP2\n> LPOS ")
          .hasMessageContaining("-Draftkv.compare.family=lists");
    }
  }

  /** Nothing that is answered at once differs, but the key does in the end. */
  @Test
  void aValueThatDiffersIsFoundAtTheEnd() throws IOException {
    try (RedisServer one = RedisServer.standalone(directory.resolve("one"));
        RedisServer other = RedisServer.standalone(directory.resolve("other"));
        RespConnection toOther = other.node().connect();
        Duel duel = new Duel(one.address(), List.of(other.address()), 2, 0, 1)) {
      Sequence.Step step = new Sequence.Step(List.of("APPEND", "k", "v"), false);
      Sequence sequence = new Sequence("strings", 0, "k", List.of(step), Set.of("k", "other"));
      toOther.call("SADD", "other", "a");
      Mismatch found = duel.run(sequence);
      assertThat(found.words()).isEqualTo(List.of("TYPE", "other"));
      assertThat(found.index()).isEqualTo(1);
    }
  }

  @Test
  void sequencesComeFromTheirSeedAndNumber() throws IOException {
    try (RedisServer redis = RedisServer.standalone(directory)) {
      Family strings = family("strings", redis);
      Sequence sequence = Sequence.draw(strings, 7, 3, PLACE);
      assertThat(Sequence.draw(strings, 7, 3, PLACE)).isEqualTo(sequence);
      assertThat(Sequence.draw(strings, 7, 4, PLACE)).isNotEqualTo(sequence);
      assertThat(Sequence.draw(strings, 8, 3, PLACE)).isNotEqualTo(sequence);
      assertThat(sequence.keys()).allMatch(key -> key.startsWith("{strings-3}"));
    }
  }

  @Test
  void aCommandThatTheServerDoesNotListIsAFailure() {
    assertThatThrownBy(() -> Family.load("counters", Set.of("INCR", "DECR", "SET", "GET")))
        .isInstanceOf(AssertionError.class)
        .hasMessageStartingWith("counters: the server does not know [")
        .hasMessageContaining("INCRBY");
  }

  /** One sequence alone would not do. */
  @Test
  void aFamilyThatHardlyRanIsAFailure() throws IOException {
    try (RedisServer one = RedisServer.standalone(directory.resolve("one"));
        RedisServer other = RedisServer.standalone(directory.resolve("other"))) {
      Family strings = family("strings", one);
      assertThatThrownBy(() -> contest(one, other).run(strings, 2_000_000, 10, Duration.ZERO))
          .isInstanceOf(AssertionError.class)
          .hasMessageMatching("[0-9] sequences were run, not [0-9]+");
    }
  }

  @Test
  void templatesGiveTheirForms() {
    Draw draw = new Draw(new Random(1), "p", PLACE);
    Template template = Template.parse("ZADD k ( NX | XX ) [ CH ] ( 1 m )x3 ''");
    assertThat(template.command()).isEqualTo("ZADD");
    for (int i = 0; i < 20; i++) {
      assertThat(String.join(" ", template.draw(draw)))
          .matches("ZADD k (NX|XX) (CH )?1 m 1 m 1 m ");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"SET ( a", "SET a )", "SET [ a )", "SET <nonsense>", "SET a | b"})
  void brokenTemplatesAreRefused(String text) {
    assertThatThrownBy(() -> Template.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}

package io.raftkv.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.redis.RedisServer;
import io.raftkv.resp.reply.Reply;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every workload's commands are valid and, in the families' workloads, find what they name. */
class WorkloadsTest {
  private static final int COMMANDS = 100;
  private static final int NUMBERS = 300;
  private static final int CONNECTIONS = 2;
  private static final int VALUE_BYTES = 64;

  /** Of these a zero means that what they name was not there. */
  private static final Set<String> COUNTING = Set.of("DEL", "EXISTS", "EXPIRE", "SCARD", "XACK");

  /** Runs a command, fails the test for an error, and returns what was found. */
  private interface Server {
    Found answer(List<String> words) throws IOException;
  }

  private enum Found {
    NOTHING,
    ZERO,
    SOMETHING
  }

  static Stream<Workload> workloads() {
    return Workloads.all().stream();
  }

  /** PING asks nothing of a shard. */
  static Stream<Workload> workloadsForShards() {
    return workloads().filter(workload -> !workload.name().equals("ping"));
  }

  @ParameterizedTest
  @MethodSource("workloadsForShards")
  void aShardAnswersWithoutErrors(Workload workload) throws IOException {
    try (BenchShard shard = new BenchShard()) {
      run(workload, words -> answer(shard, words));
    }
  }

  private static Found answer(BenchShard shard, List<String> words) {
    byte[][] command = SampleCommands.command(words.toArray(String[]::new));
    Object reply = shard.apply(LogEntries.entry(List.<byte[][]>of(command)))[0];
    assertThat(reply).as("%s", words).isNotInstanceOf(Reply.Failure.class);
    if (List.of(Reply.NULL, Reply.NULL_ARRAY, Reply.EMPTY_ARRAY).contains(reply)) {
      return Found.NOTHING;
    }
    return reply.equals(Reply.ZERO) ? Found.ZERO : Found.SOMETHING;
  }

  @ParameterizedTest
  @MethodSource("workloads")
  void redisAnswersWithoutErrors(Workload workload) throws IOException {
    try (RedisServer redis = RedisServer.start()) {
      run(workload, words -> answer(redis, words));
    }
  }

  private static Found answer(RedisServer redis, List<String> words) throws IOException {
    String reply = redis.call(words.toArray(String[]::new));
    assertThat(reply).as("%s", words).doesNotStartWith("-");
    return switch (reply.substring(0, reply.indexOf('\r'))) {
      case "$-1", "*-1", "*0" -> Found.NOTHING;
      case ":0" -> Found.ZERO;
      default -> Found.SOMETHING;
    };
  }

  private static void run(Workload workload, Server server) throws IOException {
    RequestMix mix = RequestMix.of(workload, VALUE_BYTES);
    for (RequestTemplate template : mix.preload()) {
      preload(template, server);
    }
    List<RequestSequence> connections = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      connections.add(new RequestSequence(mix, new KeySequence(NUMBERS, false, i), i));
    }
    boolean ofFamily = workload.name().contains("-");
    for (int i = 0; i < COMMANDS; i++) {
      RequestSequence connection = connections.get(i % CONNECTIONS);
      List<String> words = Requests.words(connection.next().template(), connection.turn());
      Found found = server.answer(words);
      if (ofFamily) {
        boolean counting = COUNTING.contains(words.get(0));
        assertThat(found).as("%s", words).isNotIn(Found.NOTHING, counting ? Found.ZERO : null);
      }
    }
  }

  private static void preload(RequestTemplate template, Server server) throws IOException {
    KeySequence draws = new KeySequence(NUMBERS, false, 1);
    for (long i = 0; i < template.variants(NUMBERS, CONNECTIONS); i++) {
      Turn turn = new Turn(i, draws);
      turn.next(i * template.stride(NUMBERS));
      server.answer(Requests.words(template, turn));
    }
  }

  @Test
  void namesAreUnique() {
    assertThat(Workloads.all()).extracting(Workload::name).doesNotHaveDuplicates();
  }

  /** Only writes wait for replicas, so what only reads must not say that it writes. */
  @ParameterizedTest
  @MethodSource("workloads")
  void familiesReadOrWriteAsTheirNamesSay(Workload workload) {
    if (workload.name().contains("-")) {
      boolean writes = workload.name().endsWith("-write");
      assertThat(workload.commands()).extracting(Workload.Command::writes).containsOnly(writes);
      assertThat(writes || workload.name().endsWith("-read")).isTrue();
    }
  }

  @Test
  void anUnknownNameIsRefused() {
    assertThatThrownBy(() -> Workloads.of("sat")).hasMessageContaining("no workload sat");
  }
}

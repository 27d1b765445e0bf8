package io.raftkv.bench;

import static io.raftkv.bench.SampleCommands.command;
import static io.raftkv.bench.SampleCommands.element;
import static io.raftkv.bench.SampleCommands.key;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Entries change what they say, and with their partners leave a store as large as it was. */
class ApplyBenchmarkTest {
  private final ApplyBenchmark benchmark = new ApplyBenchmark();

  private void start(SmallWrite write, int commands) {
    benchmark.command = write;
    benchmark.commands = commands;
    benchmark.fill();
  }

  @AfterEach
  void close() {
    benchmark.close();
  }

  private Reply read(String... words) {
    return benchmark.shard().read(command(words));
  }

  /**
   * What is read is the first key's first element, before, after an entry, and after its partner.
   */
  private void expect(Object before, Object after, Object again, String... words) {
    assertThat(read(words)).as("before").isEqualTo(before);
    benchmark.apply();
    assertThat(read(words)).as("after an entry").isEqualTo(after);
    benchmark.apply();
    assertThat(read(words)).as("after its partner").isEqualTo(again);
  }

  @ParameterizedTest
  @CsvSource({"1", "50", "200"})
  void setsAnswerOkAndMakeNoKeys(int commands) {
    start(SmallWrite.SET, commands);
    for (int i = 0; i < 4; i++) {
      assertThat(benchmark.apply()).hasSize(commands).containsOnly(Reply.OK);
    }
    long keys = benchmark.shard().store().query(view -> view.keys(0));
    assertThat(keys).isEqualTo(ApplyBenchmark.KEYS);
    assertThat(text(read("GET", key(0)))).isEqualTo("x".repeat(64));
  }

  @Test
  void hsetChangesAFieldAndBack() {
    start(SmallWrite.HSET, 50);
    assertThat(text(read("HGET", key(0), element(0)))).isEqualTo(element(0));
    assertThat(benchmark.apply()).hasSize(50).containsOnly(Reply.ZERO);
    assertThat(text(read("HGET", key(0), element(0)))).isEqualTo(element(1));
    assertThat(benchmark.apply()).hasSize(50).containsOnly(Reply.ZERO);
    assertThat(text(read("HGET", key(0), element(0)))).isEqualTo(element(0));
    assertThat(read("HLEN", key(0))).isEqualTo(Reply.integer(20));
  }

  @Test
  void zaddMovesAMemberAndBack() {
    start(SmallWrite.ZADD, 50);
    expect(Reply.integer(0), Reply.integer(19), Reply.integer(0), "ZRANK", key(0), element(0));
    assertThat(read("ZCARD", key(0))).isEqualTo(Reply.integer(20));
  }

  @Test
  void lpushIsFollowedByRpop() {
    start(SmallWrite.LPUSH_RPOP, 50);
    expect(Reply.integer(20), Reply.integer(21), Reply.integer(20), "LLEN", key(0));
  }

  @Test
  void saddIsFollowedBySrem() {
    start(SmallWrite.SADD_SREM, 50);
    expect(Reply.ZERO, Reply.ONE, Reply.ZERO, "SISMEMBER", key(0), element(20));
    assertThat(read("SCARD", key(0))).isEqualTo(Reply.integer(20));
  }

  private static String text(Reply reply) {
    return TestReplies.text(reply);
  }
}

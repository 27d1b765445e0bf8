package io.raftkv.bench;

import static io.raftkv.bench.SampleCommands.command;
import static io.raftkv.bench.SampleCommands.element;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Big collections are in rows, are as big as they say and stay so; reads find their elements. */
class BigCollectionBenchmarksTest {
  private static final int ELEMENTS = 200;

  private BigCollection collection;

  private <T extends BigCollection> T filled(T benchmark, String encoding) {
    collection = benchmark;
    benchmark.elements = ELEMENTS;
    benchmark.fill();
    assertThat(TestReplies.text(read("OBJECT", "ENCODING", BigCollection.KEY))).isEqualTo(encoding);
    return benchmark;
  }

  @AfterEach
  void close() {
    collection.close();
  }

  private Reply read(String... words) {
    return collection.shard().read(command(words));
  }

  @Test
  void hash() {
    BigHashBenchmark hash = filled(new BigHashBenchmark(), "hashtable");
    assertThat(TestReplies.text(hash.hget())).isEqualTo(element(0));
    assertThat(hash.hset()).hasSize(BigCollection.WRITES).containsOnly(Reply.ZERO);
    assertThat(TestReplies.text(read("HGET", BigCollection.KEY, element(0)))).isEqualTo(element(1));
    assertThat(hash.hset()).hasSize(BigCollection.WRITES).containsOnly(Reply.ZERO);
    assertThat(TestReplies.text(read("HGET", BigCollection.KEY, element(0)))).isEqualTo(element(0));
    for (int i = 1; i < ELEMENTS; i++) {
      assertThat(TestReplies.text(hash.hget())).isEqualTo(element(i * 7_919 % ELEMENTS));
    }
    assertThat(read("HLEN", BigCollection.KEY)).isEqualTo(Reply.integer(ELEMENTS));
  }

  @Test
  void sortedSet() {
    BigSortedSetBenchmark set = filled(new BigSortedSetBenchmark(), "skiplist");
    for (int i = 0; i < ELEMENTS; i++) {
      int member = i * 7_919 % ELEMENTS;
      assertThat(set.zrank()).isEqualTo(Reply.integer(member));
      assertThat(set.zscore()).isEqualTo(Reply.doubleValue(member));
    }
    assertThat(set.zadd()).hasSize(BigCollection.WRITES).containsOnly(Reply.ZERO);
    assertThat(read("ZSCORE", BigCollection.KEY, element(0)))
        .isEqualTo(Reply.doubleValue(ELEMENTS - 1));
    assertThat(set.zadd()).hasSize(BigCollection.WRITES).containsOnly(Reply.ZERO);
    assertThat(read("ZSCORE", BigCollection.KEY, element(0))).isEqualTo(Reply.doubleValue(0));
    assertThat(read("ZCARD", BigCollection.KEY)).isEqualTo(Reply.integer(ELEMENTS));
  }

  @Test
  void list() {
    BigListBenchmark list = filled(new BigListBenchmark(), "quicklist");
    for (int i = 0; i < ELEMENTS; i++) {
      assertThat(TestReplies.text(list.lindex())).isEqualTo(element(i * 7_919 % ELEMENTS));
    }
    int pushed = ELEMENTS + BigCollection.WRITES;
    assertThat(list.lpushRpop()).hasSize(BigCollection.WRITES).contains(Reply.integer(pushed));
    assertThat(read("LLEN", BigCollection.KEY)).isEqualTo(Reply.integer(pushed));
    Object[] popped = list.lpushRpop();
    assertThat(TestReplies.text((Reply) popped[0])).isEqualTo(element(ELEMENTS - 1));
    assertThat(read("LLEN", BigCollection.KEY)).isEqualTo(Reply.integer(ELEMENTS));
  }
}

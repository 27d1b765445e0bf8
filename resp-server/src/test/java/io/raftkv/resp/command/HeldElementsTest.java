package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that gather elements before they answer or store any: no more than they may hold. */
class HeldElementsTest {
  private static final int ELEMENTS = 1_000;

  /** For some hundred elements. */
  private static final long LITTLE = 20_000;

  private static final long ENOUGH = 2_000_000;

  private final CommandRunner runner =
      new CommandRunner(
          Stream.of(
                  GenericCommands.ALL,
                  ListCommands.ALL,
                  SetCommands.ALL,
                  HashCommands.ALL,
                  SortedSetCommands.ALL,
                  GeoCommands.ALL,
                  SortCommands.ALL)
              .flatMap(List::stream)
              .toList());

  @BeforeEach
  void fill() {
    for (int i = 0; i < ELEMENTS; i++) {
      String name = "member" + i;
      runner.run("RPUSH", "list", name);
      runner.run("SADD", "set", name);
      runner.run("ZADD", "zset", String.valueOf(i), name);
      runner.run("HSET", "hash", name, "v");
      runner.run("GEOADD", "places", "13." + i, "38." + i, name);
    }
    runner.run("SADD", "few", "member1", "member2");
  }

  private Reply run(String line) {
    return runner.run(line.split(" "));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ZUNION 2 zset few",
        "ZINTER 2 zset set",
        "ZDIFF 2 zset few",
        "SORT_RO list ALPHA LIMIT 0 1",
        "SORT_RO set ALPHA LIMIT 0 1",
        "SORT_RO zset ALPHA LIMIT 0 1",
        "SORT_RO list BY nosort",
        "SORT_RO zset BY nosort",
        "GEOSEARCH places FROMLONLAT 13.5 38.5 BYRADIUS 5000 km",
        "SRANDMEMBER set 5000",
        "HRANDFIELD hash 5000",
        "ZRANDMEMBER zset 5000"
      })
  void aReadThatWouldHoldTooMuchIsRefused(String command) {
    runner.holdLimit(LITTLE);
    assertThat(run(command)).isEqualTo(Reply.error(RespErrors.READ_TOO_LARGE));
    runner.holdLimit(ENOUGH);
    assertThat(run(command)).isNotInstanceOf(Reply.Failure.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ZUNIONSTORE to 2 zset few",
        "ZINTERSTORE to 2 zset set",
        "ZDIFFSTORE to 2 zset few",
        "ZRANGESTORE to zset 0 -1",
        "ZRANGESTORE to zset 0 999 BYSCORE",
        "SUNIONSTORE to set few",
        "SINTERSTORE to set set",
        "SDIFFSTORE to set few",
        "SORT list ALPHA LIMIT 0 1 STORE to",
        "SORT set ALPHA LIMIT 0 1 STORE to",
        "GEOSEARCHSTORE to places FROMLONLAT 13.5 38.5 BYRADIUS 5000 km",
        "SPOP set 5000",
        "LPOP list 5000",
        "LMPOP 1 list RIGHT COUNT 5000",
        "ZPOPMIN zset 5000",
        "ZMPOP 1 zset MAX COUNT 5000"
      })
  void aWriteThatWouldHoldTooMuchIsTakenBackBeforeItHasGatheredAll(String command) {
    runner.holdLimit(LITTLE);
    assertThat(run(command)).isEqualTo(Reply.error(RespErrors.TOO_LARGE_FOR_AN_ENTRY));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ZUNIONSTORE to 2 zset few",
        "ZRANGESTORE to zset 0 -1",
        "SUNIONSTORE to set few",
        "SORT list ALPHA STORE to",
        "GEOSEARCHSTORE to places FROMLONLAT 13.5 38.5 BYRADIUS 5000 km"
      })
  void whatIsStoredIsNotCountedTwice(String command) {
    runner.holdLimit(ENOUGH);
    assertThat(run(command)).isNotInstanceOf(Reply.Failure.class);
    assertThat(runner.rows().charged()).isZero();
  }

  /** Each of them is well below the limit, and all of them are not. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SORT_RO large BY nosort",
        "SORT_RO large BY nosort DESC",
        "SORT_RO large ALPHA",
        "SRANDMEMBER largeset 9",
        "SRANDMEMBER largeset -9",
        "ZRANDMEMBER largezset 9",
        "HRANDFIELD largehash 9 WITHVALUES",
        "SORT large BY nosort STORE to",
        "ZRANGESTORE to largezset 0 -1",
        "SPOP largeset 10",
        "LPOP large 10",
        "ZPOPMAX largezset 10"
      })
  void elementsCountByTheirLength(String command) {
    for (int i = 0; i < 10; i++) {
      String large = i + "x".repeat(50_000);
      runner.run("RPUSH", "large", large);
      runner.run("SADD", "largeset", large);
      runner.run("ZADD", "largezset", "1", large);
      runner.run("HSET", "largehash", "f" + i, large);
    }
    runner.holdLimit(200_000);
    assertThat(run(command)).isInstanceOf(Reply.Failure.class);
    runner.holdLimit(ENOUGH);
    assertThat(run(command)).isNotInstanceOf(Reply.Failure.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ZRANDMEMBER zset 0", "SRANDMEMBER few 100000", "SPOP few 100000"})
  void countsBeyondWhatThereIsHoldNothing(String command) {
    runner.holdLimit(LITTLE);
    assertThat(run(command)).isNotInstanceOf(Reply.Failure.class);
  }
}

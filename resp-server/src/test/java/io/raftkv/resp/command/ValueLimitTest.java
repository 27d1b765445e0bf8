package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import org.junit.jupiter.api.Test;

class ValueLimitTest {
  private static final Reply TOO_LONG = Reply.error(RespErrors.STRING_TOO_LONG);

  private final CommandRunner runner = new CommandRunner(StringCommands.ALL);

  private Reply run(String command, long maxValueBytes) {
    return runner.apply(runner.admit(command, maxValueBytes));
  }

  /** The limit is data of the call: replicas do not look at their own. */
  @Test
  void aStringGrowsToTheLimitThatCameWithTheCall() {
    runner.run("SET", "k", "x".repeat(990));
    assertThat(run("APPEND k 0123456789", 1000)).isEqualTo(Reply.integer(1000));
    String before = runner.rows().dump();
    assertThat(run("APPEND k 0", 1000)).isEqualTo(TOO_LONG);
    assertThat(run("SETRANGE k 1000 0", 1000)).isEqualTo(TOO_LONG);
    assertThat(run("SETRANGE k 9223372036854775807 0", 1000)).isEqualTo(TOO_LONG);
    assertThat(runner.rows().dump()).isEqualTo(before);
    assertThat(run("SETRANGE k 999 0", 1000)).isEqualTo(Reply.integer(1000));
    assertThat(run("APPEND k 0", 1001)).isEqualTo(Reply.integer(1001));
  }

  /** Entries of a log from before there was a limit in them. */
  @Test
  void aCallWithoutALimitIsBoundedByTheLargestString() {
    assertThat(runner.run("SETRANGE", "k", "536870912", "x")).isEqualTo(TOO_LONG);
    assertThat(runner.run("SETRANGE", "k", "100", "x")).isEqualTo(Reply.integer(101));
    assertThat(run("SETRANGE k 536870912 x", Long.MAX_VALUE)).isEqualTo(TOO_LONG);
  }

  /** As in Redis. */
  @Test
  void otherMistakesComeFirst() {
    assertThat(run("SETRANGE k -1 x", 10)).isEqualTo(Reply.error(RespErrors.OFFSET_OUT_OF_RANGE));
    assertThat(run("SETRANGE k x x", 10)).isEqualTo(Reply.error(RespErrors.NOT_INTEGER));
  }
}

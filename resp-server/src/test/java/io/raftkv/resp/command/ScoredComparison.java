package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.codec.Encoding;
import io.raftkv.resp.reply.Reply;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Runs commands here and on a redis-server, and compares the replies byte by byte. */
final class ScoredComparison implements AutoCloseable {
  private final RedisReference redis;
  private final CommandRunner runner;
  private final int protocol;
  private final String name;
  private int steps;

  ScoredComparison(String name, int protocol, List<List<CommandSpec>> families)
      throws IOException, InterruptedException {
    List<CommandSpec> specs = new ArrayList<>();
    families.forEach(specs::addAll);
    this.name = name;
    this.runner = new CommandRunner(specs);
    this.redis = new RedisReference();
    this.protocol = protocol;
    redis.call("HELLO", Integer.toString(protocol));
  }

  CommandRunner runner() {
    return runner;
  }

  /** Runs a command on both sides; the replies must be the same bytes. */
  Reply check(String... words) throws IOException {
    steps++;
    Reply ours = runner.run(words);
    assertThat(Encoding.text(ours, protocol))
        .as("%s, step %d: %s", name, steps, String.join(" ", words))
        .isEqualTo(redis.call(words));
    return ours;
  }

  /** Runs a command on the redis-server alone. */
  String ask(String... words) throws IOException {
    return redis.call(words);
  }

  @Override
  public void close() throws IOException {
    redis.close();
  }
}

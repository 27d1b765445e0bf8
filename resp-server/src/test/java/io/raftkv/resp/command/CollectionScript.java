package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Runs commands of hashes and sets in one of the two forms that their keys can have. */
final class CollectionScript {
  private static final String LARGE = "x".repeat(65);

  final CommandRunner runner;
  private final boolean inRows;

  CollectionScript(List<CommandSpec> specs, boolean inRows) {
    this.runner = new CommandRunner(specs);
    this.inRows = inRows;
  }

  /** Runs a command of words without blanks and gives its reply as text. */
  String run(String command) {
    Reply reply = runner.run(command.split(" ", -1));
    runner.rows().verifyHashes();
    return ReplyText.of(reply);
  }

  /** As {@link #run}, the items of the reply in the order of their text. */
  String sorted(String command) {
    return ReplyText.sorted(runner.run(command.split(" ", -1)));
  }

  /** Makes a hash of fields and values in turn. */
  void hash(String key, String fieldsAndValues) {
    run("HSET " + key + " " + fieldsAndValues);
    if (inRows) {
      run("HSET " + key + " " + LARGE + " 1");
      run("HDEL " + key + " " + LARGE);
    }
    assertForm(key);
  }

  /** Makes a set. */
  void set(String key, String members) {
    run("SADD " + key + " " + members);
    if (inRows) {
      run("SADD " + key + " " + LARGE);
      run("SREM " + key + " " + LARGE);
    }
    assertForm(key);
  }

  /** The command gives this error, and the data stay as they are. */
  void fails(String command, String error) {
    String before = runner.rows().dump();
    assertThat(run(command)).as(command).isEqualTo("-" + error);
    assertThat(runner.rows().dump()).as(command).isEqualTo(before);
  }

  /** The command gives this reply, and the data stay as they are, versions included. */
  void leavesAlone(String command, String reply) {
    String before = runner.rows().dump();
    assertThat(sorted(command)).as(command).isEqualTo(reply);
    assertThat(runner.rows().dump()).as(command).isEqualTo(before);
  }

  boolean exists(String key) {
    return keys().key(bytes(key)).exists();
  }

  MetaRow meta(String key) {
    return keys().key(bytes(key)).meta();
  }

  void expireAt(String key, long timeMillis) {
    Keyspace.forApply(runner.rows(), 0, runner.timeMillis(), 1)
        .key(bytes(key))
        .expireAt(timeMillis);
  }

  private void assertForm(String key) {
    assertThat(meta(key).encoding()).isEqualTo(inRows ? MetaRow.ROWS : MetaRow.INLINE);
  }

  private Keyspace keys() {
    long now = runner.timeMillis();
    return Keyspace.forRead(runner.rows(), 0, now, now, 1);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}

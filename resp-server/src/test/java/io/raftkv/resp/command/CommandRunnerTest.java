package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.row.MetaRow;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommandRunnerTest {
  private static final CommandSpec WRITER =
      entry("TOUCHY")
          .writes(
              (args, keys) -> {
                keys.key(args.bytes(1)).update(KeyType.STRING, MetaRow.INLINE, new byte[0]);
                if (args.size() > 2) {
                  throw new CommandException(RespErrors.SYNTAX);
                }
                return Reply.OK;
              });
  private static final CommandSpec FALSE_READER = entry("LIAR").reads(WRITER.handler());

  private final CommandRunner runner = new CommandRunner(List.of(WRITER, FALSE_READER));

  private static CommandSpec.Builder entry(String name) {
    return CommandSpec.command(name)
        .arity(-2)
        .keys(KeySpec.FIRST)
        .docs(Group.GENERIC, "1.0.0", "O(1)", "Only for this test.");
  }

  @Test
  void checksArityBeforeAnythingElse() {
    assertThat(runner.run("touchy")).isEqualTo(Reply.error(RespErrors.wrongArity("touchy")));
  }

  @Test
  void aFailedCommandLeavesNoTrace() {
    assertThat(runner.run("TOUCHY", "k", "x")).isEqualTo(Reply.error(RespErrors.SYNTAX));
    assertThat(runner.rows().size(Family.META)).isZero();
    assertThat(runner.rows().keys(0)).isZero();
    assertThat(runner.run("TOUCHY", "k")).isEqualTo(Reply.OK);
    assertThat(runner.rows().keys(0)).isEqualTo(1);
  }

  @Test
  void aReadThatWritesIsCaught() {
    assertThatThrownBy(() -> runner.view(FALSE_READER).writableRows())
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runner.run("LIAR", "k")).isInstanceOf(IllegalStateException.class);
  }
}

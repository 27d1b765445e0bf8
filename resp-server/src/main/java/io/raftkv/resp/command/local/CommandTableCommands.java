package io.raftkv.resp.command.local;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.command.CommandDocs;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.Glob;
import io.raftkv.resp.command.Group;
import java.util.List;
import java.util.function.Supplier;

/** COMMAND: the command table itself. */
public final class CommandTableCommands {
  private final Supplier<CommandTable> table;

  /** The table is asked for when a command runs: it contains the entries made here. */
  public CommandTableCommands(Supplier<CommandTable> table) {
    this.table = table;
  }

  /** The entries for the command table. */
  public List<CommandSpec> all() {
    return List.of(
        command("COMMAND")
            .arity(-1)
            .flags(Flag.LOADING, Flag.STALE)
            .categories("connection")
            .docs(Group.SERVER, "2.8.13", "O(n) for n commands", "Tells of the commands.")
            .local((args, connection) -> docs().answer(args)));
  }

  private CommandDocs docs() {
    return new CommandDocs(table.get(), (pattern, text) -> new Glob(pattern).matches(text));
  }
}
